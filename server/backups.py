"""Backups: made beside a running server, kept for a time, and known to the database."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from audit.trail import Action, Actor, record
from server.models import LOADED
from server.runtime import Runtime, clock
from storage.backup import KIND, Progress, Told, facts, write_backup
from storage.container import write_container
from storage.custody import Backup
from storage.files import disk_is_said
from storage.keyfile import sync_folder
from storage.lease import backing_up

assert LOADED
STAMP = "%Y%m%dT%H%M%SZ"
NAME = re.compile(r"fieldcase-(\d{8}T\d{6}Z)\.backup")
HALF = ".half"


class BackupInTheWay(Exception):
    """There is a file of this name already, which is left as it is. Choose another name."""


@dataclass(frozen=True)
class Made:
    """A backup that was made."""

    id: str
    path: Path
    size: int  # bytes
    told: Told


def scheduled_path(folder: Path, now: datetime) -> Path:
    """The file of a backup in the folder of scheduled ones."""
    return folder / f"fieldcase-{now.astimezone(UTC):{STAMP}}.backup"


def make_backup(
    running: Runtime, path: Path, *, actor: Actor, kept: bool, progress: Progress = lambda _n, _of: None
) -> Made:
    """All rows and files as they stand now are in the file, sealed; `kept` says that it lies among the scheduled ones.

    Raises BackupInTheWay, BackupRuns, DatabaseUnavailable, FilesUnavailable, TablesUnknown.
    """
    if path.exists():
        raise BackupInTheWay(f"{path} is there already. Choose another name.")
    begun, told, backup_id = clock(), Told(), uuid4().hex
    with backing_up(running.database, clock):
        with running.database.begin() as session:
            session.add(Backup(id=backup_id, begun_at=begun, kept=kept, place=str(path)))
        header = {"id": backup_id, **facts(begun)}
        contents = write_backup(running.database, running.files, told, progress)
        size = _write(path, write_container(running.database.keys, KIND, header, contents))
    with running.database.begin() as session:
        done = {"finished_at": clock(), "size": size, "missing": len(told.missing)}
        session.execute(update(Backup).where(Backup.id == backup_id).values(**done))
        counts = {"rows": sum(told.rows.values()), "files": told.files, "missing": len(told.missing)}
        record(session, actor, Action.BACKED_UP, f"backup:{backup_id}", now=clock(), **counts)
    return Made(backup_id, path, size, told)


def prune(folder: Path, *, keep: timedelta, now: datetime) -> list[Path]:
    """Scheduled backups older than that are gone, but for the newest; which they were is returned."""
    found = sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name))
    old = [path for path in found[:-1] if _made_at(path) < now - keep]
    halves = [path for path in folder.glob(f"*.backup{HALF}") if path.stat().st_mtime < (now - keep).timestamp()]
    for path in (*old, *halves):
        path.unlink(missing_ok=True)
    return old


def newest_backup(session: Session, *, kept: bool = False) -> Backup | None:
    """The last backup that was finished; with `kept`, of the scheduled ones."""
    query = select(Backup).where(Backup.finished_at.is_not(None)).order_by(Backup.begun_at.desc()).limit(1)
    return session.scalar(query.where(Backup.kept) if kept else query)


def last_verified(session: Session) -> datetime | None:
    """When a backup was last restored to try it."""
    query = select(Backup.verified_at).where(Backup.verified_at.is_not(None)).order_by(Backup.verified_at.desc())
    return session.scalar(query.limit(1))


def note_verified(session: Session, backup_id: str, *, actor: Actor, now: datetime) -> None:
    """The backup was restored elsewhere, and was whole."""
    session.execute(update(Backup).where(Backup.id == backup_id).values(verified_at=now))
    record(session, actor, Action.BACKUP_VERIFIED, f"backup:{backup_id}", now=now)


def _write(path: Path, chunks: Iterable[bytes]) -> int:
    """The whole file is on the disk under its name, for its owner alone, or nothing is; its size is returned."""
    half, size = path.with_name(path.name + HALF), 0
    with disk_is_said("take"):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        half.unlink(missing_ok=True)
        handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            for chunk in chunks:
                size += len(chunk)
                with disk_is_said("take"):
                    file.write(chunk)
            with disk_is_said("take"):
                file.flush()
                os.fsync(file.fileno())
        with disk_is_said("take"):
            os.rename(half, path)
            sync_folder(path.parent)
    finally:
        half.unlink(missing_ok=True)
    return size


def _made_at(path: Path) -> datetime:
    found = NAME.fullmatch(path.name)
    return datetime.strptime(found[1] if found else "", STAMP).replace(tzinfo=UTC)

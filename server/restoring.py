"""A backup is put back where nothing is yet, or into an empty place only to see whether it can be."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect
from sqlalchemy.orm import Session

from accounts.catalogue import raise_catalogue
from accounts.sessions import end_every_session
from audit.trail import OPERATOR, Action, record
from server.models import LOADED
from server.runtime import clock, files_of
from server.settings import Settings
from storage.backup import KIND, Told, read_backup
from storage.container import open_container, read_header
from storage.custody import Restoration, note_key
from storage.database import begin, make_engine, unavailable_is_said
from storage.files import CHUNK, disk_is_said
from storage.keyfile import sync_folder
from storage.schema import SchemaUnfit, is_known, make_schema
from storage.sealing import Keyring

assert LOADED
RESTORING = ".restoring"
Progress = Callable[[int], None]  # how many bytes more were read


class NotEmpty(Exception):
    """There is an installation already; a backup is restored only where there is none."""


@dataclass(frozen=True)
class Restored:
    """A backup that was put back."""

    backup_id: str
    made_at: datetime
    told: Told


def restore_backup(
    settings: Settings, ring: Keyring, source: Path, *, progress: Progress = lambda _more: None
) -> Restored:
    """The installation is there as the backup has it, and nobody is signed in.

    An interruption leaves nothing that counts as an installation. Raises NotEmpty, BadArchive, SchemaUnfit, KeyUnknown.
    """
    require_empty(settings)
    with disk_is_said("take"):
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = files_of(settings)
    with _target(settings) as connection:
        header, contents = open_backup(source, ring, progress)
        make_schema(connection, header["schema"])

        def put(file_id: str, chunks: Iterator[bytes]) -> None:
            files.put(chunks, file_id)

        told = read_backup(connection, contents, put)
        make_schema(connection)
        made_at = datetime.fromisoformat(header["made_at"])
        with session_on(connection, ring) as session:
            _begin_anew(session, ring, header["id"], made_at)
    return Restored(header["id"], made_at, told)


def open_backup(source: Path, ring: Keyring, progress: Progress) -> tuple[dict[str, Any], Iterator[bytes]]:
    """The header of the backup, and its contents as they are read; raises BadArchive, KeyUnknown, SchemaUnfit."""
    header = read_header(KIND, read_chunks(source))
    if not is_known(str(header.get("schema"))):
        raise SchemaUnfit("The backup was made by a newer Fieldcase. Install that version first.")
    return open_container(ring, KIND, read_chunks(source, progress))


def read_chunks(source: Path, progress: Progress = lambda _more: None) -> Iterator[bytes]:
    """The file's bytes; raises FilesUnavailable."""
    with disk_is_said("give"):
        file = source.open("rb")
    with file:
        while True:
            with disk_is_said("give"):
                chunk = file.read(CHUNK)
            if not chunk:
                return
            progress(len(chunk))
            yield chunk


@contextmanager
def session_on(connection: Connection, ring: Keyring) -> Iterator[Session]:
    """A session inside the connection's transaction."""
    with Session(connection, expire_on_commit=False, info={"keys": ring, "kept": {}}) as session:
        yield session
        session.flush()


def require_empty(settings: Settings) -> None:
    """Raises NotEmpty where an installation is, DatabaseUnavailable."""
    if settings.database_file is not None:
        if settings.database_file.exists():
            raise NotEmpty(
                f"{settings.database_file} is there already. Restore into another folder with --to, or move it away."
            )
        return
    engine = make_engine(settings.url, patience=10)
    try:
        with unavailable_is_said():
            held = inspect(engine).get_table_names()
    finally:
        engine.dispose()
    if held:
        raise NotEmpty("The PostgreSQL database has tables already. Restore into an empty one.")


@contextmanager
def _target(settings: Settings) -> Iterator[Connection]:
    """A transaction on the new database, which is there only if the block ends well."""
    if settings.database_file is None:
        with _transaction(settings.url) as held:
            yield held
        return
    final = settings.database_file
    half = final.with_name(final.name + RESTORING)
    final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _remove(half)
    try:
        half.touch(mode=0o600)
        with _transaction(f"sqlite:///{half}") as held:
            yield held
        _close_wal(half)
        if final.exists():
            raise NotEmpty(f"{final} has come meanwhile.")
        os.rename(half, final)
        sync_folder(final.parent)
    finally:
        _remove(half)


@contextmanager
def _transaction(url: str) -> Iterator[Connection]:
    engine = make_engine(url, patience=30)
    try:
        with unavailable_is_said(), engine.connect() as connection, begin(connection, write=True):
            yield connection
    finally:
        engine.dispose()


def _close_wal(database: Path) -> None:
    """All of the database is in its one file, on the disk."""
    engine = make_engine(f"sqlite:///{database}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    with database.open("rb") as file:
        os.fsync(file.fileno())


def _remove(half: Path) -> None:
    for end in ("", "-wal", "-shm"):
        half.with_name(half.name + end).unlink(missing_ok=True)


def _begin_anew(session: Session, ring: Keyring, backup_id: str, made_at: datetime) -> None:
    """Sessions, links and what tablets remember of form lists from before count no more."""
    now = clock()
    end_every_session(session)
    raise_catalogue(session)
    note_key(session, ring, now=now)
    session.add(Restoration(restored_at=now, backup_id=backup_id, backed_up_at=made_at))
    record(session, OPERATOR, Action.RESTORED, f"backup:{backup_id}", now=now, made_at=made_at.isoformat())

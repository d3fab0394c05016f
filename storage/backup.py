"""A backup: all rows as they stood at one moment, then the files that they name, in one sealed file.

Files are written before their rows and never change, so that the files of a moment's rows are all there afterwards too.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Column, CompoundSelect, Connection, Table, func, select, union

from storage.database import Database, begin, unavailable_is_said
from storage.dump import TableLoader, count_rows, dump_table, set_counters, tables_to_keep
from storage.files import FileAbsent, Files
from storage.frames import BadArchive, frame, json_frame, read_frames, read_json
from storage.revision import newest_revision

KIND = "fieldcase-backup-1"
FILE_COLUMN = "file_id"  # Every column of this name names a file.
Progress = Callable[[int, int], None]  # how much is done, of how much


@dataclass
class Told:
    """What a backup holds, as it was found while it was written or read."""

    rows: dict[str, int] = field(default_factory=dict)
    files: int = 0
    missing: list[str] = field(default_factory=list)


TakeFile = Callable[[str, Iterator[bytes]], Any]


def facts(now: datetime) -> dict[str, Any]:
    """What a backup's header tells to everybody."""
    return {"made_at": now.isoformat(), "schema": newest_revision()}


def write_backup(
    database: Database, files: Files, told: Told, progress: Progress = lambda _n, _of: None
) -> Iterator[bytes]:
    """The contents of a backup as pieces of a stream; what they hold stands in `told` at the end.

    `progress` is told rows and files. Raises DatabaseUnavailable, FilesUnavailable, TablesUnknown.
    """
    with snapshot(database) as connection:
        tables = tables_to_keep(connection)
        total, done = _count(connection, tables), 0

        def count(more: int) -> None:
            nonlocal done
            done += more
            progress(done, total)

        for table in tables:
            told.rows[table.name] = yield from dump_table(connection, table, count)
        for file_id in named_files(connection, tables):
            yield from _write_file(files, file_id, told)
            count(1)
    yield json_frame("Z", {"rows": told.rows, "files": told.files, "missing": len(told.missing)})


def read_backup(
    connection: Connection,
    contents: Iterable[bytes],
    take_file: TakeFile,
    *,
    loaded: Callable[[], None] = lambda: None,
) -> Told:
    """The rows are in the empty tables of the connection's database, and each file was given to `take_file`.

    `loaded` is called between rows and files. Raises BadArchive.
    """
    told, frames = Told(), read_frames(contents)
    ended, between = False, False
    loader: TableLoader | None = None
    for kind, content in frames:
        if ended:
            raise BadArchive("Something stands behind its end.")
        if kind == "T":
            loader = TableLoader(connection, read_json(content))
        elif kind == "R" and loader is not None:
            loader.load(content)
        elif kind == "E" and loader is not None:
            told.rows[loader.target.name] = loader.end(read_json(content))
            loader = None
        elif kind in {"F", "Z"} and loader is None:
            if not between:
                set_counters(connection, told.rows)
                loaded()
                between = True
            if kind == "F":
                _read_file(content.decode(), frames, take_file, told)
            else:
                _require_whole(told, read_json(content))
                ended = True
        elif kind == "A":
            told.missing.append(content.decode())
        else:
            raise BadArchive("Its pieces are in no known order.")
    if not ended:
        raise BadArchive("It is cut.")
    return told


@contextmanager
def snapshot(database: Database) -> Iterator[Connection]:
    """A connection that sees the database as it stands now, whatever is written meanwhile."""
    with unavailable_is_said(), database.engine.connect() as connection:
        if not database.embedded:
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with begin(connection, write=False):
            yield connection


def named_files(connection: Connection, tables: Iterable[Table]) -> Iterator[str]:
    """Every file that a row names, once."""
    with connection.execute(_named(tables).execution_options(yield_per=1000)) as rows:
        yield from (row[0] for row in rows)


def file_columns(tables: Iterable[Table]) -> list[Column[Any]]:
    """Every column that names files."""
    return [one.c[FILE_COLUMN] for one in tables if FILE_COLUMN in one.c]


def _named(tables: Iterable[Table]) -> CompoundSelect[str]:
    return union(*(select(one).where(one.is_not(None)) for one in file_columns(tables)))


def _count(connection: Connection, tables: list[Table]) -> int:
    files = connection.scalar(select(func.count()).select_from(_named(tables).subquery())) or 0
    return files + sum(count_rows(connection, table) for table in tables)


def _write_file(files: Files, file_id: str, told: Told) -> Iterator[bytes]:
    """The file's id (F), its bytes (D), its length and hash (G); one that is not there is only told (A)."""
    try:
        chunks = files.read(file_id)
    except FileAbsent:
        told.missing.append(file_id)
        yield frame("A", file_id.encode())
        return
    yield frame("F", file_id.encode())
    size, sha256 = 0, hashlib.sha256()
    for chunk in chunks:
        size += len(chunk)
        sha256.update(chunk)
        yield frame("D", chunk)
    told.files += 1
    yield json_frame("G", {"size": size, "sha256": sha256.hexdigest()})


def _read_file(file_id: str, frames: Iterator[tuple[str, bytes]], take_file: TakeFile, told: Told) -> None:
    size, sha256, foot = 0, hashlib.sha256(), {}

    def chunks() -> Iterator[bytes]:
        nonlocal size, foot
        for kind, content in frames:
            if kind == "G":
                foot = read_json(content)
                return
            if kind != "D":
                raise BadArchive(f"The file {file_id} in it is cut.")
            size += len(content)
            sha256.update(content)
            yield content
        raise BadArchive(f"The file {file_id} in it is cut.")

    source = chunks()
    take_file(file_id, source)
    for _rest in source:  # Whoever takes a file may stop before its end.
        continue
    if foot != {"size": size, "sha256": sha256.hexdigest()}:
        raise BadArchive(f"The file {file_id} in it is not as it was.")
    told.files += 1


def _require_whole(told: Told, foot: dict[str, Any]) -> None:
    held = {"rows": told.rows, "files": told.files, "missing": len(told.missing)}
    if held != foot:
        raise BadArchive(f"It holds {held} instead of {foot}.")

"""Rows as a stream that fits either database, and back."""

import json
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    Float,
    Integer,
    LargeBinary,
    Select,
    String,
    Table,
    Text,
    column,
    func,
    insert,
    inspect,
    select,
    table,
    text,
)
from sqlalchemy.sql.expression import TableClause
from sqlalchemy.types import TypeEngine

from storage.database import Base, Json, Moment
from storage.frames import BadArchive, frame, json_frame, read_json

BLOCK = 512 * 1024  # bytes of rows that are packed together
ROWS_AT_ONCE, LARGE_ROWS_AT_ONCE = 1000, 50
PLAIN = frozenset({"text", "integer", "number", "boolean", "json"})
PASSING = frozenset({"leases", "alembic_version"})  # What says who works now is no part of a backup.
TYPES: dict[str, TypeEngine[Any]] = {
    "bytes": LargeBinary(),
    "moment": Moment(),
    "date": Date(),
    "json": Json,
    "boolean": Boolean(),
    "integer": Integer(),
    "number": Float(),
    "text": Text(),
}
KINDS = (  # the first that fits
    ("bytes", LargeBinary),
    ("moment", Moment),
    ("date", Date),
    ("json", JSON),
    ("boolean", Boolean),
    ("integer", Integer),
    ("number", Float),
    ("text", String),
)


class TablesUnknown(Exception):
    """The database has tables that this version of Fieldcase does not know. Nothing was backed up."""


def tables_to_keep(connection: Connection) -> list[Table]:
    """Every table that a backup holds, those that others refer to first; raises TablesUnknown."""
    known = [one for one in Base.metadata.sorted_tables if one.name not in PASSING]
    stray = set(inspect(connection).get_table_names()) - {one.name for one in known} - PASSING
    if stray:
        raise TablesUnknown(f"The database has tables that are not known: {', '.join(sorted(stray))}.")
    return known


def dump_table(
    connection: Connection, source: Table, progress: Callable[[int], None] = lambda _rows: None
) -> Generator[bytes, None, int]:
    """The table's columns (T), its rows in blocks (R) and their number (E), as pieces of a stream; then the number."""
    kinds = [(one.name, _kind(one)) for one in source.columns]
    yield json_frame("T", {"table": source.name, "columns": kinds})
    rows = 0
    for count, block in _blocks(_rows(connection, source, kinds), [kind for _name, kind in kinds]):
        rows += count
        progress(count)
        yield frame("R", block)
    yield json_frame("E", {"table": source.name, "rows": rows})
    return rows


def count_rows(connection: Connection, source: TableClause) -> int:
    """How many rows the table has."""
    return connection.scalar(select(func.count()).select_from(source)) or 0


class TableLoader:
    """Puts one table's rows into a database that has the table, empty."""

    def __init__(self, connection: Connection, head: Mapping[str, Any]) -> None:
        """`head` is what the piece T says; raises BadArchive."""
        try:
            self._kinds = [kind for _name, kind in head["columns"]]
            self.target = table(head["table"], *(column(name, TYPES[kind]) for name, kind in head["columns"]))
        except (KeyError, TypeError, ValueError) as error:
            raise BadArchive("A table in it is of no known kind.") from error
        self._connection, self._names = connection, [name for name, _kind in head["columns"]]

    def load(self, block: bytes) -> int:
        """The rows of a block R are there; how many they were."""
        rows = [dict(zip(self._names, row, strict=True)) for row in _unpack(block, self._kinds)]
        if rows:
            self._connection.execute(insert(self.target), rows)
        return len(rows)

    def end(self, foot: Mapping[str, Any]) -> int:
        """The rows that the table has now; raises BadArchive unless they are as many as E says."""
        held = count_rows(self._connection, self.target)
        if held != foot.get("rows"):
            raise BadArchive(f"The table {self.target.name} has {held} rows instead of {foot.get('rows')}.")
        return held


def set_counters(connection: Connection, names: Iterable[str]) -> None:
    """New rows get numbers above those that were loaded; on SQLite they do by themselves."""
    if connection.dialect.name != "postgresql":
        return
    for name in names:
        key = next(one.name for one in Base.metadata.tables[name].primary_key.columns)
        sequence = connection.scalar(text("SELECT pg_get_serial_sequence(:name, :key)"), {"name": name, "key": key})
        if sequence:
            highest = f'SELECT setval(:sequence, coalesce(max("{key}"), 0) + 1, false) FROM "{name}"'  # noqa: S608
            connection.execute(text(highest), {"sequence": sequence})


def _kind(one: Column[Any]) -> str:
    return next(kind for kind, of in KINDS if isinstance(one.type, of))


def _rows(connection: Connection, source: Table, kinds: Sequence[tuple[str, str]]) -> Iterator[Sequence[Any]]:
    large = any(kind == "bytes" for _name, kind in kinds)
    query: Select[Any] = select(source).execution_options(yield_per=LARGE_ROWS_AT_ONCE if large else ROWS_AT_ONCE)
    with connection.execute(query) as rows:
        yield from rows


def _blocks(rows: Iterable[Sequence[Any]], kinds: Sequence[str]) -> Iterator[tuple[int, bytes]]:
    plain: list[list[Any]] = []
    blobs: list[bytes] = []
    size = 0
    for row in rows:
        plain.append([_plain(value, kind, blobs) for value, kind in zip(row, kinds, strict=True)])
        size += 64 * len(kinds) + sum(len(value) for value in row if isinstance(value, str | bytes))
        if size >= BLOCK:
            yield len(plain), _packed(plain, blobs)
            plain, blobs, size = [], [], 0
    if plain:
        yield len(plain), _packed(plain, blobs)


def _plain(value: Any, kind: str, blobs: list[bytes]) -> Any:
    """The value as JSON has it; bytes go beside, and only their length is told."""
    if value is None or kind in PLAIN:
        return value
    if kind == "bytes":
        blobs.append(bytes(value))
        return len(value)
    return value.isoformat()


def _packed(plain: list[list[Any]], blobs: list[bytes]) -> bytes:
    rows = zlib.compress(json.dumps(plain, separators=(",", ":")).encode(), 1)
    return b"".join((len(rows).to_bytes(4, "big"), rows, *blobs))


def _unpack(block: bytes, kinds: Sequence[str]) -> Iterator[list[Any]]:
    at = 4 + int.from_bytes(block[:4], "big")
    try:
        plain = read_json(zlib.decompress(block[4:at]))
    except zlib.error as error:
        raise BadArchive("Rows in it are damaged.") from error
    for row in plain:
        values = []
        for value, kind in zip(row, kinds, strict=True):
            if kind == "bytes" and value is not None:
                values.append(block[at : at + value])
                at += value
            else:
                values.append(_value(value, kind))
        yield values


def _value(value: Any, kind: str) -> Any:
    if value is None or kind in PLAIN:
        return value
    return datetime.fromisoformat(value) if kind == "moment" else date.fromisoformat(value)

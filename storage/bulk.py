"""Many rows of one kind at once, with as little as can be between them and the database's driver."""

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import JSON
from sqlalchemy.orm import Session

from storage.database import Base, table_of

MARKS = {"sqlite": ("?", "?"), "postgresql": ("%s", "%s::jsonb")}
"""Where a value stands in a statement, and where JSON does."""
SIZES = (256, 64, 16, 4, 1)
"""Rows in one statement. Few sizes, so that statements are known again; many rows, since between two statements the
driver lets other threads of this process go first."""


def insert_rows(session: Session, model: type[Base], columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
    """Every row exists; the values are such as the driver takes, JSON is given as its text."""
    connection, start = session.connection(), 0
    for size in SIZES:
        statement = _insert(connection.dialect.name, model, columns, size)
        while len(rows) - start >= size:
            connection.exec_driver_sql(statement, tuple(chain.from_iterable(rows[start : start + size])))
            start += size


@cache
def _insert(dialect: str, model: type[Base], columns: tuple[str, ...], rows: int) -> str:
    table, (plain, json) = table_of(model), MARKS[dialect]
    row = ", ".join(json if isinstance(table.c[name].type, JSON) else plain for name in columns)
    values = ", ".join([f"({row})"] * rows)
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES {values}"  # noqa: S608  Our own names alone.

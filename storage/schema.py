"""Which schema a database has, and how an older one is brought up to date."""

import sqlite3
from contextlib import closing
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from storage.database import begin, unavailable_is_said

FOLDER = Path(__file__).with_name("migrations")
ADVISORY_LOCK = 7_311_520_236  # Any number of ours: nodes that start at once migrate one after the other.


class Schema(StrEnum):
    """How a database stands to this version of Fieldcase."""

    EMPTY = "empty"
    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"


class SchemaUnfit(Exception):
    """The database does not fit this version of Fieldcase; the text says what to do."""


def newest() -> str:
    """The revision that this version of Fieldcase works with."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def schema_of(engine: Engine) -> Schema:
    """How the database stands; raises DatabaseUnavailable."""
    with unavailable_is_said(), engine.connect() as connection:
        held = MigrationContext.configure(connection).get_current_revision()
    if held is None:
        return Schema.EMPTY
    if held == newest():
        return Schema.CURRENT
    return Schema.OLDER if is_known(held) else Schema.NEWER


def require_current(engine: Engine) -> None:
    """Raises SchemaUnfit unless the database has the schema that this version works with."""
    state = schema_of(engine)
    if state is Schema.CURRENT:
        return
    words = {
        Schema.EMPTY: "The database is empty. Run `fieldcase init` first.",
        Schema.OLDER: "The database has an older schema. Run `fieldcase migrate`.",
        Schema.NEWER: "The database was made by a newer Fieldcase. Install that version, or restore an older backup.",
    }
    raise SchemaUnfit(words[state])


def migrate(engine: Engine) -> None:
    """The database has the newest schema; processes that start at once wait for each other.

    Raises SchemaUnfit for a newer one, DatabaseUnavailable.
    """
    if schema_of(engine) is Schema.NEWER:
        require_current(engine)
    with unavailable_is_said(), engine.connect() as connection, begin(connection, write=True):
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ADVISORY_LOCK})
        make_schema(connection)


def is_known(revision: str) -> bool:
    """True for a schema that this version of Fieldcase has had."""
    return revision in {one.revision for one in ScriptDirectory.from_config(_config()).walk_revisions()}


def make_schema(connection: Connection, revision: str = "head") -> None:
    """The database has the schema of that revision, in the connection's transaction."""
    command.upgrade(_config(connection), revision)


def snapshot(database: Path, *, now: datetime) -> Path:
    """A copy of the SQLite database as it stands, beside it, readable by its owner alone; its path is returned."""
    copy = database.with_name(f"{database.name}.before-{now:%Y%m%dT%H%M%SZ}")
    copy.touch(mode=0o600)
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config

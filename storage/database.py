"""One database, two dialects: SQLite for one machine, PostgreSQL for several nodes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, date, datetime, tzinfo
from functools import cache
from time import monotonic
from typing import Any, TypeVar, cast

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Engine, Integer, MetaData, Table, create_engine, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection, ExceptionContext, RootTransaction
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.types import TypeDecorator

from storage.sealing import IntakeKeys
from storage.together import Gate, Together

PK = BigInteger().with_variant(Integer, "sqlite")
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

LEAST = 0.1  # seconds that SQLite is waited for, however long the gate was

T = TypeVar("T")

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """An aware datetime in UTC, with microseconds, on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Every table; migrations and tests use its metadata."""

    metadata = MetaData(naming_convention=NAMES)


class DatabaseUnavailable(Exception):
    """The database cannot be reached or written right now; nothing was stored."""


class DatabaseBusy(DatabaseUnavailable):
    """The database is busy with other writers; nothing was stored."""


class Database:
    """Sessions on one database. On SQLite one writer at a time holds the gate, since its busy handler is not fair."""

    def __init__(
        self, url: str, keys: IntakeKeys, *, patience: float = 1.5, connections: int = 12, zone: tzinfo = UTC
    ) -> None:
        self.keys = keys
        self.zone = zone
        self.patience = patience
        self.engine = make_engine(url, patience=patience, connections=connections)
        self._gate = Gate()
        self._together = Together(self._turn, self._writing, DatabaseUnavailable)
        self._kept: dict[str, Any] = {}

    @property
    def embedded(self) -> bool:
        """True on SQLite, which serves one process."""
        return self.engine.dialect.name == "sqlite"

    @property
    def busy(self) -> bool:
        """True while somebody in this process writes; others may wait too. Never on PostgreSQL, which takes many."""
        return self._gate.busy

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """One write transaction: committed at the end of the block, rolled back when it raises."""
        turn = self._turn() if self.embedded else nullcontext()
        with turn as left, self._writing(left) as session:
            yield session

    def write(self, act: Callable[[Session], T]) -> T:
        """What the act did is committed, on SQLite together with what others ask for at the same moment.

        An act that raises leaves nothing. It may be called a second time, after one beside it has raised.
        """
        if self.embedded:
            return self._together.do(act)
        with self.begin() as session:
            return act(session)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One transaction that only reads."""
        with self._session(write=False) as session:
            yield session

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """For one question that needs neither objects nor a transaction, since every request asks it."""
        with unavailable_is_said(), self.engine.connect() as connection:
            yield connection.execution_options(fieldcase_looks=True)

    def close(self) -> None:
        """No connection is left open."""
        self.engine.dispose()

    @contextmanager
    def _turn(self) -> Iterator[float]:
        """The gate is ours; what is left of our patience, in seconds, for whoever locks the database beside us."""
        begun = monotonic()
        with self._gate.passed(self.patience) as entered:
            if not entered:
                raise DatabaseBusy("another write did not finish in time")
            yield max(self.patience - (monotonic() - begun), LEAST)

    def _known(self) -> dict[str, Any]:
        return {"keys": self.keys, "kept": self._kept, "zone": self.zone}

    def _writing(self, patience: float | None) -> AbstractContextManager[Session]:
        return self._session(write=True, patience=patience)

    @contextmanager
    def _session(self, *, write: bool, patience: float | None = None) -> Iterator[Session]:
        with (
            unavailable_is_said(),
            self.engine.connect() as connection,
            begin(connection, write=write, patience=patience),
            Session(connection, expire_on_commit=False, info=self._known()) as session,
        ):
            yield session
            session.flush()


def begin(connection: Connection, *, write: bool, patience: float | None = None) -> RootTransaction:
    """One transaction; on SQLite one that writes is the only one of its kind from its first moment on.

    `patience` is how many seconds it waits on SQLite for other processes, if not as long as the engine was made for.
    """
    return connection.execution_options(fieldcase_write=write, fieldcase_patience=patience).begin()


def local_day(session: Session, moment: datetime) -> date:
    """The day that the moment lies in where the installation stands, whose evening is the next day in UTC."""
    zone: tzinfo = session.info["zone"]
    return moment.astimezone(zone).date()


def table_of(model: type[Base]) -> Table:
    """The table behind a model, for statements that need no objects."""
    return cast("Table", model.__table__)


def insert_new(session: Session, table: type[Base], rows: Sequence[dict[str, Any]]) -> set[Any]:
    """Every row exists; the primary keys of those that did not before. Unique keys decide races."""
    if not rows:
        return set()
    connection = session.connection()
    return set(connection.execute(_insert_new(connection.dialect.name, table), list(rows)).scalars())


@cache
def _insert_new(dialect: str, model: type[Base]) -> ReturningInsert[Any]:
    insert = postgresql_insert if dialect == "postgresql" else sqlite_insert
    table = table_of(model)
    return insert(table).on_conflict_do_nothing().returning(table.primary_key.columns[0])


def insert_once(session: Session, table: type[Base], row: dict[str, Any]) -> Any:
    """The new row's primary key; None when one with the same unique key was there already."""
    return next(iter(insert_new(session, table, [row])), None)


def kept(session: Session, name: str, read: Callable[[], T]) -> T:
    """What `read` gave the first time in this process; only for values that never change once they are there."""
    held: dict[str, T] = session.info["kept"]
    if name not in held:
        held[name] = read()
    return held[name]


@contextmanager
def unavailable_is_said() -> Iterator[None]:
    """A database that is down, full, locked or read-only raises DatabaseUnavailable."""
    try:
        yield
    except (OperationalError, InterfaceError, InternalError, PoolTimeout) as error:
        locked = "locked" in str(error).lower() or isinstance(error, PoolTimeout)
        raise (DatabaseBusy if locked else DatabaseUnavailable)(type(error).__name__) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise DatabaseUnavailable(type(error).__name__) from error
        raise


def make_engine(url: str, *, patience: float = 1.5, connections: int = 12) -> Engine:
    """An engine set up for durable commits; error texts never hold parameter values."""
    if url.startswith("sqlite"):
        engine = create_engine(url, hide_parameters=True, pool_size=connections, pool_timeout=patience + 5)
        _set_up_sqlite(engine, patience)
        return engine
    url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    wait = {"connect_timeout": max(2, round(patience)), "options": f"-c lock_timeout={round(patience * 1000 * 4)}"}
    engine = create_engine(
        url, hide_parameters=True, pool_pre_ping=True, pool_size=connections, pool_timeout=patience, connect_args=wait
    )
    event.listen(engine, "handle_error", _hide_detail)
    return engine


def _hide_detail(context: ExceptionContext) -> None:
    """PostgreSQL's DETAIL quotes the row that it refused; only the line before it may be shown."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args:
            error.args = (str(error.args[0]).partition("\n")[0], *error.args[1:])


def _set_up_sqlite(engine: Engine, patience: float) -> None:
    pragmas = (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={round(patience * 1000)}",
        "foreign_keys=ON",
        "trusted_schema=OFF",
        "secure_delete=ON",
    )

    @event.listens_for(engine, "connect")
    def connected(dbapi: Any, _record: Any) -> None:
        dbapi.isolation_level = None  # The driver then sends no BEGIN of its own.
        for pragma in pragmas:
            dbapi.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("fieldcase_looks"):
            return  # SQLite then reads what is there at that moment.
        left = options.get("fieldcase_patience")
        wait = round((patience if left is None else left) * 10) * 100  # In tenths, so that it seldom changes.
        if connection.info.get("wait", round(patience * 1000)) != wait:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={wait}")
            connection.info["wait"] = wait
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("fieldcase_write") else "BEGIN")

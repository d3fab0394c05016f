"""How an installation is made, and how its database is brought up to date."""

from pathlib import Path

from sqlalchemy import Engine, select

from accounts.projects import set_up
from audit.chain import key_fits
from audit.trail import OPERATOR, Action, AuditEntry, record
from server.cli.opening import wrong_key
from server.runtime import clock, open_runtime
from server.settings import Settings
from server.sole import only_server
from storage.database import make_engine
from storage.keyfile import BadKeyFile, make_key_file
from storage.schema import Schema, migrate, require_current, schema_of, snapshot

PATIENCE = 30.0  # seconds


def set_up_installation(settings: Settings) -> bool:
    """Data folder, key file and database are there and fit each other; True when the database is new.

    Raises BadKeyFile, SchemaUnfit, DatabaseUnavailable.
    """
    make_data_folder(settings.data_dir)
    if settings.database_file:
        settings.database_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = make_engine(settings.url, patience=PATIENCE)
    try:
        new = schema_of(engine) is Schema.EMPTY
        _make_key(settings, new=new)
        if new:
            migrate(engine)
    finally:
        engine.dispose()
    bring_up_to_date(settings)
    _make_rows(settings)
    return new


def make_data_folder(folder: Path) -> None:
    """The folder is there; one that we make, or that is empty, is for its owner alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not any(folder.iterdir()):
        folder.chmod(0o700)


def bring_up_to_date(settings: Settings) -> tuple[bool, Path | None]:
    """The database has the newest schema; whether it had an older one, and the copy of it as it was on SQLite.

    Raises SchemaUnfit for an empty or a newer one, AlreadyServing while a server runs on SQLite.
    """
    engine = make_engine(settings.url, patience=PATIENCE)
    try:
        if schema_of(engine) is not Schema.OLDER:
            require_current(engine)
            return False, None
        if settings.database_file is None:
            migrate(engine)
            return True, None
        with only_server(settings.database_file):
            return True, migrate_with_copy(engine, settings.database_file)
    finally:
        engine.dispose()


def migrate_with_copy(engine: Engine, database: Path | None) -> Path | None:
    """An older SQLite database is up to date, and the copy of it as it was is returned; raises SchemaUnfit."""
    if schema_of(engine) is not Schema.OLDER or database is None:
        require_current(engine)
        return None
    copy = snapshot(database, now=clock())
    migrate(engine)
    return copy


def _make_key(settings: Settings, *, new: bool) -> None:
    if settings.intake_key_file is not None or settings.key_file.exists():
        return
    if not new:
        raise BadKeyFile(
            f"The database is there but its key file {settings.key_file} is not. Put the file back from the copy you "
            "keep, or set FIELDCASE_KEY_FILE; a new key would open nothing."
        )
    make_key_file(settings.key_file)


def _make_rows(settings: Settings) -> None:
    running = open_runtime(settings, patience=PATIENCE)
    try:
        with running.database.begin() as session:
            if not key_fits(session):
                raise wrong_key(settings)
            set_up(session)
            if session.scalar(select(AuditEntry.id).limit(1)) is None:
                record(session, OPERATOR, Action.INSTALLED, "installation", now=clock())
    finally:
        running.close()

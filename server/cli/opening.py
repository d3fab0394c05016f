"""An installation opened for one command, beside a server that may be running."""

from collections.abc import Iterator
from contextlib import contextmanager

from audit.chain import key_fits
from server.control import ring_of_running
from server.runtime import Runtime, open_runtime
from server.settings import Settings, read_settings
from storage.keyfile import BadKeyFile
from storage.revision import is_newest

PATIENCE = 30.0  # seconds; SQLite's turns are not fair to a command beside a busy server


class NotInitialised(Exception):
    """There is no Fieldcase in the data folder. Run `fieldcase init`."""


@contextmanager
def installation(settings: Settings | None = None, *, patience: float = PATIENCE) -> Iterator[Runtime]:
    """The installation of these settings, else of the environment's, fit for use.

    Where the key file has a passphrase, it is as locked or unlocked as the processes that run here.

    Raises BadSetting, NotInitialised, BadKeyFile, SchemaUnfit, DatabaseUnavailable.
    """
    settings = settings or read_settings()
    require_initialised(settings)
    running = open_runtime(settings, patience=patience)
    try:
        if not running.unlocked and settings.intake_key_file is None and (ring := ring_of_running(settings)):
            running.unlock(ring)
        require_fit(running)
        yield running
    finally:
        running.close()


def require_initialised(settings: Settings) -> None:
    """Raises NotInitialised where `fieldcase init` has not been."""
    database = settings.database_file
    there = database.exists() if database else settings.key_file.exists() or settings.intake_key_file is not None
    if not there:
        place = settings.data_dir if database is None else database.parent
        raise NotInitialised(f"There is no Fieldcase in {place}. Run `fieldcase init`, or set FIELDCASE_DATA_DIR.")


def require_fit(running: Runtime) -> None:
    """Raises SchemaUnfit and BadKeyFile unless the database fits this version and the key file fits the database."""
    if not is_newest(running.database.engine):
        from storage.schema import require_current  # Here, since it takes as long to load as all the rest.

        require_current(running.database.engine)
    with running.database.read() as session:
        if not key_fits(session):
            raise wrong_key(running.settings)


def wrong_key(settings: Settings) -> BadKeyFile:
    """What is said when the database was made with another key."""
    path = settings.intake_key_file or settings.key_file
    return BadKeyFile(f"{path} is not the key that this database was made with. Put the right file in its place.")

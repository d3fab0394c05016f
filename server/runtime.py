"""What a running Fieldcase holds: its database, its files, its keys and its threads."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from server.settings import Settings
from server.tablet.offers import Offers
from storage.database import Database
from storage.files import Files, LocalFiles
from storage.keyfile import read_intake_file, read_key_file
from storage.sealing import Keyring

if TYPE_CHECKING:
    from flask import Flask


def clock() -> datetime:
    """The present moment, in UTC; the one place where the time is asked for."""
    return datetime.now(UTC)


@dataclass
class Runtime:
    """The parts of one running process."""

    settings: Settings
    database: Database
    files: Files
    offers: Offers
    wake_filing: Callable[[], None] = field(default=lambda: None)

    @property
    def unlocked(self) -> bool:
        """True unless this process holds the intake key alone."""
        return isinstance(self.database.keys, Keyring)

    def close(self) -> None:
        """Nothing is left open."""
        self.database.close()


def open_runtime(settings: Settings, *, patience: float = 1.5) -> Runtime:
    """The database and files of an installation that `fieldcase init` made.

    `patience` (seconds) is how long a write waits for others. Raises BadKeyFile.
    """
    if settings.intake_key_file is not None:
        database = Database(settings.url, read_intake_file(settings.intake_key_file), patience=patience)
    else:
        database = Database(settings.url, read_key_file(settings.key_file), patience=patience)
    return Runtime(settings, database, LocalFiles(settings.data_dir / "files"), Offers(database))


def runtime() -> Runtime:
    """The running parts of the application that answers the present request."""
    from flask import current_app  # Here, since commands open an installation without speaking HTTP.

    held: Runtime = current_app.extensions["fieldcase"]
    return held


def attach(app: "Flask", running: Runtime) -> None:
    """The application answers with these parts."""
    app.extensions["fieldcase"] = running

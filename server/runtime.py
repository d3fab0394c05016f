"""What a running Fieldcase holds: its database, its files, its keys and its threads."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from server.settings import Settings
from server.tablet.offers import Offers
from storage.database import Database
from storage.files import Files, LocalFiles
from storage.keyfile import BadKeyFile, load_key_file, read_intake_file
from storage.sealing import IntakeKeys, Keyring, KeysLocked

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

    @property
    def ring(self) -> Keyring:
        """The whole ring; raises KeysLocked."""
        if not isinstance(self.database.keys, Keyring):
            raise KeysLocked("the key file is not open in this process")
        return self.database.keys

    def lock(self) -> None:
        """Taking in goes on; nothing that is stored can be opened by this process until it is unlocked."""
        if isinstance(self.database.keys, Keyring):
            self.database.keys = self.database.keys.intake

    def unlock(self, ring: Keyring) -> None:
        """What is stored can be opened, and is filed; raises BadKeyFile for another installation's ring."""
        if ring.audit_key != self.database.keys.audit_key:
            raise BadKeyFile("This is the key of another installation. Put the right file back.")
        self.database.keys = ring
        self.wake_filing()

    def close(self) -> None:
        """Nothing is left open."""
        self.database.close()


def open_runtime(settings: Settings, *, patience: float = 1.5, keys: IntakeKeys | None = None) -> Runtime:
    """The database and files of an installation that `fieldcase init` made; locked while its key needs a passphrase.

    `patience` (seconds) is how long a write waits for others; `keys` are given where they are open already. Raises
    BadKeyFile.
    """
    database = Database(settings.url, keys or keys_of_node(settings), patience=patience, zone=settings.zone)
    return Runtime(settings, database, files_of(settings), Offers(database))


def keys_of_node(settings: Settings) -> IntakeKeys:
    """The keys that this node has without asking anybody: the whole ring, or the intake part; raises BadKeyFile."""
    if settings.intake_key_file is not None:
        return read_intake_file(settings.intake_key_file)
    held = load_key_file(settings.key_file)
    return held.intake if held.protected else held.ring()


def files_of(settings: Settings) -> Files:
    """Where attachments and media lie."""
    if not settings.files_url:
        return LocalFiles(settings.data_dir / "files")
    from storage.s3_files import S3Files  # Here, since its library takes a while to load.

    return S3Files(
        settings.files_url,
        endpoint=settings.s3_endpoint,
        region=settings.s3_region,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key,
    )


def runtime() -> Runtime:
    """The running parts of the application that answers the present request."""
    from flask import current_app  # Here, since commands open an installation without speaking HTTP.

    held: Runtime = current_app.extensions["fieldcase"]
    return held


def attach(app: "Flask", running: Runtime) -> None:
    """The application answers with these parts."""
    app.extensions["fieldcase"] = running

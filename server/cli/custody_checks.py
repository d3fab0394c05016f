"""What `fieldcase doctor` looks at of keys, backups, the mirror and where files lie."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from server.backups import last_verified, newest_backup
from server.cli.checks import Check
from server.control import ask
from server.runtime import files_of
from server.settings import Settings
from storage.custody import copy_verified_at, newer_key
from storage.files import FileAbsent, FilesUnavailable
from storage.mirror import Mirror
from storage.roots import older_roots
from storage.s3_files import S3Files
from storage.sealing import Keyring, intake_keys_of

TRIED = timedelta(days=8)  # A trial is made once a week.
MB = 1024**2


def files(settings: Settings) -> Check:
    """Attachments and media can be put where they belong."""
    if not settings.files_url:
        return Check("files", "ok", str(settings.data_dir / "files"))
    try:
        store = files_of(settings)
        if isinstance(store, S3Files):
            store.check()
    except (FilesUnavailable, FileAbsent) as error:
        do = "check FIELDCASE_FILES_URL, FIELDCASE_S3_ENDPOINT, the keys, and that the bucket is there"
        return Check("files", "bad", f"{settings.files_url}: {error}", do)
    return Check("files", "ok", settings.files_url)


def mirror(settings: Settings) -> Check:
    """The mirror's folder takes receipts; without one, only backups stand between a dead disk and a loss."""
    folder = settings.mirror_dir
    if folder is None:
        do = "set FIELDCASE_MIRROR_DIR to a folder on another disk"
        return Check("mirror", "ok", f"none: what comes between two backups lies on one disk alone ({do})")
    held = Mirror(folder)
    try:
        held.check()
    except FilesUnavailable as error:
        return Check("mirror", "bad", f"{folder}: {error}; tablets are told to wait", "mount or mend that disk")
    return Check("mirror", "ok", f"{folder}, {len(held.receipts())} receipts, {held.size() / MB:.1f} MB")


def locked(settings: Settings) -> Check:
    """The processes that run here have the key."""
    closed = [one for one in ask(settings, {"do": "state"}) if one.get("locked")]
    if closed:
        return Check("lock", "warn", f"{len(closed)} processes are locked: filing waits", "fieldcase key unlock")
    return Check("lock", "ok", "nothing that runs here is locked")


def key_copy(session: Session, settings: Settings, now: datetime) -> Check:
    """A copy of the key in use was read back; the key is lost with its disk otherwise, and every case with it."""
    if settings.intake_key_file is not None:
        return Check("key copy", "ok", "the intake key can be written again")
    when = copy_verified_at(session, intake_keys_of(session))
    if when is None:
        return Check("key copy", "bad", "no copy of the key was ever verified", "fieldcase key copy, then key verify")
    return Check("key copy", "ok", f"verified {when.astimezone(settings.zone):%Y-%m-%d}")


def key_in_use(session: Session, settings: Settings, now: datetime) -> Check:
    """This node has the newest key, and nothing is left that an earlier one opens."""
    keys = intake_keys_of(session)
    if (newest := newer_key(session, keys)) is not None:
        do = "fieldcase key intake FILE there" if settings.intake_key_file else "copy the newest key file to this node"
        return Check("key in use", "bad", f"the key was changed to {newest}; this node has {keys.key_id}", do)
    if isinstance(keys, Keyring) and (left := older_roots(session)):
        do = "fieldcase key rotate --finish"
        return Check("key in use", "warn", f"{left} records' keys are still wrapped by an earlier key", do)
    return Check("key in use", "ok", keys.key_id)


def backups(session: Session, settings: Settings, now: datetime) -> Check:
    """There is a backup, not older than it should be, and it was tried."""
    newest, folder = newest_backup(session), settings.backup_dir
    if newest is None and folder is None:
        return Check("backup", "warn", "there is none, and none is scheduled", "set FIELDCASE_BACKUP_DIR")
    if newest is None:
        return Check("backup", "bad", "there is none yet", "is fieldcase serve running? Or: fieldcase backup")
    age = now - newest.begun_at
    says = f"the last one is {_spoken(age)} old"
    if newest.missing:
        return Check(
            "backup", "bad", f"{says}; {newest.missing} files were missing", "look for them in an older backup"
        )
    if folder is not None and age > 2 * timedelta(hours=settings.backup_every):
        return Check("backup", "bad", says, "see the log of fieldcase serve; is that disk full or away?")
    tried = last_verified(session)
    if tried is None or now - tried > TRIED:
        says += ", and none was tried " + ("ever" if tried is None else f"for {_spoken(now - tried)}")
        return Check("backup", "warn" if tried is None and age < TRIED else "bad", says, "fieldcase backup verify FILE")
    if folder is None:
        return Check("backup", "warn", f"{says}; none is scheduled", "set FIELDCASE_BACKUP_DIR")
    return Check("backup", "ok", f"{says}, tried {tried.astimezone(settings.zone):%Y-%m-%d}")


def _spoken(age: timedelta) -> str:
    hours = round(age.total_seconds() / 3600)
    return f"{hours} hours" if hours < 48 else f"{hours // 24} days"


PLACES: tuple[Callable[[Settings], Check], ...] = (files, mirror, locked)
CUSTODY: tuple[Callable[[Session, Settings, datetime], Check], ...] = (key_copy, key_in_use, backups)

"""A backup is tried: restored into an empty place that is thrown away, and everything in it looked at."""

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session, undefer

from audit.chain import key_fits, verify
from cases.assertions import read_said
from cases.tables import Assertion, Record
from forms.tables import FormMedia
from server.restoring import Progress, open_backup, session_on
from storage.backup import Told, read_backup
from storage.database import begin, make_engine
from storage.roots import RootDestroyed, RootKey, root_key
from storage.schema import make_schema
from storage.sealed_files import unseal_chunks
from storage.sealing import Keyring, SealBroken
from submissions.opening import open_attachment, open_xml
from submissions.parts import file_place
from submissions.tables import Attachment, Submission

AT_ONCE = 100
MOST_TOLD = 20  # faults; one that repeats in every row says no more
SAMPLE = 20  # every so manyth record's values are opened


class BackupFaulty(Exception):
    """The backup can be restored, but something in it is not as it should be; the text says what."""


@dataclass
class Verified:
    """What was found in a backup."""

    backup_id: str
    made_at: datetime
    told: Told
    opened: int = 0  # sealed values and files that were opened
    faults: list[str] = field(default_factory=list)

    def fault(self, words: str) -> None:
        if len(self.faults) < MOST_TOLD:
            self.faults.append(words)


def verify_backup(ring: Keyring, source: Path, place: Path, *, progress: Progress = lambda _more: None) -> Verified:
    """The backup was restored into a new folder in `place`, which is gone again, and is whole.

    Counts, hashes and seals of rows and files, and the trail, are as they should be. Raises BackupFaulty, BadArchive,
    KeyUnknown, SchemaUnfit.
    """
    with tempfile.TemporaryDirectory(prefix="verifying-", dir=place) as folder:
        engine = make_engine(f"sqlite:///{Path(folder) / 'verified.db'}", patience=30)
        try:
            with engine.connect() as connection, begin(connection, write=True):
                found = _restore(connection, ring, source, progress)
        finally:
            engine.dispose()
    if found.faults:
        raise BackupFaulty(" ".join(found.faults))
    return found


def _restore(connection: Connection, ring: Keyring, source: Path, progress: Progress) -> Verified:
    header, contents = open_backup(source, ring, progress)
    found = Verified(header["id"], datetime.fromisoformat(header["made_at"]), Told())
    make_schema(connection, header["schema"])
    with session_on(connection, ring) as session:

        def loaded() -> None:
            make_schema(connection)
            _look_at_trail(session, found)
            _look_at_seals(session, found)

        def take(file_id: str, chunks: Iterator[bytes]) -> None:
            _look_at_file(session, file_id, chunks, found)

        found.told = read_backup(connection, contents, take, loaded=loaded)
    return found


def _look_at_trail(session: Session, found: Verified) -> None:
    if not key_fits(session):
        found.fault("Its trail was sealed under another key.")
    elif (broken := verify(session)) is not None:
        found.fault(f"Its trail is broken at number {broken.number}: {broken.reason}.")


def _look_at_seals(session: Session, found: Verified) -> None:
    """Every record's key and every submission opens, and a part of what the records say."""
    for root_id in session.scalars(select(RootKey.root_id).where(RootKey.wrapped.is_not(None))).yield_per(AT_ONCE):
        try:
            root_key(session, root_id)
            found.opened += 1
        except SealBroken:
            found.fault(f"The key of record {root_id} does not open.")
    query = select(Submission).options(undefer(Submission.envelope), undefer(Submission.sealed_xml))
    for submission in session.scalars(query.execution_options(yield_per=AT_ONCE)):
        try:
            open_xml(session, submission)
            found.opened += 1
        except RootDestroyed:
            continue
        except SealBroken:
            found.fault(f"Submission {submission.id} does not open.")
        finally:
            session.expunge(submission)
    _look_at_values(session, found)


def _look_at_values(session: Session, found: Verified) -> None:
    total = session.scalar(select(func.count()).select_from(Record)) or 0
    step = SAMPLE if total > SAMPLE * AT_ONCE else 1
    rows = session.execute(select(Record.id, Record.root_id).order_by(Record.id).execution_options(yield_per=AT_ONCE))
    for number, (record_id, root_id) in enumerate(rows):
        if number % step:
            continue
        try:
            key = root_key(session, root_id)
            found.opened += len(read_said(session, select(Assertion).where(Assertion.record_id == record_id), key))
        except RootDestroyed:
            continue
        except SealBroken:
            found.fault(f"A value of record {record_id} does not open.")
        session.expunge_all()


def _look_at_file(session: Session, file_id: str, chunks: Iterator[bytes], found: Verified) -> None:
    """An attachment opens and is what the tablet sent; media are what was published."""
    for media in session.scalars(select(FormMedia).where(FormMedia.file_id == file_id)):
        md5 = hashlib.md5(usedforsecurity=False)
        for chunk in chunks:
            md5.update(chunk)
        if md5.hexdigest() != media.md5:
            found.fault(f"The media file {file_id} is not what was published.")
        found.opened += 1
        return
    for row in session.scalars(select(Attachment).where(Attachment.file_id == file_id)):
        try:
            held, sha256 = open_attachment(session, row), hashlib.sha256()
            for piece in unseal_chunks(held.file_key, chunks, file_place(row.id)):
                sha256.update(piece)
            if sha256.hexdigest() != held.sha256:
                found.fault(f"The file {file_id} is not what the tablet sent.")
            found.opened += 1
        except RootDestroyed:
            return
        except SealBroken:
            found.fault(f"The file {file_id} does not open.")
        session.expunge(row)
        return

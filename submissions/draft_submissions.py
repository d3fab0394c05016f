"""What is sent to try a draft: sealed as everything is, never filed, and gone when the draft is replaced or goes."""

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, undefer

from audit.trail import Action, Actor, record
from forms.draft_secrets import KnownDraft
from forms.tables import FormDraft
from storage.database import insert_new, insert_once
from storage.files import Files
from storage.sealed_files import unseal_chunks
from storage.sealing import intake_keys_of, keys_of, new_key, seal, unseal
from submissions.draft_tables import DraftAttachment, DraftSubmission
from submissions.instance import Instance, read_instance
from submissions.parts import Part, Upload, facts_place, file_place
from submissions.parts import envelope_place as part_place
from submissions.receive import Receipt, Sender

MOST = 500  # of one draft; the oldest go
MOST_FILES, MOST_BYTES = 200, 1024**3  # beside one draft; no more are taken, since whoever has its code can send them


class DraftSubmissionNotFound(Exception):
    """There is no such test submission; they go when their draft is replaced, published or discarded."""


class DraftFull(Exception):
    """As many test files stand beside the draft as may; they go when it is replaced, published or discarded."""


@dataclass(frozen=True)
class DraftFile:
    """A file of a test submission as it was sent."""

    id: str
    name: str
    content_type: str
    size: int
    received_at: datetime
    sha256: str
    file_id: str
    key: bytes = field(repr=False)


def receive_drafted(
    session: Session,
    instance: Instance,
    parts: Sequence[Part],
    *,
    draft: KnownDraft,
    sender: Sender,
    now: datetime,
) -> tuple[Receipt, int]:
    """The test submission is kept beside its draft; the same one again changes nothing. Its row's id goes with it."""
    keys, uid, key = intake_keys_of(session), secrets.token_hex(16), new_key()
    row = {
        "uid": uid,
        "draft_id": draft.id,
        "version": instance.version,
        "instance_id": instance.instance_id,
        "fingerprint": keys.fingerprint(instance.xml),
        "person_id": sender.person_id,
        "install_id": sender.install_id,
        "app_version": sender.app_version,
        "received_at": now,
        "size": len(instance.xml),
        "envelope": keys.envelope(key, envelope_place(uid)),
        "sealed_xml": seal(key, instance.xml, xml_place(uid)),
    }
    held = insert_once(session, DraftSubmission, row)
    same = (DraftSubmission.draft_id, DraftSubmission.instance_id, DraftSubmission.fingerprint)
    query = select(DraftSubmission.id).where(*(column == row[column.key] for column in same))
    submission_id: int = held or session.execute(query).scalar_one()
    rows = [_part(submission_id, part, now) for part in parts if part.file_id is not None]
    added = insert_new(session, DraftAttachment, rows)
    if held is None:
        return (Receipt.ATTACHMENTS_ADDED if added else Receipt.ALREADY_HELD), submission_id
    _forget_oldest(session, draft.id)
    record(session, sender.actor, Action.FORM_DRAFT_TRIED, f"draft:{draft.id}", now=now)
    return Receipt.STORED, submission_id


def held_parts_of_draft(session: Session, draft_id: int, instance: Instance) -> frozenset[tuple[str, str]]:
    """Slot and content of every file that is held with these very answers."""
    fingerprint = intake_keys_of(session).fingerprint(instance.xml)
    rows = session.execute(
        select(DraftAttachment.slot, DraftAttachment.content)
        .join(DraftSubmission, DraftSubmission.id == DraftAttachment.submission_id)
        .where(DraftSubmission.draft_id == draft_id, DraftSubmission.instance_id == instance.instance_id)
        .where(DraftSubmission.fingerprint == fingerprint)
    )
    return frozenset((slot, content) for slot, content in rows)


def require_room(session: Session, draft_id: int, uploads: Sequence[Upload]) -> None:
    """Raises DraftFull when these files are too many beside those that the draft has."""
    query = select(func.count(), func.coalesce(func.sum(DraftAttachment.size), 0))
    query = query.join(DraftSubmission, DraftSubmission.id == DraftAttachment.submission_id)
    count, size = session.execute(query.where(DraftSubmission.draft_id == draft_id)).one()
    if uploads and (count + len(uploads) > MOST_FILES or size >= MOST_BYTES):
        raise DraftFull("No more test files are taken beside this draft. Replace the draft, and they go.")


def list_drafted(session: Session, draft: FormDraft) -> list[DraftSubmission]:
    """The draft's test submissions, newest first."""
    query = select(DraftSubmission).where(DraftSubmission.draft_id == draft.id)
    return list(session.scalars(query.order_by(DraftSubmission.id.desc())))


def count_drafted(session: Session, draft: FormDraft) -> int:
    """How many test submissions the draft has."""
    query = select(func.count()).select_from(DraftSubmission).where(DraftSubmission.draft_id == draft.id)
    return session.execute(query).scalar_one()


def find_drafted(session: Session, draft: FormDraft, instance_id: str) -> DraftSubmission:
    """The newest test submission with this instance id; raises DraftSubmissionNotFound."""
    query = select(DraftSubmission).where(
        DraftSubmission.draft_id == draft.id, DraftSubmission.instance_id == instance_id
    )
    return _found(session.scalar(query.order_by(DraftSubmission.id.desc()).limit(1)))


def get_drafted(session: Session, draft: FormDraft, submission_id: int) -> DraftSubmission:
    """The draft's test submission; raises DraftSubmissionNotFound."""
    query = select(DraftSubmission).where(DraftSubmission.draft_id == draft.id, DraftSubmission.id == submission_id)
    return _found(session.scalar(query))


def open_drafted(session: Session, held: DraftSubmission, *, actor: Actor, now: datetime) -> Instance:
    """The answers as they were sent; that they were read leaves a trace. Raises KeysLocked, SealBroken."""
    query = select(DraftSubmission).where(DraftSubmission.id == held.id)
    whole = session.scalars(query.options(undefer(DraftSubmission.envelope), undefer(DraftSubmission.sealed_xml))).one()
    key = keys_of(session).open_envelope(whole.envelope, envelope_place(whole.uid))
    record(session, actor, Action.SUBMISSION_READ, f"draft:{held.draft_id}", now=now, test=held.id)
    return read_instance(unseal(key, whole.sealed_xml, xml_place(whole.uid)))


def files_of_drafted(session: Session, held: DraftSubmission) -> list[DraftFile]:
    """The files that came with a test submission, by name; raises KeysLocked, SealBroken."""
    rows = session.scalars(select(DraftAttachment).where(DraftAttachment.submission_id == held.id))
    return sorted((_open_file(session, row) for row in rows), key=lambda one: (one.name, one.received_at))


def read_drafted_file(files: Files, one: DraftFile) -> Iterator[bytes]:
    """The file's bytes as they were sent; raises FileAbsent, SealBroken."""
    return unseal_chunks(one.key, files.read(one.file_id), file_place(one.id))


def purge_drafted(session: Session, draft_id: int) -> None:
    """The draft has no test submissions; sweeping removes their files."""
    session.execute(delete(DraftSubmission).where(DraftSubmission.draft_id == draft_id))


def envelope_place(uid: str) -> str:
    """Where a test submission's data key belongs."""
    return f"draft_submissions.envelope:{uid}"


def xml_place(uid: str) -> str:
    """Where a test submission's XML belongs."""
    return f"draft_submissions.sealed_xml:{uid}"


def _forget_oldest(session: Session, draft_id: int) -> None:
    kept = select(DraftSubmission.id).where(DraftSubmission.draft_id == draft_id)
    last = session.scalar(kept.order_by(DraftSubmission.id.desc()).offset(MOST).limit(1))
    if last is not None:
        session.execute(delete(DraftSubmission).where(DraftSubmission.draft_id == draft_id, DraftSubmission.id <= last))


def _part(submission_id: int, part: Part, now: datetime) -> dict[str, object]:
    names = ("id", "slot", "content", "size", "file_id", "envelope", "sealed_facts")
    return {**{name: getattr(part, name) for name in names}, "submission_id": submission_id, "received_at": now}


def _open_file(session: Session, row: DraftAttachment) -> DraftFile:
    key = keys_of(session).open_envelope(row.envelope, part_place(row.id))
    facts = json.loads(unseal(key, row.sealed_facts, facts_place(row.id)))
    told = (facts["name"], facts["type"], row.size, row.received_at, facts["sha256"], row.file_id)
    return DraftFile(row.id, *told, bytes.fromhex(facts["key"]))


def _found(held: DraftSubmission | None) -> DraftSubmission:
    if held is None:
        raise DraftSubmissionNotFound("There is no such test submission.")
    return held

"""What is kept sealed, opened for those who may read it and for filing."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, inspect, select, update
from sqlalchemy.orm import Session

from storage.files import Files
from storage.roots import RootKey, root_key
from storage.sealed_files import unseal_chunks
from storage.sealing import keys_of, seal, unseal
from submissions.instance import Instance, read_instance
from submissions.parts import envelope_place as part_place
from submissions.parts import facts_place, file_place
from submissions.receive import envelope_place, xml_place
from submissions.tables import Attachment, Submission

ENVELOPES = select(Attachment.id, Attachment.submission_id, Attachment.envelope, Attachment.root_id).where(
    Attachment.submission_id.in_(bindparam("submission_ids", expanding=True))
)


@dataclass(frozen=True)
class OpenAttachment:
    """An attachment's facts as the tablet sent them; `sha256` is empty until the file came."""

    id: str
    name: str
    sha256: str
    content_type: str
    size: int
    expected: bool
    current: bool
    received_at: datetime | None
    file_id: str | None
    file_key: bytes = field(repr=False)

    @property
    def received(self) -> bool:
        """True once the bytes are held."""
        return self.received_at is not None


@dataclass(frozen=True)
class Move:
    """A submission whose data keys are to lie under this root's key."""

    submission: Submission
    root_id: str
    root: bytes = field(repr=False)
    data_key: bytes = field(repr=False)


def unlock(session: Session, submission: Submission) -> bytes:
    """The submission's data key; raises KeysLocked, RootDestroyed, SealBroken."""
    if "envelope" in inspect(submission).unloaded:
        # Filing may have moved it to another root since its row was read, so both are read together.
        session.refresh(submission, ["envelope", "root_id"])
    return _open(session, submission.envelope, submission.root_id, _place(submission))


def open_xml(session: Session, submission: Submission, *, data_key: bytes | None = None) -> bytes:
    """The XML byte for byte as it was sent; raises KeysLocked, RootDestroyed, SealBroken."""
    key = data_key or unlock(session, submission)
    return unseal(key, submission.sealed_xml, xml_place(submission.form_pk, submission.instance_id, submission.variant))


def open_instance(session: Session, submission: Submission, *, data_key: bytes | None = None) -> Instance:
    """The submission's answers, parsed; raises what `open_xml` raises."""
    return read_instance(open_xml(session, submission, data_key=data_key))


def open_attachments(session: Session, submission_id: int) -> list[OpenAttachment]:
    """Every file of a submission, promised ones included, by name and then by arrival."""
    rows = session.scalars(select(Attachment).where(Attachment.submission_id == submission_id))
    opened = [open_attachment(session, row) for row in rows]
    return sorted(opened, key=lambda one: (one.name, one.received_at.timestamp() if one.received_at else 0))


def read_file(files: Files, attachment: OpenAttachment) -> Iterator[bytes]:
    """The attachment's bytes as they were sent; raises FileAbsent, SealBroken."""
    return unseal_chunks(attachment.file_key, files.read(attachment.file_id or ""), file_place(attachment.id))


def move_to_root(session: Session, submission: Submission, root_id: str, *, root: bytes, data_key: bytes) -> None:
    """The submission's data keys, its attachments' too, are sealed under the record root's key alone."""
    move_to_roots(session, [Move(submission, root_id, root, data_key)])


def move_to_roots(session: Session, moves: Sequence[Move]) -> None:
    """As `move_to_root`, for several submissions at once."""
    for move in moves:
        submission = move.submission
        submission.envelope = seal(move.root, move.data_key, _place(submission))
        submission.root_id = move.root_id
    by_id = {move.submission.id: move for move in moves}
    for part in session.connection().execute(ENVELOPES, {"submission_ids": list(by_id)}).all() if moves else ():
        move = by_id[part.submission_id]
        _move_attachment(session, part.id, part.envelope, part.root_id, move.root, move.root_id)


def move_late_attachments(session: Session) -> int:
    """Attachments that came after their submission was filed are sealed under its root too; how many is returned.

    Those of an erased root are left alone.
    """
    late = session.execute(
        select(Attachment.id, Attachment.envelope, RootKey.root_id)
        .join(Submission, Submission.id == Attachment.submission_id)
        .join(RootKey, RootKey.root_id == Submission.root_id)
        .where(Attachment.root_id.is_(None), RootKey.destroyed_at.is_(None))
        .limit(200)
    ).all()
    for part_id, envelope, root_id in late:
        _move_attachment(session, part_id, envelope, None, root_key(session, root_id), root_id)
    return len(late)


def _move_attachment(
    session: Session, part_id: str, envelope: bytes, held_root: str | None, root: bytes, root_id: str
) -> None:
    place = part_place(part_id)
    key = _open(session, envelope, held_root, place)
    moved = {"envelope": seal(root, key, place), "root_id": root_id}
    session.execute(update(Attachment).where(Attachment.id == part_id).values(**moved))


def open_attachment(session: Session, row: Attachment) -> OpenAttachment:
    """One file as the tablet sent it, or as it is promised; raises KeysLocked, RootDestroyed, SealBroken."""
    key = _open(session, row.envelope, row.root_id, part_place(row.id))
    facts = json.loads(unseal(key, row.sealed_facts, facts_place(row.id)))
    return OpenAttachment(
        id=row.id,
        name=facts["name"],
        sha256=facts.get("sha256", ""),
        content_type=facts.get("type", ""),
        size=row.size,
        expected=row.expected,
        current=row.current,
        received_at=row.received_at,
        file_id=row.file_id,
        file_key=bytes.fromhex(facts.get("key", "")),
    )


def _open(session: Session, envelope: bytes, root_id: str | None, place: str) -> bytes:
    if root_id is None:
        return keys_of(session).open_envelope(envelope, place)
    return unseal(root_key(session, root_id), envelope, place)


def _place(submission: Submission) -> str:
    return envelope_place(submission.form_pk, submission.instance_id, submission.variant)

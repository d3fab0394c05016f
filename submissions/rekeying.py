"""Submissions that are not filed are sealed for the master key in use, after it was changed."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from storage.database import Base
from storage.sealing import Keyring, keys_of
from submissions.draft_submissions import envelope_place as drafted_place
from submissions.draft_tables import DraftAttachment, DraftSubmission
from submissions.parts import envelope_place as part_place
from submissions.receive import envelope_place
from submissions.tables import Attachment, Submission

PAGE = 500


def reseal_submissions(session: Session, *, after: int = 0, limit: int = PAGE) -> int | None:
    """Unfiled submissions behind this id are sealed for the key in use; the last id looked at, None behind the last.

    Raises KeysLocked, SealBroken.
    """
    named = (Submission.form_pk, Submission.instance_id, Submission.variant)
    query = select(Submission.id, Submission.envelope, *named).where(Submission.root_id.is_(None))
    rows = session.execute(query.where(Submission.id > after).order_by(Submission.id).limit(limit)).all()
    for row in rows:
        place = envelope_place(row.form_pk, row.instance_id, row.variant)
        _reseal(session, Submission, row.id, row.envelope, place)
    return rows[-1].id if rows else None


def reseal_attachments(session: Session, *, after: str = "", limit: int = PAGE) -> str | None:
    """Files of unfiled submissions behind this id likewise; the last id looked at, None behind the last."""
    query = select(Attachment.id, Attachment.envelope).where(Attachment.root_id.is_(None), Attachment.id > after)
    rows = session.execute(query.order_by(Attachment.id).limit(limit)).all()
    for row in rows:
        _reseal(session, Attachment, row.id, row.envelope, part_place(row.id))
    return rows[-1].id if rows else None


def reseal_draft_submissions(session: Session, *, after: int = 0, limit: int = PAGE) -> int | None:
    """What was sent to try drafts, behind this id, likewise."""
    query = select(DraftSubmission.id, DraftSubmission.envelope, DraftSubmission.uid).where(DraftSubmission.id > after)
    rows = session.execute(query.order_by(DraftSubmission.id).limit(limit)).all()
    for row in rows:
        _reseal(session, DraftSubmission, row.id, row.envelope, drafted_place(row.uid))
    return rows[-1].id if rows else None


def reseal_draft_attachments(session: Session, *, after: str = "", limit: int = PAGE) -> str | None:
    """Files that were sent to try drafts, behind this id, likewise."""
    query = select(DraftAttachment.id, DraftAttachment.envelope).where(DraftAttachment.id > after)
    rows = session.execute(query.order_by(DraftAttachment.id).limit(limit)).all()
    for row in rows:
        _reseal(session, DraftAttachment, row.id, row.envelope, part_place(row.id))
    return rows[-1].id if rows else None


def _reseal(session: Session, table: type[Base], row_id: Any, envelope: bytes, place: str) -> None:
    ring: Keyring = keys_of(session)
    if envelope is None or ring.is_current(envelope):
        return
    model: Any = table
    # Compared with what was read, since meanwhile it may have been filed, or erased.
    same = (model.id == row_id, model.envelope == envelope)
    fresh = ring.envelope(ring.open_envelope(envelope, place), place)
    session.execute(update(model).where(*same).values(envelope=fresh))

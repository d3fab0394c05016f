"""Submissions as lists and pages look them up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from accounts.tables import Device
from audit.trail import Action, Actor, record
from forms.tables import Form, FormVersion
from submissions.tables import Attachment, Filing, Submission

PAGE = 50


class SubmissionNotFound(Exception):
    """There is no such submission."""


@dataclass(frozen=True)
class ListedSubmission:
    """A submission as lists show it; nothing of its answers."""

    submission: Submission
    form_id: str
    title: str
    device: str
    files_received: int
    files_expected: int


def list_submissions(
    session: Session,
    *,
    form_id: str | None = None,
    filing: Sequence[Filing] = (),
    device: str | None = None,
    before: int | None = None,
    limit: int | None = PAGE,
) -> list[ListedSubmission]:
    """Submissions, newest first; `before` is the id where the page before this one ended."""
    query = (
        select(Submission, Form.form_id, FormVersion.title, Device.name)
        .join(Form, Form.id == Submission.form_pk)
        .outerjoin(FormVersion, FormVersion.id == func.coalesce(Submission.version_id, Form.current_version_id))
        .outerjoin(Device, Device.id == Submission.device_id)
        .order_by(Submission.id.desc())
    )
    if form_id:
        query = query.where(Form.form_id == form_id)
    if filing:
        query = query.where(Submission.filing.in_([state.value for state in filing]))
    if device:
        query = query.where(Device.name == device)
    if before is not None:
        query = query.where(Submission.id < before)
    rows = session.execute(query if limit is None else query.limit(limit)).all()
    counts = _file_counts(session, [row[0].id for row in rows])
    return [
        ListedSubmission(submission, form_id, title or form_id, name or "", *counts.get(submission.id, (0, 0)))
        for submission, form_id, title, name in rows
    ]


def count_by_filing(session: Session) -> dict[Filing, int]:
    """How many submissions stand in each filing state."""
    rows = session.execute(select(Submission.filing, func.count()).group_by(Submission.filing))
    return {Filing(state): count for state, count in rows}


def get_submission(session: Session, submission_id: int) -> Submission:
    """The submission; raises SubmissionNotFound."""
    submission = session.get(Submission, submission_id)
    if submission is None:
        raise SubmissionNotFound("There is no such submission.")
    return submission


def refile(session: Session, submission: Submission, *, actor: Actor, now: datetime) -> None:
    """The submission waits to be filed again; one that is filed, held for its version or in conflict is left alone."""
    if submission.filing in {Filing.SET_ASIDE.value, Filing.NOT_MAPPED.value}:
        submission.filing = Filing.PENDING.value
        session.flush()
        record(session, actor, Action.SUBMISSION_REFILED, f"submission:{submission.id}", now=now)


def _file_counts(session: Session, submission_ids: list[int]) -> dict[int, tuple[int, int]]:
    rows = session.execute(
        select(
            Attachment.submission_id,
            func.count(Attachment.received_at),
            func.count(),
        )
        .where(Attachment.submission_id.in_(submission_ids), Attachment.current)
        .group_by(Attachment.submission_id)
    )
    return {submission_id: (received, expected) for submission_id, received, expected in rows}

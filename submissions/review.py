"""What people who look at submissions say of them: a state that the newest review decides, and comments."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.roles import Right, Viewer
from audit.trail import Action, record
from storage.sealing import seal, unseal
from submissions.opening import unlock
from submissions.tables import Comment, Review
from submissions.versions import Line


class ReviewState(StrEnum):
    """What a submission is worth to whoever looked at it; empty for one that nobody has said anything of."""

    RECEIVED = ""
    EDITED = "edited"
    HAS_ISSUES = "hasIssues"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Remark:
    """A comment, opened."""

    person_id: int | None
    made_at: datetime
    body: str = field(repr=False)


def review(session: Session, line: Line, state: ReviewState, *, viewer: Viewer, now: datetime) -> None:
    """The submission has the state until somebody says otherwise or a correction comes. Raises NotAllowed."""
    viewer.require(Right.REVIEW)
    row = Review(submission_id=line.first.id, version_id=line.current.id, state=state.value, made_at=now)
    row.person_id = viewer.person_id
    session.add(row)
    session.flush()
    subject = f"submission:{line.first.id}"
    record(session, viewer.actor, Action.SUBMISSION_REVIEWED, subject, now=now, state=state.value)


def last_review(session: Session, line: Line) -> Review | None:
    """The newest review of the line; None when nobody said anything."""
    query = select(Review).where(Review.submission_id == line.first.id)
    return session.scalar(query.order_by(Review.id.desc()).limit(1))


def state_of(line: Line, newest: Review | None) -> ReviewState:
    """What the newest review says, `edited` when a correction came after it."""
    looked_at = None if newest is None else newest.version_id
    if len(line.versions) > 1 and looked_at != line.current.id:
        return ReviewState.EDITED
    return ReviewState.RECEIVED if newest is None else ReviewState(newest.state)


def comment(session: Session, line: Line, body: str, *, viewer: Viewer, now: datetime) -> Remark:
    """The comment stands beside the submission, sealed as its answers are.

    Raises NotAllowed, KeysLocked, RootDestroyed.
    """
    viewer.require(Right.REVIEW)
    comment_id = secrets.token_hex(16)
    sealed = seal(unlock(session, line.first), body.encode(), _place(comment_id))
    row = Comment(id=comment_id, submission_id=line.first.id, made_at=now, sealed=sealed)
    row.person_id = viewer.person_id
    session.add(row)
    session.flush()
    record(session, viewer.actor, Action.SUBMISSION_COMMENTED, f"submission:{line.first.id}", now=now)
    return Remark(row.person_id, now, body)


def read_comments(session: Session, line: Line, *, viewer: Viewer, now: datetime) -> list[Remark]:
    """Every comment, newest first; the reading leaves a trace. Raises NotAllowed, KeysLocked, RootDestroyed."""
    viewer.require(Right.READ_SUBMISSIONS)
    query = select(Comment).where(Comment.submission_id == line.first.id)
    rows = session.scalars(query.order_by(Comment.made_at.desc(), Comment.id)).all()
    if not rows:
        return []
    key = unlock(session, line.first)
    record(session, viewer.actor, Action.COMMENTS_READ, f"submission:{line.first.id}", now=now, comments=len(rows))
    return [Remark(row.person_id, row.made_at, unseal(key, row.sealed, _place(row.id)).decode()) for row in rows]


def _place(comment_id: str) -> str:
    return f"submission_comments.sealed:{comment_id}"

"""Submissions as lists and pages look them up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVarTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from accounts.roles import Right, Viewer
from accounts.tables import Agency, Device, Person
from audit.trail import Action, Actor, record
from forms.tables import Form, FormVersion
from submissions.tables import Attachment, Filing, Submission

PAGE = 50
Ts = TypeVarTuple("Ts")


class SubmissionNotFound(Exception):
    """There is no such submission, or it is not yours to see."""


@dataclass(frozen=True)
class ListedSubmission:
    """A submission as lists show it; nothing of its answers."""

    submission: Submission
    form_id: str
    title: str
    device: str
    agency: str
    files_received: int
    files_expected: int


def list_submissions(
    session: Session,
    *,
    viewer: Viewer,
    form_id: str | None = None,
    filing: Sequence[Filing] = (),
    device: str | None = None,
    before: int | None = None,
    after: int | None = None,
    ids: Sequence[int] | None = None,
    limit: int | None = PAGE,
) -> list[ListedSubmission]:
    """The submissions that the viewer may see, newest first; of tablets and people of the own agency, or of all.

    `before` and `after` are the ids where the pages beside this one ended. Raises NotAllowed.
    """
    query = _listed(viewer)
    if form_id:
        query = query.where(Form.form_id == form_id)
    if filing:
        query = query.where(Submission.filing.in_([state.value for state in filing]))
    if device:
        query = query.where(Device.name == device)
    if ids is not None:
        query = query.where(Submission.id.in_(ids))
    if before is not None:
        query = query.where(Submission.id < before)
    if after is not None:
        query = query.where(Submission.id > after)
    query = query.order_by(Submission.id.asc() if after is not None else Submission.id.desc())
    rows = sorted(session.execute(query if limit is None else query.limit(limit)).all(), key=lambda row: -row[0].id)
    return _with_files(session, rows)


def get_listed(session: Session, submission_id: int, *, viewer: Viewer) -> ListedSubmission:
    """The submission with its form, tablet and agency; raises SubmissionNotFound, NotAllowed."""
    found = list_submissions(session, viewer=viewer, ids=[submission_id])
    if not found:
        raise SubmissionNotFound("There is no such submission.")
    return found[0]


def get_submission(session: Session, submission_id: int, *, viewer: Viewer) -> Submission:
    """The submission; raises SubmissionNotFound, alike for one that the viewer may not see, and NotAllowed."""
    return get_listed(session, submission_id, viewer=viewer).submission


def visible_ids(session: Session, submission_ids: Iterable[int], *, viewer: Viewer) -> frozenset[int]:
    """Those of the submissions that the viewer may see; none for somebody who may see no submission."""
    wanted = set(submission_ids)
    if not viewer.may(Right.LIST_SUBMISSIONS) or not wanted:
        return frozenset()
    return frozenset(
        one.submission.id for one in list_submissions(session, viewer=viewer, ids=list(wanted), limit=None)
    )


def count_by_filing(session: Session, *, viewer: Viewer, states: Sequence[Filing] = ()) -> dict[Filing, int]:
    """How many submissions that the viewer may see stand in each of the states; in every one when none is named.

    Raises NotAllowed.
    """
    viewer.require(Right.LIST_SUBMISSIONS)
    query = select(Submission.filing, func.count()).group_by(Submission.filing)
    if states:
        query = query.where(Submission.filing.in_([state.value for state in states]))
    return {Filing(state): count for state, count in session.execute(visible(query, viewer))}


def count_since(session: Session, moment: datetime, *, viewer: Viewer) -> int:
    """How many submissions that the viewer may see came in since the moment. Raises NotAllowed."""
    viewer.require(Right.LIST_SUBMISSIONS)
    # Ids rise as submissions come in, so that only the newest rows are looked at.
    last = select(Submission.id).where(Submission.received_at < moment).order_by(Submission.id.desc()).limit(1)
    query = select(func.count()).select_from(Submission).where(Submission.id > func.coalesce(last.scalar_subquery(), 0))
    return session.scalar(visible(query, viewer)) or 0


def visible(query: Select[*Ts], viewer: Viewer) -> Select[*Ts]:
    """Loading is authorising: across agencies for those who may, else what the own agency sent."""
    if viewer.everywhere:
        return query
    query = query.outerjoin(Device, Device.id == Submission.device_id)
    query = query.outerjoin(Person, Person.id == Submission.person_id)
    return query.where(func.coalesce(Device.agency_id, Person.agency_id) == viewer.agency_id)


def refile(session: Session, submission: Submission, *, actor: Actor, now: datetime) -> None:
    """The submission waits to be filed again; one that is filed, held for its version or in conflict is left alone."""
    if submission.filing in {Filing.SET_ASIDE.value, Filing.NOT_MAPPED.value}:
        submission.filing = Filing.PENDING.value
        session.flush()
        record(session, actor, Action.SUBMISSION_REFILED, f"submission:{submission.id}", now=now)


def _listed(viewer: Viewer) -> Select[Submission, str, str | None, str | None, str | None]:
    viewer.require(Right.LIST_SUBMISSIONS)
    agency = func.coalesce(Device.agency_id, Person.agency_id)
    query = (
        select(Submission, Form.form_id, FormVersion.title, Device.name, Agency.name)
        .join(Form, Form.id == Submission.form_pk)
        .outerjoin(FormVersion, FormVersion.id == func.coalesce(Submission.version_id, Form.current_version_id))
        .outerjoin(Device, Device.id == Submission.device_id)
        .outerjoin(Person, Person.id == Submission.person_id)
        .outerjoin(Agency, Agency.id == agency)
    )
    return query if viewer.everywhere else query.where(agency == viewer.agency_id)


def _with_files(session: Session, rows: Sequence[Any]) -> list[ListedSubmission]:
    counts = _file_counts(session, [row[0].id for row in rows])
    return [
        ListedSubmission(
            submission, form_id, title or form_id, device or "", agency or "", *counts.get(submission.id, (0, 0))
        )
        for submission, form_id, title, device, agency in rows
    ]


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

"""A submission with its corrections: which came first, which stands, and how each names the one before it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.roles import Right, Viewer
from submissions.inbox import SubmissionNotFound, visible_ids
from submissions.tables import Submission

DEEPEST = 200  # corrections of corrections


@dataclass(frozen=True)
class Line:
    """A submission and what corrected it, oldest first, as far as the viewer may see them.

    `asked` is the one that was named; it is no version when it corrects what something else had corrected before.
    """

    first: Submission
    versions: tuple[Submission, ...]
    asked: Submission

    @property
    def current(self) -> Submission:
        """The version that stands."""
        return self.versions[-1]

    @property
    def by_first(self) -> bool:
        """True when the line was named by its first version, whose instance id is the line's own."""
        return self.asked.id == self.first.id


def find_line(session: Session, form_pk: int, instance_id: str, *, viewer: Viewer) -> Line:
    """The line to which this instance id belongs.

    Raises SubmissionNotFound, alike for one that the viewer may not see, and NotAllowed.
    """
    viewer.require(Right.LIST_SUBMISSIONS)
    line = whole_line(session, form_pk, instance_id)
    seen = visible_ids(session, {one.id for one in (*line.versions, line.asked)}, viewer=viewer)
    shown = tuple(one for one in line.versions if one.id in seen)
    if line.asked.id not in seen or not shown:
        raise SubmissionNotFound("There is no such submission.")
    return Line(line.first, shown, line.asked)


def whole_line(session: Session, form_pk: int, instance_id: str) -> Line:
    """The line to which this instance id belongs, for whoever just sent it; raises SubmissionNotFound."""
    asked = _named(session, form_pk, instance_id)
    if asked is None:
        raise SubmissionNotFound("There is no such submission.")
    first = _begin(session, asked)
    return Line(first, _follow(session, first), asked)


def _named(session: Session, form_pk: int, instance_id: str) -> Submission | None:
    query = select(Submission).where(Submission.form_pk == form_pk, Submission.variant == "")
    return session.scalar(query.where(Submission.instance_id == instance_id))


def _begin(session: Session, asked: Submission) -> Submission:
    """The submission that the line began with; in a circle, the one that was asked for."""
    here, passed = asked, {asked.id}
    while here.deprecated_id is not None and len(passed) < DEEPEST:
        before = _named(session, here.form_pk, here.deprecated_id)
        if before is None:
            return here
        if before.id in passed:
            return asked
        here = before
        passed.add(here.id)
    return here


def _follow(session: Session, first: Submission) -> tuple[Submission, ...]:
    """The first, then each correction that counts: the one filed for it, else the earliest whose version is known."""
    versions, passed = [first], {first.id}
    while len(versions) < DEEPEST:
        here = versions[-1]
        query = select(Submission).where(
            Submission.form_pk == here.form_pk,
            Submission.variant == "",
            Submission.deprecated_id == here.instance_id,
            Submission.version_id.is_not(None),
            Submission.id.not_in(passed),
        )
        if here.superseded_by is not None:
            query = query.where(Submission.id == here.superseded_by)
        after = session.scalar(query.order_by(Submission.id).limit(1))
        if after is None:
            break
        versions.append(after)
        passed.add(after.id)
    return tuple(versions)

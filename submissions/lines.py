"""A submission and all its corrections as one line: what stands at its end, and where it began."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql.selectable import CTE

from storage.database import table_of
from submissions.tables import Review, Submission

DEEPEST = 200  # corrections of corrections; a circle of them ends there
NEW = ""
EDITED = "edited"

First = aliased(Submission, name="firsts")
"""Where a line began: its instance id names the line, its sender and its moment are the line's."""


class Lines:
    """The lines of one form; each stands for the submission at its end, which is `Submission` in these queries."""

    def __init__(self, form_pk: int) -> None:
        self.form_pk = form_pk
        self._walk = _walk(form_pk)
        far = (
            select(self._walk.c.tip, func.max(self._walk.c.depth).label("depth")).group_by(self._walk.c.tip).subquery()
        )
        same = and_(self._walk.c.tip == far.c.tip, self._walk.c.depth == far.c.depth)
        self._begun = select(self._walk.c.tip, self._walk.c.at, far.c.depth).join(far, same).subquery("begun")

    @property
    def edits(self) -> ColumnElement[int]:
        """How many corrections the line has."""
        return func.coalesce(self._begun.c.depth, 0)

    def select(self, *columns: Any) -> Select[Any]:
        """The columns for every line of the form."""
        return (
            select(*columns)
            .select_from(Submission)
            .outerjoin(self._begun, self._begun.c.tip == Submission.id)
            .join(First, First.id == func.coalesce(self._begun.c.at, Submission.id))
            .where(Submission.form_pk == self.form_pk, *at_the_end())
        )

    @property
    def review(self) -> ColumnElement[str | None]:
        """What the newest review says, `edited` when a correction came after it, None when nobody said anything."""
        newest = select(Review.state, Review.version_id).where(Review.submission_id == First.id)
        newest = newest.order_by(Review.id.desc()).limit(1)
        state = newest.with_only_columns(Review.state).correlate(First).scalar_subquery()
        seen = newest.with_only_columns(Review.version_id).correlate(First).scalar_subquery()
        unseen = and_(self.edits > 0, func.coalesce(seen, 0) != Submission.id)
        return case((unseen, literal(EDITED)), else_=func.nullif(state, NEW))

    @property
    def updated_at(self) -> ColumnElement[Any]:
        """When the line last changed, None when it never did since it began."""
        reviewed = select(func.max(Review.made_at)).where(Review.submission_id == First.id).correlate(First)
        said = reviewed.scalar_subquery()
        edited = case((self.edits > 0, Submission.received_at))
        return case((or_(said.is_(None), edited > said), edited), else_=said)


def at_the_end() -> Sequence[ColumnElement[bool]]:
    """The submission is the newest of its line; what came under a taken id, or corrects what is corrected, is none.

    A correction counts as soon as it is in custody and its version known, whether it is filed yet or not.
    """
    child, parent, elder = aliased(Submission), aliased(Submission), aliased(Submission)
    corrected = exists().where(*_corrects(child, Submission), child.version_id.is_not(None), child.id != Submission.id)
    same = (elder.form_pk == Submission.form_pk, elder.variant == "", elder.deprecated_id == Submission.deprecated_id)
    beaten = exists().where(*same, elder.version_id.is_not(None), elder.id < Submission.id)
    base = exists().where(*_corrects(Submission, parent), parent.id != Submission.id)
    # Filing decides which of two corrections counts; until then the first one does.
    rival = or_(
        base.where(parent.superseded_by != Submission.id),
        and_(base.where(parent.superseded_by.is_(None)), beaten),
    )
    # Most submissions correct nothing, and need none of the look-ups that follow.
    plain = Submission.deprecated_id.is_(None)
    return (
        Submission.variant == "",
        Submission.superseded_by.is_(None),
        ~corrected,
        or_(plain, and_(Submission.version_id.is_not(None), ~rival)),
    )


def _corrects(edit: Any, base: Any) -> tuple[ColumnElement[bool], ...]:
    return (
        edit.form_pk == base.form_pk,
        edit.variant == "",
        base.variant == "",
        edit.deprecated_id.is_not(None),
        edit.deprecated_id == base.instance_id,
    )


def _walk(form_pk: int) -> CTE:
    """From every correction of the form back to what it corrects, step by step."""
    held = table_of(Submission)
    edit, base = held.alias("edit").c, held.alias("base").c
    tip, at = edit.id.label("tip"), edit.id.label("at")
    start = select(tip, at, edit.deprecated_id.label("named"), literal(0).label("depth"))
    begun = start.where(edit.form_pk == form_pk, edit.variant == "", edit.deprecated_id.is_not(None))
    walk = begun.cte("walk", recursive=True)
    step = select(walk.c.tip, base.id, base.deprecated_id, walk.c.depth + 1).where(
        base.form_pk == form_pk,
        base.variant == "",
        base.instance_id == walk.c.named,
        base.id != walk.c.tip,
        walk.c.depth < DEEPEST,
    )
    return walk.union_all(step)

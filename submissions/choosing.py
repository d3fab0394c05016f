"""Which submissions of a form somebody gets, in which order; ids alone, so that a million of them fit."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import Session

from accounts.roles import Viewer
from storage.roots import RootKey
from submissions.inbox import visible
from submissions.lines import First, Lines
from submissions.tables import Submission

PAGE = 5000
NEWEST_FIRST = (First.received_at.desc(), First.id.desc())


@dataclass
class Chosen:
    """Lines of a form in the order in which they are given out: the id of each one's newest submission, and its size.

    `begun` has the first submission and the number of corrections of those that were corrected, `erased` says how many
    were left out since their record is erased.
    """

    ids: "array[int]" = field(default_factory=lambda: array("q"))
    sizes: "array[int]" = field(default_factory=lambda: array("q"))
    begun: dict[int, tuple[int, int]] = field(default_factory=dict)
    erased: int = 0

    def __len__(self) -> int:
        return len(self.ids)

    def cut(self, start: int, stop: int | None = None) -> "Chosen":
        """Those from one place up to another."""
        return Chosen(self.ids[start:stop], self.sizes[start:stop], self.begun, self.erased)

    def first_of(self, submission_id: int) -> int:
        """The submission that the line began with."""
        return self.begun.get(submission_id, (submission_id, 0))[0]


def choose(
    session: Session,
    lines: Lines,
    *,
    viewer: Viewer,
    where: ColumnElement[bool] | None = None,
    order: Sequence[ColumnElement[Any]] = (),
) -> Chosen:
    """The lines that the viewer may see and that meet the condition, newest first unless `order` says otherwise."""
    erased = and_(RootKey.root_id.is_not(None), RootKey.wrapped.is_(None))
    query = lines.select(Submission.id, Submission.size, First.id, lines.edits, erased)
    query = visible(query.outerjoin(RootKey, RootKey.root_id == Submission.root_id), viewer)
    if where is not None:
        query = query.where(where)
    query = query.order_by(*order, *NEWEST_FIRST).execution_options(yield_per=PAGE)
    chosen = Chosen()
    for submission_id, size, first_id, edits, gone in session.connection().execute(query):
        if gone:
            chosen.erased += 1
            continue
        chosen.ids.append(submission_id)
        chosen.sizes.append(size)
        if edits:
            chosen.begun[submission_id] = (first_id, edits)
    return chosen

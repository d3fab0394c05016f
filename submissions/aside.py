"""What waits for a person, grouped by why, and filed again together."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from accounts.roles import Right, Viewer
from audit.trail import Action, Actor, record
from forms.tables import Form, FormVersion
from submissions.inbox import visible
from submissions.tables import Filing, Submission

MOST = 20_000  # submissions that are looked at; what is beyond comes up as these are mended
NOW_MAPPED = "now-mapped"
REFILED = (Filing.SET_ASIDE.value, Filing.NOT_MAPPED.value)
POSITION = re.compile(r"\[\d+\]")


@dataclass(frozen=True, order=True)
class Why:
    """What the submissions of a group have in common."""

    form_id: str
    code: str
    question: str = ""  # XPath without positions
    rule: str = ""


def waiting(session: Session, *, viewer: Viewer) -> dict[Why, list[int]]:
    """The ids of what the viewer may see and a person must look at, newest first, by why; the largest groups first.

    What was stored only, and could be filed since its form version got a case mapping, is one of them.
    """
    viewer.require(Right.LIST_SUBMISSIONS)
    stuck = Submission.filing.in_([Filing.SET_ASIDE.value, Filing.CONFLICT.value])
    mapped = (Submission.filing == Filing.NOT_MAPPED.value) & (FormVersion.mapping_version != "")
    query = (
        select(Submission.id, Form.form_id, Submission.reason)
        .join(Form, Form.id == Submission.form_pk)
        .outerjoin(FormVersion, FormVersion.id == Submission.version_id)
        .where(or_(stuck, mapped))
        .order_by(Submission.id.desc())
        .limit(MOST)
    )
    groups: dict[Why, list[int]] = defaultdict(list)
    for submission_id, form_id, reason in session.execute(visible(query, viewer)):
        groups[_why(form_id, reason)].append(submission_id)
    return dict(sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])))


def refile_all(session: Session, ids: Sequence[int], *, actor: Actor, now: datetime) -> int:
    """The submissions wait to be filed again, but for those that are past it; how many do is returned."""
    chosen = update(Submission).where(Submission.id.in_(ids), Submission.filing.in_(REFILED))
    moved = session.scalars(chosen.values(filing=Filing.PENDING.value).returning(Submission.id)).all()
    for submission_id in moved:
        record(session, actor, Action.SUBMISSION_REFILED, f"submission:{submission_id}", now=now)
    return len(moved)


def _why(form_id: str, reason: dict[str, str] | None) -> Why:
    told = reason or {"code": NOW_MAPPED}
    return Why(form_id, told["code"], POSITION.sub("", told.get("question", "")), told.get("rule", ""))

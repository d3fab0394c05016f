"""What the rules make of screenings, and what is due, as pages show it: in words, with reasons, as a proposal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from accounts.roles import Right, Viewer
from cases.assertions import read_said
from cases.caseload import CaseView
from cases.clocks import due
from cases.dictionary import DICTIONARY, Value
from cases.record import FieldView, project
from cases.screened import first_review, result_of
from cases.screening import RULES, Screening
from cases.screening.answers import with_health
from cases.screening.words import grounds_in, in_words, next_step_in, question_in, unverified_in, weights_in
from cases.tables import Assertion, Case, Record, Screened, Source
from cases.tasks import Due, Spoken, Waiting, due_tasks
from server.language import language
from server.runtime import runtime
from storage.roots import RootDestroyed, root_key
from storage.sealing import KeysLocked
from submissions.tables import Review, Submission

MANY = 8  # open questions that stand in sight; more are folded away


@dataclass(frozen=True)
class Group:
    """A dimension in which signs were found; `found` says that they are enough."""

    name: str
    found: bool
    signs: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Shown:
    """A screening's result as the templates take it."""

    urgency: str
    due: datetime | None
    low: str
    low_code: str
    high: str  # empty when nothing is left open
    grounds: tuple[str, ...]
    groups: tuple[Group, ...]
    facts: tuple[str, ...]
    deciding: tuple[str, ...]
    unverified: str
    next_step: str
    rule_set: str
    older: bool
    decided: str = ""
    number: int | None = None


@dataclass(frozen=True)
class Task:
    """Something that is due, in words."""

    words: str
    at: datetime | None
    on: date | None
    urgency: str
    late: bool


def shown(result: Screening, *, due: datetime | None = None, decided: str = "", number: int | None = None) -> Shown:
    """The result in the reader's language."""
    spoken = language()
    low, high = (
        DICTIONARY.label(one, spoken, codes="screening_class") for one in (result.class_low, result.class_high)
    )
    told = {"dimension", "few", "urgency"}
    return Shown(
        urgency=result.urgency,
        due=due,
        low=low,
        low_code=result.class_low,
        high=high if result.class_high != result.class_low else "",
        grounds=tuple(word for one in result.told if one[0] == "urgency" for word in grounds_in(one, spoken)),
        groups=tuple(_group(one, spoken) for kind in ("dimension", "few") for one in result.told if one[0] == kind),
        facts=tuple(in_words(one, spoken) for one in result.told if one[0] not in told),
        deciding=tuple(question_in(code, spoken) for code in result.deciding),
        unverified=unverified_in(result, spoken),
        next_step=next_step_in(result.class_low, spoken),
        rule_set=result.rule_set,
        older=result.rule_set != RULES.version,
        decided=decided,
        number=number,
    )


def of_case(view: CaseView) -> list[Shown]:
    """The screenings of a case, the most pressing first; matters of health are named to whom the view names them."""
    values = {one.id: _values(one.fields) for one in view.records}
    several = len(view.screenings) > 1
    return [
        shown(
            with_health(result_of(one), values.get(one.record_id, {})),
            due=first_review(view.case, one),
            decided=_decided(values.get(one.record_id, {})),
            number=number if several else None,
        )
        for number, one in enumerate(view.screenings, 1)
    ]


def of_submission(session: Session, submission_id: int, *, viewer: Viewer) -> list[Shown]:
    """The screenings that a submission told of, for somebody who may read its answers."""
    told = select(Assertion.record_id).join(Source, Source.id == Assertion.source_id)
    told = told.where(Source.submission_id == submission_id, Source.replaced_at.is_(None))
    query = select(Screened, Record).join(Record, Record.id == Screened.record_id)
    found = session.execute(query.where(Screened.record_id.in_(told)).order_by(Record.key)).all()
    waits = bool(found) and _waits(session, submission_id)
    results = []
    for number, (one, record) in enumerate(found, 1):
        values = _health(session, record) if viewer.may(Right.CLASS_HEALTH) else {}
        until = due(one.urgency, one.since) if waits else None
        several = number if len(found) > 1 else None
        results.append(shown(with_health(result_of(one), values), due=until, number=several))
    return results


def due_in_case(view: CaseView, now: datetime) -> list[Task]:
    """What is due because the case's record says so, as far as the reader may see it."""
    spoken = [Spoken(one.id, one.kind, _values(one.fields)) for one in view.records]
    first = view.screened
    unread = first is not None and first_review(view.case, first) is not None
    waiting = [Waiting(first.record_id, first.urgency, first.since)] if first and unread else []
    return in_tasks(due_tasks(spoken, waiting), now)


def in_tasks(tasks: Iterable[Due], now: datetime) -> list[Task]:
    """Tasks in words; those with a time or day that has passed are late."""
    return [
        Task(
            DICTIONARY.label(one.task, language(), codes="task_kind"),
            one.at,
            one.on,
            one.urgency,
            bool((one.at and one.at < now) or (one.on and one.on < now.astimezone(runtime().settings.zone).date())),
        )
        for one in tasks
    ]


def class_words(code: str | None) -> str:
    """A class in words; nothing for a case without a screening."""
    return DICTIONARY.label(code, language(), codes="screening_class") if code else ""


def range_words(row: Screened) -> str:
    """'Strong signs', 'Not clear yet; could be: strong signs', with a mark when the weights are unverified."""
    words, most = class_words(row.class_low), class_words(row.class_high)
    if row.class_low != row.class_high:
        most = most[:1].lower() + most[1:]
        unclear = row.class_low == "none"
        words = str(
            _("Not clear yet; could be: %(high)s", high=most)
            if unclear
            else _("%(low)s; could be: %(high)s", low=words, high=most)
        )
    return str(_("%(words)s (unverified)", words=words)) if row.result["unverified"] else words


def _group(told: Sequence[str], spoken: str) -> Group:
    kind, name, *signs = told
    label = DICTIONARY.label(name, spoken, codes="dimension")
    return Group(label, kind == "dimension", tuple((words, tuple(found)) for words, found in weights_in(signs, spoken)))


def _values(fields: Mapping[str, FieldView]) -> dict[str, list[Value]]:
    return {name: [one.value for one in view.standing] for name, view in fields.items()}


def _decided(values: Mapping[str, Sequence[Value]]) -> str:
    """What a person decided on the screening, in words."""
    code = next(iter(values.get("screening.decision", ())), None)
    return DICTIONARY.label(str(code), language(), codes="screening_decision") if code else ""


def _waits(session: Session, submission_id: int) -> bool:
    """Whether nobody has said yet that the case is one, nor anything of the submission."""
    stage = select(Case.stage).join(Submission, Submission.root_id == Case.record_id)
    moved = stage.where(Submission.id == submission_id, Case.stage != "intake")
    told = select(Review.id).where(or_(Review.submission_id == submission_id, Review.version_id == submission_id))
    return not session.scalar(select(or_(moved.exists(), told.exists())))


def _health(session: Session, record: Record) -> dict[str, list[Value]]:
    """The flags of class health of a screening; none once it was erased, and where its key is not."""
    names = [
        f"screening.flag.{code}" for rules in RULES.urgency for rule in rules if rule.private for code in rule.needs
    ]
    said = select(Assertion).where(Assertion.record_id == record.id, Assertion.field.in_(names))
    try:
        return _values(project(read_said(session, said, root_key(session, record.root_id))))
    except (RootDestroyed, KeysLocked):
        return {}

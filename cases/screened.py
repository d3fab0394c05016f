"""Every screening record has what the rules make of it, and every case the most pressing of its screenings."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session, aliased

from cases.assertions import read_said
from cases.clocks import due
from cases.dictionary import Value
from cases.plan import Planned, Touched
from cases.record import project
from cases.records import Found, Resolved
from cases.screening import RULES, Screening
from cases.screening.answers import assess, planned_values
from cases.tables import Assertion, Case, Record, RecordLink, Screened, Source
from storage.database import insert_once, table_of
from storage.roots import RootKey, root_key
from storage.sealing import KeyUnknown, SealBroken

log = logging.getLogger("fieldcase")
KIND = "screening"
AT_ONCE = 100  # screenings in one transaction, so that submissions are filed in between
ADD = insert(table_of(Screened))
DECIDE = update(table_of(Case)).where(Case.record_id == bindparam("case_id"))
DECIDE = DECIDE.values(screening_id=bindparam("decides"), pressing=bindparam("presses"))


class Filed(NamedTuple):
    """A submission that was just filed: what it touched, what spoke before in its place, and when it came."""

    touched: Sequence[Touched]
    resolved: Resolved
    retired: frozenset[str]
    since: datetime


@dataclass
class Turn:
    """How far screening anew has come, and which screenings could not be opened, each of which is logged once."""

    last: str = ""
    unopened: set[str] = field(default_factory=set)


@dataclass
class _New:
    """A screening that a submission made, with the record that it belongs to."""

    parent: Found | None
    since: datetime
    planned: list[Planned] = field(default_factory=list)


def screen_filed(session: Session, filed: Sequence[Filed]) -> list[frozenset[str]]:
    """What was just filed is screened, in as few statements as can be.

    For each submission, the cases are returned whose most pressing screening may be another one now; new cases have it.
    """
    new = [_new(one) for one in filed]
    made = [{record_id: assess(planned_values(one.planned)) for record_id, one in here.items()} for here in new]
    rows = [
        _row(record_id, result, here[record_id].since)
        for here, results in zip(new, made, strict=True)
        for record_id, result in results.items()
    ]
    if rows:
        session.connection().execute(ADD, rows)
    chosen = [case for here, results in zip(new, made, strict=True) for case in _chosen(here, results)]
    if chosen:
        session.connection().execute(DECIDE, chosen)
    return [_older(session, one, here) for one, here in zip(filed, new, strict=True)]


def _new(one: Filed) -> dict[str, _New]:
    """The screenings that the submission made, by record."""
    new: dict[str, _New] = {}
    for touched, here, parent in zip(one.touched, one.resolved.records, one.resolved.parents, strict=True):
        if here.kind == KIND and here.made:
            new.setdefault(here.id, _New(parent, one.since)).planned.extend(touched.values)
    return new


def _chosen(new: dict[str, _New], results: dict[str, Screening]) -> list[dict[str, Any]]:
    """For each new case, the most pressing of its new screenings."""
    best: dict[str, tuple[int, str]] = {}
    for record_id, result in results.items():
        parent = new[record_id].parent
        if parent is not None and parent.kind == "case" and parent.made:
            found = (-pressing(result), record_id)
            best[parent.id] = min(best.get(parent.id, found), found)
    return [{"case_id": case, "decides": chosen, "presses": -rank} for case, (rank, chosen) in best.items()]


def _older(session: Session, one: Filed, new: dict[str, _New]) -> frozenset[str]:
    """The cases that were there before and whose screenings changed; screenings that were there are screened anew."""
    stale = {here.id for here in one.resolved.records if here.kind == KIND and not here.made} | one.retired
    cases = set(rescreen(session, stale)) if stale else set[str]()
    for record_id, here in new.items():
        if here.parent is None or (here.parent.kind == "case" and here.parent.made):
            continue
        cases |= {here.parent.id} if here.parent.kind == "case" else _cases_of(session, [record_id])
    return frozenset(cases)


def rescreen(session: Session, record_ids: Iterable[str]) -> frozenset[str]:
    """Each of these that is a screening has what the rules make of it now; the cases that it belongs to."""
    query = select(Record).join(RootKey, RootKey.root_id == Record.root_id)
    query = query.where(Record.id.in_(list(record_ids)), Record.kind == KIND, RootKey.destroyed_at.is_(None))
    # Whoever else files to the same screening comes after, and sees what is written here.
    query = query.order_by(Record.id).with_for_update(key_share=True, of=Record)
    records = session.scalars(query).all()
    for one in records:
        said = select(Assertion).where(Assertion.record_id == one.id)
        fields = project(read_said(session, said, root_key(session, one.root_id)))
        values = {name: [shown.value for shown in view.standing] for name, view in fields.items()}
        keep(session, one, values)
    return _cases_of(session, [one.id for one in records])


def keep(session: Session, one: Record, values: dict[str, list[Value]]) -> None:
    """The record's row says what the rules make of the values; there is none for a record that says nothing."""
    here = Screened.record_id == one.id
    if not values:
        session.execute(delete(Screened).where(here))
        return
    row = _row(one.id, assess(values), one.made_at)
    if insert_once(session, Screened, row) is None:
        session.execute(update(Screened).where(here).values(row))


def rescreen_older(session: Session, turn: Turn | None = None) -> int:
    """Some of the screenings that were never screened, or by other rules, are screened; how many were looked at.

    With a `turn` each call goes on where the one before it stopped, so that none holds up those after it.
    """
    turn = turn or Turn()
    told = select(Assertion.id).join(Source, Source.id == Assertion.source_id)
    told = told.where(Assertion.record_id == Record.id, Source.replaced_at.is_(None))
    query = (
        select(Record.id)
        .join(RootKey, RootKey.root_id == Record.root_id)
        .outerjoin(Screened, Screened.record_id == Record.id)
        .where(Record.kind == KIND, RootKey.destroyed_at.is_(None), told.exists())
        .where(or_(Screened.record_id.is_(None), Screened.rule_set != RULES.version))
        .where(Record.id > turn.last)
        .order_by(Record.id)
        .limit(AT_ONCE)
    )
    found = session.scalars(query).all()
    cases = set[str]()
    for record_id in found:
        try:
            cases |= rescreen(session, [record_id])
        except (SealBroken, KeyUnknown) as error:
            if record_id not in turn.unopened:
                log.warning("screening %s cannot be screened: %s", record_id, type(error).__name__)
            turn.unopened.add(record_id)
    turn.last = found[-1] if len(found) == AT_ONCE else ""
    for case_id in sorted(cases):
        decide(session, case_id)
    return len(found)


def decide(session: Session, case_id: str) -> None:
    """The most pressing screening of the case decides; of several alike, the one made first."""
    session.execute(select(Case.record_id).where(Case.record_id == case_id).with_for_update())
    link, above = aliased(RecordLink), aliased(RecordLink)
    centre = select(above.parent_id).join(Source, Source.id == above.source_id)
    centre = centre.where(above.record_id == case_id, Source.replaced_at.is_(None))
    query = (
        select(Screened)
        .join(link, link.record_id == Screened.record_id)
        .join(Source, Source.id == link.source_id)
        .where(Source.replaced_at.is_(None), or_(link.parent_id == case_id, link.parent_id.in_(centre)))
    )
    held = sorted(session.scalars(query).unique(), key=lambda one: (-pressing(one), one.since, one.record_id))
    chosen = held[0] if held else None
    row = {"case_id": case_id, "decides": chosen and chosen.record_id, "presses": pressing(chosen) if chosen else 0}
    session.connection().execute(DECIDE, row)


def pressing(result: Screening | Screened) -> int:
    """Larger is more pressing: by urgency, then by class at least, then by class at most. Never 0."""
    ranks = RULES.ranks
    return (5 - int(result.urgency[1:])) * 100 + ranks[result.class_low] * 10 + ranks[result.class_high]


def result_of(row: Screened) -> Screening:
    """The result that a row keeps."""
    kept = row.result
    return Screening(
        class_low=row.class_low,
        class_high=row.class_high,
        urgency=row.urgency,
        positive_dimensions_low=tuple(kept["dimensions"]),
        positive_dimensions_high=tuple(kept["dimensions_high"]),
        deciding=tuple(kept["deciding"]),
        told=tuple(map(tuple, kept["told"])),
        profiles=tuple(kept["profiles"]),
        unverified=kept["unverified"],
        rule_set=row.rule_set,
    )


def urgencies(session: Session, submission_ids: Iterable[int]) -> dict[int, str]:
    """How urgent the screenings are that each submission told of; none for one that told of none."""
    wanted = list(submission_ids)
    query = select(Source.submission_id, func.min(Screened.urgency))
    query = query.join(Assertion, Assertion.source_id == Source.id)
    query = query.join(Screened, Screened.record_id == Assertion.record_id)
    query = query.where(Source.submission_id.in_(wanted), Source.replaced_at.is_(None))
    rows = session.execute(query.group_by(Source.submission_id)) if wanted else ()
    return {row[0]: row[1] for row in rows if row[0] is not None}


def first_review(case: Case, screened: Screened | None) -> datetime | None:
    """When somebody must have looked at the case; None once somebody has, and without a screening."""
    return due(screened.urgency, screened.since) if screened and case.stage == "intake" else None


def worked_out(row: Screened) -> dict[str, list[Any]]:
    """The result by the dictionary's names."""
    result = result_of(row)
    return {
        "screening.class_low": [result.class_low],
        "screening.class_high": [result.class_high],
        "screening.dimensions": [list(result.positive_dimensions_low)],
        "screening.urgency": [result.urgency],
        "screening.rule_set": [result.rule_set],
        "screening.reasons": list(result.reasons),
    }


def _row(record_id: str, result: Screening, since: datetime) -> dict[str, Any]:
    return {
        "record_id": record_id,
        "class_low": result.class_low,
        "class_high": result.class_high,
        "urgency": result.urgency,
        "rule_set": result.rule_set,
        "result": result.to_json(),
        "since": since,
    }


def _cases_of(session: Session, screening_ids: Sequence[str]) -> frozenset[str]:
    """The cases that the screenings belong to, directly or through the person."""
    if not screening_ids:
        return frozenset()
    link, case = aliased(RecordLink), aliased(Record)
    parents = select(link.parent_id).join(Source, Source.id == link.source_id)
    parents = parents.where(link.record_id.in_(screening_ids), Source.replaced_at.is_(None))
    below = select(RecordLink.record_id).join(Source, Source.id == RecordLink.source_id)
    below = below.where(RecordLink.parent_id.in_(parents), Source.replaced_at.is_(None))
    query = select(case.id).where(case.kind == "case", or_(case.id.in_(parents), case.id.in_(below)))
    return frozenset(session.scalars(query))

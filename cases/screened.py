"""Every screening record has what the rules make of it, and every case the most pressing of its screenings."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

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


def screen_filed(
    session: Session, touched: Sequence[Touched], resolved: Resolved, retired: Iterable[str], *, since: datetime
) -> frozenset[str]:
    """What was just filed is screened; the cases whose screenings may have changed otherwise are returned."""
    planned: dict[str, list[Planned]] = defaultdict(list)
    parents: dict[str, Found | None] = {}
    stale = set(retired)
    for one, here, parent in zip(touched, resolved.records, resolved.parents, strict=True):
        if here.kind != KIND:
            continue
        if here.made:
            planned[here.id] += one.values
            parents[here.id] = parent
        else:
            stale.add(here.id)
    made = {record_id: assess(planned_values(values)) for record_id, values in planned.items()}
    if made:
        rows = [_row(record_id, result, since) for record_id, result in made.items()]
        session.connection().execute(ADD, rows)
    changed = rescreen(session, stale) if stale else frozenset[str]()
    return changed | _decide_new(session, made, parents)


def _decide_new(session: Session, made: dict[str, Screening], parents: dict[str, Found | None]) -> frozenset[str]:
    """New cases have their new screenings; the older ones that got a screening are returned."""
    best: dict[str, tuple[int, str]] = {}
    older: set[str] = set()
    for record_id, result in made.items():
        parent = parents[record_id]
        if parent is None:
            continue
        if parent.kind == "case" and parent.made:
            best[parent.id] = max(best.get(parent.id, (-1, "")), (pressing(result), record_id))
        elif parent.kind == "case":
            older.add(parent.id)
        else:
            older |= _cases_of(session, [record_id])
    if best:
        rows = [{"case_id": case, "decides": chosen, "presses": rank} for case, (rank, chosen) in best.items()]
        session.connection().execute(DECIDE, rows)
    return frozenset(older)


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


def rescreen_older(session: Session) -> int:
    """Some of the screenings that were never screened, or by other rules, are screened; how many is returned."""
    told = select(Assertion.id).join(Source, Source.id == Assertion.source_id)
    told = told.where(Assertion.record_id == Record.id, Source.replaced_at.is_(None))
    query = (
        select(Record.id)
        .join(RootKey, RootKey.root_id == Record.root_id)
        .outerjoin(Screened, Screened.record_id == Record.id)
        .where(Record.kind == KIND, RootKey.destroyed_at.is_(None), told.exists())
        .where(or_(Screened.record_id.is_(None), Screened.rule_set != RULES.version))
        .limit(AT_ONCE)
    )
    found = session.scalars(query).all()
    cases = set[str]()
    for record_id in found:
        try:
            cases |= rescreen(session, [record_id])
        except (SealBroken, KeyUnknown) as error:
            log.warning("screening %s cannot be screened: %s", record_id, type(error).__name__)
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

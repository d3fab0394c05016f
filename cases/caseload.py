"""Cases as people may see them: listed, opened with the source of every value, confirmed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVarTuple

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from accounts.roles import Right, Viewer
from accounts.tables import Agency
from audit.trail import Action, record
from cases.assertions import read_said
from cases.codes import NotACaseCode, normalise
from cases.dictionary import DICTIONARY
from cases.record import FieldView, project
from cases.screened import decide, pressing
from cases.tables import Assertion, Case, Record, RecordLink, Screened, Source
from storage.database import local_day
from storage.roots import RootDestroyed, RootKey, root_key
from submissions.tables import Submission

PAGE = 50
Place = tuple[Any, ...]
"""Where a page of the case list ends: what its last case is ordered by, as `place_of` tells."""
OPEN_TEAM = "open_team"


Columns = TypeVarTuple("Columns")


class Order(StrEnum):
    """What comes first in a list of cases."""

    CHANGED = "changed"
    URGENT = "urgency"


ORDERED_BY: dict[Order, tuple[InstrumentedAttribute[Any], ...]] = {
    Order.CHANGED: (Case.changed_at, Case.record_id),
    Order.URGENT: (Case.pressing, Case.changed_at, Case.record_id),
}


class CaseNotFound(Exception):
    """There is no such case, or it is not yours to see."""


@dataclass(frozen=True)
class RecordView:
    """One record of a case with its fields."""

    id: str
    kind: str
    fields: dict[str, FieldView]


@dataclass(frozen=True)
class CaseView:
    """A case as one viewer may see it."""

    case: Case
    agency: str
    records: tuple[RecordView, ...]
    submissions: tuple[Submission, ...]
    screenings: tuple[Screened, ...] = ()  # the most pressing first

    @property
    def screened(self) -> Screened | None:
        return next((one for one in self.screenings if one.record_id == self.case.screening_id), None)


@dataclass(frozen=True)
class ListedCase:
    """A case as lists show it: coded values only; `screened` is the most pressing of its screenings."""

    case: Case
    agency: str
    screened: Screened | None = None


def list_cases(
    session: Session,
    *,
    viewer: Viewer,
    project_id: int | None = None,
    stage: str = "",
    proposed: bool | None = None,
    urgency: str = "",
    order: Order = Order.CHANGED,
    before: Place | None = None,
    after: Place | None = None,
    limit: int | None = PAGE,
) -> list[ListedCase]:
    """The cases that the viewer may see, last changed first or most urgent first.

    `before` and `after` are where the pages beside this one ended. Raises NotAllowed.
    """
    viewer.require(Right.LIST_CASES)
    query = _visible(select(Case, Agency.name, Screened).join(Agency, Agency.id == Case.agency_id), viewer)
    query = query.outerjoin(Screened, Screened.record_id == Case.screening_id)
    if urgency:
        query = query.where(Screened.urgency == urgency)
    if project_id is not None:
        query = query.where(Case.project_id == project_id)
    if stage:
        query = query.where(Case.stage == stage)
    if proposed is not None:
        query = query.where(Case.proposed == proposed)
    columns = ORDERED_BY[order]
    if before is not None:
        query = query.where(tuple_(*columns) < before)
    if after is not None:
        query = query.where(tuple_(*columns) > after)
    forward = after is None
    query = query.order_by(*(column.desc() if forward else column.asc() for column in columns))
    rows = session.execute(query if limit is None else query.limit(limit)).all()
    return [ListedCase(case, agency, screened) for case, agency, screened in (rows if forward else reversed(rows))]


def place_of(case: Case, order: Order = Order.CHANGED) -> Place:
    """Where the case stands in a list of this order."""
    return tuple(getattr(case, column.key) for column in ORDERED_BY[order])


def count_proposed(session: Session, *, viewer: Viewer) -> int:
    """How many cases that the viewer may see wait to be confirmed. Raises NotAllowed."""
    viewer.require(Right.LIST_CASES)
    query = select(func.count(), func.count()).select_from(Case).where(Case.proposed)
    return int(session.execute(_visible(query, viewer)).one()[0])


def get_case(session: Session, code: str, *, viewer: Viewer, now: datetime) -> CaseView:
    """The case with every value that the viewer may read and where it came from; the reading leaves a trace.

    Raises CaseNotFound, alike for a case that is not there and one that the viewer may not see.
    """
    case, agency = _find(session, code, viewer)
    records = _records(session, case.record_id)
    views = tuple(_view(session, one, viewer) for one in records)
    submissions = _submissions(session, [one.id for one in records])
    record(session, viewer.actor, Action.CASE_READ, f"case:{case.record_id}", now=now, code=case.code)
    return CaseView(case, agency, views, submissions, _screenings(session, [one.id for one in records]))


def confirm_case(session: Session, code: str, *, viewer: Viewer, now: datetime) -> Case:
    """The case that a form proposed is one: it is in review. Raises CaseNotFound, NotAllowed."""
    viewer.require(Right.CONFIRM_CASES)
    case, _agency = _find(session, code, viewer)
    if case.proposed:
        case.proposed, case.stage, case.changed_at = False, "review", now
        session.flush()
        record(session, viewer.actor, Action.CASE_CONFIRMED, f"case:{case.record_id}", now=now, code=case.code)
    return case


def visible_codes(session: Session, root_ids: Iterable[str | None], *, viewer: Viewer) -> dict[str, str]:
    """The case code of every root that is a case which the viewer may see; none for somebody who may list no case."""
    wanted = {root_id for root_id in root_ids if root_id}
    if not wanted or not viewer.may(Right.LIST_CASES):
        return {}
    query = _visible(select(Case.record_id, Case.code).where(Case.record_id.in_(wanted)), viewer)
    return dict(session.execute(query).all())


def codes_of(session: Session, root_ids: Iterable[str | None]) -> dict[str, str]:
    """The case code of every root that is a case."""
    wanted = {root_id for root_id in root_ids if root_id}
    rows = session.execute(select(Case.record_id, Case.code).where(Case.record_id.in_(wanted)))
    return {row.record_id: row.code for row in rows}


def refresh_case(session: Session, case_id: str, *, now: datetime) -> None:
    """What lists know of the case follows from its assertions."""
    case = session.get(Case, case_id)
    if case is None:
        return
    coded = select(Assertion).where(Assertion.record_id == case_id, Assertion.sealed.is_(None))
    fields = project(read_said(session, coded, None))
    district, opened = fields.get("case.district"), fields.get("case.opened_on")
    case.district = str(district.value) if district and district.value else None
    if opened and opened.value:
        case.opened_on = date.fromisoformat(str(opened.value))
    else:
        case.opened_on = local_day(session, session.get_one(Record, case_id).made_at)
    case.changed_at = now
    session.flush()
    decide(session, case_id)


def _find(session: Session, code: str, viewer: Viewer) -> tuple[Case, str]:
    viewer.require(Right.READ_CASES)
    try:
        spoken = normalise(code)
    except NotACaseCode as error:
        raise CaseNotFound("There is no such case.") from error
    query = select(Case, Agency.name).join(Agency, Agency.id == Case.agency_id).where(Case.code == spoken)
    row = session.execute(_visible(query, viewer)).first()
    if row is None:
        raise CaseNotFound("There is no such case.")
    return row[0], row[1]


def _visible(query: Select[*Columns], viewer: Viewer) -> Select[*Columns]:
    """Loading is authorising: across agencies for those who may, else the own agency's open cases."""
    if viewer.everywhere:
        return query
    return query.where(Case.agency_id == viewer.agency_id, Case.access_class == OPEN_TEAM)


def _records(session: Session, case_id: str) -> list[Record]:
    """The case, what belongs to it, the person it centres on, and what belongs to that person but other cases.

    What was erased is left out; raises RootDestroyed when that is the case itself.
    """
    links = (
        select(RecordLink.record_id, RecordLink.parent_id)
        .join(Source, Source.id == RecordLink.source_id)
        .where(Source.replaced_at.is_(None))
    )
    person_ids = set(
        session.scalars(links.with_only_columns(RecordLink.parent_id).where(RecordLink.record_id == case_id))
    )
    held, fresh = {case_id, *person_ids}, {case_id, *person_ids}
    while fresh:
        below = session.execute(
            links.join(Record, Record.id == RecordLink.record_id).where(
                RecordLink.parent_id.in_(fresh), Record.kind != "case"
            )
        )
        fresh = {row.record_id for row in below} - held
        held |= fresh
    query = select(Record).join(RootKey, RootKey.root_id == Record.root_id)
    records = session.scalars(query.where(Record.id.in_(held), RootKey.destroyed_at.is_(None))).all()
    if all(one.id != case_id for one in records):
        raise RootDestroyed(case_id)
    order = {kind: number for number, kind in enumerate(DICTIONARY.records)}
    return sorted(records, key=lambda one: (order.get(one.kind, 99), one.made_at, one.key))


def _screenings(session: Session, record_ids: Sequence[str]) -> tuple[Screened, ...]:
    held = session.scalars(select(Screened).where(Screened.record_id.in_(record_ids)))
    return tuple(sorted(held, key=lambda one: (-pressing(one), one.since, one.record_id)))


def _view(session: Session, one: Record, viewer: Viewer) -> RecordView:
    """The record's fields, but for those of a class that the viewer may not read."""
    key = root_key(session, one.root_id)
    said = read_said(session, select(Assertion).where(Assertion.record_id == one.id), key)
    fields = project(say for say in said if viewer.may(_class_right(say.field)))
    order = {name: number for number, name in enumerate(DICTIONARY.fields)}
    return RecordView(one.id, one.kind, dict(sorted(fields.items(), key=lambda item: order.get(item[0], 9999))))


def _class_right(name: str) -> Right:
    known = DICTIONARY.field(name)
    return Right(f"class.{known.cls}") if known else Right.CLASS_IDENTITY


def _submissions(session: Session, record_ids: Sequence[str]) -> tuple[Submission, ...]:
    told = (
        select(Source.submission_id)
        .join(Assertion, Assertion.source_id == Source.id)
        .where(Assertion.record_id.in_(record_ids), Source.replaced_at.is_(None))
    )
    query = select(Submission).where(Submission.id.in_(told)).order_by(Submission.received_at)
    return tuple(session.scalars(query))


def group_by_kind(records: Iterable[RecordView]) -> dict[str, list[RecordView]]:
    """The records of a case under their kinds, in the order of the dictionary."""
    grouped: dict[str, list[RecordView]] = defaultdict(list)
    for one in records:
        grouped[one.kind].append(one)
    return dict(grouped)

"""Records found or made: each is made once, whatever the order and however many workers ask for it."""

import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session, aliased

from cases.codes import NotACaseCode, make_code, normalise
from cases.dictionary import DICTIONARY
from cases.mapping import RecordAction
from cases.plan import NotFiled, Touched
from cases.tables import Case, Record, RecordLink, Source
from storage.database import insert_new, local_day
from storage.roots import ensure_roots, root_key
from storage.sealing import keys_of

NAMESPACE = uuid.UUID("6f0f6c0e-6a1f-5c3b-9d43-2f6b1a7d9c11")
ENTITY = re.compile(r"(?:uuid:)?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})", re.IGNORECASE)
CODE_TRIES = 64
AT_ONCE = 500  # ids in one statement, since databases take only so many
KNOWN = select(Record.id, Record.kind, Record.root_id).where(Record.id.in_(bindparam("ids", expanding=True)))


class RecordAwaited(Exception):
    """The submission speaks of a record that another submission, which has not come yet, will make."""

    def __init__(self, record_id: str) -> None:
        super().__init__(record_id)
        self.record_id = record_id


@dataclass(frozen=True)
class Found:
    """A record with the root whose key seals it; `made` by this very submission or not."""

    id: str
    kind: str
    root_id: str
    made: bool = False


@dataclass(frozen=True)
class Origin:
    """The submission that touches records."""

    name: str  # form and first instance id of a chain of edits
    project_id: int
    agency_id: int
    now: datetime


@dataclass
class Resolved:
    """The record of each thing that a submission touches, in the plan's order, with the key of each root."""

    records: list[Found] = field(default_factory=list)
    parents: list[Found | None] = field(default_factory=list)
    keys: dict[str, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class _Placed:
    """What one submission touches, with the rows of the records that it will make."""

    touched: Sequence[Touched]
    origin: Origin
    resolved: Resolved
    rows: list[dict[str, Any]]


def resolve(session: Session, touched: Sequence[Touched], origin: Origin) -> Resolved:
    """Every record that the plan names is there, found or made in few statements; raises NotFiled, RecordAwaited."""
    return resolve_all(session, [(touched, origin)])[0]


def resolve_all(session: Session, plans: Sequence[tuple[Sequence[Touched], Origin]]) -> list[Resolved]:
    """As `resolve`, for several submissions in as many statements as for one; the later ones find what is new."""
    keys = [[_key(one, origin) for one in touched] for touched, origin in plans]
    ids = [
        [key and record_id(one.rule.kind, key) for one, key in zip(touched, own, strict=True)]
        for (touched, _origin), own in zip(plans, keys, strict=True)
    ]
    known = _known(session, (one for own in ids for one in own if one))
    placed = []
    for (touched, origin), own_keys, own_ids in zip(plans, keys, ids, strict=True):
        here = _place(session, touched, origin, list(zip(own_ids, own_keys, strict=True)), dict(known))
        known |= {row["id"]: Found(row["id"], row["kind"], row["root_id"]) for row in here.rows}
        placed.append(here)
    _make(session, placed)
    return [one.resolved for one in placed]


def only_by_name(touched: Sequence[Touched], origin: Origin) -> bool:
    """True when what every record is called follows from the answers alone. Raises NotFiled."""
    return all(_key(one, origin) is not None for one in touched)


def _place(
    session: Session,
    touched: Sequence[Touched],
    origin: Origin,
    names: Sequence[tuple[str | None, str | None]],
    known: dict[str, Found],
) -> _Placed:
    resolved, by_place = Resolved(), dict[tuple[str, tuple[int, ...]], Found]()
    rows: dict[str, dict[str, Any]] = {}
    for one, (named, key) in zip(touched, names, strict=True):
        places = ((alias, row) for alias in one.line for row in (one.row, ()))
        parent = next((by_place[place] for place in places if place in by_place), None)
        if named is None:
            here = _found(session, one, parent)
        elif (held := known.get(named)) is not None:
            here = held
        elif one.rule.action is RecordAction.FIND:
            raise RecordAwaited(named)
        else:
            here = Found(named, one.rule.kind, _root_of(session, one.rule.kind, named, parent, resolved), made=True)
            rows[here.id] = {"id": here.id, "kind": here.kind, "key": key, "root_id": here.root_id}
            known[here.id] = here
        by_place[one.rule.alias, one.row] = here
        resolved.records.append(here)
        resolved.parents.append(parent)
    return _Placed(touched, origin, resolved, list(rows.values()))


def record_id(kind: str, key: str) -> str:
    """The id that a record of this kind and key has everywhere."""
    return str(uuid.uuid5(NAMESPACE, f"{kind}:{key}"))


def _key(one: Touched, origin: Origin) -> str | None:
    """What makes the record the same everywhere; None for one that can only be looked up. Raises NotFiled."""
    rule = one.rule
    if rule.match and one.match is not None:
        entity = ENTITY.fullmatch(one.match.text.strip())
        return f"entity:{entity[1].lower()}" if entity else None
    if rule.action is RecordAction.FIND:
        if rule.match:
            raise NotFiled("match-empty", question=rule.match, rule=rule.alias)
        return None
    return f"{origin.name}/{one.place}"


def _known(session: Session, ids: Iterable[str]) -> dict[str, Found]:
    wanted, known = sorted(set(ids)), dict[str, Found]()
    for start in range(0, len(wanted), AT_ONCE):
        rows = session.connection().execute(KNOWN, {"ids": wanted[start : start + AT_ONCE]})
        known |= {row.id: Found(row.id, row.kind, row.root_id) for row in rows}
    return known


def _found(session: Session, one: Touched, parent: Found | None) -> Found:
    rule = one.rule
    question = one.match.path if one.match else rule.match
    other = parent if one.match is None else _by_code(session, one.match.text, question, rule.alias)
    found = other if other and other.kind == rule.kind else other and _linked(session, rule.kind, other)
    if found is None:
        raise NotFiled("no-such-record", question=question, rule=rule.alias)
    return found


def _by_code(session: Session, text: str, question: str, rule: str) -> Found:
    try:
        code = normalise(text)
    except NotACaseCode as error:
        raise NotFiled("not-a-code", question=question, rule=rule) from error
    query = select(Record.id, Record.kind, Record.root_id).join(Case, Case.record_id == Record.id)
    row = session.execute(query.where(Case.code == code)).first()
    if row is None:
        raise NotFiled("no-such-case", question=question, rule=rule)
    return Found(row.id, row.kind, row.root_id)


def _linked(session: Session, kind: str, other: Found) -> Found | None:
    """The oldest record of the kind that belongs to the other, or that the other belongs to."""
    link = aliased(RecordLink)
    row = session.execute(
        select(Record.id, Record.kind, Record.root_id)
        .join(link, or_(link.record_id == Record.id, link.parent_id == Record.id))
        .join(Source, Source.id == link.source_id)
        .where(Record.kind == kind, Source.replaced_at.is_(None))
        .where(or_(link.record_id == other.id, link.parent_id == other.id))
        .order_by(Record.made_at, Record.id)
        .limit(1)
    ).first()
    return None if row is None else Found(row.id, row.kind, row.root_id)


def _root_of(session: Session, kind: str, made_id: str, parent: Found | None, resolved: Resolved) -> str:
    """Whose key seals the record: its own, its parent's, or that of the person behind its case."""
    known = DICTIONARY.record(kind)
    alone = known is not None and known.is_root and kind != "screening"
    if parent is None or alone:
        return made_id
    if known is not None and known.root not in {parent.kind, kind, "case"}:
        here = next((one for one in resolved.records if one.kind == known.root), None)
        owner = here or (None if parent.made else _linked(session, known.root, parent))
        if owner is not None:
            return owner.root_id
    return parent.root_id


def _make(session: Session, placed: Sequence[_Placed]) -> None:
    """The planned records are there; where another worker made one first, that one is taken."""
    rows = [row | {"made_at": one.origin.now} for one in placed for row in one.rows]
    rows.sort(key=lambda row: str(row["id"]))  # Workers that make the same ones lock them in one order.
    keys = ensure_roots(session, {row["root_id"]: row["kind"] for row in rows if row["root_id"] == row["id"]})
    new = insert_new(session, Record, rows)
    if len(new) < len(rows):
        held = _known(session, [row["id"] for row in rows if row["id"] not in new])
        for one in placed:
            one.resolved.records = [held.get(here.id, here) for here in one.resolved.records]
            one.resolved.parents = [here and held.get(here.id, here) for here in one.resolved.parents]
    _make_cases(session, placed)
    for one in placed:
        for here in one.resolved.records:
            if here.root_id not in keys:
                keys[here.root_id] = root_key(session, here.root_id)
        one.resolved.keys = {here.root_id: keys[here.root_id] for here in one.resolved.records}


def _make_cases(session: Session, placed: Sequence[_Placed]) -> None:
    """Every new case has its row, each with a code of its own."""
    rows = {
        here.id: _case_row(session, here.id, touched, one.origin)
        for one in placed
        for touched, here in zip(one.touched, one.resolved.records, strict=True)
        if here.made and here.kind == "case"
    }
    for attempt in range(CODE_TRIES):
        coded = [row | {"code": _code(session, case_id, attempt)} for case_id, row in rows.items()]
        for case_id in insert_new(session, Case, coded):
            del rows[case_id]
        if not rows:
            return
    raise NotFiled("no-free-code", rule="case")


def _code(session: Session, case_id: str, attempt: int) -> str:
    return make_code(keys_of(session).code_bytes(f"{case_id}/{attempt}"))


def _case_row(session: Session, case_id: str, one: Touched, origin: Origin) -> dict[str, Any]:
    told = {planned.field.name: str(planned.value) for planned in one.values if not planned.field.sealed}
    opened_on = told.get("case.opened_on")
    return {
        "record_id": case_id,
        "project_id": origin.project_id,
        "stage": "intake",
        "proposed": True,
        "agency_id": origin.agency_id,
        "access_class": "open_team",
        "opened_on": date.fromisoformat(opened_on) if opened_on else local_day(session, origin.now),
        "district": told.get("case.district"),
        "changed_at": origin.now,
    }

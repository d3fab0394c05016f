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
from storage.database import insert_new, insert_once
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


def resolve(session: Session, touched: Sequence[Touched], origin: Origin) -> Resolved:
    """Every record that the plan names is there, found or made in few statements; raises NotFiled, RecordAwaited."""
    keys = [_key(one, origin) for one in touched]
    known = _known(session, [record_id(one.rule.kind, key) for one, key in zip(touched, keys, strict=True) if key])
    resolved, by_place = Resolved(), dict[tuple[str, tuple[int, ...]], Found]()
    rows: dict[str, dict[str, Any]] = {}
    for one, key in zip(touched, keys, strict=True):
        places = ((alias, row) for alias in one.line for row in (one.row, ()))
        parent = next((by_place[place] for place in places if place in by_place), None)
        if key is None:
            here = _found(session, one, parent)
        elif (held := known.get(record_id(one.rule.kind, key))) is not None:
            here = held
        elif one.rule.action is RecordAction.FIND:
            raise RecordAwaited(record_id(one.rule.kind, key))
        else:
            here = _planned(session, one, key, parent, resolved)
            rows[here.id] = {"id": here.id, "kind": here.kind, "key": key, "root_id": here.root_id}
            known[here.id] = here
        by_place[one.rule.alias, one.row] = here
        resolved.records.append(here)
        resolved.parents.append(parent)
    _make(session, list(rows.values()), resolved, touched, origin)
    return resolved


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


def _planned(session: Session, one: Touched, key: str, parent: Found | None, resolved: Resolved) -> Found:
    made_id = record_id(one.rule.kind, key)
    return Found(made_id, one.rule.kind, _root_of(session, one.rule.kind, made_id, parent, resolved), made=True)


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


def _make(
    session: Session, rows: list[dict[str, Any]], resolved: Resolved, touched: Sequence[Touched], origin: Origin
) -> None:
    """The planned records are there; where another worker made one first, that one is taken."""
    rows = sorted(rows, key=lambda row: str(row["id"]))  # Workers that make the same ones lock them in one order.
    own = {row["root_id"]: row["kind"] for row in rows if row["root_id"] == row["id"]}
    resolved.keys = ensure_roots(session, own)
    new = insert_new(session, Record, [row | {"made_at": origin.now} for row in rows])
    if len(new) < len(rows):
        held = _known(session, [row["id"] for row in rows if row["id"] not in new])
        resolved.records = [held.get(one.id, one) for one in resolved.records]
        resolved.parents = [one and held.get(one.id, one) for one in resolved.parents]
    for one, here in zip(touched, resolved.records, strict=True):
        if here.made and here.kind == "case":
            _make_case(session, here.id, one, origin)
    for here in resolved.records:
        if here.root_id not in resolved.keys:
            resolved.keys[here.root_id] = root_key(session, here.root_id)


def _make_case(session: Session, case_id: str, one: Touched, origin: Origin) -> None:
    told = {planned.field.name: str(planned.value) for planned in one.values if not planned.field.sealed}
    opened_on = told.get("case.opened_on")
    row = {
        "record_id": case_id,
        "project_id": origin.project_id,
        "stage": "intake",
        "proposed": True,
        "agency_id": origin.agency_id,
        "access_class": "open_team",
        "opened_on": date.fromisoformat(opened_on) if opened_on else origin.now.date(),
        "district": told.get("case.district"),
        "changed_at": origin.now,
    }
    for attempt in range(CODE_TRIES):
        code = make_code(keys_of(session).code_bytes(f"{case_id}/{attempt}"))
        if insert_once(session, Case, row | {"code": code}) is not None:
            return
    raise NotFiled("no-free-code", rule="case")

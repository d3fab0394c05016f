"""Records found or made: each is made once, whatever the order and however many workers ask for it."""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from cases.codes import NotACaseCode, make_code, normalise
from cases.dictionary import DICTIONARY
from cases.mapping import RecordAction
from cases.plan import NotFiled, Touched
from cases.tables import Case, Record, RecordLink
from storage.database import insert_once
from storage.roots import ensure_root
from storage.sealing import keys_of

NAMESPACE = uuid.UUID("6f0f6c0e-6a1f-5c3b-9d43-2f6b1a7d9c11")
ENTITY = re.compile(r"(?:uuid:)?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})", re.IGNORECASE)
CODE_TRIES = 64


class RecordAwaited(Exception):
    """The submission speaks of a record that another submission, which has not come yet, will make."""

    def __init__(self, record_id: str) -> None:
        super().__init__(record_id)
        self.record_id = record_id


@dataclass(frozen=True)
class Found:
    """A record with the root whose key seals it."""

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


def find_or_make(session: Session, touched: Touched, parent: Found | None, origin: Origin) -> Found:
    """The record that the rule names; raises NotFiled, RecordAwaited."""
    rule = touched.rule
    if rule.action is RecordAction.NEW or (not rule.match and rule.action is RecordAction.FIND_OR_PROPOSE):
        return _make(session, rule.kind, f"{origin.name}/{touched.place}", parent, origin)
    if rule.match and touched.match is not None:
        return _matched(session, touched, touched.match.text, parent, origin)
    if rule.match and rule.action is RecordAction.FIND:
        raise NotFiled("match-empty", question=rule.match, rule=rule.alias)
    if rule.action is RecordAction.FIND_OR_PROPOSE:
        return _make(session, rule.kind, f"{origin.name}/{touched.place}", parent, origin)
    linked = None if parent is None else _linked(session, rule.kind, parent)
    if linked is None:
        raise NotFiled("no-such-record", question=rule.match, rule=rule.alias)
    return linked


def record_id(kind: str, key: str) -> str:
    """The id that a record of this kind and key has everywhere."""
    return str(uuid.uuid5(NAMESPACE, f"{kind}:{key}"))


def _matched(session: Session, touched: Touched, text: str, parent: Found | None, origin: Origin) -> Found:
    rule, entity = touched.rule, ENTITY.fullmatch(text.strip())
    if entity is None:
        return _by_code(session, touched, text)
    key = f"entity:{entity[1].lower()}"
    if rule.action is RecordAction.FIND_OR_PROPOSE:
        return _make(session, rule.kind, key, parent, origin)
    found = session.get(Record, record_id(rule.kind, key))
    if found is None:
        raise RecordAwaited(record_id(rule.kind, key))
    return Found(found.id, found.kind, found.root_id)


def _by_code(session: Session, touched: Touched, text: str) -> Found:
    rule, question = touched.rule, touched.match.path if touched.match else ""
    try:
        code = normalise(text)
    except NotACaseCode as error:
        raise NotFiled("not-a-code", question=question, rule=rule.alias) from error
    query = select(Record).join(Case, Case.record_id == Record.id).where(Case.code == code)
    record = session.scalar(query)
    if record is None:
        raise NotFiled("no-such-case", question=question, rule=rule.alias)
    case = Found(record.id, record.kind, record.root_id)
    found = case if rule.kind == case.kind else _linked(session, rule.kind, case)
    if found is None:
        raise NotFiled("no-such-record", question=question, rule=rule.alias)
    return found


def _linked(session: Session, kind: str, other: Found) -> Found | None:
    """The first record of the kind that belongs to the other, or that the other belongs to."""
    link = aliased(RecordLink)
    record = session.scalar(
        select(Record)
        .join(link, or_(link.record_id == Record.id, link.parent_id == Record.id))
        .where(Record.kind == kind, link.replaced_at.is_(None))
        .where(or_(link.record_id == other.id, link.parent_id == other.id))
        .order_by(link.id)
        .limit(1)
    )
    return None if record is None else Found(record.id, record.kind, record.root_id)


def _make(session: Session, kind: str, key: str, parent: Found | None, origin: Origin) -> Found:
    made_id = record_id(kind, key)
    existing = session.get(Record, made_id)
    if existing is not None:
        return Found(existing.id, existing.kind, existing.root_id)
    root_id = _root_of(session, kind, made_id, parent)
    row = {"id": made_id, "kind": kind, "key": key, "root_id": root_id, "made_at": origin.now}
    made = insert_once(session, Record, row) is not None
    if kind == "case":
        _make_case(session, made_id, origin)
    return Found(made_id, kind, root_id, made=made)


def _root_of(session: Session, kind: str, made_id: str, parent: Found | None) -> str:
    """Whose key seals the record: its own, its parent's, or that of the person behind its case."""
    known = DICTIONARY.record(kind)
    alone = parent is None or (known is not None and known.is_root and kind != "screening")
    if alone or parent is None:
        ensure_root(session, root_id=made_id, kind=kind)
        return made_id
    if known is not None and known.root not in {parent.kind, kind, "case"}:
        owner = _linked(session, known.root, parent)
        if owner is not None:
            return owner.root_id
    return parent.root_id


def _make_case(session: Session, case_id: str, origin: Origin) -> None:
    for attempt in range(CODE_TRIES):
        if session.get(Case, case_id) is not None:
            return
        row = {
            "record_id": case_id,
            "project_id": origin.project_id,
            "code": make_code(keys_of(session).code_bytes(f"{case_id}/{attempt}")),
            "stage": "intake",
            "proposed": True,
            "agency_id": origin.agency_id,
            "access_class": "open_team",
            "opened_on": origin.now.date(),
            "changed_at": origin.now,
        }
        if insert_once(session, Case, row) is not None:
            return
    raise NotFiled("no-free-code", rule="case")

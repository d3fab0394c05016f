"""A stored submission becomes assertions on records, exactly once, or is set aside with the reason."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from accounts.projects import get_agency
from accounts.tables import Device, Person
from audit.trail import SYSTEM, Action, record
from cases.assertions import retire, row_of
from cases.caseload import refresh_case
from cases.dictionary import DICTIONARY
from cases.mapping import Mapping
from cases.plan import NotFiled, Touched, plan
from cases.records import Found, Origin, RecordAwaited, find_or_make
from cases.tables import Assertion, Record, RecordLink
from forms.library import definition_of, get_version, mapping_of
from forms.tables import Form, FormState, FormVersion
from storage.database import Database, DatabaseUnavailable, kept
from storage.roots import RootDestroyed, root_key
from storage.sealing import KeysLocked, SealBroken, keys_of
from submissions.answers import Answer, read_answers
from submissions.opening import move_to_root, open_instance
from submissions.tables import Filing, Submission
from xlsforms.questions import FormDefinition

log = logging.getLogger("fieldcase")
WHEN = ("end", "start", "today")  # what tells when the answers were given, best first


class Held(Exception):
    """The submission waits for something that the server will see by itself."""

    def __init__(self, code: str, **what: str) -> None:
        super().__init__(code)
        self.reason = {"code": code, **what}


@dataclass(frozen=True)
class Reading:
    """How a version's answers are read, as far as it never changes."""

    definition: FormDefinition
    mapping: Mapping | None
    form_id: str


def file_next(database: Database, *, now: datetime) -> bool:
    """The oldest pending submission is filed, held or set aside; False when none was waiting.

    Raises DatabaseUnavailable and KeysLocked, after which it is pending as before.
    """
    with database.begin() as session:
        waiting = select(Submission).where(Submission.filing == Filing.PENDING.value).order_by(Submission.id).limit(1)
        submission = session.scalar(waiting.with_for_update(skip_locked=True))
        if submission is None:
            return False
        file_one(session, submission, now=now)
    return True


def file_one(session: Session, submission: Submission, *, now: datetime) -> None:
    """The submission has its effect on the record once, or says why it has none; other submissions are untouched."""
    keys_of(session)
    try:
        with session.begin_nested():
            _file(session, submission, now)
        return
    except NotFiled as refusal:
        state, reason = Filing.SET_ASIDE, refusal.reason
    except Held as waiting:
        state, reason = Filing.HELD, waiting.reason
    except RecordAwaited as waiting:
        state, reason = Filing.HELD, {"code": "waits-for-record", "record": waiting.record_id}
    except RootDestroyed:
        state, reason = Filing.SET_ASIDE, {"code": "record-erased"}
    except SealBroken:
        state, reason = Filing.SET_ASIDE, {"code": "seal-broken"}
    except (DatabaseUnavailable, KeysLocked):
        raise
    except Exception as error:
        log.error("submission %s could not be filed: %s", submission.id, type(error).__name__, exc_info=error)
        state, reason = Filing.SET_ASIDE, {"code": "unexpected"}
    session.refresh(submission)
    submission.filing, submission.reason = state.value, reason
    session.flush()
    action = Action.SUBMISSION_HELD if state is Filing.HELD else Action.SUBMISSION_SET_ASIDE
    record(session, SYSTEM, action, f"submission:{submission.id}", now=now, code=reason["code"])


def release_held(session: Session, *, now: datetime) -> int:
    """Submissions whose version, form, parent or record has appeared are pending again; how many is returned."""
    released = 0
    for submission in session.scalars(select(Submission).where(Submission.filing == Filing.HELD.value)):
        if _come(session, submission):
            mapped = submission.version_id is not None and get_version(session, submission.version_id).mapping_version
            submission.filing = Filing.PENDING.value if mapped else Filing.NOT_MAPPED.value
            submission.reason = None
            released += 1
    session.flush()
    return released


def _file(session: Session, submission: Submission, now: datetime) -> None:
    reading = _reading(session, submission)
    if reading.mapping is None:
        submission.filing, submission.reason = Filing.NOT_MAPPED.value, None
        return
    origin_id = _origin(session, submission, now)
    answers = read_answers(open_instance(session, submission), reading.definition)
    origin = Origin(
        f"{reading.form_id}/{origin_id}", submission.project_id, _agency(session, submission), submission.received_at
    )
    retire(session, submission.id, now=now)
    found = _write(session, submission, plan(reading.mapping, answers, DICTIONARY), answers, reading, origin, now)
    root_id = _root_of(found)
    if root_id is not None:
        move_to_root(session, submission, root_id)
    submission.filing, submission.reason, submission.filed_at = Filing.FILED.value, None, now
    session.flush()
    record(session, SYSTEM, Action.SUBMISSION_FILED, f"submission:{submission.id}", now=now, records=len(found))


def _write(
    session: Session,
    submission: Submission,
    touched: tuple[Touched, ...],
    answers: tuple[Answer, ...],
    reading: Reading,
    origin: Origin,
    now: datetime,
) -> list[Found]:
    observed_at, keys = _observed(answers, submission.received_at), {}
    by_alias: dict[str, Found] = {}
    found, rows, links = [], [], []
    for one in touched:
        parent = by_alias.get(one.rule.link)
        here = find_or_make(session, one, parent, origin)
        by_alias[one.rule.alias] = here
        found.append(here)
        if parent is not None and parent.id != here.id and (here.made or one.rule.action != "find"):
            links.append({"record_id": here.id, "parent_id": parent.id, "submission_id": submission.id})
        if here.root_id not in keys:
            keys[here.root_id] = root_key(session, here.root_id)
        for planned in one.values:
            row = row_of(planned, here.id, keys[here.root_id], observed_at=observed_at, recorded_at=now)
            rows.append(row | {"submission_id": submission.id, "mapping_version": _version(reading)})
    replaced = {"replaced_at": now if submission.superseded_by else None}
    if rows:
        session.execute(insert(Assertion), [row | replaced for row in rows])
    if links:
        session.execute(insert(RecordLink), [link | replaced for link in links])
    for here in {one.id: one for one in found if one.kind == "case"}.values():
        if here.made:
            record(session, SYSTEM, Action.CASE_PROPOSED, f"case:{here.id}", now=now, submission=submission.id)
        refresh_case(session, here.id, now=now)
    return found


def _version(reading: Reading) -> str:
    return reading.mapping.version if reading.mapping else ""


def _reading(session: Session, submission: Submission) -> Reading:
    if submission.version_id is None:
        raise Held("unknown-version")
    version = session.get(FormVersion, submission.version_id)
    name = version.mapping_version if version else ""

    def read() -> Reading:
        whole = get_version(session, submission.version_id or 0)
        parts = mapping_of(session, whole)
        form_id = session.execute(select(Form.form_id).where(Form.id == whole.form_pk)).scalar_one()
        return Reading(definition_of(whole), None if parts is None else Mapping.from_json(parts), form_id)

    return kept(session, f"reading:{submission.version_id}:{name}", read)


def _origin(session: Session, submission: Submission, now: datetime) -> str:
    """The first instance id of the chain of edits; the submission takes the place of the one that it corrects."""
    here = submission
    while here.deprecated_id is not None:
        query = select(Submission).where(Submission.form_pk == here.form_pk, Submission.variant == "")
        parent = session.scalar(query.where(Submission.instance_id == here.deprecated_id))
        if parent is None or parent.filing in {Filing.PENDING.value, Filing.HELD.value}:
            raise Held("waits-for-parent", parent=here.deprecated_id)
        if parent.id == submission.id:
            raise NotFiled("edit-of-itself")
        if parent.superseded_by not in {None, here.id}:
            raise NotFiled("already-corrected")
        if here is submission:
            parent.superseded_by = submission.id
            retire(session, parent.id, now=now)
        here = parent
    return here.instance_id


def _agency(session: Session, submission: Submission) -> int:
    if submission.device_id is not None:
        return session.execute(select(Device.agency_id).where(Device.id == submission.device_id)).scalar_one()
    if submission.person_id is not None:
        return session.execute(select(Person.agency_id).where(Person.id == submission.person_id)).scalar_one()
    return get_agency(session).id


def _observed(answers: tuple[Answer, ...], received_at: datetime) -> datetime:
    """When the answers were given, as the tablet claims; the time of receipt when it claims nothing that can be."""
    claims = {answer.question.type: answer.value for answer in answers if answer.question.type in WHEN}
    for kind in WHEN:
        claim = claims.get(kind)
        if isinstance(claim, datetime):
            try:
                return (claim if claim.tzinfo else claim.replace(tzinfo=UTC)).astimezone(UTC)
            except OverflowError:
                continue
    return received_at


def _root_of(found: list[Found]) -> str | None:
    """The submission lies under its case's key, else the person's, else the first record's."""
    for kind in ("case", "person"):
        for here in found:
            if here.kind == kind:
                return here.root_id
    return found[0].root_id if found else None


def _come(session: Session, submission: Submission) -> bool:
    """True when what a held submission waits for is there; its version is then filled in."""
    form = session.get(Form, submission.form_pk)
    if form is None or form.state == FormState.CLOSED.value:
        return False
    if submission.version_id is None:
        named = (FormVersion.form_pk == form.id, FormVersion.version == submission.version)
        submission.version_id = session.scalar(select(FormVersion.id).where(*named))
    reason: dict[str, Any] = submission.reason or {}
    if submission.version_id is None:
        return False
    if reason.get("code") == "waits-for-record":
        return session.get(Record, reason["record"]) is not None
    if reason.get("code") == "waits-for-parent":
        query = select(Submission.filing).where(Submission.form_pk == form.id, Submission.variant == "")
        filing = session.scalar(query.where(Submission.instance_id == reason["parent"]))
        return filing not in {None, Filing.PENDING.value, Filing.HELD.value}
    return True

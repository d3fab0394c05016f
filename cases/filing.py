"""A stored submission becomes assertions on records, exactly once, or is set aside with the reason."""

import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from time import perf_counter

from sqlalchemy import Select, insert, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, undefer

from accounts.projects import get_agency
from accounts.tables import Device, Person
from audit.trail import SYSTEM, Action, record
from cases.assertions import retire, row_of
from cases.caseload import refresh_case
from cases.dictionary import DICTIONARY
from cases.mapping import Mapping, RecordAction
from cases.plan import NotFiled, Touched, plan
from cases.records import Found, Origin, RecordAwaited, Resolved, resolve
from cases.screened import screen_filed
from cases.tables import Assertion, RecordLink, Source
from forms.library import definition_of, get_version, mapping_of
from forms.tables import Form, FormVersion
from storage.database import Database, DatabaseUnavailable, kept, table_of
from storage.faults import fault
from storage.roots import RootDestroyed
from storage.sealing import KeysLocked, KeyUnknown, SealBroken, keys_of
from submissions.answers import Answer, read_answers
from submissions.opening import move_to_root, open_instance, unlock
from submissions.tables import Filing, Submission
from xlsforms.questions import FormDefinition

log = logging.getLogger("fieldcase")
CLAIMS = (
    select(Submission, Form.form_id, FormVersion.mapping_version, Device.agency_id, Person.agency_id)
    .join(Form, Form.id == Submission.form_pk)
    .outerjoin(FormVersion, FormVersion.id == Submission.version_id)
    .outerjoin(Device, Device.id == Submission.device_id)
    .outerjoin(Person, Person.id == Submission.person_id)
    .options(undefer(Submission.envelope), undefer(Submission.sealed_xml))
)
NEXT = (
    CLAIMS.where(Submission.filing == Filing.PENDING.value)
    .order_by(Submission.id)
    .limit(1)
    .with_for_update(skip_locked=True, of=Submission)
)
ADD_SOURCE = insert(table_of(Source)).returning(table_of(Source).c.id)
ADD_ASSERTIONS, ADD_LINKS = insert(table_of(Assertion)), insert(table_of(RecordLink))
WHEN = ("end", "start", "today")  # what tells when the answers were given, best first


class Held(Exception):
    """The submission waits for something that the server will see by itself."""

    def __init__(self, code: str, **what: str) -> None:
        super().__init__(code)
        self.reason = {"code": code, **what}


@dataclass(frozen=True)
class Reading:
    """How a version's answers are read; a version with this mapping never changes."""

    definition: FormDefinition
    mapping: Mapping
    form_id: str


@dataclass(frozen=True)
class Claim:
    """A submission that this transaction files, with what filing needs to know of its form and sender."""

    submission: Submission
    form_id: str
    mapping_version: str
    agency_id: int | None


def file_next(database: Database, *, now: datetime, for_seconds: float = 0.0) -> bool:
    """The oldest pending submission is filed, held or set aside; False when none was waiting.

    With `for_seconds`, more follow in the same transaction until that time has passed: a commit costs as much as
    filing one does. Raises DatabaseUnavailable and KeysLocked, after which all of them are pending as before.
    """
    enough = perf_counter() + for_seconds
    filed = 0
    with database.begin() as session:
        while (claim := _claim(session, NEXT)) is not None:
            _file_or_say_why(session, claim, now)
            filed += 1
            if perf_counter() >= enough:
                break
    if filed:
        fault("K12")
    return claim is not None


def file_one(session: Session, submission: Submission, *, now: datetime) -> None:
    """The submission has its effect on the record once, or says why it has none; other submissions are untouched."""
    claim = _claim(session, CLAIMS.where(Submission.id == submission.id).with_for_update(of=Submission))
    if claim is not None:
        _file_or_say_why(session, claim, now)


def _claim(session: Session, query: Select[Submission, str, str, int, int]) -> Claim | None:
    row = session.execute(query).first()
    if row is None:
        return None
    submission, form_id, mapping_version, device_agency, person_agency = row
    return Claim(submission, form_id, mapping_version or "", device_agency or person_agency)


def _file_or_say_why(session: Session, claim: Claim, now: datetime) -> None:
    keys_of(session)
    fault("K10")
    submission = claim.submission
    try:
        with session.begin_nested():
            _file(session, claim, now)
        return
    except NotFiled as refusal:
        state, reason = Filing.SET_ASIDE, refusal.reason
    except Held as waiting:
        state, reason = Filing.HELD, waiting.reason
    except RecordAwaited as waiting:
        state, reason = Filing.HELD, {"code": "waits-for-record", "record": waiting.record_id}
    except RootDestroyed:
        state, reason = Filing.SET_ASIDE, {"code": "record-erased"}
    except KeyUnknown as newer:
        state, reason = Filing.HELD, {"code": "waits-for-key", "key": newer.key_id}
    except SealBroken:
        state, reason = Filing.SET_ASIDE, {"code": "seal-broken"}
    except (DatabaseUnavailable, KeysLocked, OperationalError):
        raise
    except Exception as error:
        log.error("submission %s could not be filed: %s", submission.id, type(error).__name__, exc_info=error)
        state, reason = Filing.SET_ASIDE, {"code": "unexpected"}
    session.refresh(submission)
    submission.filing, submission.reason = state.value, reason
    session.flush()
    action = Action.SUBMISSION_HELD if state is Filing.HELD else Action.SUBMISSION_SET_ASIDE
    record(session, SYSTEM, action, f"submission:{submission.id}", now=now, code=reason["code"])


def _file(session: Session, claim: Claim, now: datetime) -> None:
    submission = claim.submission
    if submission.version_id is None:
        raise Held("unknown-version")
    if not claim.mapping_version:
        submission.filing, submission.reason = Filing.NOT_MAPPED.value, None
        return
    reading = _reading(session, claim)
    first, retired = _origin(session, submission, now)
    agency_id = claim.agency_id or get_agency(session).id
    origin = Origin(f"{claim.form_id}/{first}", submission.project_id, agency_id, submission.received_at)
    if submission.filed_at is not None:
        retired |= retire(session, submission.id, now=now)
    data_key = unlock(session, submission)
    answers = read_answers(open_instance(session, submission, data_key=data_key), reading.definition)
    touched = plan(reading.mapping, answers, DICTIONARY)
    resolved = resolve(session, touched, origin)
    _write(session, claim, touched, resolved, _observed(answers, submission.received_at), now)
    changed = screen_filed(session, touched, resolved, retired, since=submission.received_at)
    older = {one.id for one in resolved.records if one.kind == "case" and not one.made}
    for case_id in sorted(changed | retired | older):
        refresh_case(session, case_id, now=now)
    root_id = _root_of(resolved.records)
    if root_id is not None:
        move_to_root(session, submission, root_id, root=resolved.keys[root_id], data_key=data_key)
    submission.filing, submission.reason, submission.filed_at = Filing.FILED.value, None, now
    session.flush()
    made = sum(one.made for one in resolved.records)
    record(session, SYSTEM, Action.SUBMISSION_FILED, f"submission:{submission.id}", now=now, records=made)
    fault("K11")


def _write(
    session: Session, claim: Claim, touched: tuple[Touched, ...], resolved: Resolved, observed: datetime, now: datetime
) -> None:
    submission = claim.submission
    source = {
        "submission_id": submission.id,
        "person_id": None,
        "observed_at": observed,
        "recorded_at": now,
        "mapping_version": claim.mapping_version,
        "replaced_at": now if submission.superseded_by else None,
    }
    source_id: int = session.connection().execute(ADD_SOURCE, source).scalar_one()
    rows = [
        row_of(planned, here.id, resolved.keys[here.root_id], source_id)
        for one, here in zip(touched, resolved.records, strict=True)
        for planned in one.values
    ]
    links = [
        {"record_id": here.id, "parent_id": parent.id, "source_id": source_id}
        for one, here, parent in zip(touched, resolved.records, resolved.parents, strict=True)
        if parent is not None and parent.id != here.id and one.rule.action is not RecordAction.FIND
    ]
    if rows:
        session.connection().execute(ADD_ASSERTIONS, rows)
    if links:
        session.connection().execute(ADD_LINKS, links)
    for case_id in {one.id for one in resolved.records if one.kind == "case" and one.made}:
        record(session, SYSTEM, Action.CASE_PROPOSED, f"case:{case_id}", now=now, submission=submission.id)


def _reading(session: Session, claim: Claim) -> Reading:
    version_id = claim.submission.version_id or 0

    def read() -> Reading:
        version = get_version(session, version_id)
        mapping = Mapping.from_json(mapping_of(session, version) or {})
        return Reading(definition_of(version), mapping, claim.form_id)

    return kept(session, f"reading:{version_id}:{claim.mapping_version}", read)


def _origin(session: Session, submission: Submission, now: datetime) -> tuple[str, frozenset[str]]:
    """The first instance id of the chain of edits, and the records that the corrected submission spoke of.

    The submission takes the place of the one that it corrects.
    """
    here, retired = submission, frozenset[str]()
    while here.deprecated_id is not None:
        parent = session.scalar(_parent(here))
        if parent is not None and parent.id == submission.id:
            raise NotFiled("edit-of-itself")
        if parent is None or parent.filing in {Filing.PENDING.value, Filing.HELD.value}:
            raise Held("waits-for-parent", parent=here.deprecated_id)
        if parent.superseded_by not in {None, here.id}:
            raise NotFiled("already-corrected")
        if here is submission:
            parent.superseded_by = submission.id
            retired = retire(session, parent.id, now=now)
        here = parent
    return here.instance_id, retired


def _parent(edit: Submission) -> Select[Submission]:
    """The submission that this one corrects; locked, so that of two corrections at once one comes second."""
    query = select(Submission).where(Submission.form_pk == edit.form_pk, Submission.variant == "")
    named = query.where(Submission.instance_id == edit.deprecated_id)
    return named.with_for_update().execution_options(populate_existing=True)


def _observed(answers: tuple[Answer, ...], received_at: datetime) -> datetime:
    """When the answers were given, as the tablet claims; the time of receipt when it claims nothing that can be."""
    claims = {answer.question.type: answer.value for answer in answers if answer.question.type in WHEN}
    for kind in WHEN:
        claim = claims.get(kind)
        if isinstance(claim, date) and not isinstance(claim, datetime):
            claim = datetime.combine(claim, time(), UTC)
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

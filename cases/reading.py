"""A submission taken up for filing, and what it says, before anything of it is written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, undefer

from accounts.projects import get_agency
from accounts.tables import Device, Person
from cases.dictionary import DICTIONARY
from cases.mapping import Mapping
from cases.plan import Planner, Touched
from cases.records import Origin
from forms.library import definition_of, get_version, mapping_of
from forms.tables import Form, FormVersion
from storage.database import kept
from submissions.answers import Answer, AnswerReader
from submissions.opening import open_instance, unlock
from submissions.tables import Filing, Submission

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
    .with_for_update(skip_locked=True, of=Submission)
)
WHEN = ("end", "start", "today")  # what tells when the answers were given, best first


@dataclass(frozen=True)
class Claim:
    """A submission that this transaction files, with what filing needs to know of its form and sender."""

    submission: Submission
    form_id: str
    mapping_version: str
    agency_id: int | None


@dataclass(frozen=True)
class Told:
    """A submission whose answers are read and planned; `retired` are the records that it spoke of before."""

    submission: Submission
    mapping_version: str
    origin: Origin
    touched: tuple[Touched, ...]
    observed: datetime
    retired: frozenset[str]
    data_key: bytes = field(repr=False)


@dataclass(frozen=True)
class _Reading:
    """How a version's answers are read; a version with this mapping never changes."""

    answers: AnswerReader
    planner: Planner


def claim(session: Session, query: Select[Submission, str, str, int, int]) -> list[Claim]:
    """The submissions that the query finds; nobody else files them meanwhile."""
    return [
        Claim(submission, form_id, mapping_version or "", device_agency or person_agency)
        for submission, form_id, mapping_version, device_agency, person_agency in session.execute(query)
    ]


def read(session: Session, claimed: Claim, *, first: str = "", retired: frozenset[str] = frozenset()) -> Told:
    """What the submission says; `first` is the instance id that its chain of edits began with.

    Raises NotFiled, KeysLocked, RootDestroyed, SealBroken.
    """
    submission, reading = claimed.submission, _reading(session, claimed)
    agency_id = claimed.agency_id or get_agency(session).id
    name = f"{claimed.form_id}/{first or submission.instance_id}"
    data_key = unlock(session, submission)
    answers = reading.answers.read(open_instance(session, submission, data_key=data_key))
    return Told(
        submission,
        claimed.mapping_version,
        Origin(name, submission.project_id, agency_id, submission.received_at),
        reading.planner.plan(answers),
        observed_at(answers, submission.received_at),
        retired,
        data_key,
    )


def observed_at(answers: Sequence[Answer], received_at: datetime) -> datetime:
    """When the answers were given, as the tablet claims; the time of receipt when it claims nothing that can be."""
    claims = {answer.question.type: answer.value for answer in answers if answer.question.type in WHEN}
    for kind in WHEN:
        claimed = claims.get(kind)
        if isinstance(claimed, date) and not isinstance(claimed, datetime):
            claimed = datetime.combine(claimed, time(), UTC)
        if isinstance(claimed, datetime):
            try:
                return (claimed if claimed.tzinfo else claimed.replace(tzinfo=UTC)).astimezone(UTC)
            except OverflowError:
                continue
    return received_at


def _reading(session: Session, claimed: Claim) -> _Reading:
    version_id = claimed.submission.version_id or 0

    def make() -> _Reading:
        version = get_version(session, version_id)
        mapping = Mapping.from_json(mapping_of(session, version) or {})
        return _Reading(AnswerReader(definition_of(version)), Planner(mapping, DICTIONARY))

    return kept(session, f"reading:{version_id}:{claimed.mapping_version}", make)

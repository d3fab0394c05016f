"""Assertions as rows and as values; what is not coded is sealed under its record root's key."""

import dataclasses
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from cases.dictionary import Value
from cases.plan import Planned
from cases.tables import Assertion, Source
from storage.sealing import seal, unseal
from submissions.tables import Submission


@dataclass(frozen=True)
class Said:
    """One assertion, opened, with who said it: a question of a submission, or a person at the desk."""

    id: int
    record_id: str
    field: str
    mode: str
    question: str
    instance_id: str
    submission_id: int | None
    person_id: int | None
    observed_at: datetime
    received_at: datetime
    value: Value = dataclasses.field(repr=False)

    @property
    def order(self) -> str:
        """Decides between values of one moment, so that the order of arrival does not."""
        return f"{self.instance_id}/{self.question}/{self.person_id or ''}"


COLUMNS = ("record_id", "source_id", "field", "mode", "question", "value", "sealed")


def row_of(planned: Planned, record_id: str, key: bytes, source_id: int) -> tuple[Any, ...]:
    """The columns of a planned value, sealed unless its field is coded."""
    told, mode, value, question = planned
    text, name = json.dumps(value), told.name
    if not told.sealed:
        return record_id, source_id, name, mode.value, question, text, None
    sealed = seal(key, text.encode(), _place(record_id, name, source_id, question))
    return record_id, source_id, name, mode.value, question, None, sealed


def read_said(session: Session, query: Select[Assertion], key: bytes | None) -> list[Said]:
    """The assertions that count, opened with their record root's key. Raises SealBroken."""
    rows = session.execute(
        query.add_columns(Source, Submission.instance_id, Submission.received_at)
        .join(Source, Source.id == Assertion.source_id)
        .outerjoin(Submission, Submission.id == Source.submission_id)
        .where(Source.replaced_at.is_(None))
    )
    return [_said(said, source, name, received, key) for said, source, name, received in rows]


def retire(session: Session, submission_id: int, *, now: datetime) -> frozenset[str]:
    """What the submission asserted before no longer counts; it is kept. The records that it spoke of are returned."""
    present = (Source.submission_id == submission_id, Source.replaced_at.is_(None))
    told = select(Assertion.record_id).join(Source, Source.id == Assertion.source_id).where(*present)
    records = frozenset(session.scalars(told.distinct()))
    session.execute(update(Source).where(*present).values(replaced_at=now))
    return records


def _said(
    assertion: Assertion, source: Source, instance_id: str | None, received_at: datetime | None, key: bytes | None
) -> Said:
    value = assertion.value
    if assertion.sealed is not None and key is not None:
        place = _place(assertion.record_id, assertion.field, assertion.source_id, assertion.question)
        value = json.loads(unseal(key, assertion.sealed, place))
    return Said(
        id=assertion.id,
        record_id=assertion.record_id,
        field=assertion.field,
        mode=assertion.mode,
        question=assertion.question,
        instance_id=instance_id or "",
        submission_id=source.submission_id,
        person_id=source.person_id,
        observed_at=source.observed_at,
        received_at=received_at or source.recorded_at,
        value=value,
    )


def _place(record_id: str, name: str, source_id: int, question: str) -> str:
    return f"assertions.sealed:{source_id}/{record_id}/{name}/{question}"

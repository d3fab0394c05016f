"""Assertions as rows and as values; what is not coded is sealed under its record root's key."""

import dataclasses
import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from cases.dictionary import DICTIONARY, Value
from cases.plan import Planned
from cases.tables import Assertion, RecordLink
from storage.sealing import seal, unseal


@dataclass(frozen=True)
class Source:
    """Who said it: a question of a submission, or a person at the desk."""

    instance_id: str = ""
    question: str = ""
    submission_id: int | None = None
    person_id: int | None = None

    @property
    def order(self) -> str:
        """Decides between values of one moment, so that the order of arrival does not."""
        return f"{self.instance_id}/{self.question}/{self.person_id or ''}"


@dataclass(frozen=True)
class Said:
    """One assertion, opened."""

    id: str
    record_id: str
    field: str
    mode: str
    source: Source
    observed_at: datetime
    received_at: datetime
    value: Value = dataclasses.field(repr=False)


def row_of(
    planned: Planned, record_id: str, key: bytes, *, observed_at: datetime, recorded_at: datetime
) -> dict[str, Any]:
    """The row of a planned value, sealed unless its field is coded."""
    assertion_id = secrets.token_hex(16)
    sealed = seal(key, json.dumps(planned.value).encode(), _place(assertion_id)) if planned.field.sealed else None
    return {
        "id": assertion_id,
        "record_id": record_id,
        "field": planned.field.name,
        "mode": planned.mode.value,
        "value": None if planned.field.sealed else planned.value,
        "sealed": sealed,
        "question": planned.question,
        "observed_at": observed_at,
        "recorded_at": recorded_at,
    }


def said(assertion: Assertion, key: bytes | None, instance_id: str, received_at: datetime | None) -> Said:
    """The assertion as a value; `key` is its root's, needed where the field is sealed. Raises SealBroken."""
    value = assertion.value
    if assertion.sealed is not None and key is not None:
        value = json.loads(unseal(key, assertion.sealed, _place(assertion.id)))
    source = Source(instance_id, assertion.question or "", assertion.submission_id, assertion.person_id)
    return Said(
        id=assertion.id,
        record_id=assertion.record_id,
        field=assertion.field,
        mode=assertion.mode,
        source=source,
        observed_at=assertion.observed_at,
        received_at=received_at or assertion.recorded_at,
        value=value,
    )


def retire(session: Session, submission_id: int, *, now: datetime) -> None:
    """What the submission asserted before no longer counts; it is kept."""
    for table in (Assertion, RecordLink):
        present = (table.submission_id == submission_id, table.replaced_at.is_(None))
        session.execute(update(table).where(*present).values(replaced_at=now))


def is_sealed(name: str) -> bool:
    """True unless the dictionary says that the field is coded."""
    known = DICTIONARY.field(name)
    return known is None or known.sealed


def _place(assertion_id: str) -> str:
    return f"assertions.sealed:{assertion_id}"

"""Cases as plain values, the same for the command line and for scripts."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy.orm import Session

from accounts.people import get_person
from cases.assertions import Said
from cases.caseload import CaseView, ListedCase, RecordView
from submissions.tables import Submission

STANDINGS = ("standing", "older", "checks")


def case_row(one: ListedCase | CaseView) -> dict[str, Any]:
    """A case as lists show it."""
    return {
        "code": one.case.code,
        "stage": one.case.stage,
        "proposed": one.case.proposed,
        "district": one.case.district,
        "opened_on": one.case.opened_on,
        "agency": one.agency,
        "changed_at": one.case.changed_at,
    }


def case_facts(
    view: CaseView, people: dict[int, str], submissions: Iterable[Submission] | None = None
) -> dict[str, Any]:
    """The case with its records, and every assertion with its source in one flat list.

    `submissions` are those that may be told, all of the case's unless they are given.
    """
    told = view.submissions if submissions is None else submissions
    return {
        **case_row(view),
        "records": [_record(one) for one in view.records],
        "assertions": [fact for one in view.records for fact in _assertions(one, people)],
        "conflicts": [fact for one in view.records for fact in _conflicts(one)],
        "submissions": [
            {"instance_id": one.instance_id, "received_at": one.received_at, "filing": one.filing} for one in told
        ],
    }


def people_in(session: Session, view: CaseView) -> dict[int, str]:
    """The e-mail address of everybody who said something at the desk."""
    ids = {said.person_id for one in view.records for _standing, said in _said(one) if said.person_id is not None}
    return {person_id: get_person(session, person_id).email for person_id in ids}


def _record(one: RecordView) -> dict[str, Any]:
    fields = {name: [shown.value for shown in field.standing] for name, field in one.fields.items() if field.standing}
    return {"id": one.id, "record": one.kind, "fields": fields}


def _assertions(one: RecordView, people: dict[int, str]) -> Iterator[dict[str, Any]]:
    for standing, said in _said(one):
        source: dict[str, Any] = {"instance_id": said.instance_id, "question": said.question}
        if said.person_id is not None:
            source = {"person": people[said.person_id]}
        yield {
            "value": said.value,
            "record": one.kind,
            "record_id": one.id,
            "field": said.field,
            **source,
            "mode": said.mode,
            "standing": standing,
            "observed_at": said.observed_at,
            "received_at": said.received_at,
        }


def _said(one: RecordView) -> Iterator[tuple[str, Said]]:
    """Every assertion of a record, with whether it stands, gave way to a newer one, or only checks."""
    for field in one.fields.values():
        for standing in STANDINGS:
            for shown in getattr(field, standing):
                for said in shown.said:
                    yield standing, said


def _conflicts(one: RecordView) -> Iterator[dict[str, Any]]:
    for name, field in one.fields.items():
        if field.conflict:
            values = [shown.value for shown in field.standing]
            yield {"record": one.kind, "record_id": one.id, "field": name, "values": values}

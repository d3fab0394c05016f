"""Cases as plain values, the same for the command line and for scripts."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy.orm import Session

from accounts.people import get_person
from cases.assertions import Said
from cases.caseload import CaseView, ListedCase, RecordView
from cases.clocks import due
from cases.screened import first_review, result_of, worked_out
from cases.screening.words import next_step_in
from cases.tables import Screened
from submissions.tables import Submission

STANDINGS = ("standing", "older", "checks")


def case_row(one: ListedCase | CaseView) -> dict[str, Any]:
    """A case as lists show it; class, urgency and reasons are those of its most pressing screening."""
    result = result_of(one.screened) if one.screened else None
    return {
        "code": one.case.code,
        "stage": one.case.stage,
        "proposed": one.case.proposed,
        "urgency": result and result.urgency,
        "due": first_review(one.case, one.screened),
        "class_low": result and result.class_low,
        "class_high": result and result.class_high,
        "unverified": bool(result and result.unverified),
        "reasons": list(result.reasons) if result else [],
        "rule_set": result and result.rule_set,
        "owner": None,  # nobody is given a case yet
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
        "screenings": [_screening(one) for one in view.screenings],
        "records": [_record(one, view.screenings) for one in view.records],
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


def _screening(one: Screened) -> dict[str, Any]:
    """What the rules make of a screening: a proposal, never somebody's decision."""
    result = result_of(one)
    return {
        "record_id": one.record_id,
        "urgency": result.urgency,
        "class_low": result.class_low,
        "class_high": result.class_high,
        "dimensions": list(result.positive_dimensions_low),
        "deciding": list(result.deciding),
        "profiles": list(result.profiles),
        "unverified": result.unverified,
        "reasons": list(result.reasons),
        "next_step": next_step_in(result.class_low, "en"),
        "rule_set": result.rule_set,
        "due": due(one.urgency, one.since),
    }


def _record(one: RecordView, screenings: Iterable[Screened]) -> dict[str, Any]:
    fields = {name: [shown.value for shown in field.standing] for name, field in one.fields.items() if field.standing}
    for result in screenings:
        if result.record_id == one.id:
            fields |= worked_out(result)
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

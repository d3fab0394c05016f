"""Cases: listed, and shown with the source of every value."""

from collections.abc import Iterator
from typing import Any

import click

from accounts.roles import OPERATOR_VIEWER
from audit.trail import OPERATOR, Action, record
from cases.assertions import Said
from cases.caseload import CaseView, RecordView, get_case, list_cases
from server.cli.opening import installation
from server.cli.output import iso, json_option, print_json, print_rows, print_table
from server.runtime import clock

STANDINGS = ("standing", "older", "checks")


@click.group()
def case() -> None:
    """List cases; show one with the source of every value."""


@case.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the cases by code, last changed first."""
    with installation() as running:
        with running.database.begin() as session:
            record(session, OPERATOR, Action.CASES_LISTED, "cases", now=clock())
        with running.database.read() as session:
            rows = [
                {
                    "code": one.case.code,
                    "stage": one.case.stage,
                    "proposed": one.case.proposed,
                    "district": one.case.district,
                    "opened_on": one.case.opened_on.isoformat(),
                    "agency": one.agency,
                    "changed_at": iso(one.case.changed_at),
                }
                for one in list_cases(session, viewer=OPERATOR_VIEWER, limit=None)
            ]
    columns = {"code": "CASE", "stage": "STAGE", "proposed": "PROPOSED", "district": "DISTRICT"}
    columns |= {"opened_on": "OPENED", "agency": "AGENCY"}
    print_rows(rows, columns, empty="There is no case yet.", as_json=as_json)


@case.command()
@click.argument("code")
@json_option
def show(code: str, as_json: bool) -> None:
    """Show a case: every value with the question or person that it came from. The reading stands in the trail."""
    with installation() as running, running.database.begin() as session:
        view = get_case(session, code, viewer=OPERATOR_VIEWER, now=clock())
        facts = case_facts(view, people_in(session, view))
    if as_json:
        print_json(facts)
        return
    proposed = ", proposed by a form" if facts["proposed"] else ""
    click.echo(f"{facts['code']}: stage {facts['stage']}{proposed}, opened {facts['opened_on']}, {facts['agency']}.\n")
    cells = [
        [one["record"], one["field"], _spoken(one["value"]), one["standing"], _source(one)]
        for one in facts["assertions"]
    ]
    print_table(cells, ["RECORD", "FIELD", "VALUE", "", "FROM"])
    for one in facts["conflicts"]:
        click.echo(f"Different answers stand in {one['field']}; somebody should look.")


def case_facts(view: CaseView, people: dict[int, str]) -> dict[str, Any]:
    """The case as plain values: its records, and every assertion with its source in one flat list."""
    return {
        "code": view.case.code,
        "stage": view.case.stage,
        "proposed": view.case.proposed,
        "district": view.case.district,
        "opened_on": view.case.opened_on.isoformat(),
        "agency": view.agency,
        "changed_at": iso(view.case.changed_at),
        "records": [_record(one) for one in view.records],
        "assertions": [fact for one in view.records for fact in _assertions(one, people)],
        "conflicts": [fact for one in view.records for fact in _conflicts(one)],
        "submissions": [
            {"instance_id": one.instance_id, "received_at": iso(one.received_at), "filing": one.filing}
            for one in view.submissions
        ],
    }


def people_in(session: Any, view: CaseView) -> dict[int, str]:
    """The e-mail address of everybody who said something at the desk."""
    from accounts.people import get_person

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
            "observed_at": iso(said.observed_at),
            "received_at": iso(said.received_at),
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


def _source(fact: dict[str, Any]) -> str:
    return str(fact["person"]) if "person" in fact else f"{fact['question']} of {fact['instance_id']}"


def _spoken(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)

"""Cases: listed, and shown with the source of every value."""

from typing import Any

import click
from sqlalchemy.orm import Session

from accounts.roles import OPERATOR_VIEWER
from audit.trail import OPERATOR, Action, record
from cases.caseload import ListedCase, Order, get_case, list_cases
from server.case_facts import case_facts, case_row, people_in
from server.cli.opening import installation
from server.cli.output import json_option, print_json, print_rows, print_table
from server.runtime import clock


@click.group()
def case() -> None:
    """List cases; show one with the source of every value."""


@case.command("list")
@click.option(
    "--sort",
    "order",
    type=click.Choice([one.value for one in Order]),
    default=Order.CHANGED.value,
    help="What comes first: what changed last (the default), or what is most urgent.",
)
@json_option
def list_(order: str, as_json: bool) -> None:
    """List the cases by code with urgency and class, last changed first."""
    with installation() as running:
        with running.database.begin() as session:
            record(session, OPERATOR, Action.CASES_LISTED, "cases", now=clock())
        with running.database.read() as session:
            rows = [case_row(one) for one in _listed(session, Order(order))]
    columns = {
        "code": "CASE",
        "urgency": "URGENCY",
        "class_low": "CLASS",
        "class_high": "COULD BE",
        "stage": "STAGE",
        "proposed": "PROPOSED",
        "district": "DISTRICT",
    }
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
    for one in facts["screenings"]:
        click.echo(f"{one['urgency']}, {_range(one)}, by the rules {one['rule_set']}:")
        click.echo("".join(f"  {reason}.\n" for reason in one["reasons"]))
    cells = [
        [one["record"], one["field"], _spoken(one["value"]), one["standing"], _source(one)]
        for one in facts["assertions"]
    ]
    print_table(cells, ["RECORD", "FIELD", "VALUE", "", "FROM"])
    for one in facts["conflicts"]:
        click.echo(f"Different answers stand in {one['field']}; somebody should look.")


def _listed(session: Session, order: Order) -> list[ListedCase]:
    return list_cases(session, viewer=OPERATOR_VIEWER, order=order, limit=None)


def _marked(row: dict[str, Any]) -> str:
    """The class, marked when its weights were never checked."""
    return f"{row['class_low'] or ''}{' (unverified)' if row['unverified'] else ''}"


def _range(screening: dict[str, Any]) -> str:
    low, high = screening["class_low"], screening["class_high"]
    return f"class {low}" if low == high else f"class at least {low}, could be {high}"


def _source(fact: dict[str, Any]) -> str:
    return str(fact["person"]) if "person" in fact else f"{fact['question']} of {fact['instance_id']}"


def _spoken(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)

"""Agencies: added and listed."""

import click

from accounts.projects import add_agency, list_agencies
from audit.trail import OPERATOR
from server.cli.opening import installation
from server.cli.output import json_option, print_json, print_rows
from server.runtime import clock


@click.group()
def agency() -> None:
    """Add and list agencies."""


@agency.command()
@click.argument("name")
@json_option
def add(name: str, as_json: bool) -> None:
    """Add an agency whose people and tablets work together."""
    with installation() as running, running.database.begin() as session:
        added = add_agency(session, name, actor=OPERATOR, now=clock())
    print_json({"id": added.id, "name": added.name}) if as_json else click.echo(f"Added: {added.name}.")


@agency.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the agencies."""
    with installation() as running, running.database.read() as session:
        rows = [{"id": one.id, "name": one.name} for one in list_agencies(session)]
    print_rows(rows, {"name": "AGENCY"}, empty="There is no agency.", as_json=as_json)

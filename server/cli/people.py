"""People: added, listed, sent links, disabled."""

import sys

import click

from accounts.links import person_link
from accounts.people import add_person, disable_person, enable_person, find_person, list_people
from accounts.projects import get_agency
from accounts.roles import ROLES
from audit.trail import OPERATOR
from server import addresses
from server.cli.opening import installation
from server.cli.output import iso, json_option, print_json, print_rows
from server.runtime import clock
from server.settings import LANGUAGES


class NoPassword(Exception):
    """Standard input holds no password. Write it as one line."""


class AccountDisabled(Exception):
    """This account is disabled. Enable it first: fieldcase person enable EMAIL"""


@click.group()
def person() -> None:
    """Add and list people, send links, disable accounts."""


@person.command()
@click.argument("email")
@click.option("--name", required=True, help="The name that colleagues know.")
@click.option(
    "--role", "roles", multiple=True, required=True, type=click.Choice(ROLES), help="Repeat it; roles add up."
)
@click.option("--agency", metavar="NAME", help="Where the person works; the first agency by default.")
@click.option("--language", type=click.Choice(LANGUAGES), help="Of the person's pages; FIELDCASE_LANGUAGE by default.")
@click.option("--password-stdin", is_flag=True, help="Read the password as one line; without it a link is printed.")
@json_option
def add(
    email: str,
    name: str,
    roles: tuple[str, ...],
    agency: str | None,
    language: str | None,
    password_stdin: bool,
    as_json: bool,
) -> None:
    """Give somebody an account."""
    password = _read_password() if password_stdin else None
    with installation() as running, running.database.begin() as session:
        home = get_agency(session, agency)
        added = add_person(
            session,
            email=email,
            name=name,
            roles=roles,
            agency=home,
            actor=OPERATOR,
            now=clock(),
            password=password,
            language=language or running.settings.language,
        )
        token = None if password else person_link(session, added.id, actor=OPERATOR, now=clock())
    link = addresses.password(running.settings, token) if token else None
    if as_json:
        facts = {"id": added.id, "email": added.email, "name": added.name, "roles": sorted(set(roles))}
        print_json({**facts, "agency": home.name, "link": link})
        return
    click.echo(f"{added.name} has an account: {added.email}.")
    if link:
        _print_link(link)


@person.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List everybody who has an account."""
    with installation() as running, running.database.read() as session:
        rows = [
            {
                "id": one.person.id,
                "email": one.person.email,
                "name": one.person.name,
                "roles": list(one.roles),
                "agency": one.agency,
                "language": one.person.language,
                "disabled": one.person.disabled_at is not None,
                "created_at": iso(one.person.created_at),
            }
            for one in list_people(session)
        ]
    columns = {"email": "E-MAIL", "name": "NAME", "roles": "ROLES", "agency": "AGENCY", "disabled": "DISABLED"}
    print_rows(rows, columns, empty="Nobody has an account. `fieldcase serve` prints the first link.", as_json=as_json)


@person.command()
@click.argument("email")
@json_option
def link(email: str, as_json: bool) -> None:
    """Print a new link with which somebody sets a password; earlier ones are void."""
    with installation() as running, running.database.begin() as session:
        found = find_person(session, email)
        if found.disabled_at is not None:
            raise AccountDisabled("This account is disabled. Enable it first: fieldcase person enable EMAIL")
        token = person_link(session, found.id, actor=OPERATOR, now=clock())
    address = addresses.password(running.settings, token)
    print_json({"email": found.email, "link": address}) if as_json else _print_link(address)


@person.command()
@click.argument("email")
@json_option
def disable(email: str, as_json: bool) -> None:
    """Disable an account: its sessions end, its links are void, it cannot sign in."""
    with installation() as running, running.database.begin() as session:
        found = find_person(session, email)
        if found.disabled_at is None:
            disable_person(session, found.id, actor=OPERATOR, now=clock())
    _print_state(found.email, disabled=True, as_json=as_json)


@person.command()
@click.argument("email")
@json_option
def enable(email: str, as_json: bool) -> None:
    """Let somebody sign in again whose account was disabled."""
    with installation() as running, running.database.begin() as session:
        found = find_person(session, email)
        if found.disabled_at is not None:
            enable_person(session, found.id, actor=OPERATOR, now=clock())
    _print_state(found.email, disabled=False, as_json=as_json)


def _read_password() -> str:
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise NoPassword("Standard input holds no password. Write it as one line.")
    return password


def _print_link(link: str) -> None:
    click.echo(f"Hand over this link; it works once, within 24 hours, to set a password:\n  {link}")


def _print_state(email: str, *, disabled: bool, as_json: bool) -> None:
    if as_json:
        print_json({"email": email, "disabled": disabled})
    else:
        click.echo(f"{email} {'is disabled' if disabled else 'can sign in'}.")

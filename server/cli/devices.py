"""Tablets: enrolled with a QR code, revoked, listed."""

import io
import os
import sys
from pathlib import Path

import click
import segno

from accounts.devices import enrol as enrol_device
from accounts.devices import get_device, list_devices
from accounts.devices import revoke as revoke_device
from accounts.projects import get_agency, get_project
from accounts.settings_qr import provisioning, settings_text
from audit.trail import OPERATOR
from server.cli.opening import installation
from server.cli.output import iso, json_option, local, print_json, print_rows
from server.runtime import clock

BLACK_ON_WHITE = "\x1b[97;40m"  # The picture's light modules are drawn, so they must be the lighter colour.
PLAIN = "\x1b[0m"


@click.group()
def device() -> None:
    """Enrol, list and revoke tablets."""


@device.command()
@click.argument("name")
@click.option("--project", type=int, metavar="ID", help="The project; the first one by default.")
@click.option("--agency", metavar="NAME", help="Whose tablet it is; the first agency by default.")
@click.option("--qr", type=click.Path(dir_okay=False, path_type=Path), help="Write the QR code as a picture (PNG).")
@json_option
def enrol(name: str, project: int | None, agency: str | None, qr: Path | None, as_json: bool) -> None:
    """Enrol a tablet and print, this once, the QR code that sets up ODK Collect."""
    with installation() as running, running.database.begin() as session:
        home, owner = get_project(session, project), get_agency(session, agency)
        added, secret = enrol_device(session, name, project=home, agency=owner, actor=OPERATOR, now=clock())
        settings = running.settings
        told = provisioning(
            settings.base_url,
            project_id=home.id,
            username=added.username,
            secret=secret,
            language=settings.language,
        )
        text = settings_text(told)
        if qr is not None:
            _write_picture(qr, text)  # Before the commit: the secret is shown only now.
    if as_json:
        facts = {"name": added.name, "project": home.id, "agency": owner.name, "server_url": told.server_url}
        print_json({**facts, "username": added.username, "secret": secret, "settings_qr": text})
        return
    click.echo(_blocks(text))
    click.echo(
        f"{added.name} is enrolled. In ODK Collect choose “Configure with QR code” and scan this, now: it is not"
    )
    click.echo("shown again, and whoever scans it can send as this tablet. To type it by hand instead:")
    click.echo(f"  URL       {told.server_url}")
    click.echo(f"  Username  {told.username or '(leave empty)'}")
    click.echo(f"  Password  {told.password or '(leave empty)'}")
    if qr is not None:
        click.echo(f"The picture is in {qr}. Delete it once the tablet is set up.")


@device.command()
@click.argument("name")
@json_option
def revoke(name: str, as_json: bool) -> None:
    """End a tablet's access: its next request is refused."""
    with installation() as running, running.database.begin() as session:
        found = get_device(session, name)
        revoke_device(session, found, actor=OPERATOR, now=clock())
    if as_json:
        print_json({"name": found.name, "revoked_at": iso(found.revoked_at)})
    else:
        click.echo(f"{found.name} can no longer fetch or send.")


@device.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the tablets and when each was last heard from."""
    with installation() as running, running.database.read() as session:
        zone = running.settings.zone
        rows = [
            {
                "name": one.name,
                "username": one.username,
                "agency": agency,
                "project": one.project_id,
                "enrolled_at": iso(one.enrolled_at),
                "revoked_at": iso(one.revoked_at),
                "last_seen_at": iso(one.last_seen_at),
                "app_version": one.app_version,
                **({} if as_json else {"state": "revoked" if one.revoked_at else "in use"}),
                **({} if as_json else {"seen": local(one.last_seen_at, zone)}),
            }
            for one, agency in list_devices(session)
        ]
    columns = {"name": "TABLET", "agency": "AGENCY", "state": "STATE", "seen": "LAST SEEN", "app_version": "APP"}
    print_rows(rows, columns, empty='No tablet is enrolled. fieldcase device enrol "Tablet 01"', as_json=as_json)


def _write_picture(path: Path, text: str) -> None:
    picture = io.BytesIO()
    segno.make(text, error="l", boost_error=False).save(picture, kind="png", scale=6, border=4)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(picture.getvalue())


def _blocks(text: str) -> str:
    """The QR code as half blocks, two rows of modules in a line."""
    drawn = io.StringIO()
    segno.make(text, error="l", boost_error=False).terminal(out=drawn, compact=True, border=2)
    lines = drawn.getvalue().rstrip("\n").splitlines()
    return "\n".join(f"{BLACK_ON_WHITE}{line}{PLAIN}" if sys.stdout.isatty() else line for line in lines)

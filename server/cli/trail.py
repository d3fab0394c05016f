"""The trail, verified."""

import click

from audit.chain import unlinked, verify
from server.cli.opening import installation
from server.cli.output import json_option, print_json


@click.group()
def audit() -> None:
    """Verify that the trail is whole."""


@audit.command("verify")
@json_option
def verify_(as_json: bool) -> None:
    """Read the whole trail and say whether an entry was changed or is missing."""
    with installation() as running, running.database.read() as session:
        broken, loose = verify(session), unlinked(session)
    if as_json:
        where = None if broken is None else {"number": broken.number, "entry": broken.entry_id, "reason": broken.reason}
        print_json({"whole": broken is None, "broken_at": where, "not_numbered_yet": loose})
    if broken is not None:
        raise click.ClickException(f"The trail is broken at number {broken.number}: {broken.reason}.")
    if not as_json:
        click.echo("The trail is whole.")
        if loose:
            click.echo(
                f"{loose} newer entries get their number from the serving process within a second of its running."
            )

"""The master key: copied, verified, changed, locked; and the key of a node that only takes in."""

from pathlib import Path

import click

from audit.trail import OPERATOR, Action, record
from server.cli.key_changing import rotate
from server.cli.key_copies import copy, restore, verify
from server.cli.key_locking import lock, protect, status, unlock
from server.cli.opening import installation
from server.cli.output import json_option, print_json
from server.rekeying import FileInTheWay
from server.runtime import Runtime, clock
from storage.keyfile import INTAKE, write_intake_file
from storage.sealing import IntakeKeys, Keyring


@click.group()
def key() -> None:
    """Copy, verify, change and lock the master key; write the key of a node that only takes in."""


for command in (copy, verify, restore, rotate, protect, lock, unlock, status):
    key.add_command(command)


@key.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def intake(file: Path, as_json: bool) -> None:
    """Write the intake key: with it alone a node takes submissions in and cannot open what is stored."""
    path = file.absolute()
    if path.exists() and INTAKE not in path.read_text(errors="replace"):
        raise FileInTheWay(f"{path} is there already and is no intake key. Choose another name.")
    with installation() as running, running.database.begin() as session:
        record(session, OPERATOR, Action.INTAKE_KEY_WRITTEN, "key:intake", now=clock())
        write_intake_file(path, _intake(running))
    if as_json:
        print_json({"file": str(path)})
    else:
        click.echo(f"Written: {path}. On the other node set FIELDCASE_INTAKE_KEY_FILE to its place there.")


def _intake(running: Runtime) -> IntakeKeys:
    """The intake part, of which a locked node has no less."""
    keys = running.database.keys
    return keys.intake if isinstance(keys, Keyring) else keys

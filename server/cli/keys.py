"""The key file of a node that only takes in."""

from pathlib import Path

import click

from audit.trail import OPERATOR, Action, record
from server.cli.opening import installation
from server.cli.output import json_option, print_json
from server.runtime import clock
from storage.keyfile import INTAKE, write_intake_file
from storage.sealing import Keyring, KeysLocked


class FileInTheWay(Exception):
    """There is a file of this name that is no intake key. Choose another name."""


@click.group()
def key() -> None:
    """Write the key file of a node that only takes in."""


@key.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def intake(file: Path, as_json: bool) -> None:
    """Write the intake key: with it alone a node takes submissions in and cannot open what is stored."""
    path = file.absolute()
    if path.exists() and INTAKE not in path.read_text(errors="replace"):
        raise FileInTheWay(f"{path} is there already and is no intake key. Choose another name.")
    with installation() as running:
        keys = running.database.keys
        if not isinstance(keys, Keyring):
            raise KeysLocked("the key file is not open in this process")
        with running.database.begin() as session:
            record(session, OPERATOR, Action.INTAKE_KEY_WRITTEN, "key:intake", now=clock())
            write_intake_file(path, keys.intake)
    if as_json:
        print_json({"file": str(path)})
    else:
        click.echo(f"Written: {path}. On the other node set FIELDCASE_INTAKE_KEY_FILE to its place there.")

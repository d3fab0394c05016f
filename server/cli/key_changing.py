"""The master key is changed."""

import sys
from pathlib import Path

import click

from server.cli.opening import installation
from server.cli.output import json_option, print_json
from server.cli.passphrases import open_ring, passphrase_of, passphrase_option
from server.rekeying import change_key, seal_anew
from server.settings import read_settings
from storage.keyfile import load_key_file

NEXT = """\
Now:
  1. Make and verify a new copy, and destroy the old ones: fieldcase key copy, fieldcase key verify
  2. Copy {path} to every other node that has it; until then that node files nothing.
  3. Give nodes that only take in the new intake file: fieldcase key intake FILE
"""


@click.command()
@click.option(
    "--copy",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a copy of the changed key to this file before anything is sealed under it.",
)
@click.option("--finish", is_flag=True, help="Change nothing; seal anew what an interrupted change left.")
@passphrase_option
@json_option
def rotate(copy: Path | None, finish: bool, from_stdin: bool, as_json: bool) -> None:
    """Change the master key. All that is stored stays readable, and is sealed anew so that the old key opens nothing.

    What it takes to open backups from before stays in the key file.
    """
    settings = read_settings()
    with installation(settings) as running:
        if finish:
            running.unlock(open_ring(settings, from_stdin=from_stdin))
            ring = running.ring
        else:
            passphrase = passphrase_of(load_key_file(settings.key_file), from_stdin=from_stdin)
            ring = change_key(running, passphrase, copy=copy.absolute() if copy else None)
        seal_anew(running.database, done=_dot)
    if as_json:
        print_json({"key": ring.key_id, "copy": str(copy.absolute()) if copy else None})
        return
    click.echo(f"The key in use is {ring.key_id}.")
    if not finish:
        click.echo(NEXT.format(path=settings.key_file), nl=False)


def _dot() -> None:
    """Shows at a terminal that it goes on; how much there is, nobody counted."""
    if sys.stderr.isatty():
        click.echo(".", nl=False, err=True)

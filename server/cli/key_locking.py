"""The master key under a passphrase, and running processes that forget it and get it back."""

from typing import Any

import click

from audit.trail import OPERATOR, Action, record
from server.cli.opening import installation
from server.cli.output import iso, json_option, local, print_json
from server.cli.passphrases import new_passphrase, passphrase_of, passphrase_option
from server.control import ask
from server.runtime import clock
from server.settings import Settings, read_settings
from storage.custody import copy_verified_at
from storage.keyfile import KeyFile, changing, load_key_file, replace_key_file

PROTECTS_NOTHING = (
    "This protects nothing, since {path} has no passphrase: whoever reads the file opens everything, and a restart "
    "unlocks by itself. Set a passphrase with `fieldcase key protect`"
)


class NothingRuns(Exception):
    """No `fieldcase serve` or `fieldcase worker` runs here on these data. Start it, then unlock."""


@click.command()
@passphrase_option
@click.option("--remove", is_flag=True, help="Take the passphrase away instead.")
@json_option
def protect(from_stdin: bool, remove: bool, as_json: bool) -> None:
    """Put the key file under a passphrase. From then on a start is locked until `fieldcase key unlock`."""
    settings = read_settings()
    with installation(settings) as running, changing(settings.key_file):
        held = load_key_file(settings.key_file)
        ring = held.ring(passphrase_of(held, from_stdin=from_stdin))
        passphrase = None if remove else new_passphrase(from_stdin=from_stdin)
        with running.database.begin() as session:
            record(session, OPERATOR, Action.KEY_PROTECTED, f"key:{ring.key_id}", now=clock(), passphrase=not remove)
            replace_key_file(settings.key_file, KeyFile.of(ring, passphrase))
    if as_json:
        print_json({"key": ring.key_id, "protected": not remove})
    elif remove:
        click.echo("The key file has no passphrase any more.")
    else:
        click.echo(
            "The key file has a passphrase. Copies from before have none or another: make new ones with "
            "`fieldcase key copy`. Without passphrase and copies nobody opens anything again."
        )


@click.command()
@json_option
def lock(as_json: bool) -> None:
    """Make the running processes forget the key: submissions are still taken in, filing waits, nothing opens."""
    settings = read_settings()
    held = load_key_file(settings.key_file)
    locked = ask(settings, {"do": "lock"})
    _record(settings, Action.KEY_LOCKED, len(locked))
    if as_json:
        print_json({"locked": len(locked), "protects": held.protected, "processes": locked})
    else:
        click.echo(f"Locked: {_processes(len(locked))}.")
    if not held.protected:
        click.echo(f"Warning: {PROTECTS_NOTHING.format(path=settings.key_file)}.", err=True)


@click.command()
@passphrase_option
@json_option
def unlock(from_stdin: bool, as_json: bool) -> None:
    """Give the running processes the key: what waits is filed."""
    settings = read_settings()
    held = load_key_file(settings.key_file)
    ring = held.ring(passphrase_of(held, from_stdin=from_stdin))
    unlocked = ask(settings, {"do": "unlock", "key": KeyFile.of(ring).to_text()})
    if not unlocked:
        raise NothingRuns
    for answer in unlocked:
        if "error" in answer:
            raise click.ClickException(answer["error"])
    _record(settings, Action.KEY_UNLOCKED, len(unlocked))
    if as_json:
        print_json({"unlocked": len(unlocked), "processes": unlocked})
    else:
        click.echo(f"Unlocked: {_processes(len(unlocked))}.")


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Say which key is in use, whether it has a passphrase and a verified copy, and what runs unlocked here."""
    settings = read_settings()
    held = load_key_file(settings.key_file)
    with installation(settings) as running, running.database.read() as session:
        verified = copy_verified_at(session, held.intake)
    processes = ask(settings, {"do": "state"})
    if as_json:
        facts: dict[str, Any] = {"key": held.intake.key_id, "protected": held.protected}
        print_json({**facts, "copy_verified_at": iso(verified), "processes": processes})
        return
    click.echo(f"Key {held.intake.key_id}, {'under a passphrase' if held.protected else 'without a passphrase'}.")
    when = f"verified {local(verified, settings.zone)}" if verified else "never verified: fieldcase key copy"
    click.echo(f"Copy: {when}.")
    for one in processes:
        click.echo(f"Process {one['process']} is {'locked' if one['locked'] else 'unlocked'}.")


def _record(settings: Settings, action: Action, count: int) -> None:
    with installation(settings) as running, running.database.begin() as session:
        record(session, OPERATOR, action, f"key:{running.database.keys.key_id}", now=clock(), processes=count)


def _processes(count: int) -> str:
    return "1 process" if count == 1 else f"{count} processes"

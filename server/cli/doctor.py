"""What is well and what needs mending, in one table."""

from collections.abc import Iterator
from dataclasses import asdict

import click

from server.cli.checks import OUTSIDE, Check
from server.cli.output import json_option, print_json, print_table
from server.runtime import clock, open_runtime
from server.settings import Settings, read_settings
from storage.database import DatabaseUnavailable
from storage.keyfile import BadKeyFile
from storage.sealing import KeysLocked


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Say what is well and what needs mending; nothing is changed."""
    checks = list(examine(read_settings()))
    bad = [one.name for one in checks if one.state == "bad"]
    if as_json:
        print_json({"well": not bad, "checks": [asdict(one) for one in checks]})
    else:
        lines = [line for one in checks for line in _lines(one)]
        print_table(lines, ["IS", "CHECK", "WHAT IS SO, AND WHAT TO DO"])
    if bad:
        raise click.ClickException(f"To be mended: {', '.join(bad)}.")


def _lines(check: Check) -> list[list[str]]:
    said = [check.state, check.name, check.says]
    return [said, ["", "", f"-> {check.do}"]] if check.do else [said]


def examine(settings: Settings) -> Iterator[Check]:
    """Every check; those inside the database only where it and the key can be opened."""
    from server.cli.custody_checks import CUSTODY, PLACES
    from server.cli.database_checks import INSIDE, database
    from server.cli.durability import durability
    from server.cli.forecast import COMING
    from server.cli.machine_checks import MACHINE
    from server.cli.reach_checks import REACH

    yield from (check(settings) for check in (*OUTSIDE, *PLACES, *MACHINE, *REACH))
    held = database(settings)
    yield held
    if held.state == "bad":
        return
    try:
        running = open_runtime(settings, patience=5)
    except (BadKeyFile, KeysLocked):
        return  # The check of the key file has said so.
    try:
        with running.database.read() as session:
            for inside in (*INSIDE, *CUSTODY, *COMING, durability):
                yield inside(session, settings, clock())
    except DatabaseUnavailable:
        yield Check("database", "bad", "stopped answering meanwhile", "try again")
    finally:
        running.close()

"""Setting up and running: init, migrate, serve, worker."""

import os
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import click

from accounts.links import VALID_FOR, first_link
from accounts.people import anybody
from audit.trail import OPERATOR
from server import addresses
from server.cli.opening import installation, require_fit, require_initialised
from server.cli.output import json_option, print_json
from server.runtime import Runtime, clock, open_runtime
from server.settings import DOORS, Settings, read_settings
from storage.database import make_engine

KEY_BESIDE_DATA = (
    "The key file lies beside the data: whoever takes this disk reads every case. Move it to another disk or a USB "
    "stick, set FIELDCASE_KEY_FILE to its new place, and keep a copy elsewhere."
)


class WorkerNeedsServer(Exception):
    """Workers need PostgreSQL; on SQLite `fieldcase serve` files by itself."""


@click.command()
@json_option
def init(as_json: bool) -> None:
    """Set Fieldcase up: data folder, key file and database. Doing it again changes nothing."""
    from server.cli.setting_up import set_up_installation

    settings = read_settings()
    made = set_up_installation(settings)
    facts: dict[str, Any] = {"data_dir": str(settings.data_dir), "key_file": str(settings.key_file), "made": made}
    facts["warnings"] = warnings_of(settings)
    if as_json:
        print_json(facts)
        return
    click.echo(f"Fieldcase is set up in {settings.data_dir}." if made else f"Set up already: {settings.data_dir}.")
    for warning in facts["warnings"]:
        click.echo(f"Warning: {warning}", err=True)
    if made:
        click.echo(
            "\nNext:\n"
            "  fieldcase form publish FILE.xlsx     publish a questionnaire\n"
            "  fieldcase serve                      open the doors; prints the link for the first account\n"
            '  fieldcase device enrol "Tablet 01"   print the QR code that sets up a tablet\n'
            "  fieldcase doctor                     see what is well and what needs mending"
        )


@click.command()
@json_option
def migrate(as_json: bool) -> None:
    """Bring the database up to date; of an SQLite database a copy is kept beside it."""
    from server.cli.setting_up import bring_up_to_date

    settings = read_settings()
    require_initialised(settings)
    migrated, copy = bring_up_to_date(settings)
    if as_json:
        print_json({"migrated": migrated, "snapshot": str(copy) if copy else None})
    elif migrated:
        click.echo(f"The database is up to date.{f' The copy from before is {copy}.' if copy else ''}")
    else:
        click.echo("The database was up to date already.")


@click.command()
@click.option("--host", metavar="ADDRESS", help="Where to listen; 127.0.0.1 unless FIELDCASE_HOST is set.")
@click.option("--port", metavar="PORT", help="Where to listen; 8080 unless FIELDCASE_PORT is set.")
@click.option("--doors", metavar="DOORS", help=f"Which doors to open: some of {','.join(DOORS)}; all by default.")
@json_option
def serve(host: str | None, port: str | None, doors: str | None, as_json: bool) -> None:
    """Open the doors for tablets, browsers and scripts, until Ctrl+C or SIGTERM."""
    given = {"FIELDCASE_HOST": host, "FIELDCASE_PORT": port, "FIELDCASE_DOORS": doors}
    settings = read_settings({**os.environ, **{name: value for name, value in given.items() if value is not None}})
    require_initialised(settings)
    from server.logs import set_up_logs
    from server.serve import serve as open_doors
    from server.sole import only_server

    set_up_logs()
    with ExitStack() as stack:
        if settings.database_file:
            stack.enter_context(only_server(settings.database_file))
            _migrate_embedded(settings)
        running = open_runtime(settings)
        stack.callback(running.close)
        require_fit(running)
        open_doors(running, ready=lambda: _announce(running, as_json=as_json))


@click.command()
@json_option
def worker(as_json: bool) -> None:
    """File submissions and do the periodic work beside the serving processes, until Ctrl+C or SIGTERM."""
    settings = read_settings()
    if settings.database_file:
        raise WorkerNeedsServer("Workers need PostgreSQL; on SQLite `fieldcase serve` files by itself.")
    from server.logs import set_up_logs
    from server.serve import work
    from storage.sealing import KeysLocked

    set_up_logs()
    with installation(settings, patience=10) as running:
        if settings.intake_key_file is not None:
            raise KeysLocked("the key file is not open in this process")
        started = {"filing": settings.filing, "process": os.getpid()}
        work(running, ready=lambda: print_json(started) if as_json else click.echo("Filing. Ctrl+C stops it."))


def warnings_of(settings: Settings) -> list[str]:
    """What is worth a warning after setting up."""
    beside = settings.intake_key_file is None and settings.key_file.is_relative_to(settings.data_dir)
    return [KEY_BESIDE_DATA] if beside else []


def _migrate_embedded(settings: Settings) -> None:
    """An older SQLite schema is brought up to date, after a copy; the lock on serving is held by the caller."""
    from server.cli.setting_up import migrate_with_copy
    from storage.revision import is_newest

    engine = make_engine(settings.url)
    try:
        if not is_newest(engine):
            copy = migrate_with_copy(engine, settings.database_file)
            if copy:
                click.echo(f"The database was brought up to date. The copy from before is {copy}.", err=True)
    finally:
        engine.dispose()


def _announce(running: Runtime, *, as_json: bool) -> None:
    settings = running.settings
    link = _first_link(running) if "desk" in settings.doors else None
    if as_json:
        print_json({"base_url": settings.base_url, "doors": list(settings.doors), "first_link": link})
        return
    click.echo(f"Fieldcase serves {settings.base_url} (Ctrl+C stops it).")
    if link:
        click.echo(
            f"Nobody has an account yet. This link makes the first one, within {_hours(VALID_FOR)} hours:\n  {link}"
        )
    click.echo('To set up a tablet: fieldcase device enrol "Tablet 01" prints the QR code that ODK Collect scans.')
    if settings.loopback:
        click.echo(
            "Only this machine reaches that address. For tablets on the same network:\n"
            f"  FIELDCASE_HOST=0.0.0.0 FIELDCASE_BASE_URL=http://<its address>:{settings.port} fieldcase serve"
        )


def _first_link(running: Runtime) -> str | None:
    with running.database.read() as session:
        if anybody(session):
            return None
    with running.database.begin() as session:
        token = first_link(session, actor=OPERATOR, now=clock())
    return None if token is None else addresses.first_person(running.settings, token)


def _hours(length: timedelta) -> int:
    return round(length.total_seconds() / 3600)

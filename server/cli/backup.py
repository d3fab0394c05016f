"""Backups made, verified and put back; receipts replayed."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from audit.trail import OPERATOR
from server.backups import make_backup, note_verified, scheduled_path
from server.cli.opening import NotInitialised, installation
from server.cli.output import iso, json_option, print_json
from server.cli.passphrases import open_ring, passphrase_option
from server.mirroring import DAMAGED, NO_FORM, replay
from server.restoring import restore_backup
from server.runtime import clock, open_runtime
from server.settings import Settings, read_settings
from server.verifying import verify_backup
from storage.backup import Told
from storage.frames import BadArchive
from storage.keyfile import BadKeyFile
from storage.mirror import Mirror
from storage.sealing import Keyring

SINCE = (
    "What happened since then is not in it: tablets and people that lost access after it have it again. Look through "
    "them. Everybody has to sign in anew."
)
SOURCE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


class NoPlace(Exception):
    """It is not said where the backup shall lie. Give --to FILE, or set FIELDCASE_BACKUP_DIR."""


class FilesMissing(Exception):
    """The backup is made, but files that rows name are not there: the installation itself has lost them."""


@click.group(invoke_without_command=True)
@click.option("--to", type=click.Path(path_type=Path), help="The file, or a folder; FIELDCASE_BACKUP_DIR by default.")
@json_option
@click.pass_context
def backup(context: click.Context, to: Path | None, as_json: bool) -> None:
    """Back everything up into one sealed file, while the server runs; with `verify`, try a backup."""
    if context.invoked_subcommand is not None:
        return
    settings = read_settings()
    path, kept = _place(settings, to)
    with installation(settings) as running, _bar("Backing up") as progress:
        made = make_backup(running, path, actor=OPERATOR, kept=kept, progress=progress)
    facts = {"id": made.id, "file": str(made.path), "bytes": made.size, **_contents(made.told)}
    if as_json:
        print_json(facts)
    else:
        click.echo(f"Backed up to {made.path}: {facts['rows']} rows, {facts['files']} files, {made.size} bytes.")
    if made.told.missing:
        raise FilesMissing(f"The backup is made, but {len(made.told.missing)} files that rows name are not there.")


@backup.command("verify")
@SOURCE
@passphrase_option
@json_option
def verify_(file: Path, from_stdin: bool, as_json: bool) -> None:
    """Restore a backup into an empty place that is thrown away, and look at everything in it."""
    settings = read_settings()
    ring = _ring(settings, from_stdin=from_stdin)
    place = settings.data_dir if settings.data_dir.is_dir() else file.absolute().parent
    with _named(file), _bytes("Verifying", file) as progress:
        found = verify_backup(ring, file, place, progress=progress)
    _note_verified(settings, found.backup_id)
    facts = {"id": found.backup_id, "made_at": iso(found.made_at), "opened": found.opened, **_contents(found.told)}
    if as_json:
        print_json({**facts, "whole": True})
        return
    click.echo(
        f"The backup of {facts['made_at']} can be restored: {facts['rows']} rows, {facts['files']} files, "
        f"{found.opened} sealed values and files opened, the trail is whole."
    )
    if found.told.missing:
        click.echo(f"Warning: {len(found.told.missing)} files were missing when it was made.", err=True)


@click.command()
@SOURCE
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), help="The data folder to restore into.")
@passphrase_option
@json_option
def restore(file: Path, to: Path | None, from_stdin: bool, as_json: bool) -> None:
    """Put a backup back where there is no installation, on SQLite or PostgreSQL, and replay the mirror's receipts."""
    settings, ring = _target(to, from_stdin=from_stdin)
    with _named(file), _bytes("Restoring", file) as progress:
        done = restore_backup(settings, ring, file, progress=progress)
    counts: dict[str, int] = {}
    if settings.mirror_dir is not None:
        counts = _replay(settings, ring, settings.mirror_dir)
    facts = {"id": done.backup_id, "made_at": iso(done.made_at), "data_dir": str(settings.data_dir)}
    if as_json:
        print_json({**facts, **_contents(done.told), "replayed": counts})
        return
    click.echo(f"Restored into {settings.data_dir}: as it was at {facts['made_at']}.\n{SINCE}")
    _tell_replayed(counts)
    if not settings.key_file.exists():
        click.echo(f"Next: put the key file to {settings.key_file}, or set FIELDCASE_KEY_FILE.")


@click.group()
def mirror() -> None:
    """Replay the receipts that were mirrored beside the database."""


@mirror.command("replay")
@click.option("--from", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), help="The folder.")
@passphrase_option
@json_option
def replay_(folder: Path | None, from_stdin: bool, as_json: bool) -> None:
    """Receive whatever the mirror holds and the database lacks; what it has already stays as it is."""
    settings = read_settings()
    folder = folder or settings.mirror_dir
    if folder is None:
        raise click.UsageError("Give --from FOLDER, or set FIELDCASE_MIRROR_DIR.")
    with installation(settings):
        counts = _replay(settings, open_ring(settings, from_stdin=from_stdin), folder)
    print_json({"replayed": counts}) if as_json else _tell_replayed(counts)


def _place(settings: Settings, to: Path | None) -> tuple[Path, bool]:
    """Where the backup shall lie, and whether that is among the scheduled ones."""
    if to is None:
        if settings.backup_dir is None:
            raise NoPlace
        return scheduled_path(settings.backup_dir, clock()), True
    to = to.absolute()
    return (scheduled_path(to, clock()) if to.is_dir() else to), to == settings.backup_dir


def _target(to: Path | None, *, from_stdin: bool) -> tuple[Settings, Keyring]:
    """The settings of the new installation, and the ring, of whose file the place may be the usual one still."""
    usual = read_settings()
    if to is None:
        return usual, _ring(usual, from_stdin=from_stdin)
    settings = read_settings({**os.environ, "FIELDCASE_DATA_DIR": str(to.absolute())})
    held = settings if settings.key_file.exists() else usual
    return settings, _ring(held, from_stdin=from_stdin)


def _ring(settings: Settings, *, from_stdin: bool) -> Keyring:
    try:
        return open_ring(settings, from_stdin=from_stdin)
    except BadKeyFile as error:
        raise BadKeyFile(f"Without the key file nothing in a backup can be opened. {error}") from error


def _replay(settings: Settings, ring: Keyring, folder: Path) -> dict[str, int]:
    running = open_runtime(settings, patience=30, keys=ring)
    try:
        receipts = Mirror(folder).receipts()
        quiet = not sys.stderr.isatty() or not receipts
        with click.progressbar(length=len(receipts), label="Replaying", file=sys.stderr, hidden=quiet) as bar:
            return dict(replay(running, folder, done=lambda: bar.update(1)))
    finally:
        running.close()


def _tell_replayed(counts: dict[str, int]) -> None:
    if counts:
        said = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
        click.echo(f"Receipts of the mirror: {said}.")
    if counts.get(NO_FORM):
        click.echo("Publish the forms that are unknown, then: fieldcase mirror replay", err=True)
    if counts.get(DAMAGED):
        click.echo("Some receipts do not open; the log names them.", err=True)


def _contents(told: Told) -> dict[str, Any]:
    return {"rows": sum(told.rows.values()), "files": told.files, "missing": sorted(told.missing)[:100]}


def _note_verified(settings: Settings, backup_id: str) -> None:
    """The installation here, if there is one, knows that the backup was verified."""
    try:
        with installation(settings) as running, running.database.begin() as session:
            note_verified(session, backup_id, actor=OPERATOR, now=clock())
    except (NotInitialised, BadKeyFile):
        return  # It was verified on another machine.


@contextmanager
def _named(file: Path) -> Iterator[None]:
    """What is wrong with the file is told with its name."""
    try:
        yield
    except BadArchive as error:
        raise BadArchive(f"{file} cannot be used. {error}") from error


@contextmanager
def _bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar for so many of so many, at a terminal."""
    with click.progressbar(length=1, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def progress(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        yield progress


@contextmanager
def _bytes(label: str, file: Path) -> Iterator[Callable[[int], None]]:
    """A progress bar for the bytes of a file that are read, at a terminal."""
    size = file.stat().st_size
    with click.progressbar(length=size, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield bar.update

"""Copies of the master key: made, read back, and put in the place of a key file that is gone."""

import sys
from pathlib import Path

import click

from audit.trail import OPERATOR, Action, record
from server.cli.opening import installation
from server.cli.output import json_option, print_json
from server.cli.passphrases import passphrase_of, passphrase_option
from server.rekeying import FileInTheWay
from server.runtime import clock
from server.settings import Settings, read_settings
from storage.custody import note_verified_copy
from storage.keyfile import BadKeyFile, KeyFile, load_key_file, write_new
from storage.paper import LINES, BadWords, from_lines, read_line, to_lines
from storage.sealing import Keyring, MasterKey

KEEP = "Keep it in a safe, away from this machine: whoever has it and the data reads every case."
FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
WORDS = click.option("--words", is_flag=True, help="On paper: pronounceable words in numbered lines.")


class NotACopy(Exception):
    """This is no copy of the key in use; the text says what it is."""


@click.command()
@FILE
@WORDS
@passphrase_option
@json_option
def copy(file: Path | None, words: bool, from_stdin: bool, as_json: bool) -> None:
    """Copy the key file to FILE, or print it as words. A file keeps its passphrase; words need none."""
    _file_or_words(file, words=words)
    settings = read_settings()
    held = load_key_file(settings.key_file)
    lines = [] if file else to_lines(held.ring(passphrase_of(held, from_stdin=from_stdin)).master)
    with installation(settings) as running, running.database.begin() as session:
        kind = "file" if file else "words"
        record(session, OPERATOR, Action.KEY_COPIED, f"key:{held.intake.key_id}", now=clock(), to=kind)
        if file and not write_new(file.absolute(), held.to_text()):
            raise FileInTheWay(f"{file.absolute()} is there already. Choose another name.")
    if as_json:
        place = {"file": str(file.absolute())} if file else {"lines": lines}
        print_json({"key": held.intake.key_id, "protected": held.protected and bool(file), **place})
        return
    if file:
        click.echo(f"Copied to {file.absolute()}. {KEEP}\nThen: fieldcase key verify {file}")
        return
    click.echo(f"Fieldcase key {held.intake.key_id}, {clock():%Y-%m-%d}\n")
    for number, line in enumerate(lines, start=1):
        click.echo(f"{number:3}.  {line}{chr(10) if number % LINES == 0 else ''}")
    click.echo(f"{KEEP}\nThen, from the paper: fieldcase key verify --words", err=True)


@click.command()
@FILE
@WORDS
@passphrase_option
@json_option
def verify(file: Path | None, words: bool, from_stdin: bool, as_json: bool) -> None:
    """Read a copy back and compare it with the key in use; until this was done once, `doctor` is red."""
    _file_or_words(file, words=words)
    settings = read_settings()
    held = load_key_file(settings.key_file)
    master = _typed() if words else _read(file, from_stdin=from_stdin)
    _require_same(master, held)
    with installation(settings) as running, running.database.begin() as session:
        note_verified_copy(session, held.intake, now=clock())
        kind = "words" if words else "file"
        record(session, OPERATOR, Action.KEY_COPY_VERIFIED, f"key:{held.intake.key_id}", now=clock(), copy=kind)
    if as_json:
        print_json({"key": held.intake.key_id, "verified": True})
    else:
        click.echo("The copy is right: with it alone the key file can be put back.")


@click.command()
@FILE
@WORDS
@json_option
def restore(file: Path | None, words: bool, as_json: bool) -> None:
    """Put the key file back from a copy, where it is missing."""
    _file_or_words(file, words=words)
    settings = read_settings()
    _require_free(settings)
    held = KeyFile(_typed()) if words else load_key_file((file or Path()).absolute())
    settings.key_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not write_new(settings.key_file, held.to_text()):
        _require_free(settings)
    if as_json:
        print_json({"key": held.intake.key_id, "file": str(settings.key_file), "protected": held.protected})
    else:
        click.echo(f"Put back: {settings.key_file}. `fieldcase doctor` says whether it fits the database.")


def _file_or_words(file: Path | None, *, words: bool) -> None:
    if (file is None) != words:
        raise click.UsageError("Name a FILE, or give --words.")


def _read(file: Path | None, *, from_stdin: bool) -> MasterKey:
    held = load_key_file((file or Path()).absolute())
    return held.ring(passphrase_of(held, from_stdin=from_stdin)).master


def _typed() -> MasterKey:
    """The key of the lines on standard input; at a terminal each line is checked as it is typed."""
    if not sys.stdin.isatty():
        return from_lines([line for line in sys.stdin.read().splitlines() if line.strip()])
    click.echo("Type the words line by line; an empty line ends.", err=True)
    lines: list[str] = []
    while True:
        line = str(click.prompt(f"{len(lines) + 1:3}. ", default="", show_default=False, prompt_suffix=" ", err=True))
        if not line.strip():
            return from_lines(lines)
        try:
            read_line(len(lines), line)
        except BadWords as slip:
            click.echo(str(slip), err=True)
        else:
            lines.append(line)


def _require_same(master: MasterKey, held: KeyFile) -> None:
    """Raises NotACopy unless the copy opens all that the key file opens."""
    copied, ring = Keyring.of(master), held.intake
    if copied.audit_key != ring.audit_key:
        raise NotACopy("This is a copy of another installation's key.")
    if copied.key_id != ring.key_id:
        raise NotACopy(
            f"This copy is from before the key was changed: it ends with key {copied.key_id}, in use is {ring.key_id}. "
            "Make a new copy with `fieldcase key copy`."
        )
    if isinstance(held.held, MasterKey) and held.held != master:
        raise NotACopy("This copy lacks an earlier key. Make a new one with `fieldcase key copy`.")


def _require_free(settings: Settings) -> None:
    if settings.key_file.exists():
        raise BadKeyFile(f"{settings.key_file} is there already. Move it away first if it is not the right one.")

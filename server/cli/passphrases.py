"""How commands get at the passphrase of the key file, and with it at the keys."""

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from accounts.passwords import require_strong
from server.control import ring_of_running
from server.settings import Settings
from storage.keyfile import KeyFile, NeedsPassphrase, load_key_file
from storage.sealing import Keyring

Command = TypeVar("Command", bound=Callable[..., Any])
WORDS = "Passphrase of the key file"


def passphrase_option(command: Command) -> Command:
    """Adds `--passphrase-stdin`, which the command receives as `from_stdin`."""
    words = "Read the passphrase as one line from standard input instead of asking for it."
    return click.option("--passphrase-stdin", "from_stdin", is_flag=True, help=words)(command)


def ask_passphrase(*, from_stdin: bool, words: str = WORDS) -> str:
    """What is typed, unseen; raises NeedsPassphrase where nobody can type."""
    if from_stdin:
        line = sys.stdin.readline()
        if not line:
            raise NeedsPassphrase("No passphrase came on standard input.")
        return line.rstrip("\r\n")
    if not sys.stdin.isatty():
        raise NeedsPassphrase("The key file has a passphrase. Give it with --passphrase-stdin, or in a terminal.")
    return str(click.prompt(words, hide_input=True, err=True))


def new_passphrase(*, from_stdin: bool) -> str:
    """A passphrase that is hard to guess, typed twice; raises WeakPassword."""
    passphrase = ask_passphrase(from_stdin=from_stdin, words="New passphrase")
    require_strong(passphrase)
    if not from_stdin and ask_passphrase(from_stdin=False, words="The same again") != passphrase:
        raise click.ClickException("The two are not the same. Nothing was changed.")
    return passphrase


def passphrase_of(held: KeyFile, *, from_stdin: bool) -> str | None:
    """The passphrase of a file that has one; None of one that has none."""
    return ask_passphrase(from_stdin=from_stdin) if held.protected else None


def open_ring(settings: Settings, *, from_stdin: bool) -> Keyring:
    """The whole ring: of the file, of an unlocked process that runs here, or by the passphrase.

    Raises BadKeyFile, NeedsPassphrase, WrongPassphrase.
    """
    held = load_key_file(settings.key_file)
    if not held.protected:
        return held.ring()
    running = ring_of_running(settings)
    return running or held.ring(ask_passphrase(from_stdin=from_stdin))

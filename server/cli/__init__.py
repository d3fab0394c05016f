"""The `fieldcase` command: the same acts as the routes, done by the operator who holds the key file."""

import os
import sys
from importlib import import_module

import click

from server.cli.refusals import sentence

# Each command is loaded when it is called, so that none waits for what only another needs.
COMMANDS = {
    "init": ("running", "Set Fieldcase up: data folder, key file and database."),
    "serve": ("running", "Open the doors for tablets, browsers and scripts."),
    "worker": ("running", "File submissions beside the serving processes (PostgreSQL)."),
    "migrate": ("running", "Bring the database up to date."),
    "form": ("forms", "Check, publish, list, close and open forms."),
    "person": ("people", "Add and list people, send links, disable accounts."),
    "agency": ("agencies", "Add and list agencies."),
    "device": ("devices", "Enrol, list and revoke tablets."),
    "submission": ("submissions", "List what tablets sent; file again what was set aside."),
    "case": ("cases", "List cases; show one with the source of every value."),
    "key": ("keys", "Copy, verify, change and lock the master key."),
    "backup": ("backup", "Back everything up; verify a backup."),
    "restore": ("backup", "Put a backup back where there is no installation."),
    "mirror": ("backup", "Replay the receipts that were mirrored."),
    "audit": ("trail", "Verify that the trail is whole."),
    "doctor": ("doctor", "Say what is well and what needs mending."),
}


class Commands(click.Group):
    """The commands by name; whatever goes wrong in one is told in a line on standard error."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, loaded."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"server.cli.{COMMANDS[cmd_name][0]}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `fieldcase --help`, for which nothing is loaded."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_module, words) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        """Runs the command; files that it makes are for their owner alone."""
        mask = os.umask(0o077)
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            raise click.ClickException(sentence(error)) from error
        finally:
            os.umask(mask)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Settings come from FIELDCASE_* variables; see docs/settings.md.",
)
@click.version_option(package_name="fieldcase", message="%(package)s %(version)s")
def main() -> None:
    """Fieldcase takes in screenings from ODK Collect and turns them into case records."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")

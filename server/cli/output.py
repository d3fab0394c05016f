"""What commands print: JSON for scripts, tables for people."""

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

Command = TypeVar("Command", bound=Callable[..., Any])
Row = Mapping[str, Any]
SPOKEN = ("FIELDCASE_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def json_option(command: Command) -> Command:
    """Adds `--json`, which the command receives as `as_json`."""
    words = "Print JSON on standard output and nothing else there."
    return click.option("--json", "as_json", is_flag=True, help=words)(command)


def print_json(value: Any) -> None:
    """One JSON document; ASCII, so that it survives every terminal's encoding."""
    click.echo(json.dumps(value, indent=2, default=_plain))


def print_json_rows(rows: Iterable[Row]) -> None:
    """A JSON array, printed row by row, so that a long list needs no memory."""
    opened = False
    for row in rows:
        click.echo(f"{',' if opened else '['}\n  {json.dumps(row, default=_plain)}", nl=False)
        opened = True
    click.echo("\n]" if opened else "[]")


def print_rows(rows: Iterable[Row], columns: Mapping[str, str], *, empty: str, as_json: bool) -> None:
    """Rows as JSON, or as a table of the columns under their titles; `empty` is said when there is none."""
    if as_json:
        print_json_rows(rows)
        return
    cells = [[_cell(row.get(name)) for name in columns] for row in rows]
    if not cells:
        click.echo(empty, err=True)
        return
    print_table(cells, list(columns.values()))


def print_table(cells: Sequence[Sequence[str]], titles: Sequence[str]) -> None:
    """A table with two blanks between its columns."""
    lines = [list(titles), *([CONTROL.sub(" ", cell) for cell in row] for row in cells)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(titles))]
    for number, line in enumerate(lines):
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        click.echo(click.style(text, bold=True) if number == 0 else text)


def spoken() -> str:
    """The language of whoever reads the output: the office's, or else Spanish when the terminal's locale says so."""
    said = next((os.environ[name] for name in SPOKEN if os.environ.get(name)), "")
    return "es" if said.lower().startswith("es") else "en"


def iso(moment: datetime | None) -> str | None:
    """The moment in UTC with milliseconds and Z (ISO 8601)."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local(moment: datetime | None, zone: ZoneInfo) -> str:
    """The moment on the ministry's clocks, to the minute; empty for none."""
    return "" if moment is None else f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


def _plain(value: Any) -> str:
    return iso(value) or "" if isinstance(value, datetime) else str(value)

"""Tables as CSV: their heads, and each submission's rows under them."""

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import count

from server.api.actors import actor_id
from server.api.form_tables import FormTables
from server.api.shapes import iso
from submissions.fields import Field, Table
from submissions.pages import BROKEN, ENCRYPTED, Opened
from submissions.rows import Row

POINTS = frozenset({"geopoint", "start-geopoint", "background-geopoint"})
POINT_PARTS = ("Latitude", "Longitude", "Altitude", "Accuracy")
SOMEBODY = frozenset({"SubmitterID", "SubmitterName", "DeviceID"})  # Who sent it, and so where an officer was.
META = (
    *("KEY", "SubmitterID", "SubmitterName", "AttachmentsPresent", "AttachmentsExpected"),
    *("Status", "ReviewState", "DeviceID", "Edits", "FormVersion"),
)
NOT_DECRYPTED, FILES_MISSING = "not decrypted", "missing encrypted form data"

# What spreadsheet programs take for the beginning of a formula, wherever blanks or quotes stand before it.
FORMULA = re.compile(r"[\s\"'\ufeff]*[=+\-@|\t\r\n\0\uff1d\uff0b\uff0d\uff20]")
NEGATIVE = re.compile(r"-[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")

Choices = dict[tuple[int, int], list[str]]
"""By table and column, the choices that were seen, for columns of their own."""


@dataclass(frozen=True)
class Style:
    """How CSV is to look."""

    group_paths: bool = True
    neutral: bool = False
    split: bool = False  # a column for each choice that is seen
    choices: Choices = field(default_factory=dict, hash=False)


class CsvTable:
    """Writes the rows of one table."""

    def __init__(self, form: FormTables, number: int, style: Style) -> None:
        self._table, self._form, self._style = form.tables[number], form, style
        self._lines: list[str] = []
        # The writer quotes what holds a character of its line end, so that a lone CR is quoted too.
        self._writer = csv.writer(self, lineterminator="\r\n")
        self._wide = [
            (column, wide)
            for column, one in reversed(list(enumerate(self._table.fields)))
            if (wide := _widening(one, style.choices.get((number, column)))) is not None
        ]
        self._meta = META if form.everything else tuple(name for name in META if name not in SOMEBODY)
        self._shown = [META.index(name) for name in self._meta]

    def write(self, line: str) -> int:
        """Take a line from the CSV writer; ours end in LF."""
        self._lines.append(line[:-2])
        return len(line)

    def head(self) -> None:
        """The names of the columns."""
        names = [name for column, one in enumerate(self._table.fields) for name in self._names(column, one)]
        if self._table.path:
            self._add([*names, "PARENT_KEY", "KEY"])
        else:
            self._add(["SubmissionDate", *names, *self._meta])

    def root(self, one: Opened, cells: list[str], key: str) -> None:
        """The row of a submission."""
        status = _status(one)
        meta = (
            key,
            str(actor_id(one.person_id, one.device_id) or ""),
            one.sender,
            str(one.files_present),
            str(one.files_expected),
            status,
            one.review or "",
            one.install_id,
            str(one.edits),
            one.form_version,
        )
        told = meta if self._form.everything else [meta[place] for place in self._shown]
        self._add([iso(one.submitted_at) or "", *self._widened(cells), *told])

    def rows(self, rows: Iterable[Row], key: str) -> None:
        """The rows that a submission has in a repeat."""
        for row in rows:
            parent = f"{key}/{row.parent}" if row.parent else key
            self._add([*self._widened(row.cells), parent, f"{key}/{row.place}"])

    def taken(self) -> bytes:
        """What was written since the last time."""
        if not self._lines:
            return b""
        lines, self._lines = self._lines, []
        return ("\n".join(lines) + "\n").encode()

    def _add(self, cells: list[str]) -> None:
        self._writer.writerow([neutral(cell) for cell in cells] if self._style.neutral else cells)

    def _widened(self, cells: list[str]) -> list[str]:
        for column, wide in self._wide:
            cells[column : column + 1] = wide(cells[column])
        return cells

    def _names(self, column: int, one: Field) -> list[str]:
        name = "-".join(one.steps) if self._style.group_paths else one.name
        if one.type in POINTS:
            return [f"{name}-{part}" for part in POINT_PARTS]
        seen = self._style.choices.get((self._number, column), [])
        return [name, *(f"{name}/{choice}" for choice in seen)]

    @property
    def _number(self) -> int:
        return self._form.tables.index(self._table)


class Seen:
    """Which choices of the questions with several answers were seen."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self._columns = {
            (number, column): one
            for number, table in enumerate(tables)
            for column, one in enumerate(table.fields)
            if one.type == "select_multiple"
        }
        self._found: dict[tuple[int, int], set[str]] = {place: set() for place in self._columns}

    def note(self, rows: Sequence[Sequence[Row]]) -> None:
        """The choices of a submission are seen."""
        for (number, column), found in self._found.items():
            for row in rows[number]:
                if row.cells[column]:
                    found.update(row.cells[column].split())

    def choices(self) -> Choices:
        """Those that were seen, in the form's order; what it does not name stands behind, by name."""
        return {
            place: [choice for choice in one.choices if choice in self._found[place]]
            + sorted(self._found[place] - set(one.choices))
            for place, one in self._columns.items()
        }


def neutral(text: str) -> str:
    """The text so that no spreadsheet program takes it for a formula: with ' before it where it could; -2.5 stays."""
    return f"'{text}" if FORMULA.match(text) and not NEGATIVE.fullmatch(text) else text


def file_names(form: FormTables) -> list[str]:
    """The name of each table's file, no two alike; repeats of one name are numbered."""
    names = [table.name for table in form.tables]
    told = [safe(f"{form.form_id}.csv")]
    for place, name in enumerate(names[1:], start=1):
        number = f"~{names[1 : place + 1].count(name)}" if names.count(name) > 1 else ""
        told.append(unlike(safe(f"{form.form_id}-{name}{number}.csv"), set(told)))
    return told


def unlike(name: str, taken: AbstractSet[str]) -> str:
    """The name, with a number in it where another file has it."""
    stem, dot, ending = name.rpartition(".")
    tries = (f"{stem} ({number}){dot}{ending}" for number in count(2))
    return name if name not in taken else next(one for one in tries if one not in taken)


def safe(name: str) -> str:
    """A file name that any system takes and that leads nowhere else."""
    kept = "".join("_" if one in '/\\<>:"|?*' or not one.isprintable() else one for one in name).strip(". ")
    stem, dot, ending = kept.rpartition(".")
    return (stem[: 200 - len(ending)] + dot + ending if dot else kept[:200]) or "file"


def _widening(one: Field, choices: list[str] | None) -> Callable[[str], list[str]] | None:
    if one.type in POINTS:
        return lambda text: [*text.split()[:4], *[""] * (4 - min(4, len(text.split())))]
    if choices:
        return lambda text: [text, *("1" if choice in text.split() else "0" for choice in choices)]
    return None


def _status(one: Opened) -> str:
    if one.sealed == ENCRYPTED:
        return NOT_DECRYPTED if one.files_present == one.files_expected else FILES_MISSING
    return NOT_DECRYPTED if one.sealed == BROKEN else ""

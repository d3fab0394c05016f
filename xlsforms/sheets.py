"""A workbook as read: sheets, their headers and rows, and the cells that findings point to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Literal

from xlsforms.findings import Finding, Place, column_letters, error

Grid = Iterable[tuple[int, list[str]]]  # row number as the spreadsheet program shows it, its cells from the left
Kind = Literal["xlsx", "xls", "csv", "md"]

# The sheets that a form author means: those of XLSForm and the two of the case mapping.
FORM_SHEETS = ("survey", "choices", "settings", "external_choices", "entities", "osm")
CASE_SHEETS = ("case_records", "case_codes")


class UnreadableWorkbook(Exception):
    """This file cannot be read as a workbook; its finding says why and how to mend it, in every language."""

    def __init__(self, code: str, *, sheet: object = "", **facts: object) -> None:
        self.finding = error(code, (str(sheet), ""), **facts)
        super().__init__(self.finding.message)


def plain(name: str) -> str:
    """A header or sheet name as it is compared: lower case, blanks as underscores."""
    return "_".join(name.split()).lower()


@dataclass(frozen=True)
class Row:
    """One row that holds something: its number as in Excel, and its cells by header; blank cells are left out."""

    number: int
    values: dict[str, str]

    def get(self, column: str) -> str:
        """The cell's text, "" when it is blank or the column absent; headers are compared without case."""
        if column in self.values:
            return self.values[column]
        wanted = plain(column)
        return next((value for header, value in self.values.items() if plain(header) == wanted), "")


@dataclass(frozen=True)
class Sheet:
    """One sheet: the header row and the rows below it that are not blank."""

    name: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    columns: tuple[int, ...] = ()  # where each header stands, counted from nought; () means side by side from A
    top: int = 1  # the row that holds the header
    elsewhere: Mapping[tuple[int, str], tuple[str, str]] = field(default_factory=dict)

    def cell(self, row: Row | int, column: str) -> str:
        """The cell as people name it ("C12"); column A when the sheet has no such column."""
        return self.place(row, column)[1]

    def place(self, row: Row | int, column: str) -> Place:
        """The sheet and the cell with what it holds; for a value that a mapping file added, that file and its cell."""
        number = row if isinstance(row, int) else row.number
        at = self._index(column)
        header = column if at is None else self.header[at]
        value = row.get(column) if isinstance(row, Row) else header if number == self.top and at is not None else ""
        if (number, plain(column)) in self.elsewhere:
            return Place(*self.elsewhere[number, plain(column)], header, value)
        across = 0 if at is None else self.columns[at] if self.columns else at
        return Place(self.name, f"{column_letters(across)}{number}", header, value)

    def has(self, column: str) -> bool:
        """Whether the sheet has this column."""
        return self._index(column) is not None

    def _index(self, column: str) -> int | None:
        if column in self.header:
            return self.header.index(column)
        wanted = plain(column)
        return next((at for at, header in enumerate(self.header) if plain(header) == wanted), None)


@dataclass(frozen=True, eq=False)
class Workbook:
    """A workbook as read: its sheets by name in lower case, its bytes, and what reading it found."""

    name: str
    sheets: dict[str, Sheet]
    content: bytes = field(repr=False)
    kind: Kind
    findings: tuple[Finding, ...] = ()

    def sheet(self, name: str) -> Sheet | None:
        """The sheet of this name, whatever its case; None when there is none."""
        return self.sheets.get(plain(name))

    @property
    def stem(self) -> str:
        """The file's name without its ending: what a form is called when its settings do not say."""
        return PurePath(self.name.replace("\\", "/")).stem


def make_sheet(name: str, grid: Grid, *, left: int = 0) -> tuple[Sheet, list[Finding]]:
    """The sheet in these rows, the first of them its header, and an error for each header that stands twice."""
    rows = list(grid)
    if not rows:
        return Sheet(name, (), ()), []
    top, titles = rows[0]
    heads = [(at + left, " ".join(title.split())) for at, title in enumerate(titles) if title]
    found, seen = [], dict[str, int]()
    for at, head in heads:
        if head in seen and plain(name) in FORM_SHEETS + CASE_SHEETS:
            found.append(_twice(name, head, top, seen[head], at))
        seen.setdefault(head, at)
    read = [
        Row(number, {head: cells[at - left] for head, at in seen.items() if _filled(cells, at - left)})
        for number, cells in rows[1:]
    ]
    sheet = Sheet(name, tuple(seen), tuple(row for row in read if row.values), tuple(seen.values()), top)
    return sheet, found


def _filled(cells: list[str], at: int) -> bool:
    return at < len(cells) and cells[at] != ""


def _twice(sheet: str, head: str, top: int, first: int, second: int) -> Finding:
    return error(
        "duplicate-column",
        Place(sheet, f"{column_letters(second)}{top}", head, head),
        first=f"{column_letters(first)}{top}",
    )

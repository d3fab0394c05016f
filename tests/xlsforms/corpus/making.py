"""A defect is one change to a clean workbook, the codes that name it, and the cell where it stands."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

from tests.xlsforms.corpus.bases import BASES, SUPPLIED, Grid, Grids
from xlsforms.findings import column_letters

Book = dict[str, Grid]
Edit = Callable[[Book], None]


@dataclass(frozen=True)
class Defect:
    """A workbook with one mistake; any of the codes names it, at the sheet and the cell ("" where there is none)."""

    name: str
    base: str
    codes: frozenset[str]
    sheet: str
    cell: str
    book: Book

    @property
    def files(self) -> tuple[str, ...]:
        """The files that come with the base."""
        return SUPPLIED.get(self.base, ())


def changed(codes: str, base: str, sheet: str, row: str | int, column: str, text: str) -> Defect:
    """The cell of the row with this name (or number as in Excel) and column holds another text, and is found there."""
    book = deepcopy(dict(BASES[base]))
    number, at = find(book[sheet], row, column)
    book[sheet][number - 1][at] = text
    return _made(codes, base, book, sheet, f"{column_letters(at)}{number}", f"{row} {column}: {text}")


def edited(codes: str, base: str, where: str, edit: Edit, name: str) -> Defect:
    """The workbook as the edit left it; `where` is the sheet and cell ("survey!B7", "survey!") of the mistake."""
    book = deepcopy(dict(BASES[base]))
    edit(book)
    sheet, _, cell = where.partition("!")
    return _made(codes, base, book, sheet, cell, name)


def find(table: Grid, row: str | int, column: str) -> tuple[int, int]:
    """The number of the row, as in Excel, and the place of the column."""
    at = table[0].index(column)
    if isinstance(row, int):
        return row, at
    key = 0 if table[0][0] == "record" else 1
    numbers = [number for number, cells in enumerate(table, 1) if cells[key] == row]
    assert len(numbers) == 1, f"{row} stands {len(numbers)} times"
    return numbers[0], at


def markdown(book: Grids) -> str:
    """The workbook as tables in text."""
    lines = []
    for name, table in book.items():
        lines.append(f"| {name} |")
        lines += [f"| | {' | '.join(cells)} |" for cells in table]
    return "\n".join(lines)


def _made(codes: str, base: str, book: Book, sheet: str, cell: str, what: str) -> Defect:
    return Defect(f"{codes.split()[0]}: {base} {what}", base, frozenset(codes.split()), sheet, cell, book)

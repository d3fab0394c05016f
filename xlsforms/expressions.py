"""Every expression of a workbook with its cell, and the table of the functions that ODK knows."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from weakref import WeakKeyDictionary

from xlsforms.columns import EXPRESSIONS, Column, view
from xlsforms.findings import Place
from xlsforms.outline import Item, outline
from xlsforms.sheets import Workbook
from xlsforms.xpath import Expression, XPathError, parse

# What pyxform itself turns into true() and false().
SAID = frozenset({"yes", "no", "true", "false"})
STRAIGHT = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})
CALL = re.compile(r"[a-z][\w:-]*\(.*\)", re.DOTALL)
OF_ENTITIES = ("entity_id", "create_if", "update_if", "label")


@dataclass(frozen=True)
class Function:
    """How many arguments a function of ODK takes: from `least` to `most`, in steps; None for as many as one likes."""

    name: str
    least: int
    most: int | None
    step: int

    def takes(self, arguments: int) -> bool:
        """Whether it can be called with so many."""
        within = self.least <= arguments and (self.most is None or arguments <= self.most)
        return within and (arguments - self.least) % self.step == 0

    @property
    def wanted(self) -> str:
        """The numbers of arguments that it takes, as people write them."""
        if self.most is None:
            return f"{self.least}+"
        return " / ".join(str(number) for number in range(self.least, self.most + 1, self.step))


@cache
def functions() -> dict[str, Function]:
    """The functions of ODK's XForms specification and of JavaRosa, by name."""
    with Path(__file__).with_name("functions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    made = (
        Function(row["name"], int(row["least"]), int(row["most"]) if row["most"] else None, int(row["step"]))
        for row in rows
    )
    return {function.name: function for function in made}


@dataclass(frozen=True)
class Cell:
    """A cell that holds an expression."""

    place: Place
    column: str  # its meaning: relevant, constraint ...
    text: str  # as pyxform reads it, with straight quotes
    item: Item | None  # the row of the survey that it belongs to

    def read(self) -> Expression | None:
        """What it calls and refers to; None when it cannot be read, which its own rule tells."""
        return self._expression

    @cached_property
    def _expression(self) -> Expression | None:
        try:
            return parse(self.text)
        except XPathError:
            return None


_KNOWN: WeakKeyDictionary[Workbook, tuple[Cell, ...]] = WeakKeyDictionary()


def cells(workbook: Workbook, *names: str) -> Iterator[Cell]:
    """The cells with expressions, of the survey row by row, then of settings and entities; only these when given."""
    known = _KNOWN.get(workbook)
    if known is None:
        known = _KNOWN[workbook] = (*_of_survey(workbook), *_elsewhere(workbook))
    return (cell for cell in known if not names or (cell.item is not None and cell.column in names))


def _of_survey(workbook: Workbook) -> Iterator[Cell]:
    found = outline(workbook)
    wanted = [column for column in found.survey.columns if column.name in EXPRESSIONS]
    for item in found.items:
        for column in wanted:
            text = item.row.values.get(column.header, "")
            if text and _is_expression(column, text):
                place = found.survey.sheet.place(item.row, column.header)
                yield Cell(place, column.name, text.translate(STRAIGHT), item)


def _elsewhere(workbook: Workbook) -> Iterator[Cell]:
    for sheet, columns in (("settings", ("instance_name",)), ("entities", OF_ENTITIES)):
        found = view(workbook, sheet)
        for row, column, text in found.cells(*columns):
            yield Cell(found.sheet.place(row, column.header), column.name, text.translate(STRAIGHT), None)


def _is_expression(column: Column, text: str) -> bool:
    if column.name in ("required", "readonly", "relevant", "constraint", "calculation") and text.lower() in SAID:
        return False
    if column.name == "default":
        return "${" in text or bool(CALL.fullmatch(text))
    return True

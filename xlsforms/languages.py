"""The languages of a workbook, and how far each text is translated into them."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from xlsforms.columns import MEDIA, TEXTS, Column, View, setting, view
from xlsforms.sheets import Workbook

Columns = dict[str, dict[str, Column]]  # by meaning, then by language


class Cover(NamedTuple):
    """How many of the texts of one kind stand in one language, and how many are wanted."""

    sheet: str
    column: str  # label, hint ...
    language: str  # "" when the form names none
    filled: int
    wanted: int


def languages(workbook: Workbook) -> list[str]:
    """The languages that somebody has begun; one that has headers and no texts is not asked for."""
    default = setting(workbook, "default_language")[0]
    return sorted({language for name in ("survey", "choices") for language in begun(view(workbook, name), default)})


def begun(found: View, default: str) -> Iterable[str]:
    """The languages that have texts on this sheet."""
    return {column.language or default for _row, column, _value in found.cells("label", "hint")}


def translated(found: View, default: str) -> Columns:
    """The columns of a sheet that hold texts or media."""
    grouped: Columns = defaultdict(dict)
    for column in found.columns:
        if column.name in TEXTS + MEDIA:
            grouped[column.name].setdefault(column.language or default, column)
    return grouped


def matrix(workbook: Workbook) -> list[Cover]:
    """For each kind of text and each language: how many texts there are, and how many any language has."""
    default, spoken = setting(workbook, "default_language")[0], languages(workbook)
    covers = []
    for name in ("survey", "choices"):
        found = view(workbook, name)
        for kind, columns in translated(found, default).items():
            headers = [column.header for column in columns.values()]
            rows = [row for row in found.sheet.rows if any(header in row.values for header in headers)]
            for language in spoken if rows else ():
                header = columns[language].header if language in columns else ""
                covers.append(Cover(name, kind, language, sum(header in row.values for row in rows), len(rows)))
    return covers

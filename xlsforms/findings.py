"""What is wrong with a workbook or an XForm, and where."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Finding:
    """One thing to mend: the message says what is wrong and how to mend it, in words safe to show."""

    severity: Severity
    code: str
    sheet: str
    cell: str
    message: str


def error(code: str, place: tuple[str, str], message: str) -> Finding:
    """A finding that refuses the form; the place is a sheet and a cell, each may be empty."""
    return Finding(Severity.ERROR, code, *place, message)


def warning(code: str, place: tuple[str, str], message: str) -> Finding:
    """A finding that the author should look at; the form still compiles."""
    return Finding(Severity.WARNING, code, *place, message)


def info(code: str, place: tuple[str, str], message: str) -> Finding:
    """Something to know; nothing to mend."""
    return Finding(Severity.INFO, code, *place, message)


NOWHERE = ("", "")
READING_ORDER = ("survey", "choices", "settings", "entities")


def refusing(findings: Iterable[Finding]) -> bool:
    """Whether one of the findings refuses the form."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def tidy(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings without doubles, errors first, then by sheet and row; of two of one kind at a cell one stays."""
    kept: dict[tuple[str, str, str, str], Finding] = {}
    for finding in findings:
        words = finding.message if finding.cell == "" else ""
        kept.setdefault((finding.code, finding.sheet, finding.cell, words), finding)
    return tuple(sorted(kept.values(), key=_order))


def _order(finding: Finding) -> tuple[int, int, str, int, int]:
    match = re.fullmatch(r"([A-Z]+)(\d+)", finding.cell)
    row, column = (int(match[2]), column_number(match[1])) if match else (0, 0)
    name = finding.sheet.lower()
    sheet = READING_ORDER.index(name) if name in READING_ORDER else len(READING_ORDER)
    return list(Severity).index(finding.severity), sheet, name, row, column


def column_letters(index: int) -> str:
    """The letters of a column, counted from nought: 0 is A, 25 is Z, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def column_number(letters: str) -> int:
    """The place of a column, counted from nought: A is 0, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1

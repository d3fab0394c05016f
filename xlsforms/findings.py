"""What is wrong with a workbook or an XForm, and where."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Self

from xlsforms.wording import say

LONGEST_VALUE = 200  # characters of a cell that a finding quotes


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Place(NamedTuple):
    """Where a finding belongs; each part may be empty: a sheet, a cell, its column's header and what stands there."""

    sheet: str
    cell: str = ""
    column: str = ""
    value: str = ""


@dataclass(frozen=True)
class Finding:
    """One thing to mend; its words stand in findings.csv under its code, and quote its facts."""

    severity: Severity
    code: str
    sheet: str = ""
    cell: str = ""
    column: str = ""
    value: str = ""
    facts: Mapping[str, str] = field(default_factory=dict, hash=False)

    def wrong(self, language: str = "en") -> str:
        """What is wrong, in words safe to show."""
        return say(self.code, "wrong", language, self._known())

    def mend(self, language: str = "en") -> str:
        """How to mend it; "" when there is nothing to mend."""
        return say(self.code, "mend", language, self._known())

    def said(self, language: str = "en") -> str:
        """What is wrong and how to mend it."""
        return f"{self.wrong(language)} {self.mend(language)}".strip()

    @property
    def message(self) -> str:
        """What is wrong and how to mend it, in English."""
        return self.said()

    def told(self, language: str = "en") -> dict[str, str]:
        """Everything about it for a page or a script: where it is, and its words in this language."""
        where = {"sheet": self.sheet, "cell": self.cell, "column": self.column, "value": self.value}
        words = {"wrong": self.wrong(language), "mend": self.mend(language), "message": self.said(language)}
        return {"severity": self.severity.value, "code": self.code, **where, **words}

    def to_json(self) -> dict[str, Any]:
        """Plain JSON that `from_json` turns into an equal finding."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """The finding that `to_json` told; of one kept before findings had facts, its words as they were."""
        kept = {name: told[name] for name in ("code", "sheet", "cell", "column", "value") if told.get(name)}
        facts = told.get("facts") or ({"said": told["message"]} if told.get("message") else {})
        return cls(Severity(told["severity"]), **kept, facts=facts)

    def _known(self) -> dict[str, str]:
        return {"sheet": self.sheet, "cell": self.cell, "column": self.column, "value": self.value, **self.facts}


def finding(severity: Severity, code: str, place: tuple[str, ...], **facts: object) -> Finding:
    """A finding of this severity; facts that are None are left out."""
    where = Place(*place)
    value = where.value if len(where.value) <= LONGEST_VALUE else where.value[: LONGEST_VALUE - 1] + "…"
    known = {name: _short(str(fact)) for name, fact in facts.items() if fact is not None}
    return Finding(severity, code, where.sheet, where.cell, where.column, value, known)


def error(code: str, place: tuple[str, ...], **facts: object) -> Finding:
    """A finding that refuses the form."""
    return finding(Severity.ERROR, code, place, **facts)


def warning(code: str, place: tuple[str, ...], **facts: object) -> Finding:
    """A finding that the author should look at; the form still compiles."""
    return finding(Severity.WARNING, code, place, **facts)


def info(code: str, place: tuple[str, ...], **facts: object) -> Finding:
    """Something to know; nothing to mend."""
    return finding(Severity.INFO, code, place, **facts)


def _short(fact: str) -> str:
    return fact if len(fact) <= 2 * LONGEST_VALUE else fact[: 2 * LONGEST_VALUE - 1] + "…"


NOWHERE = Place("")
CELL = re.compile(r"([A-Z]+)(\d+)")
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


def row_number(finding: Finding) -> int:
    """The row of its cell; 0 when it has none."""
    match = CELL.fullmatch(finding.cell)
    return int(match[2]) if match else 0


def _order(finding: Finding) -> tuple[int, int, str, int, int]:
    match = CELL.fullmatch(finding.cell)
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

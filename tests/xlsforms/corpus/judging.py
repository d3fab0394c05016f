"""What a checker says of the corpus: found at all, found at the cell, and what it says of clean forms."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from cases.mapping.unfinished import check_unfinished
from cases.publishing import check_form
from tests.xlsforms.corpus.making import Defect
from xlsforms.findings import Finding, Severity
from xlsforms.limits import DEFAULT
from xlsforms.published import Known
from xlsforms.rules import apply
from xlsforms.workbook import read_workbook

NOW = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Verdict:
    """Whether the defect was found, and whether at its cell."""

    defect: Defect
    found: bool
    located: bool
    said: tuple[str, ...]


def findings(content: bytes, name: str, media: Iterable[str] | None = None) -> tuple[Finding, ...]:
    """What Fieldcase says of this workbook, when these files come with it."""
    known = Known(media=None if media is None else frozenset(media))
    return check_form(content, name, now=NOW, known=known).findings


def of_rules(content: bytes, name: str, media: Iterable[str] = ()) -> list[Finding]:
    """What Fieldcase's own rules say of this workbook; nothing is compiled for it."""
    workbook = read_workbook(content, name)
    found = [*workbook.findings, *apply(workbook, DEFAULT, Known(media=frozenset(media)))]
    return [*found, *check_unfinished(workbook, found)]


def alarms(found: Iterable[Finding]) -> list[Finding]:
    """The findings that ask for something to be mended."""
    return [one for one in found if one.severity is not Severity.INFO]


def judge(defect: Defect, found: Iterable[Finding]) -> Verdict:
    """Whether one of the findings names the defect, and where."""
    named = [one for one in found if one.code in defect.codes]
    here = any((one.sheet, one.cell) == (defect.sheet, defect.cell) for one in named) or not defect.sheet
    said = tuple(f"{one.code} {one.sheet}!{one.cell}" for one in found)
    return Verdict(defect, bool(named), bool(named) and here, said)

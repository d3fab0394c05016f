"""The mapping of a workbook that does not compile is checked all the same, so that its author sees all at once."""

import re
from collections.abc import Iterable, Iterator

from cases.mapping import Before, read_mapping
from xlsforms.findings import Finding, Severity
from xlsforms.sheets import Workbook
from xlsforms.sketch import sketch

# After these nothing can be said of the rows.
UNREADABLE = frozenset({"survey-missing", "missing-column", "no-questions", "groups-too-deep"})
# While groups are unbalanced nobody knows what stands in which repeat.
UNBALANCED = frozenset({"group-not-begun", "group-not-ended", "group-ended-as-other"})
OF_REPEATS = frozenset(
    {"field-in-repeat", "field-outside-repeat", "match-in-repeat", "when-in-repeat", "field-on-group"}
)

# An error in these, or in the row as a whole, may be why its mapping looks wrong.
NAMING = frozenset({"type", "name", "list_name", ""})


def check_unfinished(
    workbook: Workbook, wrong: Iterable[Finding], *, before: Before | None = None
) -> Iterator[Finding]:
    """What is wrong with the mapping, but for rows that have an error of their own, which may be its cause."""
    errors = [finding for finding in wrong if finding.severity is Severity.ERROR]
    codes = {finding.code for finding in errors}
    if codes & UNREADABLE:
        return
    rows = {_row(finding) for finding in errors if finding.column in NAMING}
    _mapping, found = read_mapping(workbook, sketch(workbook), before=before)
    for finding in found:
        doubtful = bool(codes & UNBALANCED) and finding.code in OF_REPEATS
        if finding.severity is not Severity.INFO and _row(finding) not in rows and not doubtful:
            yield finding


def _row(finding: Finding) -> tuple[str, str]:
    """The sheet and the row of a finding; the code where it has none, so that it stands by itself."""
    number = re.search(r"\d+$", finding.cell)
    return finding.sheet.lower(), number[0] if number else finding.code

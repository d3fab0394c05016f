"""Columns and sheets of ours whose names are misspelt: they would be passed over, and their answers lost."""

import difflib
from collections.abc import Iterator

from xlsforms.findings import Finding, error
from xlsforms.sheets import Sheet, Workbook, plain

COLUMNS = {
    "survey": ("case_field", "case_mode"),
    "settings": ("case_form",),
    "case_records": ("record", "action", "match", "when", "repeat", "link"),
    "case_codes": ("list_name", "choice", "code"),
}
OURS_ALONE = ("case_records", "case_codes")  # Every column of these sheets is meant for us.
# Columns of XLSForm that are near to ours, and none of them.
OTHERS = frozenset({"name", "label", "note", "notes", "comment", "comments", "type"})


def misspelt(workbook: Workbook) -> Iterator[Finding]:
    """Each misspelt column at its header, and each misspelt sheet."""
    for name, columns in COLUMNS.items():
        if sheet := workbook.sheet(name):
            yield from _columns(sheet, columns, cutoff=0.6 if name in OURS_ALONE else 0.75)
    for name, sheet in workbook.sheets.items():
        close = difflib.get_close_matches(name, OURS_ALONE, n=1, cutoff=0.8)
        if close and name not in OURS_ALONE and close[0] not in workbook.sheets:
            yield error("misspelt-sheet", (sheet.name, ""), near=close[0])


def _columns(sheet: Sheet, columns: tuple[str, ...], *, cutoff: float) -> Iterator[Finding]:
    for head in sheet.header:
        missing = [column for column in columns if not sheet.has(column)]
        close = difflib.get_close_matches(plain(head), missing, n=1, cutoff=cutoff)
        if close and plain(head) not in columns and plain(head) not in OTHERS:
            yield error("misspelt-column", sheet.place(sheet.top, head), near=close[0])

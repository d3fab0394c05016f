"""Rules about the files that a workbook names."""

import re
from collections.abc import Iterator

from xlsforms.columns import EXPRESSIONS, MEDIA, View, view
from xlsforms.findings import Finding, Place, error
from xlsforms.limits import Limits
from xlsforms.references import CSV_CALLS, safe_name
from xlsforms.sheets import Workbook

FROM_FILE = re.compile(r"(?:select|rank)\w*[\s_](?:one|multiple)[\s_]from[\s_]file\s+(\S.*?)(?:\s+or_other)?")


def unsafe_names(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """File names with a folder, a scheme or nothing but dots: a tablet would look outside the form's own media."""
    for name in ("survey", "choices"):
        for place, file in _named(view(workbook, name)):
            if file != "-" and not safe_name(file.removeprefix("jr://images/")):
                yield unsafe_file(file, place)


def unsafe_file(file: str, place: Place) -> Finding:
    """The refusal of one such name."""
    return error("unsafe-file-name", place, file=file[:120])


def _named(found: View) -> Iterator[tuple[Place, str]]:
    for row, column, value in found.cells(*MEDIA, "type", "appearance", *EXPRESSIONS):
        place = found.sheet.place(row, column.header)
        if column.name in MEDIA:
            yield place, value
        elif column.name == "type":
            if match := FROM_FILE.fullmatch(value):
                yield place, match[1]
        else:
            yield from ((place, called[2] + ".csv") for called in CSV_CALLS.finditer(value))

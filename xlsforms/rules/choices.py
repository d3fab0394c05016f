"""Rules about the choices sheet."""

import re
from collections.abc import Iterator

from xlsforms.columns import CASE_COLUMNS, EXPRESSIONS, MEDIA, Column, view
from xlsforms.findings import Finding, warning
from xlsforms.limits import Limits
from xlsforms.sheets import Workbook

KNOWN = {"list_name", "name", "label", *MEDIA, *CASE_COLUMNS}
OF_MAPS = {"geometry", "marker-color", "marker-symbol", "stroke", "stroke-width", "fill"}


def extra_columns(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """Columns that nothing uses and that pyxform would copy into the form all the same."""
    choices = view(workbook, "choices")
    used = _looked_up(workbook)
    filled = {column for _row, column, _value in choices.cells(*(column.name for column in choices.columns))}
    for column in choices.columns:
        if column in filled and column.name not in KNOWN | OF_MAPS and column.header not in used and _travels(column):
            yield warning("choices-extra-column", choices.head(column))


def _travels(column: Column) -> bool:
    return " " not in column.header  # pyxform leaves out columns whose names cannot be elements.


def _looked_up(workbook: Workbook) -> set[str]:
    """Every word by which the survey filters a list or looks into one; names of questions are not among them."""
    survey = view(workbook, "survey")
    cells = [value for _row, _column, value in survey.cells("choice_filter", "parameters")]
    cells += [value for _row, _column, value in survey.cells(*EXPRESSIONS, "label", "hint") if "instance(" in value]
    return {word for cell in cells for word in re.findall(r"[\w.-]+", re.sub(r"\$\{[^}]*\}", "", cell))}

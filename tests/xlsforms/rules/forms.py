"""Small forms for the tests of rules, and what the rules find in them."""

from collections.abc import Iterable
from typing import Any

from xlsforms.findings import Finding, row_number
from xlsforms.limits import DEFAULT
from xlsforms.published import NOTHING, Known
from xlsforms.rules import apply
from xlsforms.sheets import Sheet, Workbook, make_sheet

Row = dict[str, str]
YES_NO = [{"list_name": "yn", "name": "yes", "label": "Yes"}, {"list_name": "yn", "name": "no", "label": "No"}]
SETTINGS = [{"form_id": "small", "form_title": "Small", "version": "1"}]


def row(type_: str, name: str = "", label: str = "", **others: str) -> Row:
    """A row of the survey; a question without a label gets one."""
    silent = type_.startswith(("calculate", "end", "hidden", "audit"))
    return {"type": type_, "name": name, "label": label or ("" if silent else f"About {name}"), **others}


def sheet(name: str, rows: Iterable[Row]) -> Sheet:
    """A sheet whose first row holds every column that a row uses."""
    told = list(rows)
    header = list(dict.fromkeys(column for each in told for column in each))
    cells = [[each.get(column, "") for column in header] for each in told]
    return make_sheet(name, enumerate([header, *cells], 1))[0]


def form(*rows: Row, choices: list[Row] = YES_NO, settings: list[Row] = SETTINGS, **sheets: list[Row]) -> Workbook:
    """A workbook of these rows; its list yn says yes and no."""
    told = {"survey": list(rows), "choices": choices, "settings": settings, **sheets}
    return Workbook("small.xlsx", {name: sheet(name, each) for name, each in told.items() if each}, b"", "xlsx")


def findings(workbook: Workbook, known: Known = NOTHING) -> list[Finding]:
    """Everything that the rules find, but for lists that nobody uses."""
    return [one for one in apply(workbook, DEFAULT, known) if one.code != "list-unused"]


def told(workbook: Workbook, known: Known = NOTHING) -> list[tuple[str, str, int]]:
    """What the rules find: the code, the header of the column and the row."""
    return sorted((one.code, one.column, row_number(one)) for one in findings(workbook, known))


def only(workbook: Workbook, known: Known = NOTHING) -> Finding:
    """The one finding that there is."""
    (found,) = findings(workbook, known)
    return found


def asked(**cells: Any) -> Workbook:
    """A form in which the question b, in row 4, has these cells; a and n stand before it."""
    return form(row("select_one yn", "a"), row("integer", "n"), row("text", "b", **cells))

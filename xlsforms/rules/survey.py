"""Rules about the survey sheet."""

from collections.abc import Iterator

from xlsforms.columns import view
from xlsforms.findings import Finding, Place, error, warning
from xlsforms.layout import lines
from xlsforms.limits import Limits
from xlsforms.sheets import Workbook

OTHERS_STOP_AFTER = 60  # blank rows in a row; pyxform's own reader takes them as the end of the sheet


def no_questions(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A survey sheet with nothing below its header."""
    survey = workbook.sheet("survey")
    if survey and survey.header and not survey.rows:
        yield error("no-questions", Place(survey.name))


def groups_too_deep(workbook: Workbook, limits: Limits) -> Iterator[Finding]:
    """Groups inside groups beyond what a tablet can draw; the first of them is told."""
    survey = view(workbook, "survey")
    deep = next((line for line in lines(workbook) if line.begins and line.depth > limits.depth), None)
    if deep:
        yield error("groups-too-deep", survey.place(deep.row, "type"), most=limits.depth)


def too_many_repeats(workbook: Workbook, limits: Limits) -> Iterator[Finding]:
    """A fixed repeat_count that would hang the tablet."""
    survey = view(workbook, "survey")
    for row, column, value in survey.cells("repeat_count"):
        if is_more_than(value, limits.repeats):
            yield repeat_count(value, limits.repeats, survey.sheet.place(row, column.header))


def is_more_than(text: str, most: int) -> bool:
    """Whether the text is a plain number above this one."""
    try:
        return float(text) > most
    except ValueError:
        return False


def repeat_count(value: str, most: int, place: Place) -> Finding:
    """The refusal of one such count."""
    return error("repeat-count", place, count=value, most=f"{most:,}")


def constraints_without_message(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A constraint that refuses an answer without saying why."""
    survey = view(workbook, "survey")
    for row, column, _value in survey.cells("constraint"):
        if not survey.get(row, "constraint_message"):
            yield warning("constraint-without-message", survey.sheet.place(row, column.header))


def rows_that_others_miss(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """Rows that Fieldcase reads and other ODK tools do not: below a long gap or a header that is not in row 1."""
    for name in ("survey", "choices"):
        sheet = workbook.sheet(name)
        if sheet is None or workbook.kind in ("csv", "md"):
            continue
        if sheet.top > 1:
            yield warning("header-not-first", Place(sheet.name, f"A{sheet.top}"), row=sheet.top)
        before = sheet.top
        for row in sheet.rows:
            if row.number - before > OTHERS_STOP_AFTER:
                yield warning("rows-after-gap", Place(sheet.name, f"A{row.number}"))
            before = row.number

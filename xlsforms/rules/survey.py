"""Rules about the survey sheet."""

from collections.abc import Iterator

from xlsforms.columns import view
from xlsforms.findings import Finding, error, warning
from xlsforms.layout import lines
from xlsforms.limits import Limits
from xlsforms.sheets import Workbook

OTHERS_STOP_AFTER = 60  # blank rows in a row; pyxform's own reader takes them as the end of the sheet


def no_questions(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A survey sheet with nothing below its header."""
    survey = workbook.sheet("survey")
    if survey and survey.header and not survey.rows:
        yield error("no-questions", (survey.name, ""), "The sheet has no question below its header. Write one a row.")


def groups_too_deep(workbook: Workbook, limits: Limits) -> Iterator[Finding]:
    """Groups inside groups beyond what a tablet can draw; the first of them is told."""
    survey = view(workbook, "survey")
    deep = next((line for line in lines(workbook) if line.begins and line.depth > limits.depth), None)
    if deep:
        words = f"More than {limits.depth} groups stand inside each other here. Close groups before you begin others."
        yield error("groups-too-deep", survey.place(deep.row, "type"), words)


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


def repeat_count(value: str, most: int, place: tuple[str, str]) -> Finding:
    """The refusal of one such count."""
    return error("repeat-count", place, f"The repeat asks for {value} rows; a tablet copes with {most:,}. Write fewer.")


def constraints_without_message(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A constraint that refuses an answer without saying why."""
    survey = view(workbook, "survey")
    for row, column, _value in survey.cells("constraint"):
        if not survey.get(row, "constraint_message"):
            words = "This constraint has no constraint_message: the officer would not learn what answer is expected."
            yield warning("constraint-without-message", survey.sheet.place(row, column.header), words)


def rows_that_others_miss(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """Rows that Fieldcase reads and other ODK tools do not: below a long gap or a header that is not in row 1."""
    for name in ("survey", "choices"):
        sheet = workbook.sheet(name)
        if sheet is None or workbook.kind in ("csv", "md"):
            continue
        if sheet.top > 1:
            words = (
                f"The header stands in row {sheet.top}; other ODK tools look for it in row 1. Delete the rows above it."
            )
            yield warning("header-not-first", (sheet.name, f"A{sheet.top}"), words)
        before = sheet.top
        for row in sheet.rows:
            if row.number - before > OTHERS_STOP_AFTER:
                words = "Other ODK tools stop reading at the blank rows above this one. Delete those rows."
                yield warning("rows-after-gap", (sheet.name, f"A{row.number}"), words)
            before = row.number

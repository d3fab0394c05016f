"""What ODK Validate says, as findings at the cells that are meant."""

import re
from collections.abc import Iterator

from xlsforms.columns import EXPRESSIONS, view
from xlsforms.findings import NOWHERE, Finding, Place, error
from xlsforms.layout import row_of
from xlsforms.sheets import Row, Workbook

PATH = r"(?P<path>/[\w.:/-]+)"
UNREADABLE = (
    (rf"Encountered a problem with display condition for node \[{PATH}\] at line: (?P<what>.*)", "relevant"),
    (rf"bind for {PATH} contains invalid constraint expression \[(?P<what>.*)", "constraint"),
    (rf'Invalid calculate for the bind attached to "{PATH}" : (?P<what>.*)', "calculation"),
)
FUNCTION = re.compile(r"cannot handle function '(?P<name>[^']+)'(?P<more>.*)")
LOCATED = re.compile(rf"(?P<kind>Calculate|Condition) expression for {PATH}")
NODESET = re.compile(r"Unsupported nodeset expression: .*?\[(?P<what>.*?)\]*$")
ANY_PATH = re.compile(PATH)
WITHOUT_REFERENCES = re.compile(r"\$\{[^}]*\}|/[\w.:/-]+|current\(\)|\.\.|\s")


def from_validate(complaint: str, workbook: Workbook | None) -> Iterator[Finding]:
    """The complaint as a finding; with no workbook it has no cell."""
    for pattern, column in UNREADABLE:
        if match := re.search(pattern, complaint, re.DOTALL):
            name, words = match["path"].rsplit("/", 1)[-1], " ".join(match["what"].rstrip("]").split())
            place = _place(workbook, match["path"], column)
            yield error("xpath-unreadable", place, where=f"{column} '{name}'", what=words.rstrip("."))
            return
    if match := FUNCTION.search(complaint):
        words = match["more"].strip(" .")
        place = _of_function(workbook, complaint, match["name"])
        yield error("unknown-function", place, name=match["name"], what=words or None)
    elif "Cycle detected" in complaint:
        yield from _cycle(workbook, complaint)
    elif match := NODESET.search(complaint):
        yield error("xpath-unreadable", _of_filter(workbook, match["what"]), where="choice_filter", what=match["what"])
    elif complaint:
        path = ANY_PATH.search(complaint)
        place = _place(workbook, path["path"], "name") if path else NOWHERE
        yield error("odk-validate", place, complaint=complaint)


def _cycle(workbook: Workbook | None, complaint: str) -> Iterator[Finding]:
    paths = [line for line in complaint.splitlines() if ANY_PATH.fullmatch(line)]
    names = ", ".join(path.rsplit("/", 1)[-1] for path in paths)
    path = paths[0] if paths else ""
    yield error("cycle", _place(workbook, path, "calculation", "relevant") if path else NOWHERE, names=names)


def _place(workbook: Workbook | None, path: str, *columns: str) -> Place:
    """The cell that made this node, in the first of these columns that holds something there."""
    row = row_of(workbook, path) if workbook else None
    if workbook is None or row is None:
        return NOWHERE
    survey = view(workbook, "survey")
    if path.endswith("_count") and survey.get(row, "repeat_count"):
        return survey.place(row, "repeat_count")
    return survey.place(row, next((column for column in columns if survey.get(row, column)), columns[0]))


def _of_function(workbook: Workbook | None, complaint: str, name: str) -> Place:
    if workbook is None:
        return NOWHERE
    located = LOCATED.search(complaint)
    row = row_of(workbook, located["path"]) if located else None
    call = re.compile(rf"(?<![\w-]){re.escape(name)}\s*\(")
    return _calling(workbook, call, row) or _calling(workbook, call, None) or NOWHERE


def _calling(workbook: Workbook, call: re.Pattern[str], only: Row | None) -> Place | None:
    survey = view(workbook, "survey")
    for row, column, value in survey.cells(*EXPRESSIONS, "label", "hint"):
        if call.search(value) and only in (None, row):
            return survey.sheet.place(row, column.header)
    return None


def _of_filter(workbook: Workbook | None, what: str) -> Place:
    if workbook is None:
        return NOWHERE
    survey = view(workbook, "survey")
    for row, column, value in survey.cells("choice_filter"):
        if WITHOUT_REFERENCES.sub("", value) == WITHOUT_REFERENCES.sub("", what):
            return survey.sheet.place(row, column.header)
    return NOWHERE

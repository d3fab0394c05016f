"""What pyxform says, as findings: with our codes, at the cell that is meant, without its inner workings."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from xlsforms.columns import View, view
from xlsforms.findings import NOWHERE, Finding, Place, Severity, finding
from xlsforms.question_types import SUGGESTED
from xlsforms.sheets import Row, Workbook, plain
from xlsforms.wording import closest

Told = dict[str, Any]

ROW = re.compile(r"\[row : (\d+)\]\s*")
AFTERWORD = re.compile(r"\s*Learn more: \S+\.?\s*$")
SHEET = re.compile(r"On the '(\w+)' sheet")
# pyxform's code -> ours, and the sheet and column meant where pyxform does not say.
CODES = {
    "NAMES_001": ("duplicate-name", "survey", "name"),
    "NAMES_002": ("name-differs-by-case", "survey", "name"),
    "NAMES_003": ("repeat-named-like-form", "survey", "name"),
    "NAMES_004": ("duplicate-repeat-name", "survey", "name"),
    "NAMES_005": ("reserved-name", "survey", "name"),
    "NAMES_006": ("choice-without-name", "choices", "name"),
    "NAMES_007": ("duplicate-choice", "choices", "name"),
    "NAMES_008": ("ill-formed-name", "survey", "name"),
    "NAMES_013": ("sheet-misspelt", "", ""),
    "LABEL_001": ("choice-without-label", "choices", "label"),
    "PYREF_001": ("malformed-reference", "survey", ""),
    "PYREF_002": ("malformed-reference", "survey", ""),
    "PYREF_003": ("unknown-reference", "survey", ""),
    "PYREF_004": ("ambiguous-reference", "survey", ""),
    "SURVEY_001": ("group-not-begun", "survey", "type"),
    "SURVEY_002": ("group-not-ended", "survey", "type"),
    "HEADER_003": ("missing-column", "", ""),
    "HEADER_004": ("choices-column-name", "choices", ""),
}
FAMILIES = {"RANGE": ("parameters", "survey", "parameters"), "SURVEY": ("parameters", "survey", "parameters")}
# Messages without a code: how they begin, our code, and the column they mean.
TEXTS = (
    (r"Unknown question type '(?P<quoted>.*)'", "unknown-type", "survey", "type"),
    (r".*Question with no type", "type-missing", "survey", "type"),
    (r".*Question or group with no name", "name-missing", "survey", "name"),
    (
        r".*List name not in (?:choices|external choices|columns) sheet: ?(?P<quoted>\S+)",
        "unknown-list",
        "survey",
        "type",
    ),
    (r"There should be an? \w+ sheet", "choices-missing", "survey", "type"),
    (r".*Missing calculation", "calculation-missing", "survey", "calculation"),
    (r"The survey element named '(?P<name>.*?)' has no label", "label-missing", "survey", "label"),
    (r".*has no label: ", "repeat-without-label", "survey", "label"),
    (r"Choice names with spaces.*?\[(?P<choice>.*?)\] in \[(?P<list>.*?)\]", "choice-with-space", "choices", "name"),
    (r".*Use the max-pixels parameter", "image-without-max-pixels", "survey", "parameters"),
    (r".*Row without name, text, or label", "row-skipped", "survey", "type"),
    (r".*File name for '", "file-ending", "survey", "type"),
    (r".*[Pp]arameter", "parameters", "survey", "parameters"),
    (r".*or_other", "or-other", "survey", "type"),
    (
        r"The following language declarations do not contain.*?codes: (?P<languages>.*?)\. ",
        "language-code",
        "survey",
        "",
    ),
    (r"When looking for a sheet named '(?P<sheet_name>\w+)'", "sheet-misspelt", "", ""),
    (r"The form_id and id_string column headers", "two-form-ids", "settings", "id_string"),
    (r"You must have a sheet named 'survey'", "survey-missing", "", ""),
    (r"(Language '.*' is missing the|Expected a sequence of columns)", "translation-columns", "", ""),
)
# What pyxform tells of a message that is no fact to quote.
NO_FACTS = frozenset({"code", "text", "sheet", "row", "column", "value"})
# Ours says the same at the cell.
SAID_ELSEWHERE = frozenset({"translation-columns"})


def from_pyxform(told: Iterable[Told], workbook: Workbook, severity: Severity) -> Iterator[Finding]:
    """A finding for each message of pyxform that our own rules have not already said better."""
    for one in told:
        code, sheet, column, facts = _known(one)
        if code not in SAID_ELSEWHERE:
            known = {**one, **facts}
            place = _spot(known, workbook, sheet, column)
            yield finding(severity, code, place, **_facts(code, known, workbook))


def _known(told: Told) -> tuple[str, str, str, Told]:
    code = str(told["code"])
    if code in CODES:
        return *CODES[code], {}
    if code:
        family = code.split("_")[0]
        name, sheet, column = FAMILIES.get(family, (family.lower(), "", ""))
        return name, sheet, column, {}
    for pattern, name, sheet, column in TEXTS:
        if match := re.match(pattern, told["text"], re.DOTALL):
            return name, sheet, column, match.groupdict()
    return "pyxform", "survey", "", {}


def _spot(told: Told, workbook: Workbook, sheet: str, column: str) -> Place:
    """The cell that a message means: by the row it names, else by what it quotes."""
    named = SHEET.search(told["text"])
    key = str(told.get("sheet") or told.get("sheet_name") or (named[1] if named else sheet))
    if not key:
        return NOWHERE
    found = view(workbook, key)
    counted = ROW.match(told["text"])
    column = str(told.get("column") or column).split(" (")[0]
    row = told.get("row") or (counted[1] if counted else None)
    if row is not None:
        return _at(found, _row_number(found, int(row)), column)
    if told.get("languages"):
        return _heading(found, str(told["languages"]).split(", ")[0])
    matched = next((row for row in found.sheet.rows if _quoted(told, found, row, column)), None)
    return _at(found, matched.number, column) if matched else Place(found.sheet.name)


def _row_number(found: View, counted: int) -> int:
    """The row as the file numbers it; pyxform counts from the header, and knows one row of settings."""
    if found.sheet.name.lower() == "settings" and found.sheet.rows:
        return found.sheet.rows[0].number
    return counted + found.sheet.top - 1


def _at(found: View, number: int, column: str) -> Place:
    row = next((row for row in found.sheet.rows if row.number == number), number)
    return found.sheet.place(row, column) if found.sheet.has(column) else found.place(row, plain(column))


def _heading(found: View, language: str) -> Place:
    column = next((column for column in found.columns if column.language == language), None)
    return found.head(column) if column else NOWHERE


def _quoted(told: Told, found: View, row: Row, column: str) -> bool:
    """Whether this row is the one whose value, name or choice a message without a row quotes."""
    if "There should be a choices sheet" in told["text"]:
        return found.get(row, "type").startswith("select")
    if told.get("choice"):
        return [found.get(row, "name"), found.get(row, "list_name")] == [told["choice"], told["list"]]
    if told.get("name"):
        return found.get(row, "name") == str(told["name"])
    text, quoted = found.get(row, column), str(told.get("quoted", ""))
    return bool(quoted) and quoted in (text, *text.split())


def _facts(code: str, told: Told, workbook: Workbook) -> dict[str, object]:
    """What our words about this code quote, and pyxform's own words in case that something is missing."""
    facts: dict[str, object] = {key: text for key, text in told.items() if text and key not in NO_FACTS}
    facts["said"] = _plainly(str(told["text"]))
    quoted = str(told.get("quoted") or told.get("q") or "")
    if code == "unknown-type":
        facts["near"] = closest(quoted.split(" ")[0], SUGGESTED)
    elif code == "unknown-list":
        facts["near"] = closest(quoted, (text for _row, _column, text in view(workbook, "choices").cells("list_name")))
    elif code == "unknown-reference":
        facts["near"] = closest(quoted, (text for _row, _column, text in view(workbook, "survey").cells("name")))
    elif "type" in told:
        facts["kind"] = told["type"]
    return facts


def _plainly(text: str) -> str:
    """pyxform's own words, without its row mark, its links and the rows it prints as Python."""
    lines = [line for line in ROW.sub("", text).splitlines() if line.strip() and not line.lstrip().startswith("{")]
    said = AFTERWORD.sub("", " ".join(line.strip() for line in lines)).partition(": {")[0].strip()
    return said if said.endswith((".", "?", "!")) else said + "."

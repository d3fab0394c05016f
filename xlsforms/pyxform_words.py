"""What pyxform says, as findings: with our codes, at the cell that is meant, without its inner workings."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from string import Formatter
from typing import Any

from xlsforms.columns import View, view
from xlsforms.findings import NOWHERE, Finding, Severity
from xlsforms.sheets import Row, Workbook, plain

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
# What we say instead of pyxform; `value` is what stands in the cell.
MESSAGES = {
    "ill-formed-name": "'{value}' cannot be a name: begin with a letter or '_', then letters, digits, '_', '-', '.'.",
    "duplicate-name": "The name '{value}' stands twice in the same group. Rename one of the two.",
    "duplicate-choice": "The choice '{value}' stands twice in its list. Rename or delete one of the two.",
    "choice-without-name": "This choice has no name. Write one without blanks; it is what tablets send.",
    "choice-without-label": "This choice has no label to show. Write one.",
    "choice-with-space": "The choice '{choice}' of '{list}' has a blank in its name, which would cut answers in two.",
    "choices-missing": "The form has a select question, but no sheet 'choices' with list_name, name and label. Add it.",
    "malformed-reference": "A reference is written ${{name}}, without blanks inside the braces, and closed.",
    "ambiguous-reference": "${{{q}}} could mean several questions of that name. Rename all but one of them.",
    "group-not-ended": "The {type} '{name}' that begins here is never ended. Add a row 'end_{type}'.",
    "group-not-begun": "This 'end_{type}' ends nothing: no {type} is open here. Delete it, or begin the {type}.",
    "type-missing": "This row has a name or a label, but no type. Write the question's type, or clear the row.",
    "name-missing": "This row has no name. Write one of letters, digits and '_'.",
    "label-missing": "The question '{name}' has no label, hint or picture to show. Write a label.",
    "calculation-missing": "This calculate has no calculation. Write one, or delete the row.",
    "repeat-without-label": "This repeat has no label, so officers will not know what they add. Write one.",
    "image-without-max-pixels": "Write max-pixels=1024 under parameters, so that photos can be sent on a weak signal.",
    "missing-column": "The sheet '{sheet_name}' lacks the column {missing}. Its first row holds the columns' names.",
    "survey-missing": "The workbook has no sheet 'survey' with questions in it. Add it, or correct its name.",
}
# Ours says the same at the cell.
SAID_ELSEWHERE = frozenset({"translation-columns"})
TYPES = (
    *("text", "integer", "decimal", "date", "time", "dateTime", "select_one", "select_multiple", "rank", "note"),
    *("select_one_from_file", "select_multiple_from_file", "calculate", "geopoint", "geotrace", "geoshape", "image"),
    *("audio", "video", "file", "barcode", "acknowledge", "range", "hidden", "start", "end", "today", "deviceid"),
    *("username", "phonenumber", "email", "audit", "begin_group", "end_group", "begin_repeat", "end_repeat"),
    *("csv-external", "xml-external", "start-geopoint", "background-geopoint", "background-audio"),
)


def from_pyxform(told: Iterable[Told], workbook: Workbook, severity: Severity) -> Iterator[Finding]:
    """A finding for each message of pyxform that our own rules have not already said better."""
    for one in told:
        code, sheet, column, facts = _known(one)
        if code not in SAID_ELSEWHERE:
            known = {**one, **facts}
            spot = _spot(known, workbook, sheet, column)
            yield Finding(severity, code, *spot.place, _message(code, {**known, "value": spot.text}, workbook))


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


@dataclass(frozen=True)
class _Spot:
    place: tuple[str, str]
    text: str = ""  # what stands in that cell


def _spot(told: Told, workbook: Workbook, sheet: str, column: str) -> _Spot:
    """The cell that a message means: by the row it names, else by what it quotes."""
    named = SHEET.search(told["text"])
    key = str(told.get("sheet") or told.get("sheet_name") or (named[1] if named else sheet))
    if not key:
        return _Spot(NOWHERE)
    found = view(workbook, key)
    counted = ROW.match(told["text"])
    column = str(told.get("column") or column).split(" (")[0]
    row = told.get("row") or (counted[1] if counted else None)
    if row is not None:
        return _at(found, _row_number(found, int(row)), column)
    if told.get("languages"):
        return _heading(found, str(told["languages"]).split(", ")[0])
    matched = next((row for row in found.sheet.rows if _quoted(told, found, row, column)), None)
    return _at(found, matched.number, column) if matched else _Spot((found.sheet.name, ""))


def _row_number(found: View, counted: int) -> int:
    """The row as the file numbers it; pyxform counts from the header, and knows one row of settings."""
    if found.sheet.name.lower() == "settings" and found.sheet.rows:
        return found.sheet.rows[0].number
    return counted + found.sheet.top - 1


def _at(found: View, number: int, column: str) -> _Spot:
    row = next((row for row in found.sheet.rows if row.number == number), None)
    text = (row.get(column) or found.get(row, plain(column))) if row else ""
    named = found.sheet.has(column)
    return _Spot(found.sheet.place(number, column) if named else found.place(number, plain(column)), text)


def _heading(found: View, language: str) -> _Spot:
    column = next((column for column in found.columns if column.language == language), None)
    return _Spot(found.head(column), column.header) if column else _Spot(NOWHERE)


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


def _message(code: str, told: Told, workbook: Workbook) -> str:
    if code in MESSAGES and all(told.get(fact) for fact in _facts(MESSAGES[code])):
        return MESSAGES[code].format(**told)
    quoted = str(told.get("quoted") or told.get("q") or "")
    if code == "unknown-type":
        return f"'{quoted}' is not a question type{_meant(quoted.split(' ')[0], TYPES)}."
    if code == "unknown-list":
        lists = {text for _row, _column, text in view(workbook, "choices").cells("list_name")}
        return f"The sheet choices has no list '{quoted}'{_meant(quoted, lists)}."
    if code == "unknown-reference":
        names = {text for _row, _column, text in view(workbook, "survey").cells("name")}
        return f"${{{quoted}}} names no question of the form{_meant(quoted, names)}."
    return _plainly(str(told["text"]))


def _facts(template: str) -> list[str]:
    return [field for _literal, field, _spec, _conversion in Formatter().parse(template) if field]


def _meant(value: str, known: Iterable[str]) -> str:
    close = get_close_matches(value, list(known), 1, 0.6)
    return f"; did you mean '{close[0]}'" if close else ""


def _plainly(text: str) -> str:
    """pyxform's own words, without its row mark, its links and the rows it prints as Python."""
    lines = [line for line in ROW.sub("", text).splitlines() if line.strip() and not line.lstrip().startswith("{")]
    said = AFTERWORD.sub("", " ".join(line.strip() for line in lines)).partition(": {")[0].strip()
    return said if said.endswith((".", "?", "!")) else said + "."

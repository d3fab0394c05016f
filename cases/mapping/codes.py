"""The sheet `case_codes`: which code each choice stands for."""

from collections.abc import Iterator, Mapping

from cases.dictionary.model import nearest
from cases.mapping.survey import SurveyRow
from xlsforms.findings import Finding, Place, error
from xlsforms.sheets import Row, Sheet, Workbook

FEW = 300  # names among which the nearest is looked for
Codes = dict[str, dict[str, str]]
Places = dict[tuple[str, str], Place]  # by list_name and choice: the cell that holds the code


def read_codes(workbook: Workbook, rows: tuple[SurveyRow, ...]) -> tuple[Codes, Places, list[Finding]]:
    """Codes by choice, for each name in `list_name`: a choice list, or one question, which wins over its list."""
    sheet = workbook.sheet("case_codes")
    if sheet is None:
        return {}, {}, []
    choices = _choices(rows)
    codes: Codes = {}
    places: Places = {}
    found: list[Finding] = []
    for row in sheet.rows:
        findings = list(_check(sheet, row, codes, choices))
        found += findings
        if not findings:
            codes.setdefault(row.get("list_name"), {})[row.get("choice")] = row.get("code")
            places[row.get("list_name"), row.get("choice")] = sheet.place(row, "code")
    return codes, places, found


def codes_of(row: SurveyRow, codes: Codes) -> tuple[str, dict[str, str]]:
    """The key and the codes that a question's answers go through; "" and none when its choices are codes already."""
    own, shared = codes.get(row.name, {}), codes.get(row.list_name, {})
    if own:
        codes[row.name] = {**shared, **own}
        return row.name, codes[row.name]
    return (row.list_name, shared) if shared else ("", {})


def _choices(rows: tuple[SurveyRow, ...]) -> dict[str, dict[str, None]]:
    choices: dict[str, dict[str, None]] = {}
    for row in rows:
        if row.question and row.question.choices:
            names = {choice.name: None for choice in row.question.choices}
            choices.setdefault(row.list_name or row.name, {}).update(names)
            choices.setdefault(row.name, {}).update(names)
    return choices


def _check(sheet: Sheet, row: Row, codes: Codes, choices: dict[str, dict[str, None]]) -> Iterator[Finding]:
    name, choice = row.get("list_name"), row.get("choice")
    if name not in choices:
        yield error("case-codes-unknown-list", sheet.place(row, "list_name"), name=name, near=_near(name, choices))
    elif choice not in choices[name]:
        facts = {"list": name, "name": choice, "near": _near(choice, choices[name])}
        yield error("case-codes-unknown-choice", sheet.place(row, "choice"), **facts)
    elif choice in codes.get(name, {}):
        yield error("case-codes-twice", sheet.place(row, "choice"), choice=choice, list=name)


def _near(name: str, known: Mapping[str, object]) -> str | None:
    """The closest name, where there are so few that looking for it takes no time."""
    return nearest(name, known) if len(known) <= FEW else None

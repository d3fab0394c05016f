"""The sheet `case_codes`: which code each choice stands for."""

from collections.abc import Iterator

from cases.dictionary.model import nearest
from cases.mapping.survey import SurveyRow
from xlsforms.findings import Finding, error
from xlsforms.sheets import Row, Sheet, Workbook

Codes = dict[str, dict[str, str]]


def read_codes(workbook: Workbook, rows: tuple[SurveyRow, ...]) -> tuple[Codes, list[Finding]]:
    """Codes by choice, for each name in `list_name`: a choice list, or one question, which wins over its list."""
    sheet = workbook.sheet("case_codes")
    if sheet is None:
        return {}, []
    choices = _choices(rows)
    codes: Codes = {}
    found: list[Finding] = []
    for row in sheet.rows:
        findings = list(_check(sheet, row, codes, choices))
        found += findings
        if not findings:
            codes.setdefault(row.get("list_name"), {})[row.get("choice")] = row.get("code")
    return codes, found


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
        yield error("case-codes-unknown-list", sheet.place(row, "list_name"), _unknown("choice list", name, choices))
    elif choice not in choices[name]:
        words = _unknown(f"choice in '{name}'", choice, choices[name])
        yield error("case-codes-unknown-choice", sheet.place(row, "choice"), words)
    elif choice in codes.get(name, {}):
        words = f"The choice '{choice}' of '{name}' has a code already; keep one row."
        yield error("case-codes-twice", sheet.place(row, "choice"), words)


def _unknown(what: str, name: str, known: dict[str, dict[str, None]] | dict[str, None]) -> str:
    close = nearest(name, known)
    return f"The form uses no {what} called '{name}'." + (f" Did you mean '{close}'?" if close else "")

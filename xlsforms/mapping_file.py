"""The mapping file beside a workbook: one CSV that adds the case columns to a form written elsewhere."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from xlsforms.findings import Finding, Place, column_letters, error
from xlsforms.sheets import CASE_SHEETS, Row, Sheet, UnreadableWorkbook, Workbook, plain
from xlsforms.tables import NotText, decode, records
from xlsforms.wording import closest

PARTS = ("survey", "settings", *CASE_SHEETS)
ADDED = {"survey": ("case_field", "case_mode"), "settings": ("case_form",)}


@dataclass(frozen=True)
class _Line:
    number: int
    part: str
    cells: dict[str, tuple[int, str]]  # by column: where it stands, its text

    def get(self, column: str) -> str:
        return self.cells[column][1] if column in self.cells else ""

    def place(self, column: str, name: str) -> Place:
        """The cell of this column in the mapping file."""
        return Place(name, self.at(column), column, self.get(column))

    def at(self, column: str) -> str:
        return f"{column_letters(self.cells[column][0] if column in self.cells else 0)}{self.number}"


def with_mapping(workbook: Workbook, mapping_csv: bytes, name: str) -> Workbook:
    """The workbook with the case columns of the mapping file; findings about them name that file and its cells."""
    lines = _lines(mapping_csv)
    survey, found = _mapped_survey(workbook, [line for line in lines if line.part == "survey"], name)
    sheets = {**workbook.sheets, **_case_sheets(lines, name)}
    if survey:
        sheets["survey"] = survey
    if settings := _settings(workbook.sheet("settings"), lines, name):
        sheets["settings"] = settings
    return dataclasses.replace(workbook, sheets=sheets, findings=(*workbook.findings, *found))


def mapping_workbook(mapping_csv: bytes, name: str) -> Workbook:
    """A workbook that holds the mapping alone, for an XForm that has no workbook of its own."""
    lines = _lines(mapping_csv)
    sheets = {part: _sheet(part, lines, name) for part in PARTS if any(line.part == part for line in lines)}
    return Workbook(name, sheets, mapping_csv, "csv")


def _lines(content: bytes) -> list[_Line]:
    try:
        return list(_read(records(decode(content))))
    except NotText as problem:
        raise UnreadableWorkbook(problem.code, **problem.facts) from problem


def _read(table: list[tuple[int, list[str]]]) -> Iterator[_Line]:
    header: dict[int, str] = {}
    for number, record in table:
        first = plain(record[0]) if record else ""
        if first == "sheet":  # A further header, for the rows below it, does no harm.
            header = {at: plain(title) for at, title in enumerate(record) if at and title}
        elif any(record):
            if not header:
                raise UnreadableWorkbook("mapping-header")
            if first not in PARTS:
                raise UnreadableWorkbook("mapping-unknown-sheet", row=number, given=first, known=", ".join(PARTS))
            yield _Line(
                number, first, {header[at]: (at, text) for at, text in enumerate(record) if text and at in header}
            )


def _mapped_survey(workbook: Workbook, lines: list[_Line], name: str) -> tuple[Sheet | None, list[Finding]]:
    survey = workbook.sheet("survey")
    if survey is None:
        return None, []
    known = {row.get("name") for row in survey.rows}
    by_name, found = dict[str, _Line](), list[Finding]()
    for line in lines:
        question = line.get("name")
        if question not in known:
            found.append(error("mapping-unknown-question", line.place("name", name), near=closest(question, known)))
        elif question in by_name:
            first = by_name[question].number
            found.append(error("mapping-duplicate-question", line.place("name", name), first=first))
        by_name.setdefault(question, line)
    matched = {row.number: by_name[row.get("name")] for row in survey.rows if row.get("name") in by_name}
    return _overlaid(survey, matched, ADDED["survey"], name), found


def _overlaid(sheet: Sheet, lines: dict[int, _Line], added: tuple[str, ...], name: str) -> Sheet:
    """The sheet with the added columns of these lines, by row; each added value knows the cell it comes from."""
    rows, places = [], dict(sheet.elsewhere)
    for row in sheet.rows:
        line = lines.get(row.number)
        own = {key: value for key, value in row.values.items() if plain(key) not in added} if line else row.values
        more = {column: line.get(column) for column in added if line.get(column)} if line else {}
        rows.append(Row(row.number, {**own, **more}))
        if line:
            places |= {(row.number, column): (name, line.at(column)) for column in added}
    new = tuple(column for column in added if not sheet.has(column))
    columns = sheet.columns or tuple(range(len(sheet.header)))
    beyond = max(columns, default=-1) + 1
    columns += tuple(range(beyond, beyond + len(new)))
    return dataclasses.replace(sheet, header=sheet.header + new, columns=columns, rows=tuple(rows), elsewhere=places)


def _settings(settings: Sheet | None, lines: list[_Line], name: str) -> Sheet | None:
    line = next((line for line in lines if line.part == "settings"), None)
    if line is None:
        return settings
    if settings is None or not settings.rows:
        return _sheet("settings", lines, name)
    return _overlaid(settings, {settings.rows[0].number: line}, ADDED["settings"], name)


def _case_sheets(lines: list[_Line], name: str) -> dict[str, Sheet]:
    return {part: _sheet(part, lines, name) for part in CASE_SHEETS if any(line.part == part for line in lines)}


def _sheet(part: str, lines: list[_Line], name: str) -> Sheet:
    """The rows of one part as a sheet of that file, with the columns that any of them fills."""
    own = [line for line in lines if line.part == part]
    columns = {column: at for line in own for column, (at, _text) in line.cells.items()}
    header = tuple(sorted(columns, key=lambda column: columns[column]))
    rows = tuple(Row(line.number, {column: text for column, (_at, text) in line.cells.items()}) for line in own)
    return Sheet(name, header, rows, tuple(columns[column] for column in header))

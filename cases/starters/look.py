"""How a starter workbook looks: wide columns, a header that stays, lists to choose from."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from openpyxl.comments import Comment
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

GREEN, TEAL, GREY, LINE = "12413A", "2A9D8F", "6F777B", "D8DFDD"
TABS = {"survey": GREEN, "choices": GREEN, "settings": GREEN, "case_records": TEAL, "case_codes": TEAL}
WIDTHS = {
    "type": 26,
    "name": 20,
    "list_name": 20,
    "relevant": 34,
    "constraint": 28,
    "calculation": 38,
    "case_field": 34,
    "case_mode": 12,
    "required": 10,
    "appearance": 13,
    "choice_filter": 18,
    "repeat_count": 13,
    "form_title": 26,
    "form_id": 22,
    "version": 14,
    "default_language": 18,
    "instance_name": 36,
    "case_form": 20,
    "record": 28,
    "action": 18,
    "match": 18,
    "when": 18,
    "repeat": 18,
    "link": 20,
    "choice": 18,
    "code": 18,
    "class": 11,
    "holds many": 12,
    "usual mode": 12,
    "codes": 24,
    "note": 60,
    "about": 24,
}
LONG = 46  # the width of texts
LAST = 1000  # the row down to which lists drop down
SHADES = {"begin_group": "E3EFEC", "end_group": "E3EFEC", "begin_repeat": "FBEBD9", "end_repeat": "FBEBD9"}


def words_of_columns() -> dict[tuple[str, str], str]:
    """What each column is for, by sheet and header."""
    with (Path(__file__).parent / "words.csv").open(encoding="utf-8", newline="") as file:
        return {(row["sheet"], row["column"]): row["words"] for row in csv.DictReader(file)}


def write_table(sheet: Any, table: Sequence[Sequence[str]], *, wraps: bool = True) -> None:
    """The rows stand on the sheet as text, below a header that stays in sight."""
    for at, row in enumerate(table, 1):
        for across, value in enumerate(row, 1):
            if value:
                cell = sheet.cell(at, across)
                cell.value, cell.data_type = value, "s"  # Text, whatever it begins with.
                cell.alignment = Alignment(vertical="top", wrap_text=wraps)
    for across, head in enumerate(table[0], 1):
        _head(sheet.cell(1, across))
        sheet.column_dimensions[get_column_letter(across)].width = WIDTHS.get(head, LONG)
    sheet.row_dimensions[1].height = 30
    sheet.freeze_panes = "C2" if sheet.title in ("survey", "choices") else "A2"
    sheet.sheet_properties.tabColor = TABS.get(sheet.title, GREY)


def explain(sheet: Any, headers: Iterable[str], words: dict[tuple[str, str], str]) -> None:
    """Each header says in a comment what its column is for."""
    for across, head in enumerate(headers, 1):
        if told := words.get((sheet.title, head)):
            comment = Comment(told, "Fieldcase")
            comment.width, comment.height = 300, 90
            sheet.cell(1, across).comment = comment


def offer(sheet: Any, headers: Sequence[str], column: str, source: str, *, strict: bool = False) -> None:
    """The cells of this column offer a list; strict ones take nothing else."""
    check = DataValidation(type="list", formula1=source, allow_blank=True, showErrorMessage=strict)
    if strict:
        check.errorTitle, check.error = "Fieldcase", f"Choose one of the {column} in the list, or leave it empty."
    letter = get_column_letter(list(headers).index(column) + 1)
    check.add(f"{letter}2:{letter}{LAST}")
    sheet.add_data_validation(check)


def shade_groups(sheet: Any, columns: int) -> None:
    """Rows that begin or end a group or a repeat stand out, those that are added later too."""
    area = f"A2:{get_column_letter(columns)}{LAST}"
    for type_, colour in SHADES.items():
        fill = PatternFill("solid", start_color=colour, end_color=colour)
        for word in (type_, type_.replace("_", " ")):
            sheet.conditional_formatting.add(area, FormulaRule(formula=[f'$A2="{word}"'], fill=fill))


def _head(cell: Any) -> None:
    cell.font = Font(bold=True, color="FFFFFF")
    cell.fill = PatternFill("solid", start_color=GREEN, end_color=GREEN)
    cell.alignment = Alignment(vertical="center", wrap_text=True)
    cell.border = Border(bottom=Side(style="medium", color=TEAL), right=Side(style="thin", color=LINE))

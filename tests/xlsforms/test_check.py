import openpyxl
import pytest

from tests.xlsforms.books import book, saved, xlsx
from xlsforms.check import check
from xlsforms.findings import Finding, Severity, column_letters, column_number, tidy
from xlsforms.limits import DEFAULT
from xlsforms.rules import apply
from xlsforms.sheets import Workbook
from xlsforms.workbook import read_workbook


def found(workbook: Workbook) -> list[tuple[str, str, str]]:
    """What the rules find, by code, sheet and cell."""
    told = tidy(apply(workbook, DEFAULT))
    return [(one.code, one.sheet, one.cell) for one in told if one.severity is not Severity.INFO]


def test_a_text_that_one_language_lacks_is_found_at_its_blank_cell():
    workbook = book(
        """
        | survey | | | | | | |
        | | type | name | label::English (en) | label::Español (es) | hint::English (en) | hint::Español (es) |
        | | text | a | A | | | |
        | | text | b | B | B | why | |
        | | hidden | c | | | | |
        | choices | | | | |
        | | list_name | name | label::English (en) | label::Español (es) |
        | | yn | y | | Sí |
        """
    )
    assert found(workbook) == [
        *[("translation-missing", "survey", "D2"), ("translation-missing", "survey", "F3")],
        ("translation-missing", "choices", "C2"),
    ]


def test_a_column_that_one_language_lacks_is_found_once_at_its_header():
    workbook = book(
        """
        | survey | | | | | |
        | | type | name | label::English (en) | label::Español (es) | media::audio::English (en) |
        | | text | a | A | A | a.mp3 |
        | | text | b | B | B | b.mp3 |
        """
    )
    assert found(workbook) == [("translation-missing", "survey", "E1")]


def test_a_language_that_nobody_has_begun_is_not_asked_for():
    workbook = book(
        """
        | survey | | | | | |
        | | type | name | label::English (en) | label::Kriol (bzj) | media::audio::Kriol (bzj) |
        | | text | a | A | | |
        """
    )
    assert check(workbook, fallback_version="1")[-1].code == "version-given"
    assert found(workbook) == []


def test_a_label_without_language_is_in_the_default_language():
    tables = """
        | survey | | | | |
        | | type | name | label | label::Español (es) |
        | | text | a | A | A |
        | settings | | |
        | | form_id | default_language |
        | | f | English (en) |
        """
    assert found(book(tables)) == []


def test_many_holes_are_told_up_to_a_point_with_the_number_of_the_rest():
    rows = "".join(f"| | text | q{number} | Q | {'R' if number == 0 else ''} |\n" for number in range(101))
    workbook = book("| survey | | | | |\n| | type | name | label::English (en) | label::Español (es) |\n" + rows)
    findings = [one for one in apply(workbook, DEFAULT) if one.severity is Severity.WARNING]
    assert len(findings) == 30
    assert "70 further rows" in findings[-1].message


def test_a_constraint_without_a_message_is_found():
    workbook = book(
        """
        | survey | | | | | |
        | | type | name | label | constraint | constraint_message |
        | | integer | a | A | . > 3 | Above three |
        | | integer | b | B | . > 3 | |
        """
    )
    assert found(workbook) == [("constraint-without-message", "survey", "D3")]


CHOICES = """
| choices | | | | | | |
| | list_name | name | label | region | district | geometry |
| | v | one | One | 4 | n | 1 2 |
"""


def test_a_column_of_choices_that_nothing_uses_is_found_at_its_header():
    survey = "| survey | | | | |\n| | type | name | label | choice_filter |\n| | select_one v | region | W | {} |\n"
    assert found(book(survey.format("district = ${region}") + CHOICES)) == [("choices-extra-column", "choices", "D1")]
    assert found(book(survey.format("district = 'n' and region > 2") + CHOICES)) == []


def test_a_column_that_a_calculation_looks_up_is_used():
    survey = """
| survey | | | | |
| | type | name | label | calculation |
| | calculate | w | | instance('v')/root/item[district = 'n']/region |
"""
    assert found(book(survey + CHOICES)) == []


def test_rows_that_other_odk_tools_would_not_read_are_told():
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "survey"
    for row, values in {1: ["type", "name", "label"], 2: ["text", "a", "A"], 100: ["text", "b", "B"]}.items():
        for column, value in enumerate(values, 1):
            sheet.cell(row, column, value)
    assert found(read_workbook(saved(workbook), "form.xlsx")) == [("rows-after-gap", "survey", "A100")]
    low = read_workbook(xlsx({"survey": [[], ["type", "name", "label"], ["note", "n", "N"]]}), "form.xlsx")
    assert found(low) == [("header-not-first", "survey", "A2")]


def test_a_file_name_that_makes_no_form_id_is_told_when_settings_give_none():
    workbook = book("| survey | | | |\n| | type | name | label |\n| | text | a | A |", "My form (2).md")
    (finding,) = apply(workbook, DEFAULT)
    assert finding.code == "form-id"
    assert "the file's name is taken" in finding.message


@pytest.mark.parametrize("index", [0, 25, 26, 701, 702, 16383])
def test_columns_have_letters_as_in_excel(index):
    assert column_number(column_letters(index)) == index
    assert [column_letters(number) for number in (0, 25, 26, 702, 16383)] == ["A", "Z", "AA", "AAA", "XFD"]


def test_findings_stand_without_doubles_errors_first_then_by_row():
    def finding(severity: Severity, sheet: str, cell: str, code: str = "x") -> Finding:
        return Finding(severity, code, sheet, cell)

    mixed = [
        finding(Severity.INFO, "survey", "A1"),
        finding(Severity.WARNING, "survey", "B10"),
        finding(Severity.WARNING, "survey", "B9"),
        finding(Severity.WARNING, "survey", "AA9"),
        finding(Severity.ERROR, "settings", "A2"),
        finding(Severity.ERROR, "survey", "C3"),
        finding(Severity.ERROR, "survey", "C3"),
    ]
    assert [one.cell for one in tidy(mixed)] == ["C3", "A2", "B9", "AA9", "B10", "A1"]


def test_check_says_at_once_what_rules_and_pyxform_find():
    workbook = book(
        """
        | survey | | | | |
        | | type | name | label | constraint |
        | | text | a | A | . = 1 |
        | | txet | b | B | |
        | settings | | |
        | | form_id | form_title | auto_send |
        | | f/g | F | yes |
        """
    )
    assert [(finding.code, finding.cell) for finding in check(workbook)] == [
        ("unknown-type", "A3"),
        ("form-id", "A2"),
        ("server-owned-setting", "C2"),
        ("constraint-without-message", "D2"),
    ]

from dataclasses import replace

import pytest

from tests.xlsforms.books import book
from tests.xlsforms.rules.forms import form, only, row, sheet, told

Q = row("text", "q")


@pytest.mark.parametrize(
    ("header", "near"),
    [
        ("relevent", "relevant"),
        ("constraint_mesage", "constraint_message"),
        ("Calculatoin", "calculation"),
        ("choice filter ", None),
        ("requried", "required"),
        ("lable::English (en)", "label::English (en)"),
        ("notes", None),
        ("my own remarks", None),
        ("_relevent", None),
        ("body::accuracyThreshold", None),
        ("instance::odk:x", None),
    ],
)
def test_a_misspelt_column_is_told_with_the_one_that_is_meant(header, near):
    found = [each for each in told(form({**Q, header: "x"})) if each[0] == "unknown-column"]
    assert found == ([("unknown-column", header, 1)] if near else [])


def test_a_single_colon_beside_a_double_one_is_told():
    rows = [{"type": "text", "name": "q", "label::English (en)": "Q", "hint:English (en)": "H"}]
    assert ("unknown-column", "hint:English (en)", 1) in told(form(*rows))


@pytest.mark.parametrize(
    ("columns", "second"),
    [
        (("relevant", "relevance"), "relevance"),
        (("label", "caption"), "caption"),
        (("image", "media::image"), "media::image"),
    ],
)
def test_two_headers_of_one_meaning_are_told_at_the_second(columns, second):
    cells = {name: "x.png" if "image" in name else "1" for name in columns}
    assert ("duplicate-column", second, 1) in told(form({"type": "text", "name": "q", "label": "Q", **cells}))


@pytest.mark.parametrize(("name", "wanted"), [("choises", "choices"), ("setings", "settings"), ("entitys", "entities")])
def test_a_misspelt_sheet_is_told_with_the_one_that_is_meant(name, wanted):
    workbook = form(Q)
    sheets = {key: value for key, value in workbook.sheets.items() if key not in (wanted, "choices")}
    renamed = replace(workbook, sheets={**sheets, name: sheet(name, [{"list_name": "x", "name": "y", "label": "Z"}])})
    assert only(renamed).facts == {"sheet_name": wanted, "candidates": name}


def test_a_workbook_without_a_survey_says_which_sheet_is_meant():
    found = only(book("| survy | | |\n| | type | name |\n| choices | | |\n| | list_name | name |\n"))
    assert (found.code, found.sheet) == ("survey-missing", "survy")
    assert "survy" in found.mend()


@pytest.mark.parametrize(
    ("rows", "column"),
    [
        ([{"typ": "text", "name": "q", "label": "Q"}], "typ"),
        ([{"type": "text", "nmae": "q", "label": "Q"}], "nmae"),
        ([{"text": "integer", "q1": "q2", "Age?": "Name?"}], ""),
    ],
)
def test_a_column_that_is_needed_is_told_once_at_what_must_be_meant(rows, column):
    found = only(form(*rows))
    assert (found.code, found.column) == ("missing-column", column)

from pathlib import Path

import pytest

from tests.xlsforms.books import book
from xlsforms.check import check
from xlsforms.compile import for_pyxform
from xlsforms.workbook import UnreadableWorkbook, mapping_workbook, read_workbook, with_mapping

QUESTIONNAIRES = Path(__file__).parents[2] / "xlsforms" / "questionnaires"
FORM = """
| survey | | | |
| | type | name | label |
| | text | alias | Name to use |
| | text | town | Town |
| settings | |
| | form_id | version |
| | f | 1 |
"""
MAPPING = b"""sheet,name,case_field,case_mode,case_form,record,action,list_name,choice,code
settings,,,,screening,,,,,
survey,alias,person.alias,latest,,,,,,
case_records,,,,,person,find_or_propose,,,
case_codes,,,,,,,yn,y,yes
"""


def test_a_mapping_file_adds_the_case_columns_to_a_form():
    workbook = with_mapping(book(FORM), MAPPING, "map.csv")
    alias, town = workbook.sheets["survey"].rows
    assert (alias.get("case_field"), alias.get("case_mode"), alias.get("label")) == (
        "person.alias",
        "latest",
        "Name to use",
    )
    assert town.get("case_field") == ""
    assert workbook.sheets["settings"].rows[0].values == {"form_id": "f", "version": "1", "case_form": "screening"}
    assert workbook.sheets["case_records"].rows[0].values == {"record": "person", "action": "find_or_propose"}
    assert workbook.sheets["case_codes"].rows[0].values == {"list_name": "yn", "choice": "y", "code": "yes"}


def test_what_a_mapping_file_added_is_named_by_its_own_cell():
    workbook = with_mapping(book(FORM), MAPPING, "map.csv")
    survey, records = workbook.sheets["survey"], workbook.sheets["case_records"]
    assert survey.place(survey.rows[0], "case_field")[:2] == ("map.csv", "C3")
    assert survey.place(survey.rows[0], "label")[:2] == ("survey", "C2")
    assert records.place(records.rows[0], "action")[:2] == ("map.csv", "G4")
    assert workbook.sheets["settings"].place(2, "case_form")[:2] == ("map.csv", "E2")


def test_a_mapping_file_does_not_change_the_form():
    assert for_pyxform(with_mapping(book(FORM), MAPPING, "map.csv")) == for_pyxform(book(FORM))


def test_a_mapping_file_outranks_what_the_workbook_says_of_the_same_question():
    own = """
        | survey | | | | |
        | | type | name | label | case_field |
        | | text | alias | A | person.x |
        | | text | b | B | person.y |
        """
    survey = with_mapping(book(own), MAPPING, "map.csv").sheets["survey"]
    assert [row.get("case_field") for row in survey.rows] == ["person.alias", "person.y"]
    assert survey.place(survey.rows[1], "case_field")[:2] == ("survey", "D3")


def test_a_mapped_question_that_the_form_does_not_have_is_found_in_the_file():
    lines = MAPPING + b"survey,nope,person.alias,,,,,,,\nsurvey,alias,person.name,,,,,,,\n"
    findings = check(with_mapping(book(FORM), lines, "map.csv"))
    assert [(finding.code, finding.sheet, finding.cell) for finding in findings if finding.severity != "info"] == [
        ("mapping-unknown-question", "map.csv", "B6"),
        ("mapping-duplicate-question", "map.csv", "B7"),
    ]


def test_each_part_may_have_a_header_of_its_own():
    content = b"sheet;record;action\ncase_records;person;new\nsheet;name;case_field\nsurvey;alias;person.alias\n"
    workbook = with_mapping(book(FORM), content, "map.csv")
    assert workbook.sheets["case_records"].rows[0].get("record") == "person"
    assert workbook.sheets["survey"].place(workbook.sheets["survey"].rows[0], "case_field")[:2] == ("map.csv", "C4")


def test_a_mapping_alone_is_a_workbook_for_an_xform_without_one():
    workbook = mapping_workbook(MAPPING, "map.csv")
    assert set(workbook.sheets) == {"survey", "settings", "case_records", "case_codes"}
    assert workbook.sheets["survey"].place(workbook.sheets["survey"].rows[0], "case_field")[:2] == ("map.csv", "C3")


def test_the_mapping_of_the_standards_own_form_fits_it():
    content = (QUESTIONNAIRES / "htcds_xlsform.xlsx").read_bytes()
    mapping = (QUESTIONNAIRES / "htcds_mapping.csv").read_bytes()
    workbook = with_mapping(read_workbook(content, "htcds_xlsform.xlsx"), mapping, "htcds_mapping.csv")
    assert workbook.findings == ()
    assert any(row.get("case_field") for row in workbook.sheets["survey"].rows)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"name,case_field\nalias,person.alias\n", "first column is 'sheet'"),
        (b"sheet,name\nsurvay,alias\n", "Row 2: the column 'sheet' says 'survay'"),
        ("sheet,name\nsurvey,año\n".encode("cp1252"), "CSV UTF-8"),
    ],
)
def test_a_mapping_file_that_cannot_be_read_says_how_to_mend_it(content, words):
    with pytest.raises(UnreadableWorkbook, match=words):
        with_mapping(book(FORM), content, "map.csv")

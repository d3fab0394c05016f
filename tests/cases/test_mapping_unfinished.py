"""A workbook that does not compile tells what is wrong with its mapping in the same breath."""

from cases.publishing import check_form
from tests.conftest import NOON

BAD = """
| survey | type | name | label | relevant | case_field |
| | text | alias | Alias | ${nobdy} = 1 | person.alais |
| | texxt | born | Born | | person.birthdate |
| | begin_repeat | trips | Trips | | movement |
| | text | place | Place | | movement.plase |
| | end_repeat | | | | |
| settings | form_id | form_title | version | case_form |
| | f | Form | 1 | screning |
| case_records | record | acton | repeat |
| | person | find_or_propose | |
| | movement | new | trips |
"""


def test_errors_of_the_form_and_of_its_mapping_come_at_once():
    found = {(one.code, one.sheet, one.cell) for one in check_form(BAD.encode(), "form.md", now=NOON).findings}
    assert {
        ("unknown-reference", "survey", "D2"),
        ("unknown-field", "survey", "E2"),
        ("unknown-type", "survey", "A3"),
        ("unknown-field", "survey", "E5"),
        ("unknown-case-form", "settings", "D2"),
        ("misspelt-column", "case_records", "B1"),
    } <= found


def test_a_row_whose_type_is_wrong_is_told_once():
    found = check_form(BAD.encode(), "form.md", now=NOON).findings
    assert [one.code for one in found if one.cell.endswith("3") and one.sheet == "survey"] == ["unknown-type"]


def test_a_workbook_without_a_mapping_has_no_word_about_one():
    plain = "\n".join(line for line in BAD.splitlines()[:7])
    plain = plain.replace("case_field", "mine")
    codes = {one.code for one in check_form(plain.encode(), "form.md", now=NOON).findings}
    assert not codes & {"unknown-field", "unknown-action", "record-not-declared", "case-form-missing"}

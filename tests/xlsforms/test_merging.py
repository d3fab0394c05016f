import pytest

from tests.xlsforms.books import book
from xlsforms.findings import NOWHERE, Place, error, info, warning
from xlsforms.merging import STOPS_PYXFORM, STOPS_VALIDATE, only_new, stops_pyxform, stops_validate
from xlsforms.wording import table

BOOK = book("| Survey | | |\n| | type | name |\n| | text | a |")
HERE = Place("survey", "B2", "name", "a b")
OURS = [error("ill-formed-name", HERE), warning("choice-without-label", Place("choices", "C3"))]


@pytest.mark.parametrize(
    "said",
    [
        error("ill-formed-name", HERE),
        error("ill-formed-name", ("survey", "")),
        error("ill-formed-name", Place("survey", "B9")),
        error("pyxform", HERE, said="The same in other words."),
        error("odk-validate", Place("survey", "D2"), complaint="Another cell of that row."),
        warning("choice-without-label", Place("choices", "C9")),
        warning("pyxform", Place("choices", "C3"), said="The same in other words."),
    ],
)
def test_what_a_rule_has_told_is_not_told_again(said):
    assert only_new([said], OURS, BOOK) == []


@pytest.mark.parametrize(
    "said",
    [
        error("pyxform", Place("survey", "B3"), said="Something else."),
        error("pyxform", Place("choices", "C3"), said="Worse than a warning."),
        error("odk-validate", Place("survey", "D5"), complaint="Another row."),
    ],
)
def test_what_is_new_is_told(said):
    assert only_new([said], OURS, BOOK) == [said]


def test_an_error_that_names_no_place_gets_the_sheet_of_the_survey():
    (placed,) = only_new([error("odk-validate", NOWHERE, complaint="No.")], [], BOOK)
    assert placed.sheet == "Survey"
    assert only_new([info("not-validated", NOWHERE, reason="x")], [], BOOK)[0].sheet == ""
    assert only_new([error("odk-validate", NOWHERE, complaint="No.")], [], None)[0].sheet == ""


def test_other_programs_are_not_asked_where_they_would_stop_at_what_is_told():
    assert stops_pyxform(OURS)
    assert not stops_pyxform([warning("unknown-type", HERE), error("server-owned-setting", HERE)])
    assert stops_validate([error("cycle", HERE)])
    assert not stops_validate(OURS)
    assert table().keys() >= STOPS_PYXFORM | STOPS_VALIDATE

"""What a new version does to answers that were mapped in the one before."""

import pytest

from cases.mapping import Before, read_mapping
from tests.xlsforms.books import book
from xlsforms.sketch import sketch

SURVEY = (
    "text | alias | Alias | person.alias",
    "date | born | Born | person.birthdate",
    "select_one sex | sex | Sex | person.sex",
    "text | other | Other |",
)


def workbook(*survey: str, choices: str = "female male"):
    tables = "    | survey | type | name | label | case_field |\n" + "".join(f"    | | {row} |\n" for row in survey)
    tables += "    | choices | list_name | name | label |\n"
    tables += "".join(f"    | | sex | {choice} | {choice} |\n" for choice in choices.split())
    tables += "    | settings | form_id | case_form |\n    | | f | other |\n"
    return book(tables + "    | case_records | record | action |\n    | | person | find_or_propose |\n")


@pytest.fixture(scope="module")
def before():
    was = workbook(*SURVEY)
    mapping, _found = read_mapping(was, sketch(was))
    return Before(sketch(was), mapping)


def told(before: Before, now):
    _mapping, found = read_mapping(now, sketch(now), before=before)
    return [(one.severity.value, one.code, one.cell) for one in found if one.code != "questions-not-mapped"], found


def test_the_same_again_is_no_change(before):
    assert told(before, workbook(*SURVEY))[0] == []


@pytest.mark.parametrize(
    ("at", "row", "expected"),
    [
        (0, "", ("warning", "mapped-question-removed", "")),
        (0, "text | alias_name | Alias | person.alias", ("warning", "mapped-question-removed", "B2")),
        (1, "text | born | Born | person.birthdate", ("error", "type-clash", "D3")),
        (1, "calculate | born | | person.birthdate", ("warning", "mapped-question-retyped", "A3")),
        (1, "date | born | Born |", ("warning", "mapping-dropped", "D3")),
    ],
)
def test_a_mapped_question_that_is_gone_retyped_or_mapped_no_longer_is_told(before, at, row, expected):
    rows = [*SURVEY[:at], *([row] if row else []), *SURVEY[at + 1 :]]
    assert expected in told(before, workbook(*rows))[0]


def test_a_question_that_is_only_renamed_is_guessed(before):
    rows = ["text | alias_name | Alias | person.alias", *SURVEY[1:]]
    found = told(before, workbook(*rows))[1]
    (one,) = [one for one in found if one.code == "mapped-question-removed"]
    assert "Is it 'alias_name' now?" in one.wrong()
    assert "¿Es ahora 'alias_name'?" in one.wrong("es")


def test_choices_that_are_gone_are_information(before):
    codes, found = told(before, workbook(*SURVEY, choices="female"))
    assert codes == [("info", "mapped-choices-removed", "A4")]
    assert "male" in found[-1].message or any("male" in one.message for one in found)


def test_a_question_may_move_into_a_group(before):
    rows = ["begin_group | who | Who |", *SURVEY[:2], "end_group | | |", *SURVEY[2:]]
    assert told(before, workbook(*rows))[0] == []


def test_a_workbook_that_maps_nothing_any_more_says_so_for_each_field(before):
    plain = book(
        "    | survey | type | name | label |\n    | | text | alias | Alias |\n"
        "    | settings | form_id |\n    | | f |\n"
    )
    codes = [code for _severity, code, _cell in told(before, plain)[0]]
    assert sorted(codes) == ["mapped-question-removed", "mapped-question-removed", "mapping-dropped"]

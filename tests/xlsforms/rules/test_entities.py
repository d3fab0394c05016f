"""The sheet entities and the column save_to, each mistake at its cell."""

import pytest

from tests.xlsforms.books import book
from xlsforms.limits import DEFAULT
from xlsforms.rules.entities import entity_lists, saved_properties

SURVEY = (
    "begin_repeat | visits | Visits | |",
    "text | street | Street | trees#street |",
    "end_repeat | | | |",
    "integer | age | Age | |",
)
ENTITIES = "list_name | label | entity_id | create_if | update_if | repeat"


def found(survey=SURVEY, entities=("trees | 'Tree' | | | | visits",), head=ENTITIES):
    tables = "    | survey | type | name | label | save_to | x |\n" + "".join(f"    | | {row} |\n" for row in survey)
    if entities:
        tables += f"    | entities | {head} |\n" + "".join(f"    | | {row} |\n" for row in entities)
    workbook = book(tables)
    every = [*entity_lists(workbook, DEFAULT), *saved_properties(workbook, DEFAULT)]
    assert all(one.message and one.said("es") for one in every)
    return [(one.code, f"{one.sheet}!{one.cell}") for one in every]


def test_good_entities_are_left_in_peace():
    assert found() == []
    assert found(("text | a | A | note |", "text | b | B | other |"), ("trees | 'Tree' | | | |",)) == []
    updated = ("trees | | ${a} | | |", "people | 'P' | ${a} | ${b} = 1 | ${b} = 2 |")
    assert found(("text | a | A | trees#note |", "text | b | B | people#note |"), updated) == []


@pytest.mark.parametrize(
    ("row", "code", "cell"),
    [
        ("| 'Tree' | | | |", "entity-list-missing", "A2"),
        ("__trees | 'Tree' | | | |", "entity-name-underscores", "A2"),
        ("my.trees | 'Tree' | | | |", "entity-name-period", "A2"),
        ("my trees | 'Tree' | | | |", "ill-formed-name", "A2"),
        ("trees | 'Tree' | | | ${a} = 1 |", "entity-update-without-id", "E2"),
        ("trees | 'Tree' | ${a} | ${b} = 1 | |", "entity-create-with-id", "D2"),
        ("trees | | | | |", "entity-label-missing", "B2"),
        ("trees | 'Tree' | | | | visit", "unknown-repeat", "F2"),
    ],
)
def test_a_list_that_cannot_be_declared_is_told_at_its_cell(row, code, cell):
    survey = ("begin_repeat | visits | Visits | |", "text | a | A | |", "end_repeat | | | |")
    assert found(survey, (row,)) == [(code, f"entities!{cell}")]


def test_a_list_declared_twice_and_a_column_of_no_meaning_are_told():
    assert found((), ("trees | 'Tree' | | | |", "trees | 'T' | | | |")) == [("entity-list-twice", "entities!A3")]
    head = ENTITIES.replace("entity_id", "entity_ids")
    assert found((), ("trees | 'Tree' | | | |",), head) == [("entities-unknown-column", "entities!C1")]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("text | a | A | Name |", "save-to-reserved"),
        ("text | a | A | label |", "save-to-reserved"),
        ("text | a | A | __version |", "entity-name-underscores"),
        ("text | a | A | two words |", "ill-formed-name"),
        ("text | a | A | shrubs#height |", "save-to-unknown-list"),
        ("text | a | A | trees#a#b |", "save-to-two-marks"),
        ("begin_group | a | A | height |", "save-to-on-group"),
    ],
)
def test_a_property_that_cannot_be_saved_is_told_at_its_cell(row, code):
    assert found((row,), ("trees | 'Tree' | | | |",)) == [(code, "survey!D2")]


@pytest.mark.parametrize(
    ("survey", "entities", "code", "cell"),
    [
        (("text | a | A | x |",), (), "save-to-without-entities", "D2"),
        (("text | a | A | x |",), ("t | 'T' | | | |", "u | 'U' | | | |"), "save-to-without-list", "D2"),
        (("text | a | A | x |", "text | b | B | x |"), ("t | 'T' | | | |",), "save-to-twice", "D3"),
        ((*SURVEY[:3], "text | b | B | trees#b |"), ("trees | 'T' | | | |",), "save-to-in-other-repeat", "D5"),
        (("text | b | B | trees#b |", *SURVEY[:3]), ("trees | 'T' | | | | visits",), "save-to-in-other-repeat", "D2"),
    ],
)
def test_properties_that_do_not_fit_together_are_told(survey, entities, code, cell):
    assert found(survey, entities) == [(code, f"survey!{cell}")]

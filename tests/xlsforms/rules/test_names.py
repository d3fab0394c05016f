import pytest

from tests.xlsforms.rules.forms import form, only, row, told

GROUP = [row("begin_group", "g"), row("text", "q"), row("end_group")]


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("first name", "first_name"),
        ("1st", "_1st"),
        ("año de", "ano_de"),
        ("a?b", "a_b"),
        ("-x", "x"),
        ("a/b", "a_b"),
        ("name:x", "name_x"),
        ("???", None),
    ],
)
def test_a_name_that_cannot_be_one_is_told_with_one_that_could(name, near):
    found = only(form(row("text", name)))
    assert (found.code, found.cell) == ("ill-formed-name", "B2")
    assert found.facts.get("near") == near


@pytest.mark.parametrize("name", ["a", "_a", "a.b-c", "año", "edad_años", "名前", "__proto__", "select", "constructor"])
def test_a_name_that_can_be_one_is_taken(name):
    assert told(form(row("text", name))) == []


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row("text", "")], ("name-missing", "name", 2)),
        ([row("begin_group", ""), row("text", "q"), row("end_group")], ("name-missing", "name", 2)),
        ([row("text", "a"), row("integer", "a")], ("duplicate-name", "name", 3)),
        ([row("text", "Age"), row("integer", "age")], ("name-differs-by-case", "name", 3)),
        ([row("text", "g"), *GROUP], ("duplicate-name", "name", 3)),
        ([row("text", "meta")], ("reserved-name", "name", 2)),
        ([row("begin_repeat", "data"), row("text", "q"), row("end_repeat")], ("repeat-named-like-form", "name", 2)),
        ([row("audit", "trail")], ("audit-named", "name", 2)),
        ([row("text", "x" * 200)], ("name-too-long", "name", 2)),
    ],
)
def test_a_name_that_does_not_do_is_told_at_its_cell(rows, expected):
    assert told(form(row("text", "first"), *rows)) == [(expected[0], expected[1], expected[2] + 1)]


def test_the_same_name_in_two_groups_is_no_double():
    assert told(form(*GROUP, row("text", "q"))) == []


def test_a_double_says_where_the_first_is():
    assert "B2" in only(form(row("text", "a"), row("text", "a"))).message


def test_two_repeats_of_one_name_in_different_groups_are_told():
    repeat = [row("begin_repeat", "r"), row("text", "x"), row("end_repeat")]
    rows = [row("begin_group", "g"), *repeat, row("end_group"), row("begin_group", "h"), *repeat, row("end_group")]
    assert told(form(*rows)) == [("duplicate-repeat-name", "name", 8)]

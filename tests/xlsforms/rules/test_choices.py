import pytest

from tests.xlsforms.rules.forms import YES_NO, findings, form, only, row, told
from xlsforms.findings import Severity
from xlsforms.limits import DEFAULT
from xlsforms.rules import apply

Q = row("select_one yn", "q")
TOWNS = [
    {"list_name": "town", "name": "a", "label": "A", "district": "n"},
    {"list_name": "town", "name": "b", "label": "B", "district": "s"},
]


def choice(name: str, label: str = "Words", list_name: str = "yn") -> dict[str, str]:
    return {"list_name": list_name, "name": name, "label": label}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ([choice("yes")], ("duplicate-choice", "name", 4)),
        ([choice("Yes")], ("choice-differs-by-case", "name", 4)),
        ([choice("")], ("choice-without-name", "name", 4)),
        ([choice("dk", "")], ("choice-without-label", "label", 4)),
        ([choice("dk", list_name="")], ("choice-without-list", "list_name", 4)),
        ([choice("x", list_name="YN")], ("list-differs-by-case", "list_name", 4)),
        ([choice("x", list_name="y n")], ("list-with-space", "list_name", 4)),
    ],
)
def test_a_choice_that_does_not_do_is_told_at_its_cell(more, expected):
    assert told(form(Q, choices=[*YES_NO, *more])) == [expected]


def test_doubles_may_be_allowed():
    settings = [{"form_id": "f", "form_title": "F", "allow_choice_duplicates": "yes"}]
    assert told(form(Q, choices=[*YES_NO, choice("yes")], settings=settings)) == []


@pytest.mark.parametrize("type_", ["select_multiple yn", "rank yn"])
def test_a_blank_in_a_choice_of_several_is_told_and_in_one_of_one_is_not(type_):
    choices = [*YES_NO, choice("not sure")]
    assert told(form(row(type_, "q"), choices=choices)) == [("choice-with-space", "name", 4)]
    assert told(form(Q, choices=choices)) == []


@pytest.mark.parametrize(
    ("type_", "near"), [("select_one YN", "yn"), ("select_multiple ynn", "yn"), ("select_one zzzz", None)]
)
def test_a_list_that_is_not_there_is_told_with_the_one_that_is_meant(type_, near):
    found = only(form(row(type_, "q")))
    assert (found.code, found.cell, found.facts.get("near")) == ("unknown-list", "A2", near)


def test_a_form_without_any_choices_is_told_at_the_select():
    assert told(form(Q, choices=[])) == [("choices-missing", "type", 2)]
    assert told(form(row("select_one_external t", "q", choice_filter="x=1"))) == [("choices-missing", "type", 2)]


def test_a_list_named_with_a_blank_is_told_in_both_sheets():
    found = told(form(row("select_one yes no", "q"), choices=[choice("y", list_name="yes no")]))
    assert found == [("list-with-space", "list_name", 2), ("list-with-space", "type", 2), ("unknown-type", "type", 2)]


def test_a_list_that_nobody_uses_is_mentioned():
    found = [one for one in apply(form(Q, choices=[*YES_NO, *TOWNS]), DEFAULT) if one.code == "list-unused"]
    assert [(one.cell, one.facts["list"], one.facts["count"]) for one in found] == [("A4", "town", "2")]
    used = form(
        Q, row("calculate", "c", calculation="instance('town')/root/item[name = 'a']/label"), choices=YES_NO + TOWNS
    )
    assert "list-unused" not in [one.code for one in apply(used, DEFAULT)]


@pytest.mark.parametrize("kind", ["select_one towms", "selct_one town"])
def test_a_list_whose_question_is_misspelt_is_not_called_unused(kind):
    misspelt = form(row(kind, "q"), choices=TOWNS)
    assert "list-unused" not in [one.code for one in apply(misspelt, DEFAULT)]


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ("district = ${area}", []),
        ("name != 'a' and district = ${area}", []),
        ("distric = ${area}", [("choices-extra-column", "district", 1), ("unknown-choice-column", "choice_filter", 3)]),
        ("district = area", [("name-without-braces", "choice_filter", 3)]),
    ],
)
def test_a_filter_looks_at_columns_that_the_choices_have(filter_, expected):
    asked = form(row("text", "area"), row("select_one town", "q", choice_filter=filter_), choices=TOWNS)
    assert told(asked) == expected


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (row("text", "q", choice_filter="name = 1"), "filter-without-choices"),
        (row("select_one yn or_other", "q", choice_filter="name != 'x'"), "or-other-with-filter"),
    ],
)
def test_a_filter_stands_where_something_is_chosen(question, code):
    assert told(form(question)) == [(code, "choice_filter", 2)]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("${q} = 'yess'", ["unknown-choice"]),
        ("selected(${q}, 'yess')", ["unknown-choice"]),
        ("${q} != 'maybe'", ["unknown-choice"]),
        ("${q} = 'yes' or selected(${q}, \"no\") or ${q} = ''", []),
    ],
)
def test_a_comparison_with_a_choice_that_is_not_there_is_never_true(text, codes):
    assert [code for code, _column, _row in told(form(Q, row("text", "why", relevant=text)))] == codes


@pytest.mark.parametrize(
    "question",
    [row("select_one town.csv", "q"), row("select_one_from_file town.csv", "q"), row("select_one ${n}", "q")],
)
def test_choices_that_stand_elsewhere_are_not_looked_for_here(question):
    repeat = [row("begin_repeat", "r"), row("text", "n"), row("end_repeat")]
    assert told(form(*repeat, question, row("text", "why", relevant="${q} = 'x'"))) == []


def test_a_column_with_a_blank_reaches_no_tablet():
    assert told(form(Q, choices=[{**YES_NO[0], "my notes": "x"}])) == [("choices-column-name", "my notes", 1)]


@pytest.mark.parametrize("name", ["weight", "Score", "points", "risk_weight", "peso", "puntaje", "score_2"])
@pytest.mark.parametrize("used", [True, False])
def test_weights_never_reach_a_tablet_whether_a_calculation_uses_them_or_not(name, used):
    summed = row("calculate", "sum", calculation=f"instance('yn')/root/item[name = ${{q}}]/{name}" if used else "1")
    found = findings(form(Q, summed, choices=[{**each, name: "3"} for each in YES_NO]))
    assert [(one.code, one.severity, one.column) for one in found] == [("choices-weights", Severity.ERROR, name)]
    assert "the server computes" in found[0].said("en")


def test_a_column_that_only_sounds_like_weights_may_filter():
    asked = form(
        Q, row("select_one yn", "r", choice_filter="weigher = ${q}"), choices=[{**YES_NO[0], "weigher": "yes"}]
    )
    assert told(asked) == []

import inspect
import sys
import time

import pytest

from tests.xlsforms.rules.forms import asked, findings, form, only, row, told
from xlsforms.expressions import cells, functions
from xlsforms.findings import Severity
from xlsforms.limits import DEFAULT
from xlsforms.rules import cycles
from xlsforms.xpath import XPathError, parse

GOOD = (
    "${a} = 'yes' and not(selected(${b}, 'x'))",
    "instance('v')/root/item[name = ${x}]/label",
    "count(${r}[x > 1]) div 2",
    "-1 + - ${a} * .5",
    ". >= 1 and . <= 5",
    "current()/../x | /data/y",
    'if(${a} = "it\'s", 1, 2)',
    "regex(., '^[A-Z]+$')",
    "position(..) mod 2 = 0",
    "once(concat(uuid(), '-', format-date(today(), '%Y')))",
    "jr:choice-name(${a}, '${a}')",
    "((((1))))",
    "${a}!=1",
    "today()-1",
    "child::x/@y",
    "*",
    "${år} > 3",
)
BAD = [
    ("(${a} = 1", "@bracket-open", 1),
    ("concat('a'", "@bracket-open", 7),
    ("${a} = 1)", "@bracket-close", 9),
    ("${a} ${b}", "@operator-missing", 6),
    ("${a} =", "@operand-missing", 7),
    ("${a} = 'x", "@quote-open", 8),
    ("${a} == 1", "@operator-foreign", 6),
    ("${a} <> 1", "@operator-foreign", 6),
    ("${a} && 1", "@operator-foreign", 6),
    ("${a} AND ${b}", "@operator-capitals", 6),
    ("${a} or or ${b}", "@operator-missing", 12),
    ("1 = = 2", "@unexpected", 5),
    ("count(//a)", "@double-slash", 7),
    ("${a} ; 1", "@character", 6),
    ("", "@operand-missing", 1),
    ("x[1", "@bracket-open", 2),
    ("${a}/text()", "@step", 6),
    ("ancestor::x", "@step", 1),
    ("if(1,,2)", "@unexpected", 6),
    ("(" * 500 + "1" + ")" * 500, "@too-deep", 60),
]


@pytest.mark.parametrize("text", GOOD)
def test_odks_xpath_is_read(text):
    parse(text)


@pytest.mark.parametrize(("text", "what", "at"), BAD)
def test_the_character_at_which_an_expression_breaks_is_told(text, what, at):
    with pytest.raises(XPathError) as problem:
        parse(text)
    assert (problem.value.what, problem.value.at) == (what, at)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("foo((", "xpath-unreadable"),
        ("${n} = 1)", "xpath-unreadable"),
        ("${n} == 1", "xpath-operator"),
        ("${n} > 1 AND ${n} < 3", "xpath-operator"),
        ("${n} > 1 && ${n} < 3", "xpath-operator"),
        ("${n} <> 1", "xpath-operator"),
        ("${n} = «x»", "typographic-quotes"),
        ("bar(1)", "unknown-function"),
        ("floor(${n}) = 1", "unknown-function"),
        ("if(${n}, 2)", "wrong-arity"),
        ("selected(${a})", "wrong-arity"),
        ("today(1) = ${n}", "wrong-arity"),
        ("indexed-repeat(${n}, 1)", "wrong-arity"),
        ("regex(${n}, '[a-')", "regex-unreadable"),
    ],
)
@pytest.mark.parametrize("column", ["relevant", "required", "calculation"])
def test_an_expression_that_no_tablet_reads_is_told_at_its_cell(column, text, code):
    found = only(asked(**{column: text}))
    assert (found.code, found.column, found.severity) == (code, column, Severity.ERROR)


def test_the_place_in_the_cell_is_quoted():
    assert "character 10" in only(asked(relevant="${n} = 1 ) and 2")).message
    assert "'='" in only(asked(relevant="${n} == 1")).mend()


@pytest.mark.parametrize(("given", "near"), [("selcted", "selected"), ("substring", "substr"), ("Today", "today")])
def test_a_function_that_is_not_there_is_told_with_the_one_that_is_meant(given, near):
    assert only(asked(relevant=f"{given}(${{n}}, 1) = 2")).facts["near"] == near


def test_the_quotes_of_a_word_processor_are_mended_and_told():
    found = only(asked(relevant="${a} = \u2018yes\u2019"))
    assert (found.code, found.severity) == ("typographic-quotes", Severity.WARNING)


def test_an_apostrophe_that_pyxform_makes_straight_breaks_its_text():
    found = only(asked(calculation="concat('don\u2019t', ${a})"))
    assert (found.code, found.severity) == ("typographic-quotes", Severity.ERROR)


@pytest.mark.parametrize("text", ["yes", "TRUE", "no", "true()", "${a} = 'yes'"])
def test_yes_and_no_are_expressions_too(text):
    assert told(asked(required=text)) == []


@pytest.mark.parametrize(
    "default", ["Hello (you)", "3", "it's", "2020-01-01", "a and b", "today()", "concat('a', 'b')"]
)
def test_a_default_is_text_unless_it_calls_a_function(default):
    assert told(asked(default=default)) == []


def test_a_default_that_calls_what_is_not_there_is_told():
    assert told(asked(default="tody()")) == [("unknown-function", "default", 4)]


def test_the_name_of_a_filled_form_is_an_expression():
    settings = [{"form_id": "f", "form_title": "F", "instance_name": "concat('x', ${q}"}]
    assert told(form(row("text", "q"), settings=settings)) == [("xpath-unreadable", "instance_name", 2)]


def test_the_table_of_functions_takes_what_the_specification_says():
    takes = {"if": (3,), "concat": (0, 1, 9), "round": (1, 2), "indexed-repeat": (3, 5, 7), "today": (0,)}
    refuses = {"if": (2, 4), "today": (1,), "indexed-repeat": (1, 2, 4, 13), "weighted-checklist": (3,), "join": (0,)}
    assert all(functions()[name].takes(number) for name, numbers in takes.items() for number in numbers)
    assert not any(functions()[name].takes(number) for name, numbers in refuses.items() for number in numbers)


# Circles.


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ([row("calculate", "x", calculation="${y}"), row("calculate", "y", calculation="${x} + 1")], "x → y → x"),
        ([row("text", "x", relevant="${y} = 1"), row("text", "y", relevant="${x} = 1")], "x → y → x"),
        ([row("text", "x", relevant="${x} = ''")], "x → x"),
        ([row("calculate", "x", calculation=". + 1")], "x → x"),
        ([row("text", "x", required="${x} = ''")], "x → x"),
        (
            [row("begin_group", "g", relevant="${x} = ''"), row("text", "x"), row("end_group")],
            "x → x",
        ),
        (
            [
                *[row("calculate", "p", calculation="${q}"), row("calculate", "q", calculation="${r}")],
                row("calculate", "r", calculation="${p}"),
            ],
            "p → q → r → p",
        ),
    ],
)
def test_answers_that_depend_on_themselves_are_told_once_with_the_way_round(rows, names):
    found = only(form(*rows))
    assert (found.code, found.facts["names"]) == ("cycle", names)


def test_two_circles_are_both_told():
    rows = [row("calculate", "a", calculation="${b}"), row("calculate", "b", calculation="${a}")]
    others = [row("calculate", "c", calculation="${d}"), row("calculate", "d", calculation="${c}")]
    assert [one.cell for one in findings(form(*rows, *others))] == ["D2", "D4"]


@pytest.mark.parametrize(
    "rows",
    [
        [row("text", "x", constraint="${x} != '' and . != 'a'", constraint_message="No")],
        [row("calculate", "x", calculation="${last-saved#x} + 1")],
        [row("text", "t"), row("calculate", "x", calculation="${x} + 1", trigger="${t}")],
        [row("text", "x"), row("calculate", "y", calculation="${x}"), row("text", "z", relevant="${y} = ${x}")],
    ],
)
def test_what_looks_like_a_circle_and_is_none_is_not_told(rows):
    assert told(form(*rows)) == []


def test_brackets_inside_each_other_are_told_as_too_many_before_the_parser_runs_out_of_stack():
    found = only(asked(relevant="a[" * 185 + "b" + "]" * 185))
    assert (found.code, found.facts["what"]) == ("xpath-unreadable", "@too-deep")


def test_an_expression_that_finds_too_little_stack_is_unreadable_and_no_crash():
    def lower(frames: int) -> None:
        if frames:
            lower(frames - 1)
        else:
            with pytest.raises(XPathError, match="too-deep"):
                parse("(" * 50 + "77001" + ")" * 50)

    lower(sys.getrecursionlimit() - len(inspect.stack()) - 60)


def test_rows_that_stand_in_a_group_depend_on_what_its_relevance_depends_on():
    inner = [row("begin_group", "h"), row("text", "t"), row("end_group")]
    found = only(form(row("begin_group", "g", relevant="${t} = ''"), *inner, row("end_group")))
    assert (found.code, found.facts["names"], found.column) == ("cycle", "t → t", "relevant")


def references(count: int, first: int) -> str:
    return " + ".join(f"${{q{(first + 97 * each) % 3000}}}" for each in range(count))


@pytest.mark.parametrize(
    ("calculation", "knots"),
    [
        (lambda at: f"${{q{max(at - 1, 0)}}}", 1),
        (lambda at: references(20, 31 * at), cycles.ROUNDS),
        (lambda at: references(20, at + 1) if at < 1000 else "1", 0),
    ],
    ids=["a chain that hangs on a circle", "all knotted", "none"],
)
def test_circles_among_thousands_of_rows_are_found_in_a_moment(calculation, knots):
    many = form(*(row("calculate", f"q{at}", calculation=calculation(at)) for at in range(3000)))
    for cell in cells(many):
        cell.read()
    started = time.process_time()
    assert len(list(cycles.circles(many, DEFAULT))) == knots
    assert time.process_time() - started < 2

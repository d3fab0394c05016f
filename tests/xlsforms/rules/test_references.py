import pytest

from tests.xlsforms.rules.forms import asked, findings, form, only, row, told
from xlsforms.findings import Severity

REPEAT = [row("begin_repeat", "trips", "Trips"), row("integer", "days"), row("end_repeat")]
# The columns in which a reference may stand.
COLUMNS = (
    *("relevant", "constraint", "calculation", "required", "readonly", "default", "trigger", "label", "hint"),
    *("guidance_hint", "label::English (en)", "hint::Español (es)", "required_message", "image", "appearance"),
    *("constraint_message::English (en)", "parameters", "bind::relevant", "media::audio", "note_of_mine"),
)


@pytest.mark.parametrize("column", COLUMNS)
def test_a_name_that_is_not_there_is_told_in_every_column_with_the_nearest(column):
    cells = {"constraint_message": "No"} if column == "constraint" else {}
    label = "" if column == "label" else "B"
    rows = [row("text", "first_name"), row("text", "b", **({"label": label} | cells | {column: "${frist_name}"}))]
    found = [one for one in findings(form(*rows)) if one.code == "unknown-reference"]
    assert [(one.column, one.facts["near"]) for one in found] == [(column, "first_name")]


@pytest.mark.parametrize("column", ["choice_filter"])
def test_a_filter_may_refer_to_questions(column):
    choices = [{"list_name": "v", "name": "x", "label": "X", "district": "n"}]
    bad = form(row("text", "area"), row("select_one v", "b", choice_filter="district = ${aera}"), choices=choices)
    assert told(bad) == [("unknown-reference", "choice_filter", 3)]


def test_references_are_looked_for_on_the_other_sheets_too():
    choices = [{"list_name": "yn", "name": "yes", "label": "Yes, ${nobody}"}]
    settings = [{"form_id": "f", "form_title": "F", "instance_name": "${noone}"}]
    found = told(form(row("select_one yn", "q"), choices=choices, settings=settings))
    assert found == [("unknown-reference", "instance_name", 2), ("unknown-reference", "label", 2)]


def test_a_repeat_may_be_counted_by_a_question():
    rows = [row("begin_repeat", "r", repeat_count="${hwo_many}"), row("text", "q"), row("end_repeat")]
    assert told(form(row("integer", "how_many"), *rows)) == [("unknown-reference", "repeat_count", 3)]


@pytest.mark.parametrize("text", ["${a} = 'yes'", "${last-saved#n} > 1", "${instanceID} = ''"])
def test_a_reference_that_leads_somewhere_is_taken(text):
    assert told(asked(relevant=text)) == []


@pytest.mark.parametrize("text", ["${a", "${ a } = 1", "${} = 1", "${a b} = 1", "${a = 1"])
def test_a_reference_that_is_not_closed_or_no_name_is_told_once(text):
    found = only(asked(relevant=text))
    assert (found.code, found.column) == ("malformed-reference", "relevant")


@pytest.mark.parametrize("written", ["$a = 'yes'", "{a} = 'yes'", "$(a) = 'yes'", "#{a} = 'yes'", "$ {a} = 'yes'"])
def test_a_reference_without_its_braces_is_told_once(written):
    found = only(asked(relevant=written))
    assert (found.code, found.severity, found.column) == ("reference-without-braces", Severity.ERROR, "relevant")
    assert "${a}" in found.mend()


def test_a_reference_without_its_braces_in_a_text_is_a_warning_when_there_is_such_a_question():
    found = only(asked(hint="You said {n}"))
    assert (found.code, found.severity) == ("reference-without-braces", Severity.WARNING)
    assert told(asked(hint="It costs $5, {x} or $y")) == []


def test_a_name_of_two_questions_cannot_be_referred_to():
    groups = [
        *[row("begin_group", "g"), row("text", "x"), row("end_group")],
        *[row("begin_group", "h"), row("text", "x"), row("end_group")],
    ]
    assert told(form(*groups, row("text", "q", relevant="${x} = 1"))) == [("ambiguous-reference", "relevant", 8)]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"relevant": "${days} > 3"}, [("reference-into-repeat", "relevant", 5)]),
        ({"calculation": "${days} + 1"}, [("reference-into-repeat", "calculation", 5)]),
        ({"label": "You said ${days}"}, [("reference-into-repeat", "label", 5)]),
        ({"relevant": "sum(${days}) > 3"}, []),
        ({"relevant": "count(${trips}) > 3"}, []),
        ({"relevant": "indexed-repeat(${days}, ${trips}, 1) > 3"}, []),
        ({"relevant": "${trips}[position() = 1]/days > 3"}, []),
        ({"calculation": "join(' ', ${days})"}, []),
        ({"calculation": "if(count(${days}) > 0, max(${days}), 0)"}, []),
    ],
)
def test_from_outside_a_repeat_many_answers_need_a_function_of_many(cells, expected):
    assert told(form(*REPEAT, row("text", "q", **cells))) == expected


def test_inside_a_repeat_its_own_rows_are_meant():
    rows = [REPEAT[0], row("integer", "days"), row("text", "why", relevant="${days} > 3"), REPEAT[2]]
    assert told(form(*rows)) == []


def test_from_one_repeat_into_another_is_outside_too():
    other = [row("begin_repeat", "stays", "S"), row("text", "q", relevant="${days} > 3"), row("end_repeat")]
    assert told(form(*REPEAT, *other)) == [("reference-into-repeat", "relevant", 6)]


def test_a_name_alone_is_not_the_question():
    assert told(asked(relevant="n > 3")) == [("name-without-braces", "relevant", 4)]


def test_a_reference_between_quotes_is_text():
    assert told(asked(relevant="${a} = '${n}'")) == [
        ("reference-quoted", "relevant", 4),
        ("unknown-choice", "relevant", 4),
    ]
    assert told(asked(calculation="jr:choice-name(${a}, '${a}')")) == []


def test_a_form_of_mistakes_alone_is_judged_without_comparing_every_name_with_every_other():
    rows = [row("text", f"question_{number}", relevant=f"${{qeustion_x{number}}} = 1") for number in range(700)]
    found = [one for one in findings(form(*rows)) if one.code == "unknown-reference"]
    assert len(found) == 700
    assert found[0].facts["near"].startswith("question_")
    assert "near" not in found[-1].facts

"""What is different between two versions of a form, whatever was done to it."""

import dataclasses

import pytest

from forms.difference import Kind, Side, difference
from tests.make import checked
from xlsforms.calculations import calculations
from xlsforms.editable import editable_on_tablets
from xlsforms.limits import DEFAULT
from xlsforms.questions import read_form
from xlsforms.validate import validate

FORM = """
| survey |
| | type | name | label::English (en) | label::Español (es) | hint::English (en) | relevant | calculation |
| | select_one yn | safe | Is it safe? | ¿Es seguro? | Look around | | |
| | begin_group | papers | Papers | Papeles | | | |
| | text | held_by | Who keeps them? | ¿Quién los guarda? | | ${safe} = 'yes' | |
| | end_group | | | | | | |
| | integer | age | How old? | ¿Qué edad? | | | |
| | calculate | adult | | | | | if(${age} >= 18, 1, 0) |
| choices |
| | list_name | name | label::English (en) | label::Español (es) |
| | yn | yes | Yes | Sí |
| | yn | no | No | No |
| settings |
| | form_title | form_id | version |
| | Invented | invented | 1 |
"""


def fed(**targets):
    """A mapping that leads questions to fields of a person."""
    fields = [
        {"question": f"/data/{q}", "record": "person", "field": f, "mode": "fill", "codes": ""}
        for q, f in targets.items()
    ]
    record = {"alias": "person", "kind": "person", "action": "new", "match": "", "when": "", "repeat": "", "link": ""}
    return {"case_form": "other", "records": [record], "fields": fields, "codes": {}}


@pytest.fixture(scope="module")
def compiled():
    from tests.conftest import NOON

    held = checked(FORM, NOON).compiled
    assert held is not None
    return held


@pytest.fixture(scope="module")
def form(compiled):
    return compiled.definition


def side(compiled, *swaps, **more):
    """The form with these texts of its XForm swapped."""
    xform = compiled.xform.decode()
    for old, new in swaps:
        assert old in xform
        xform = xform.replace(old, new)
    return Side(read_form(xform.encode()), calculations=calculations(xform.encode()), **more)


def told(before, after):
    return [(one.kind, one.path, one.before, one.after) for one in difference(before, after).changes]


def test_the_same_form_is_no_different(compiled):
    found = difference(side(compiled), side(compiled))
    assert (found.changes, found.counts, found.orphans, found.no_longer_fed) == ((), {}, (), ())


def test_a_renamed_question_is_one_change_wherever_it_is_spoken_of(compiled):
    later = side(compiled, ("/data/safe", "/data/is_safe"), ("<safe/>", "<is_safe/>"))
    assert told(side(compiled), later) == [(Kind.QUESTION_RENAMED, "/data/is_safe", "safe", "is_safe")]


def test_a_question_is_known_by_the_field_that_it_feeds_though_its_name_and_words_are_new(compiled):
    later = side(
        compiled,
        ("/data/age", "/data/years"),
        ("<age/>", "<years/>"),
        ("How old?", "Your age?"),
        mapping=fed(years="age"),
    )
    found = difference(side(compiled, mapping=fed(age="age")), later)
    assert [one.kind for one in found.changes] == [Kind.QUESTION_RENAMED, Kind.LABEL]
    assert found.no_longer_fed == ()


def test_a_renamed_group_moves_none_of_its_questions(compiled):
    later = side(
        compiled, ("/data/papers", "/data/documents"), ("<papers>", "<documents>"), ("</papers>", "</documents>")
    )
    assert told(side(compiled), later) == [(Kind.GROUP_RENAMED, "/data/documents", "/data/papers", "/data/documents")]


def test_what_loses_its_answers_is_told_apart(compiled, form):
    before = side(compiled, mapping=fed(age="age"))
    gone = dataclasses.replace(form, questions=tuple(one for one in form.questions if one.name != "age"))
    choice = dataclasses.replace(gone.questions[0], choices=gone.questions[0].choices[:1])
    gone = dataclasses.replace(gone, questions=(choice, *gone.questions[1:]))
    found = difference(before, Side(gone, fed(), before.calculations))
    assert [(one.kind, one.before or one.choice) for one in found.orphans] == [
        (Kind.QUESTION_REMOVED, "integer"),
        (Kind.CHOICE_REMOVED, "No"),
    ]
    assert found.no_longer_fed == ("person.age",)
    assert found.counts == {Kind.QUESTION_REMOVED: 1, Kind.CHOICE_REMOVED: 1}


def test_another_type_loses_answers_unless_it_takes_any_text(compiled, form):
    def retyped(kind):
        questions = tuple(dataclasses.replace(q, type=kind) if q.name == "age" else q for q in form.questions)
        return Side(dataclasses.replace(form, questions=questions), calculations=side(compiled).calculations)

    assert [one.orphans for one in difference(side(compiled), retyped("date")).changes] == [True]
    assert [one.orphans for one in difference(side(compiled), retyped("text")).changes] == [False]


@pytest.mark.parametrize(
    ("swaps", "change"),
    [
        (
            [("Who keeps them?", "Who has them?")],
            (Kind.LABEL, "/data/papers/held_by", "Who keeps them?", "Who has them?"),
        ),
        ([("Look around", "Look")], (Kind.HINT, "/data/safe", "Look around", "Look")),
        ([("= 'yes'", "!= 'no'")], (Kind.RELEVANT, "/data/papers/held_by", "/data/safe = 'yes'", "/data/safe != 'no'")),
        (
            [("18, 1, 0", "21, 1, 0")],
            (Kind.CALCULATION, "/data/adult", "if(/data/age >= 18, 1, 0)", "if(/data/age >= 21, 1, 0)"),
        ),
        ([("<h:title>Invented", "<h:title>Other")], (Kind.TITLE, "", "Invented", "Other")),
        ([(">Papeles<", ">Documentos<")], (Kind.LABEL, "/data/papers", "Papeles", "Documentos")),
    ],
)
def test_each_text_and_rule_is_compared(compiled, swaps, change):
    plain = [
        (kind, path, "".join(a.split()), "".join(b.split()))
        for kind, path, a, b in told(side(compiled), side(compiled, *swaps))
    ]
    assert plain == [(change[0], change[1], "".join(change[2].split()), "".join(change[3].split()))]


def test_files_records_and_languages_are_compared(compiled, form):
    before = side(compiled, files={"a.png": "1", "b.png": "1"}, mapping=fed(age="age"))
    later = fed(age="age")
    later["records"][0]["action"] = "find"
    other = dataclasses.replace(form, languages=("English (en)", "Kriol (bzj)"))
    found = difference(before, Side(other, later, before.calculations, {"b.png": "2", "c.png": "1"}))
    assert found.counts == dict.fromkeys(
        (
            *(Kind.RECORDS, Kind.LANGUAGE_REMOVED, Kind.LANGUAGE_ADDED),
            *(Kind.FILE_REMOVED, Kind.FILE_CHANGED, Kind.FILE_ADDED),
        ),
        1,
    )
    assert found.to_json()["counts"]["file-added"] == 1


def test_a_form_whose_tablets_may_edit_is_the_same_form_for_them(compiled):
    edited = editable_on_tablets(compiled)
    assert editable_on_tablets(edited).xform == edited.xform
    assert told(side(compiled), side(edited)) == []
    assert b'client-editable="true"' in edited.xform
    assert validate(edited.xform, DEFAULT).complaint == ""

"""What is different between two versions of a form, whatever was done to it."""

import dataclasses

import pytest

from forms.difference import Kind, Side, difference
from tests.make import checked
from xlsforms.calculations import calculations
from xlsforms.editable import editable_on_tablets
from xlsforms.fine_print import FinePrint, fine_print
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
    content = xform.encode()
    return Side(read_form(content), calculations=calculations(content), fine=fine_print(content), **more)


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
    found = difference(before, Side(gone, fed(), before.calculations, fine=before.fine))
    assert [(one.kind, one.before or one.choice) for one in found.orphans] == [
        (Kind.QUESTION_REMOVED, "integer"),
        (Kind.CHOICE_REMOVED, "No"),
    ]
    assert found.no_longer_fed == ("person.age",)
    assert found.counts == {Kind.QUESTION_REMOVED: 1, Kind.CHOICE_REMOVED: 1}


def test_another_type_loses_answers_unless_it_takes_any_text(compiled, form):
    def retyped(kind):
        questions = tuple(dataclasses.replace(q, type=kind) if q.name == "age" else q for q in form.questions)
        now = side(compiled)
        return Side(dataclasses.replace(form, questions=questions), calculations=now.calculations, fine=now.fine)

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


GATED = """
| survey |
| | type | name | label::English (en) | label::Español (es) | guidance_hint::English (en) | relevant | constraint | constraint_message::English (en) | constraint_message::Español (es) | required | required_message::English (en) | appearance | read_only | default | choice_filter | parameters |
| | select_one yn | consent | Do you agree? | ¿Está de acuerdo? | Read it out | | | | | yes | It must be known | | | | | |
| | begin_group | talk | Talk | Conversación | | ${consent} = 'yes' | | | | | | field-list | | | | |
| | integer | age | How old? | ¿Qué edad? | | | . < 120 | Too old | Demasiado | | | | | 18 | | |
| | select_one yn | safe | Is it safe? | ¿Es seguro? | | | | | | | | minimal | yes | | name != 'no' or ${consent} = 'no' | randomize=true |
| | end_group | | | | | | | | | | | | | | | |
| choices |
| | list_name | name | label::English (en) | label::Español (es) |
| | yn | yes | Yes | Sí |
| | yn | no | No | No |
| settings |
| | form_title | form_id | version |
| | Invented | gated | 1 |
"""  # noqa: E501


def built(old="", new=""):
    from tests.conftest import NOON

    assert old in GATED
    held = checked(GATED.replace(old, new) if old else GATED, NOON).compiled
    assert held is not None
    return side(held)


@pytest.mark.parametrize(
    ("old", "new", "kind", "path", "language"),
    [
        ("| ${consent} = 'yes' |", "| |", Kind.RELEVANT, "/data/talk", ""),
        ("Read it out", "Hand it over", Kind.GUIDANCE, "/data/consent", "English (en)"),
        ("Demasiado", "Muy mayor", Kind.CONSTRAINT_MESSAGE, "/data/talk/age", "Español (es)"),
        ("It must be known", "Ask again", Kind.REQUIRED_MESSAGE, "/data/consent", "English (en)"),
        ("| field-list |", "| |", Kind.APPEARANCE, "/data/talk", ""),
        ("| minimal | yes |", "| minimal | |", Kind.READ_ONLY, "/data/talk/safe", ""),
        ("| 18 |", "| 21 |", Kind.DEFAULT, "/data/talk/age", ""),
        ("name != 'no' or ", "name != 'yes' or ", Kind.CHOICE_FILTER, "/data/talk/safe", ""),
    ],
)
def test_no_gate_message_or_setting_changes_unseen(old, new, kind, path, language):
    found = difference(built(), built(old, new)).changes
    assert (kind, path, language) in [(one.kind, one.path, one.language) for one in found]
    assert {one.kind for one in found} == {kind}


def test_required_on_a_condition_is_another_rule_than_required_always():
    before = Side(built().definition, fine=FinePrint({"/data/consent": {("required", ""): "true()"}}))
    after = Side(built().definition, fine=FinePrint({"/data/consent": {("required", ""): "/data/talk/age > 3"}}))
    assert told(before, after) == [(Kind.REQUIRED, "/data/consent", "yes", "/data/talk/age > 3")]


def test_choices_in_another_order_are_told(form):
    turned = dataclasses.replace(form.questions[0], choices=form.questions[0].choices[::-1])
    later = dataclasses.replace(form, questions=(turned, *form.questions[1:]))
    assert told(Side(form), Side(later)) == [(Kind.ORDER, "/data/safe", "yes, no", "no, yes")]


def test_a_question_that_is_asked_earlier_stands_in_another_order(compiled, form):
    places = {one.name: one for one in form.questions}
    rest = [one for one in form.questions if one.name not in {"age", "safe"}]
    later = dataclasses.replace(form, questions=(places["age"], places["safe"], *rest))
    assert [(one.kind, one.path) for one in difference(Side(form), Side(later)).changes] == [(Kind.ORDER, "/data/age")]


def test_what_has_no_name_of_its_own_is_told_all_the_same(compiled):
    submits = ("</model>", '<submission orx:auto-send="true"/></model>')
    assert [one.kind for one in difference(side(compiled), side(compiled, submits)).changes] == [Kind.OTHER]
    version = ('version="1"', 'version="2"')
    assert told(side(compiled), side(compiled, version)) == []


def test_files_records_and_languages_are_compared(compiled, form):
    before = side(compiled, files={"a.png": "1", "b.png": "1"}, mapping=fed(age="age"))
    later = fed(age="age")
    later["records"][0]["action"] = "find"
    other = dataclasses.replace(form, languages=("English (en)", "Kriol (bzj)"))
    found = difference(before, Side(other, later, before.calculations, {"b.png": "2", "c.png": "1"}, before.fine))
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

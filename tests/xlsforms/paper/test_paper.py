"""A form on paper: what is numbered, what is ticked, and in words when it is asked."""

from textwrap import dedent

import pytest
from pyxform.xls2xform import convert

from tests.xlsforms.books import book
from xlsforms.compile import compile_form
from xlsforms.paper import lay_out, printable_language
from xlsforms.questions import read_form

SURVEY = """
    | survey | type | name | label::English (en) | label::Español (es) | hint | relevant | required | calculation |
    | | start | start | | | | | | |
    | | select_one yn | alone | Alone? | ¿A solas? | | | yes | |
    | | integer | age | Age | Edad | | | | |
    | | note | bye | Goodbye, **${age}** | Adiós, **${age}** | | ${alone} = 'no' | | |
    | | calculate | safe | | | | | | if(${alone} = 'yes' and ${age} >= 18, 1, 0) |
    | | begin_group | work | Work | Trabajo | | ${safe} = 1 | | |
    | | select_multiple needs | needs | Needs | Necesidades | Any | | | |
    | | text | other | Other | Otra | | selected(${needs}, 'food') or not(${age} = '') | | |
    | | text | none | None | Nada | | ${safe} = 0 | | |
    | | text | hard | Hard | Difícil | | string-length(${other}) > 3 | | |
    | | end_group | | | | | | | |
    | | text | mixed | Mixed | Mixta | | ${alone} = 'yes' and (${age} < 18 or ${age} > 60) | | |
    | | begin_repeat | trips | Trips | Viajes | | | | |
    | | text | place | Place | Lugar | | | | |
    | | date | day | Day | Día | | | | |
    | | end_repeat | | | | | | | |
    | | begin_repeat | people | People | Personas | | | | |
    | | text | who | Who | Quién | | | | |
    | | text | why | Why | Por qué | | ${who} != '' | | |
    | | end_repeat | | | | | | | |
    | | select_one many | many | Many | Muchas | | | | |
    | choices | list_name | name | label::English (en) | label::Español (es) |
    | | yn | yes | Yes | Sí |
    | | yn | no | No | No |
    | | needs | food | Food | Comida |
    | | needs | rest | Rest | Descanso |
""" + "".join(f"    | | many | c{at} | Choice {at} | Opción {at} |\n" for at in range(30))
SETTINGS = "    | settings | form_title | form_id | version |\n    | | Talk | talk | 3 |\n"


@pytest.fixture(scope="module")
def definition():
    return compile_form(book(SURVEY + SETTINGS)).definition


def flat(items):
    for item in items:
        yield item
        yield from flat(item.items)


@pytest.fixture(scope="module")
def english(definition):
    return {item.label: item for item in flat(lay_out(definition, "en").items)}


def test_questions_are_numbered_and_what_the_tablet_works_out_is_left_out(english):
    numbers = {label: item.number for label, item in english.items() if item.kind == "question"}
    assert list(numbers.values()) == [str(at) for at in range(1, len(numbers) + 1)]
    assert "safe" not in english
    assert "start" not in english
    assert english["Alone?"].required


def test_answers_in_a_label_are_told_by_their_number_without_the_tablets_marks(english):
    assert english["Goodbye, ____ (answer 2)"].kind == "note"


@pytest.mark.parametrize(
    ("label", "when"),
    [
        ("Goodbye, ____ (answer 2)", "Only if question 1 is 'No'"),
        ("Work", "Only if question 1 is 'Yes' and question 2 is at least 18"),
        ("Other", "Only if 'Food' is ticked in question 3 or question 2 is answered"),
        ("None", "Only if question 1 is not 'Yes' or question 2 is less than 18"),
        ("Hard", "Only if a calculation on the tablet says so"),
        ("Why", "Only if question 10 is answered"),
        ("Age", ""),
        ("Mixed", "Only if question 1 is 'Yes' and (question 2 is less than 18 or question 2 is more than 60)"),
    ],
)
def test_relevance_is_said_in_words(english, label, when):
    assert english[label].when == when


def test_a_short_repeat_is_a_table_and_another_a_block(english):
    assert (english["Trips"].kind, english["People"].kind) == ("table", "repeat")


def test_a_long_list_stands_once_at_the_end(definition, english):
    assert english["Many"].choices == ()
    assert english["Many"].how == "Tick one. See list A at the end"
    ((letter, choices),) = lay_out(definition, "en").lists
    assert (letter, len(choices), choices[0]) == ("A", 30, "Choice 0")


def test_the_page_speaks_the_forms_language(definition):
    paper = lay_out(definition, "es")
    items = {item.label: item for item in flat(paper.items)}
    assert paper.code == "es"
    assert items["Trabajo"].when == "Solo si la pregunta 1 es 'Sí' y la pregunta 2 es al menos 18"
    assert items["Necesidades"].hint == "Any"  # The form has no Spanish hint: English is better than none.
    assert items["¿A solas?"].choices == ("Sí", "No")


@pytest.mark.parametrize("wanted", ["es", "Español (es)", "español", "ES"])
def test_a_language_is_named_as_people_name_it(definition, wanted):
    assert printable_language(definition, wanted) == "Español (es)"
    assert printable_language(definition, "") == definition.default_language
    assert printable_language(definition, "zz") == definition.default_language


@pytest.mark.parametrize(
    ("relevant", "when"),
    [
        ("${soon} = 1", "Only if question 1 is 'Yes'"),
        ("${soon} = 2", "Only if question 1 is not 'Yes' and question 2 is 'Yes'"),
        ("${soon} != 1", "Only if question 1 is not 'Yes'"),
        ("${goes} = 1", "Only if question 1 is not 'No'"),
        ("${goes} = 0", "Only if question 1 is 'No'"),
        ("${odd} = 1", "Only if a calculation on the tablet says so"),
    ],
)
def test_a_calculation_that_chooses_is_said_by_what_makes_it_choose(relevant, when):
    survey = (
        "    | survey | type | name | label | relevant | calculation |\n"
        "    | | select_one yn | a | A | | |\n    | | select_one yn | b | B | | |\n"
        "    | | calculate | soon | | | if(${a} = 'yes', 1, if(${b} = 'yes', 2, 3)) |\n"
        "    | | calculate | goes | | | if(${a} = 'no', 0, 1) |\n"
        "    | | calculate | odd | | | string-length(${a}) |\n"
        f"    | | text | c | C | {relevant} | |\n"
        "    | choices | list_name | name | label |\n    | | yn | yes | Yes |\n    | | yn | no | No |\n"
    )
    definition = read_form(convert(xlsform=dedent(survey + SETTINGS), file_type=".md").xform.encode())
    assert [item.when for item in flat(lay_out(definition).items) if item.label == "C"] == [when]


def test_a_long_calculation_is_explained_once_at_the_end():
    asked = "".join(f"    | | select_one yn | q{at} | Question {at} | | |\n" for at in range(6))
    condition = " and ".join(f"${{q{at}}} = 'yes'" for at in range(6))
    survey = (
        "    | survey | type | name | label | relevant | calculation |\n"
        f"{asked}    | | calculate | on | | | if({condition}, 1, 0) |\n"
        "    | | text | a | A | ${on} = 1 | |\n    | | text | b | B | ${on} = 0 and ${q1} = 'yes' | |\n"
        "    | choices | list_name | name | label |\n    | | yn | yes | Yes |\n"
    )
    paper = lay_out(compile_form(book(survey + SETTINGS)).definition)
    whens = {item.label: item.when for item in flat(paper.items)}
    assert whens["A"] == "Only if condition A holds (see the end)"
    assert whens["B"] == "Only if condition A does not hold (see the end) and question 2 is 'Yes'"
    ((letter, words),) = paper.conditions
    assert letter == "A"
    assert words.startswith("question 1 is 'Yes' and question 2 is 'Yes'")

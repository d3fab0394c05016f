"""Answers with the question each one answers: typed, in order, repeats kept."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submissions.answers import READERS, read_answers, typed
from submissions.instance import read_instance
from xlsforms.definition import FormDefinition, Group, Question


def question(path, kind="text", repeat=""):
    return Question(path, path.rpartition("/")[2], kind, {}, {}, (), repeat, repeat, False)


def group(path, *, repeat=False):
    return Group(path, {}, repeat, "")


DEFINITION = FormDefinition(
    form_id="f",
    version="1",
    title="F",
    languages=("en",),
    default_language="en",
    groups=(
        group("/data/who"),
        group("/data/trip", repeat=True),
        group("/data/trip/stop", repeat=True),
        group("/data/trip/by", repeat=False),
    ),
    questions=(
        question("/data/who/name"),
        question("/data/who/age", "integer"),
        question("/data/trip/from"),
        question("/data/trip/by/means", "select_multiple"),
        question("/data/trip/stop/place"),
        question("/data/end", "end"),
    ),
    media=(),
)


def answers(body, root="data"):
    return read_answers(read_instance(f'<{root} id="f" version="1">{body}</{root}>'.encode()), DEFINITION)


def told(body, root="data"):
    return [(one.path, one.position, one.text) for one in answers(body, root)]


def test_every_answer_stands_with_its_question():
    found = answers("<who><name>Invented</name><age>30</age></who>")
    assert [(one.question.path, one.value) for one in found] == [("/data/who/name", "Invented"), ("/data/who/age", 30)]


def test_empty_answers_and_blanks_are_passed_over():
    assert told("<who><name/><age>  </age></who><trip/>") == []


def test_a_text_keeps_its_lines_and_loses_the_blanks_around_it():
    assert answers("<who><name>\n one\n two \n</name></who>")[0].text == "one\n two"


def test_rows_of_repeats_are_numbered_from_one_each_within_its_own():
    body = (
        "<trip><from>A</from><stop><place>a1</place></stop><stop><place>a2</place></stop></trip>"
        "<trip><from>B</from></trip>"
        "<trip><stop><place>c1</place></stop></trip>"
    )
    assert told(body) == [
        ("/data/trip[1]/from", (1,), "A"),
        ("/data/trip[1]/stop[1]/place", (1, 1), "a1"),
        ("/data/trip[1]/stop[2]/place", (1, 2), "a2"),
        ("/data/trip[2]/from", (2,), "B"),
        ("/data/trip[3]/stop[1]/place", (3, 1), "c1"),
    ]


def test_a_row_without_answers_keeps_its_number():
    assert told("<trip/><trip><from>B</from></trip>") == [("/data/trip[2]/from", (2,), "B")]


def test_a_group_inside_a_row_does_not_count():
    assert told("<trip><by><means>bus</means></by></trip>") == [("/data/trip[1]/by/means", (1,), "bus")]


def test_elements_that_are_no_question_are_passed_over():
    body = "<odd>x</odd><who><odd>y</odd><name>Invented</name></who><meta><instanceID>uuid:1</instanceID></meta>"
    assert told(body) == [("/data/who/name", (), "Invented")]


def test_a_question_that_came_with_elements_inside_is_no_answer():
    assert told("<who><name><b>Invented</b></name></who>") == []


def test_answers_are_found_under_whatever_name_and_namespace_the_first_element_came():
    assert told("<who><name>Invented</name></who>", "f") == [("/data/who/name", (), "Invented")]
    found = read_answers(
        read_instance(b'<x:f xmlns:x="http://example.org" id="f"><x:who><x:name>Invented</x:name></x:who></x:f>'),
        DEFINITION,
    )
    assert [one.path for one in found] == ["/data/who/name"]


def test_a_form_without_questions_has_no_answers():
    empty = FormDefinition("f", "1", "F", (), "", (), (), ())
    assert read_answers(read_instance(b'<data id="f"><a>1</a></data>'), empty) == ()


def test_an_answer_does_not_show_when_it_is_printed():
    assert "Invented" not in repr(answers("<who><name>Invented</name></who>"))


BELIZE = timezone(timedelta(hours=-6))


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", "12", "12"),
        ("barcode", "0012", "0012"),
        ("integer", "12", 12),
        ("integer", "-3", -3),
        ("integer", "+3", 3),
        ("integer", "007", 7),
        ("decimal", "1.50", Decimal("1.50")),
        ("decimal", "-1.5E3", Decimal("-1500")),
        ("range", "5", Decimal("5")),
        ("date", "2026-05-03", date(2026, 5, 3)),
        ("today", "2026-05-03", date(2026, 5, 3)),
        ("date", "2026-05-03T00:00:00.000-06:00", date(2026, 5, 3)),
        ("dateTime", "2026-05-03T15:04:05.678-06:00", datetime(2026, 5, 3, 15, 4, 5, 678000, BELIZE)),
        ("start", "2026-05-03T15:04:05.678-06", datetime(2026, 5, 3, 15, 4, 5, 678000, BELIZE)),
        ("end", "2026-05-03T15:04:05Z", datetime(2026, 5, 3, 15, 4, 5, 0, UTC)),
        ("time", "15:04:05.678-06:00", time(15, 4, 5, 678000, BELIZE)),
        ("time", "15:04:05.678-06", time(15, 4, 5, 678000, BELIZE)),
        ("select_one", "yes", "yes"),
        ("select_multiple", "a b  c", ("a", "b", "c")),
        ("rank", "b a", ("b", "a")),
        ("geopoint", "17.2514 -88.7590 12.5 4.0", "17.2514 -88.7590 12.5 4.0"),
        ("geopoint", "17 -88", "17 -88"),
        ("image", "1.jpg", "1.jpg"),
    ],
)
def test_a_text_is_read_as_its_questions_type(kind, text, value):
    assert typed(question("/data/a", kind), text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("integer", "12.0"),
        ("integer", "twelve"),
        ("integer", "9" * 19),
        ("integer", "٣"),
        ("integer", "1_000"),
        ("decimal", "NaN"),
        ("decimal", "Infinity"),
        ("decimal", "1,5"),
        ("decimal", "1_000"),
        ("decimal", "٣"),
        ("range", "sNaN"),
        ("date", "2026-02-30"),
        ("date", "03/05/2026"),
        ("date", "2026-05-03junk"),
        ("date", "20260503"),
        ("date", "2026-W18-7"),
        ("today", "tomorrow"),
        ("dateTime", "2026-05-03 3 p.m."),
        ("start", "yesterday"),
        ("end", "9999-99-99T00:00:00Z"),
        ("time", "25:00"),
        ("geopoint", "17.25"),
        ("geopoint", "here"),
        ("geopoint", "1 2 3 4 5"),
        ("geopoint", "٣ ٣"),
    ],
)
def test_a_text_that_is_not_of_its_questions_type_is_kept_without_a_value(kind, text):
    assert typed(question("/data/a", kind), text) is None


@given(kind=st.sampled_from(sorted(READERS)), text=st.text(max_size=40))
def test_whatever_a_tablet_sends_is_read_or_has_no_value(kind, text):
    typed(question("/data/a", kind), text)

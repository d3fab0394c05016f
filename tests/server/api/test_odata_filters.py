"""Filters and order in OData: what is found, what is refused, against Python's own judgement."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from accounts.roles import OPERATOR_VIEWER
from server.api.odata.filters import Grammar, fields_of
from server.api.odata.tokens import LONGEST, MOST
from server.api.problems import Problem
from storage.database import table_of
from submissions.choosing import choose
from submissions.lines import Lines
from submissions.pages import open_pages
from submissions.tables import Review
from tests.make import upload
from tests.server.api.scripts import fault
from tests.server.api.travels import FULL, NEARLY_EMPTY, NOON, STOPS, SVC, TRIPS, S, ids, one, publish, read, send


@pytest.fixture
def travels(place):
    publish(place)
    send(place, FULL, upload("p.jpg", b"a photo"), number=1, tablet="Tablet A")
    send(place, NEARLY_EMPTY, number=2, tablet="Tablet B")
    return place.script("supervisor")


# Filters.


@pytest.fixture
def reviewed(travels):
    """Number 1 is approved, 2 has no review, 3 is a correction of 2 that came at 12:03."""
    assert travels.call("PATCH", f"{S}/{one(1)}", json={"reviewState": "approved"}).status_code == 200
    return travels


@pytest.mark.parametrize(
    "text, found",
    [
        (f"__id eq '{one(1)}'", [1]),
        (f"__id ne '{one(1)}'", [2]),
        (f"'{one(1)}' eq __id", [1]),
        ("__id eq 'it''s'", []),
        ("__system/submitterId eq 1000001", [1]),
        ("__system/submitterId gt 1000001", [2]),
        ("1000001 lt __system/submitterId", [2]),
        ("__system/submitterId eq 1000001.5", []),
        ("__system/submissionDate lt 2026-05-03T12:02:00.000Z", [1]),
        ("__system/submissionDate le 2026-05-03T12:02:00.000Z", [2, 1]),
        ("__system/submissionDate ge 2026-05-03T06:02:00-06:00", [2]),
        ("__system/submissionDate ge 2026-05-03T17:02:00%2B05:00", [2]),
        ("__system/submissionDate ge 2026-05-03T17:02:00 05:00", [2]),
        ("__system/submissionDate eq 2026-05-03T12:01:00Z", [1]),
        ("__system/submissionDate eq 2026-05-03T12:01:00.0001Z", []),
        ("__system/submissionDate gt 2026-05-03T12:01Z", [2]),
        ("__system/submissionDate gt 2026-05-03", [2, 1]),
        ("__system/submissionDate gt '2026-05-03T12:01:00.000Z'", [2]),
        ("__system/submissionDate lt now()", [2, 1]),
        ("year(__system/submissionDate) eq 2026 and month(__system/submissionDate) eq 5", [2, 1]),
        ("day(__system/submissionDate) eq 3 and hour(__system/submissionDate) eq 12", [2, 1]),
        ("minute(__system/submissionDate) eq 2", [2]),
        ("second(__system/submissionDate) eq 0", [2, 1]),
        ("second(__system/submissionDate) gt 0", []),
        ("year(now()) gt 2025", [2, 1]),
        ("year(9999-12-31) eq 9999", [2, 1]),
        ("year(__system/updatedAt) gt 2025", [1]),
        ("__system/submissionDate lt 9999-12-31T23:59:59Z", [2, 1]),
        ("__system/updatedAt eq null", [2]),
        ("__system/updatedAt ne null", [1]),
        ("not (__system/updatedAt gt 2026-01-01)", [2]),
        ("__system/deletedAt eq null", [2, 1]),
        ("__system/deletedAt ne null", []),
        ("__system/deletedAt gt 2026-01-01", []),
        ("__system/reviewState eq 'approved'", [1]),
        ("__system/reviewState ne 'approved'", [2]),
        ("__system/reviewState eq null", [2]),
        ("null eq __system/reviewState", [2]),
        ("null eq null", [2, 1]),
        ("null gt null", []),
        ("__system/reviewState gt null", []),
        ("1 eq 1", [2, 1]),
        ("1 eq 2 or 'a' lt 'b'", [2, 1]),
        ("true", [2, 1]),
        ("not true", []),
        (f"__id eq '{one(1)}' or __id eq '{one(2)}' and __system/reviewState eq 'approved'", [1]),
        (f"(__id eq '{one(1)}' or __id eq '{one(2)}') and __system/reviewState eq null", [2]),
        (f"not __id eq '{one(1)}'", [2]),
        (f"not not __id eq '{one(1)}' and not (1 eq 2)", [1]),
        ("__system/submissionDate lt __system/updatedAt", [1]),
        (" and ".join(["1 eq 1"] * 25), [2, 1]),
    ],
)
def test_a_filter_finds_what_it_says(reviewed, text, found):
    assert ids(read(reviewed, f"{SVC}/Submissions?$filter={text}")) == [one(number) for number in found]


def test_a_filter_in_the_table_of_a_repeat_names_the_submission_around(reviewed):
    prefix = "$root/Submissions/"
    text = f"{prefix}__system/reviewState eq 'approved' and {prefix}__id ne null"
    assert len(read(reviewed, f"{TRIPS}?$filter={text}")["value"]) == 3
    assert read(reviewed, f"{TRIPS}?$filter={prefix}__system/reviewState eq null")["value"] == []
    assert fault(reviewed.get(f"{TRIPS}?$filter=__id eq 'x'")) == (501, 501.5)
    assert fault(reviewed.get(f"{SVC}/Submissions?$filter={prefix}__id eq 'x'")) == (501, 501.5)


@pytest.mark.parametrize(
    "text, number",
    [
        ("name eq 'Zora' or 1 eq 1", 501.5),
        ("who/age gt 30", 501.5),
        ("nothing eq 1", 501.5),
        ("__system/edits eq 0", 501.5),
        ("bidx eq 'x'", 501.5),
        ("startswith(__id,'uuid')", 501.4),
        ("substringof('a',__id)", 501.4),
        ("matches(__id,'.*')", 501.4),
        ("contains(__id,'a') eq true", 501.4),
        ("__system/submitterId add 1 eq 2", 501.4),
        ("__id in ('a','b')", 501.4),
        ("__id eq", 400.18),
        ("eq '1'", 400.18),
        ("__id", 400.18),
        ("1", 400.18),
        ("__id eq 'a' and", 400.18),
        ("__id eq 'a' __id", 400.18),
        ("__id eq 'a", 400.18),
        ("__id eq a'", 400.18),
        ("(__id eq 'a'", 400.18),
        ("__id eq 'a')", 400.18),
        ("()", 400.18),
        ("not", 400.18),
        ("%20", 400.18),
        ("now(1) eq 1", 400.18),
        ("year() eq 1", 400.18),
        ("year(1) eq 1", 400.18),
        ("year('never') eq 1", 400.18),
        ("year(__id) eq 1", 400.18),
        ("year(99999-01-01) eq 1", 400.18),
        ("__system/submissionDate eq 2026-02-31", 400.18),
        ("__system/submissionDate eq 2026-05-03T23:59:60Z", 400.18),
        ("__system/submissionDate eq -1", 400.18),
        ("__system/submissionDate eq 0001-01-01T00:00:00%2B14:00", 400.18),
        ("__system/submissionDate le 9999-12-31T23:59:59.999Z", 400.18),
        ("__system/submitterId eq '5'", 400.18),
        ("__system/submitterId eq 1e400", 400.18),
        ("__system/submitterId eq 99999999999999999999", 400.18),
        ("__id eq 5", 400.18),
        ("(__id eq 'a') eq (__id eq 'b')", 400.18),
        ("__id eq 'a' xor __id eq 'b'", 400.18),
        ("__id eq ’a’", 400.18),
        ("__id eq ʼaʼ", 400.18),
        ("__id eq 'a';WAITFOR DELAY '0:0:5'", 400.18),
        ("__id eq 'a'/**/or/**/1 eq 1", 400.18),
        ("__id eq 'a' -- x", 400.18),
        ("__id eq '%00'", 400.18),
        ("__id eq 'a' %ff", 400.18),
        ("(" * 101 + "1 eq 1" + ")" * 101, 400.18),
        (" or ".join(["1 eq 1"] * 1000), 400.18),
        ("not " * 150 + "true", 400.18),
        ("__id eq '" + "x" * LONGEST + "'", 400.18),
    ],
)
def test_a_filter_that_cannot_be_is_refused_by_number(travels, text, number):
    assert fault(travels.get(f"{SVC}/Submissions?$filter={text}")) == (int(number), number)
    assert travels.get(f"{SVC}/Submissions?$orderby={text}").status_code in (200, 400, 501)


def test_order_is_as_asked(reviewed, place):
    send(place, number=3, tablet="Tablet 0")
    path = f"{SVC}/Submissions?$orderby="
    assert ids(read(reviewed, f"{path}__system/submissionDate")) == [one(1), one(2), one(3)]
    assert ids(read(reviewed, f"{path}__system/submissionDate desc")) == [one(3), one(2), one(1)]
    assert ids(read(reviewed, f"{path}__system/reviewState desc, __id asc")) == [one(1), one(2), one(3)]
    assert ids(read(reviewed, f"{path}__system/updatedAt asc,__id desc")) == [one(3), one(2), one(1)]
    told = read(reviewed, f"{path}__id&$top=1")
    assert ids(told) == [one(1)]
    assert "@odata.nextLink" not in told
    assert ids(read(reviewed, f"{path}__id&$top=1&$skip=1")) == [one(2)]
    stops = read(reviewed, f"{STOPS}?$orderby=$root/Submissions/__system/submissionDate desc")
    assert len(stops["value"]) == 3
    assert fault(reviewed.get(f"{path}name")) == (501, 501.5)
    assert fault(reviewed.get(f"{path}null")) == (501, 501.5)


# Whatever the filter, the database finds what Python finds.

MOMENTS = st.sampled_from(
    [NOON + timedelta(minutes=number, microseconds=micro) for number in range(4) for micro in (0, 400, 999)]
)
NUMBERS = st.integers(1_000_000, 1_000_004)
WORDS = st.sampled_from(["approved", "hasIssues", "edited", ""])
OPERATORS = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: None not in (a, b) and a < b,
    "le": lambda a, b: None not in (a, b) and a <= b,
    "gt": lambda a, b: None not in (a, b) and a > b,
    "ge": lambda a, b: None not in (a, b) and a >= b,
}


def milliseconds(moment):
    return moment and moment.replace(microsecond=moment.microsecond // 1000 * 1000)


FIELDS = {
    "__system/submissionDate": (MOMENTS, lambda one: milliseconds(one.submitted_at)),
    "__system/updatedAt": (MOMENTS, lambda one: milliseconds(one.updated_at)),
    "__system/reviewState": (WORDS, lambda one: one.review),
    "__system/submitterId": (NUMBERS, lambda one: 1_000_000 + one.device_id),
}


def written(value):
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return f"'{value}'" if isinstance(value, str) else str(value)


@st.composite
def comparisons(draw):
    name = draw(st.sampled_from(sorted(FIELDS)))
    values, of = FIELDS[name]
    value = draw(st.none() | values)
    word = draw(st.sampled_from(sorted(OPERATORS if value is not None else {"eq", "ne"})))
    mirrored = draw(st.booleans())
    said = "null" if value is None else written(value)
    if mirrored:
        return f"{said} {word} {name}", lambda one: OPERATORS[word](value, of(one))
    return f"{name} {word} {said}", lambda one: OPERATORS[word](of(one), value)


def joined(inner):
    both = st.tuples(inner, inner)
    return st.one_of(
        both.map(lambda two: (f"({two[0][0]} and {two[1][0]})", lambda one: two[0][1](one) and two[1][1](one))),
        both.map(lambda two: (f"({two[0][0]} or {two[1][0]})", lambda one: two[0][1](one) or two[1][1](one))),
        inner.map(lambda one_: (f"not ({one_[0]})", lambda one: not one_[1](one))),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.recursive(comparisons(), joined, max_leaves=6))
def test_whatever_the_filter_the_database_finds_what_it_says(make, session, filter_):
    text, holds = filter_
    form, lines, viewer = _seeded(make, session)
    grammar = Grammar(fields_of(lines, viewer), NOON, postgresql=session.get_bind().dialect.name == "postgresql")
    found = choose(session, lines, viewer=viewer, where=grammar.condition(text))
    everything = [one for page in open_pages(session, choose(session, Lines(form.id), viewer=viewer)) for one in page]
    assert list(found.ids) == [one.id for one in everything if holds(one)]


def _seeded(make, session):
    """Five submissions of four tablets, one corrected, three reviewed; made once for all examples."""
    held = session.info.setdefault("seeded", {})
    if "form" not in held:
        held["form"], held["viewer"] = make.plain(), make.viewer("manager")
        devices = [make.device() for _number in range(4)]
        sent = []
        for number, state in enumerate(["", "approved", "hasIssues", None, None]):
            instance = make.instance(held["form"])
            moment = NOON + timedelta(minutes=number // 2, microseconds=number * 333)
            make.receive(instance, held["form"], device=devices[number % 4], now=moment)
            sent.append(make.submission(instance))
            if state is not None:
                row = {"submission_id": sent[-1].id, "version_id": sent[-1].id, "state": state}
                session.execute(
                    insert(table_of(Review)), [{**row, "made_at": NOON + timedelta(minutes=2, microseconds=700)}]
                )
        edit = make.instance(held["form"], corrects=sent[2].instance_id)
        make.receive(edit, held["form"], device=devices[0], now=NOON + timedelta(minutes=3))
    return held["form"], Lines(held["form"].id), held["viewer"]


PARTS = st.sampled_from(
    ["(", ")", "and", "or", "not", "eq", "__id", "'a'", "1", "null", "now", ",", "2026-05-03", "year"]
)


@settings(deadline=None)
@given(st.text(max_size=60) | st.lists(PARTS).map(" ".join))
def test_whatever_stands_in_a_filter_it_is_read_or_refused(text):
    grammar = Grammar(fields_of(Lines(1), OPERATOR_VIEWER), NOON, postgresql=True)
    refusals = set()
    try:
        grammar.condition(text)
    except Problem as refusal:
        refusals.add(refusal.code)
    assert refusals <= {"400.18", "501.4", "501.5"}


def test_the_cap_of_parts_is_told():
    grammar = Grammar({}, NOON, postgresql=False)
    with pytest.raises(Problem, match=str(MOST)):
        grammar.condition("not " * (MOST + 1))

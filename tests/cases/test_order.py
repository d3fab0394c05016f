"""The order in which submissions arrive plays no part: the same record comes of them."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from accounts.roles import OPERATOR_VIEWER
from cases.assertions import read_said
from cases.caseload import get_case
from cases.record import project
from cases.tables import Assertion, Case, Record, RecordLink, Source
from storage.roots import root_key
from submissions.tables import Submission
from tests.cases.books import FOLLOW, SCREEN, WHO, follow_up, screening
from tests.make import Make

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
OTHER = "aaaaaaaa-0000-4000-8000-000000000002"
EXAMPLES = 300 if os.environ.get("FIELDCASE_PROVE") == "1" else 20
TRIP = "<trip><stop>A</stop><remark>a</remark></trip><trip><remark>b</remark></trip><trip><stop>C</stop></trip>"


@pytest.fixture
def sent(make):
    """What two tablets fill: two people screened, one of them twice, followed up, corrected more than once."""
    screen, follow, _tablet = make.form(SCREEN), make.form(FOLLOW), make.tablet()
    first = screening(make, screen, more=TRIP)
    corrected = screening(make, screen, corrects=first.instance_id, answers={"alias": "Corrected", "risk": "high"})
    again = screening(make, screen, corrects=corrected.instance_id, answers={"born": "1991-02-28"}, more=TRIP)
    visit = follow_up(make, follow, answers={"alias": "Another", "born": "1990-01-31", "risk": "imminent"})
    return [
        (first, screen),
        (corrected, screen),
        (again, screen),
        (screening(make, screen, start="2026-05-01T09:00:00.000-06:00", answers={"born": "1989-12-31"}), screen),
        (screening(make, screen, who=OTHER, answers={"risk": "skip"}), screen),
        (visit, follow),
        (follow_up(make, follow, corrects=visit.instance_id, answers={"risk": "low", "note": "Corrected"}), follow),
        (follow_up(make, follow, who=WHO.upper(), start="2099-01-01T00:00:00Z", answers={"risk": "imminent"}), follow),
        (follow_up(make, follow, who=f"uuid:{OTHER}", start="2026-05-02T09:00:00Z", answers={"risk": "high"}), follow),
        (follow_up(make, follow, who=OTHER, start="2026-05-02T09:00:00Z", answers={"risk": "low"}), follow),
    ]


def arrive(make: Make, sent, order, *, file_each):
    """The submissions are received in this order, one a minute, and filed."""
    for minute, number in enumerate(order):
        instance, form = sent[number]
        make.receive(instance, form, now=NOON + timedelta(minutes=minute))
        if file_each[minute % len(file_each)]:
            make.file_all()
    make.file_all()


def whole_record(session):
    """Everything that counts, by record, field, value and source; and what stands in each field."""
    session.expire_all()
    said, standing = set(), {}
    for one in session.scalars(select(Record)):
        assertions = read_said(
            session, select(Assertion).where(Assertion.record_id == one.id), root_key(session, one.root_id)
        )
        said |= {
            (one.kind, one.id, say.field, say.mode, str(say.value), say.instance_id, say.question, say.observed_at)
            for say in assertions
        }
        for name, view in project(assertions).items():
            standing[one.id, name] = ([str(shown.value) for shown in view.standing], len(view.older), len(view.checks))
    links = session.execute(
        select(RecordLink.record_id, RecordLink.parent_id, Submission.instance_id)
        .join(Source, Source.id == RecordLink.source_id)
        .join(Submission, Submission.id == Source.submission_id)
        .where(Source.replaced_at.is_(None))
    )
    states = session.execute(select(Submission.instance_id, Submission.filing, Submission.reason))
    return {
        "said": said,
        "standing": standing,
        "links": {tuple(link) for link in links},
        "cases": set(session.scalars(select(Case.code))),
        "states": {instance_id: (filing, str(reason)) for instance_id, filing, reason in states},
    }


def test_the_oldest_first_makes_the_record_that_is_expected(session, make, sent):
    arrive(make, sent, range(len(sent)), file_each=[True])
    record = whole_record(session)
    assert len(record["cases"]) == 2
    assert set(record["states"].values()) == {("filed", "None")}
    codes = sorted(
        record["cases"], key=lambda code: -len(get_case(session, code, viewer=OPERATOR_VIEWER, now=NOON).records)
    )
    case = get_case(session, codes[0], viewer=OPERATOR_VIEWER, now=NOON)
    kinds = [one.kind for one in case.records]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "screening": 2, "case": 1, "person": 1, "movement": 2, "visit": 2, "note": 2,
    }  # fmt: skip
    person = next(one for one in case.records if one.kind == "person").fields
    assert [shown.value for shown in person["person.birthdate"].standing] == ["1991-02-28", "1989-12-31"]
    assert person["person.birthdate"].conflict
    assert [shown.value for shown in person["person.alias"].standing] == ["Invented"]
    risk = next(one for one in case.records if one.kind == "case").fields["case.risk_level"]
    assert risk.value == "low"  # Neither what was dated 2099 nor what was corrected.


def test_any_order_of_arrival_makes_the_same_record(session, make, sent):
    def outcome(order, file_each):
        savepoint = session.begin_nested()
        try:
            arrive(make, sent, order, file_each=file_each)
            return whole_record(session)
        finally:
            savepoint.rollback()

    expected = outcome(range(len(sent)), [True])
    numbers = st.lists(st.integers(0, len(sent) - 1), max_size=6)

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.permutations(range(len(sent))), numbers, st.lists(st.booleans(), min_size=1, max_size=5), st.randoms())
    def check(order, resent, file_each, random):
        whole = [*order]
        for number in resent:  # What was sent is sent again, at any time after.
            whole.insert(random.randint(whole.index(number) + 1, len(whole)), number)
        assert outcome(whole, file_each) == expected

    check()


def test_the_newest_first_makes_the_same_record_as_the_oldest_first(session, make, sent):
    outcomes = []
    for order in (range(len(sent)), reversed(range(len(sent)))):
        savepoint = session.begin_nested()
        arrive(make, sent, order, file_each=[True])
        outcomes.append(whole_record(session))
        savepoint.rollback()
    assert outcomes[0] == outcomes[1]

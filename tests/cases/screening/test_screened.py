"""Filed screenings have what the rules make of them, and cases the most pressing of theirs, in whatever order."""

import itertools
import json

import pytest
from sqlalchemy import delete, select, update

from accounts.roles import OPERATOR_VIEWER
from cases import screened
from cases.assertions import retire
from cases.caseload import Order, get_case, list_cases, place_of
from cases.clocks import due
from cases.screened import decide, rescreen, rescreen_older, result_of
from cases.screening import RULES
from cases.tables import Assertion, Case, Screened
from storage.roots import destroy_root
from tests.cases.books import SIGNS, STRONG, WHO, signs
from tests.conftest import NOON

OTHER = "aaaaaaaa-0000-4000-8000-000000000002"


@pytest.fixture
def form(make):
    make.tablet()
    return make.form(SIGNS)


@pytest.fixture
def told(make, form):
    """Files or makes an instance; its answers by name."""

    return lambda answers, **more: signs(make, form, answers, **more)


@pytest.fixture
def file(make, form, told):
    return lambda answers, **more: make.filed(told(answers, **more), form)


def results(session):
    """Every result by record, and what decides each case."""
    session.expire_all()
    rows = session.scalars(select(Screened)).all()
    cases = session.execute(select(Case.code, Case.screening_id, Case.pressing))
    screened = {one.record_id: (one.class_low, one.class_high, one.urgency, json.dumps(one.result)) for one in rows}
    return screened, {tuple(one) for one in cases}


def test_a_filed_screening_says_class_urgency_reasons_and_the_version_of_the_rules(session, file):
    file(STRONG)
    one = session.scalars(select(Screened)).one()
    assert (one.class_low, one.class_high, one.urgency) == ("strong", "strong", "P2")
    assert one.rule_set == RULES.version
    assert "Coercion at destination: two strong: debt bondage, identity papers held" in result_of(one).reasons
    assert "What others did to the person: recruited" in result_of(one).reasons
    case = session.scalars(select(Case)).one()
    assert case.screening_id == one.record_id
    assert due(one.urgency, one.since) == NOON.replace(day=4)


def test_a_screening_without_a_case_has_its_result_too(session, file):
    file(dict.fromkeys(STRONG, "refused"), who="")
    one = session.scalars(select(Screened)).one()
    assert (one.class_low, one.class_high) == ("none", "strong")
    assert session.scalars(select(Case)).all() == []


def test_a_matter_of_health_is_not_named_in_clear(session, file):
    file({"hurt": "present", "court": "absent"})
    one = session.scalars(select(Screened)).one()
    assert one.urgency == "P1"
    assert "injury" not in json.dumps(one.result)
    assert "P1, because: a matter of health" in result_of(one).reasons


def test_any_order_of_screenings_and_corrections_gives_the_same_results(session, make, form, told):
    first = told(STRONG)
    sent = [
        first,
        told({"papers": "present"}, corrects=first.instance_id),
        told({"job": "present", "pay": "unknown", "hours": "present", "court": "present"}),
        told({"debt": "present"}, who=OTHER, band="16_17"),
    ]

    def outcome(order, each):
        savepoint = session.begin_nested()
        try:
            for instance in order:
                make.receive(instance, form)
                if each:
                    make.file_all()
            make.file_all()
            return results(session)
        finally:
            savepoint.rollback()

    expected = outcome(sent, True)
    screened, cases = expected
    assert len(screened) == 3
    assert len(cases) == 2
    assert all(screening_id in screened and pressing for _code, screening_id, pressing in cases)
    assert [row[:3] for row in screened.values()].count(("incomplete", "incomplete", "P3")) >= 1
    for number, order in enumerate(itertools.permutations(sent)):
        assert outcome(order, number % 2) == expected


def test_a_correction_and_a_second_filing_screen_anew(session, make, form, told, file):
    first = told(STRONG)
    make.filed(first, form)
    file({"papers": "present"}, corrects=first.instance_id)
    one = session.scalars(select(Screened).execution_options(populate_existing=True)).one()
    assert (one.class_low, one.urgency) == ("incomplete", "P3")
    case = session.scalars(select(Case).execution_options(populate_existing=True)).one()
    assert case.pressing == 222

    before = results(session)
    submission = make.submission(first)
    submission.filing = "pending"
    make.file_all()
    assert results(session) == before


def test_the_most_pressing_of_several_screenings_decides(session, make, file):
    file({"papers": "present"})
    file(STRONG)
    file({"job": "present"})
    held = session.scalars(select(Screened)).all()
    case = session.scalars(select(Case).execution_options(populate_existing=True)).one()
    strong = next(one for one in held if one.class_low == "strong")
    assert case.screening_id == strong.record_id
    view = get_case(session, case.code, viewer=OPERATOR_VIEWER, now=NOON)
    assert [one.urgency for one in view.screenings] == ["P2", "P3", "P3"]
    assert view.screened is strong


def test_lists_can_have_the_most_urgent_first_and_pages_lead_on_and_back(session, file):
    file({"job": "present"}, who=WHO)
    file({"hurt": "present"}, who=OTHER)
    file(STRONG, who=OTHER.replace("2", "3"))
    file({"court": "absent"}, who=OTHER.replace("2", "4"))
    session.expire_all()
    whole = list_cases(session, viewer=OPERATOR_VIEWER, order=Order.URGENT)
    assert [one.screened.urgency for one in whole] == ["P1", "P2", "P3", "P4"]
    place = place_of(whole[1].case, Order.URGENT)
    after = list_cases(session, viewer=OPERATOR_VIEWER, order=Order.URGENT, before=place)
    assert [one.case.code for one in after] == [one.case.code for one in whole[2:]]
    back = list_cases(session, viewer=OPERATOR_VIEWER, order=Order.URGENT, after=place)
    assert [one.case.code for one in back] == [whole[0].case.code]
    assert [one.screened.urgency for one in list_cases(session, viewer=OPERATOR_VIEWER, urgency="P2")] == ["P2"]


def test_screenings_of_older_rules_or_of_none_are_screened_again_but_not_erased_ones(session, file):
    file(STRONG)
    file({"job": "present"}, who=OTHER)
    file({"papers": "present"}, who="")
    before = results(session)
    gone = session.scalars(select(Screened.record_id).where(Screened.class_low == "strong")).one()
    session.execute(update(Screened).where(Screened.record_id != gone).values(rule_set="older-1", class_low="none"))
    session.execute(delete(Screened).where(Screened.record_id == gone))
    session.execute(update(Case).values(screening_id=None, pressing=0))

    assert rescreen_older(session) == 3
    assert results(session) == before
    assert set(session.scalars(select(Screened.rule_set))) == {RULES.version}
    assert rescreen_older(session) == 0

    case = session.scalars(select(Case).where(Case.screening_id == gone)).one()
    session.execute(update(Screened).values(rule_set="older-1"))
    destroy_root(session, case.record_id, now=NOON)
    assert rescreen_older(session) == 2


def test_a_screening_whose_seal_is_broken_does_not_stop_the_others(session, file):
    file({"hurt": "present"})
    file({"papers": "present"}, who=OTHER)
    broken = session.scalars(select(Assertion).where(Assertion.sealed.is_not(None))).one()
    session.execute(update(Assertion).where(Assertion.id == broken.id).values(sealed=b"not what was sealed"))
    session.execute(update(Screened).values(rule_set="older-1"))
    assert rescreen_older(session) == 2
    query = select(Screened.rule_set).where(Screened.record_id != broken.record_id)
    assert session.scalars(query).all() == [RULES.version]


def test_screenings_that_cannot_be_opened_hold_up_none_and_are_logged_once(session, file, monkeypatch, caplog):
    monkeypatch.setattr(screened, "AT_ONCE", 1)
    for number in range(3):
        file({"hurt": "present"}, who=OTHER.replace("2", str(number + 3)))
    first, *others = session.scalars(select(Screened.record_id).order_by(Screened.record_id)).all()
    told = Assertion.sealed.is_not(None)
    session.execute(update(Assertion).where(Assertion.record_id == first, told).values(sealed=b"not what was sealed"))
    session.execute(update(Screened).values(rule_set="older-1"))
    turn = screened.Turn()
    for _time in range(8):
        rescreen_older(session, turn)
    anew = select(Screened.record_id).where(Screened.rule_set == RULES.version).order_by(Screened.record_id)
    assert session.scalars(anew).all() == others
    assert caplog.text.count(f"screening {first} cannot be screened") == 1


def test_a_screening_that_no_answer_speaks_of_any_more_has_no_result(session, make, file):
    submission = file(STRONG)
    case = session.scalars(select(Case)).one()
    assert session.scalars(select(Assertion)).first() is not None
    retired = retire(session, submission.id, now=NOON)
    rescreen(session, retired)
    decide(session, case.record_id)
    assert results(session) == ({}, {(case.code, None, 0)})

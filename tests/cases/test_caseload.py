"""Cases as people may see them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from accounts.roles import OPERATOR_VIEWER, NotAllowed, Right, Viewer
from audit.trail import Action, AuditEntry
from cases.caseload import (
    CaseNotFound,
    confirm_case,
    count_proposed,
    get_case,
    group_by_kind,
    list_cases,
    visible_codes,
)
from cases.tables import Case, Record
from storage.roots import RootDestroyed, destroy_root
from tests.cases.books import FOLLOW, SCREEN, follow_up, screening
from tests.make import Make

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def who(number):
    return f"aaaaaaaa-0000-4000-8000-{number:012d}"


@pytest.fixture
def screen(make):
    return make.form(SCREEN)


@pytest.fixture
def code(session, make, screen):
    """The code of one case."""
    make.filed(screening(make, screen, more="<trip><stop>A</stop><remark>a</remark></trip>"), screen)
    return session.scalars(select(Case.code)).one()


@pytest.fixture
def three(session, make, screen):
    """The codes of three cases, the newest last; the second belongs to another agency."""
    codes, tablets = [], [make.device("A"), make.device("B", agency=make.agency()), make.device("C")]
    for number, tablet in enumerate(tablets):
        later = Make(session, make.files, NOON + number * HOUR)
        later.filed(screening(later, screen, who=who(number)), screen, device=tablet)
        codes += set(session.scalars(select(Case.code))) - set(codes)
    return codes


def reads(session):
    query = select(AuditEntry.actor, AuditEntry.subject, AuditEntry.facts)
    return session.execute(query.where(AuditEntry.action == Action.CASE_READ.value)).all()


def shown(view):
    return {name for one in view.records for name in one.fields}


def test_cases_are_listed_last_changed_first(session, three):
    assert [one.case.code for one in list_cases(session, viewer=OPERATOR_VIEWER)] == three[::-1]


def test_a_case_that_was_told_of_again_comes_first(session, make, screen, three):
    later = Make(session, make.files, NOON + 9 * HOUR)
    later.filed(screening(later, screen, who=who(0)), screen)
    assert list_cases(session, viewer=OPERATOR_VIEWER)[0].case.code == three[0]


def test_pages_lead_on_and_back_even_where_cases_changed_at_one_moment(session, three):
    session.execute(update(Case).values(changed_at=NOON))
    whole = [one.case for one in list_cases(session, viewer=OPERATOR_VIEWER)]
    place = (whole[0].changed_at, whole[0].record_id)
    assert [one.case for one in list_cases(session, viewer=OPERATOR_VIEWER, before=place)] == whole[1:]
    last = (whole[2].changed_at, whole[2].record_id)
    assert [one.case for one in list_cases(session, viewer=OPERATOR_VIEWER, after=last)] == whole[:2]
    assert [one.case for one in list_cases(session, viewer=OPERATOR_VIEWER, after=last, limit=1)] == whole[1:2]


def test_a_caseworker_sees_the_own_agencys_cases_and_a_supervisor_all(session, make, three):
    caseworker = make.viewer("caseworker")
    assert [one.case.code for one in list_cases(session, viewer=caseworker)] == [three[2], three[0]]
    assert len(list_cases(session, viewer=make.viewer("supervisor"))) == 3
    assert count_proposed(session, viewer=caseworker) == 2
    assert count_proposed(session, viewer=make.viewer("manager")) == 3


def test_a_case_of_another_agency_looks_exactly_like_one_that_is_not_there(session, make, three):
    caseworker, told = make.viewer("caseworker"), set()
    absent = next(code for code in ("TIP-2222-2", "TIP-3333-M", "TIP-4444-4") if code not in three)
    for code in (three[1], absent, "TIP-????-?", "", "x" * 1000, "\0"):
        with pytest.raises(CaseNotFound) as caught:
            get_case(session, code, viewer=caseworker, now=NOON)
        told.add(str(caught.value))
    assert len(told) == 1
    assert reads(session) == []


def test_a_restricted_case_is_absent_for_the_own_agency_too(session, make, code):
    caseworker = make.viewer("caseworker")
    assert get_case(session, code, viewer=caseworker, now=NOON)
    session.execute(update(Case).values(access_class="restricted"))
    with pytest.raises(CaseNotFound):
        get_case(session, code, viewer=caseworker, now=NOON)
    assert list_cases(session, viewer=caseworker) == []
    assert visible_codes(session, session.scalars(select(Case.record_id)), viewer=caseworker) == {}


@pytest.mark.parametrize("role", ["administrator", "designer", "officer", "analyst", "auditor"])
def test_who_may_not_read_cases_is_refused(session, make, code, role):
    viewer = make.viewer(role)
    for act in (
        lambda: list_cases(session, viewer=viewer),
        lambda: count_proposed(session, viewer=viewer),
        lambda: get_case(session, code, viewer=viewer, now=NOON),
        lambda: confirm_case(session, code, viewer=viewer, now=NOON),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert visible_codes(session, session.scalars(select(Case.record_id)), viewer=viewer) == {}


def test_a_case_shows_the_person_and_everything_that_belongs_to_it(session, code):
    grouped = group_by_kind(get_case(session, code, viewer=OPERATOR_VIEWER, now=NOON).records)
    assert list(grouped) == ["screening", "case", "person", "movement", "note"]


def test_a_case_may_be_opened_by_its_code_as_people_write_it(session, code):
    for typed in (code.lower(), code.replace("-", " "), code.removeprefix("TIP-")):
        assert get_case(session, typed, viewer=OPERATOR_VIEWER, now=NOON).case.code == code


def test_opening_a_case_leaves_a_trace_of_who_read_it(session, make, code):
    viewer = make.viewer("caseworker")
    view = get_case(session, code, viewer=viewer, now=NOON)
    assert [tuple(row) for row in reads(session)] == [
        (f"person:{viewer.person_id}", f"case:{view.case.record_id}", {"code": code})
    ]


@pytest.mark.parametrize(
    ("right", "hidden"),
    [
        (Right.CLASS_IDENTITY, {"person.alias", "person.birthdate"}),
        (Right.CLASS_LOCATION, {"screening.place", "movement.place"}),
        (Right.CLASS_NARRATIVE, {"note.text"}),
        (Right.CLASS_CODED, {"case.risk_level"}),
    ],
)
def test_a_field_of_a_class_that_one_may_not_read_is_absent(session, code, right, hidden):
    everything = shown(get_case(session, code, viewer=OPERATOR_VIEWER, now=NOON))
    assert hidden <= everything
    rights = frozenset(Right) - {right}
    viewer = Viewer(None, "Somebody", rights=rights)
    assert shown(get_case(session, code, viewer=viewer, now=NOON)) == everything - hidden


def test_another_case_of_the_same_person_is_not_shown_with_this_one(session, make, screen, code):
    """Two cases may centre on one person; each shows the person, and its own records alone."""
    person = session.scalars(select(Record).where(Record.kind == "person")).one()
    make.filed(screening(make, screen, who=who(9), answers={"alias": "Somebody else"}), screen)
    other = session.scalars(select(Case.code).where(Case.code != code)).one()
    view = get_case(session, other, viewer=OPERATOR_VIEWER, now=NOON)
    assert person.id not in {one.id for one in view.records}
    assert {one.kind for one in view.records} == {"screening", "case", "person"}


def test_a_case_shows_the_submissions_that_told_of_it(session, make, screen, code):
    follow = make.form(FOLLOW)
    visit = follow_up(make, follow)
    make.filed(visit, follow, now=NOON + HOUR)
    instance_ids = [one.instance_id for one in get_case(session, code, viewer=OPERATOR_VIEWER, now=NOON).submissions]
    assert len(instance_ids) == 2
    assert instance_ids[1] == visit.instance_id


def test_a_reviewer_confirms_a_proposed_case_once(session, make, code):
    viewer = make.viewer("supervisor")
    case = confirm_case(session, code, viewer=viewer, now=NOON + HOUR)
    assert (case.proposed, case.stage, case.changed_at) == (False, "review", NOON + HOUR)
    confirm_case(session, code, viewer=viewer, now=NOON + 2 * HOUR)
    assert case.changed_at == NOON + HOUR
    actors = session.scalars(select(AuditEntry.actor).where(AuditEntry.action == Action.CASE_CONFIRMED.value)).all()
    assert actors == [f"person:{viewer.person_id}"]
    assert count_proposed(session, viewer=viewer) == 0
    assert [one.case.code for one in list_cases(session, viewer=viewer, stage="review", proposed=False)] == [code]
    assert list_cases(session, viewer=viewer, stage="intake") == []


def test_a_confirmed_case_stays_confirmed_when_more_is_told(session, make, screen, code):
    confirm_case(session, code, viewer=OPERATOR_VIEWER, now=NOON)
    make.filed(screening(make, screen), screen)
    case = session.scalars(select(Case)).one()
    assert (case.proposed, case.stage) == (False, "review")


def test_a_case_of_another_agency_cannot_be_confirmed(session, make, three):
    with pytest.raises(CaseNotFound):
        confirm_case(session, three[1], viewer=make.viewer("caseworker"), now=NOON)


def test_a_record_that_was_erased_is_left_out_and_the_case_still_opens(session, code):
    person = session.scalars(select(Record).where(Record.kind == "person")).one()
    destroy_root(session, person.root_id, now=NOON)
    view = get_case(session, code, viewer=OPERATOR_VIEWER, now=NOON)
    assert {one.kind for one in view.records} == {"screening", "case", "movement", "note"}


def test_an_erased_case_cannot_be_opened(session, code):
    case = session.scalars(select(Case)).one()
    destroy_root(session, case.record_id, now=NOON)
    with pytest.raises(RootDestroyed):
        get_case(session, code, viewer=OPERATOR_VIEWER, now=NOON)


def test_codes_are_told_for_those_roots_that_are_cases(session, code):
    case_id = session.scalars(select(Case.record_id)).one()
    person_id = session.scalars(select(Record.id).where(Record.kind == "person")).one()
    assert visible_codes(session, [case_id, person_id, None, ""], viewer=OPERATOR_VIEWER) == {case_id: code}
    assert visible_codes(session, [], viewer=OPERATOR_VIEWER) == {}


def test_a_case_is_opened_on_the_day_that_it_is_where_the_installation_stands(session, make, screen):
    session.info["zone"] = ZoneInfo("Pacific/Kiritimati")  # Noon in UTC is two in the morning of the next day there.
    make.filed(screening(make, screen), screen)
    assert session.scalars(select(Case.opened_on)).one() == NOON.date() + timedelta(days=1)

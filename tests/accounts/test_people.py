"""People: added, changed, disabled, each with a trace."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from accounts.links import LinkInvalid, link_person, person_link
from accounts.passwords import WeakPassword
from accounts.people import (
    BadAddress,
    PersonExists,
    PersonNotFound,
    add_person,
    anybody,
    change_person,
    disable_person,
    enable_person,
    find_person,
    get_person,
    list_people,
    roles_of,
    set_language,
    set_password,
    viewer_of,
)
from accounts.projects import add_agency, get_agency
from accounts.roles import Right, UnknownRole
from accounts.sessions import find_session, start_session
from accounts.tables import Person
from audit.trail import OPERATOR, Action, AuditEntry

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
GOOD = "correct horse battery staple"

pytestmark = pytest.mark.usefixtures("cheap_hash")


@pytest.fixture
def add(session):
    def add(email="ana@example.org", *, name="Invented Person", roles=("caseworker",), **more):
        return add_person(
            session,
            email=email,
            name=name,
            roles=roles,
            agency=more.pop("agency", None) or get_agency(session),
            actor=OPERATOR,
            now=NOON,
            **more,
        )

    return add


def traces(session, action):
    return list(session.scalars(select(AuditEntry.subject).where(AuditEntry.action == action.value)))


def test_a_person_has_an_account_with_its_roles(session, add):
    person = add(roles=("caseworker", "designer"))
    viewer = viewer_of(session, person)
    assert roles_of(session, person.id) == ("caseworker", "designer")
    assert viewer.may(Right.PUBLISH_FORMS)
    assert viewer.may(Right.READ_CASES)
    assert not viewer.may(Right.MANAGE_PEOPLE)
    assert traces(session, Action.PERSON_ADDED) == [f"person:{person.id}"]


def test_an_address_is_the_same_whatever_its_case_and_blanks(session, add):
    person = add("  Ana@Example.ORG ")
    assert person.email == "ana@example.org"
    assert find_person(session, "ANA@example.org").id == person.id
    with pytest.raises(PersonExists):
        add("ana@example.org")


@pytest.mark.parametrize(
    "email",
    ["", "ana", "ana@", "@example.org", "ana@@example.org", "a b@example.org", "ana@example..org", "ana@.org",
     "ana\0@example.org", "ana@exam\x07ple.org", "a" * 65 + "@example.org", "ana@" + "e" * 260],
)  # fmt: skip
def test_what_is_no_address_is_refused(add, email):
    with pytest.raises(BadAddress):
        add(email)


@pytest.mark.parametrize("email", ["ana@localhost", "ana.b+c@example.org", "ñandú@example.org"])
def test_what_may_be_an_address_is_taken(add, email):
    assert add(email).email == email


def test_a_person_without_a_name_is_called_by_the_address(add):
    assert add(name="  ").name == "ana@example.org"


def test_a_name_of_any_length_and_script_can_be_kept(session, add):
    person = add(name="  Ana\tMaría\0 \r\n de los " + "ñ" * 500)
    session.refresh(person)
    assert person.name.startswith("Ana María de los ñññ")
    assert len(person.name) == 120


def test_an_unknown_role_is_refused_and_the_known_ones_are_told(add):
    with pytest.raises(UnknownRole, match=r"There is no role boss\. The roles are: administrator, manager"):
        add(roles=("caseworker", "boss"))


def test_a_weak_password_is_refused(add):
    with pytest.raises(WeakPassword):
        add(password="short")


def test_a_password_is_kept_as_a_hash_only(add):
    assert GOOD not in (add(password=GOOD).password_hash or "")


def test_a_change_of_roles_ends_the_sessions_of_that_person_alone(session, add):
    ana, ben = add(), add("ben@example.org")
    tokens = {one.id: start_session(session, one, now=NOON) for one in (ana, ben)}
    change_person(
        session, ana.id, name="Ana", roles=["supervisor"], agency=get_agency(session), actor=OPERATOR, now=NOON
    )
    assert find_session(session, tokens[ana.id], now=NOON)[0] is None
    assert find_session(session, tokens[ben.id], now=NOON)[0] is not None
    assert roles_of(session, ana.id) == ("supervisor",)


def test_a_change_of_agency_ends_the_sessions_and_one_of_the_name_does_not(session, add):
    person, other = add(), add_agency(session, "Other agency", actor=OPERATOR, now=NOON)
    token = start_session(session, person, now=NOON)
    same = {"roles": ["caseworker"], "actor": OPERATOR, "now": NOON}
    change_person(session, person.id, name="New Name", agency=get_agency(session), **same)
    assert find_session(session, token, now=NOON)[0].viewer.name == "New Name"
    change_person(session, person.id, name="New Name", agency=other, **same)
    assert find_session(session, token, now=NOON)[0] is None


def test_what_changed_stands_in_the_trail(session, add):
    person = add()
    change_person(
        session, person.id, name="A", roles=["officer", "analyst"], agency=get_agency(session), actor=OPERATOR, now=NOON
    )
    facts = session.scalar(select(AuditEntry.facts).where(AuditEntry.action == Action.PERSON_CHANGED.value))
    assert facts == {"roles": "analyst,officer"}


def test_an_unknown_role_leaves_the_old_ones(session, add):
    person = add()
    with pytest.raises(UnknownRole):
        change_person(
            session, person.id, name="A", roles=["boss"], agency=get_agency(session), actor=OPERATOR, now=NOON
        )
    assert roles_of(session, person.id) == ("caseworker",)


def test_a_new_password_ends_every_session(session, add):
    person = add(password=GOOD)
    token = start_session(session, person, now=NOON)
    set_password(session, person, "another horse battery", actor=OPERATOR, now=NOON)
    assert find_session(session, token, now=NOON)[0] is None
    assert traces(session, Action.PASSWORD_SET) == [f"person:{person.id}"]


def test_somebody_disabled_is_signed_out_and_has_no_link_any_more(session, add):
    person = add()
    token = start_session(session, person, now=NOON)
    link = person_link(session, person.id, actor=OPERATOR, now=NOON)
    disable_person(session, person.id, actor=OPERATOR, now=NOON)
    assert find_session(session, token, now=NOON)[0] is None
    with pytest.raises(LinkInvalid):
        link_person(session, link, now=NOON)


def test_a_session_that_was_left_open_does_not_outlive_its_person(session, add):
    person = add()
    disable_person(session, person.id, actor=OPERATOR, now=NOON)
    token = start_session(session, person, now=NOON)
    assert find_session(session, token, now=NOON)[0] is None
    enable_person(session, person.id, actor=OPERATOR, now=NOON)
    assert find_session(session, token, now=NOON)[0] is not None


def test_people_are_listed_by_name_with_agency_and_roles(session, add):
    add("b@example.org", name="Ben", roles=("officer", "analyst"))
    add("a@example.org", name="Ana", roles=())
    listed = list_people(session)
    assert [(one.person.name, one.agency, one.roles) for one in listed] == [
        ("Ana", "Our agency", ()),
        ("Ben", "Our agency", ("analyst", "officer")),
    ]


def test_nobody_is_found_where_nobody_is(session, add):
    assert not anybody(session)
    with pytest.raises(PersonNotFound):
        get_person(session, 4711)
    with pytest.raises(PersonNotFound):
        find_person(session, "nobody@example.org")
    add()
    assert anybody(session)


def test_the_pages_come_in_the_language_that_was_chosen(session, add):
    person = add(language="es")
    assert viewer_of(session, person).language == "es"
    set_language(session, person.id, "en")
    assert viewer_of(session, get_person(session, person.id)).language == "en"


def test_one_address_added_twice_at_once_is_one_account(database):
    import threading

    told, barrier = [], threading.Barrier(2)

    def act():
        barrier.wait()
        try:
            with database.begin() as session:
                row = {"email": "ana@example.org", "name": "A", "roles": ("officer",), "actor": OPERATOR, "now": NOON}
                add_person(session, agency=get_agency(session), **row)
                told.append("added")
        except PersonExists:
            told.append("exists")

    threads = [threading.Thread(target=act) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["added", "exists"]
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 1

"""Links that work once."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from accounts.links import (
    VALID_FOR,
    LinkInvalid,
    first_link,
    link_person,
    person_link,
    use_first_link,
    use_person_link,
)
from accounts.passwords import WeakPassword
from accounts.people import PersonNotFound, anybody, roles_of
from accounts.sessions import check_password
from accounts.tables import Person, SignInLink
from audit.trail import OPERATOR, Action, AuditEntry

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
GOOD = "correct horse battery staple"
PLACE = "192.0.2.1"

pytestmark = pytest.mark.usefixtures("cheap_hash")


def first(session):
    return first_link(session, actor=OPERATOR, now=NOON)


def use_first(session, token, *, now=NOON, **changed):
    told = {"email": "ana@example.org", "name": "Invented Person", "password": GOOD, "language": "es"} | changed
    return use_first_link(session, token, now=now, **told)


def sign_in(session, email, password):
    return check_password(session, email=email, password=password, address=PLACE, now=NOON)


def test_the_first_link_makes_a_manager_who_can_sign_in_and_give_roles(session):
    person = use_first(session, first(session))
    assert roles_of(session, person.id) == ("administrator", "manager")
    assert sign_in(session, "ana@example.org", GOOD).id == person.id
    assert person.language == "es"


def test_the_first_link_works_once(session):
    token = first(session)
    use_first(session, token)
    with pytest.raises(LinkInvalid, match="used already or is too old"):
        use_first(session, token, email="ben@example.org")


def test_once_anybody_has_an_account_there_is_no_first_link(session):
    token = first(session)
    use_first(session, token)
    assert first(session) is None


def test_a_newer_first_link_voids_the_older(session):
    older, newer = first(session), first(session)
    with pytest.raises(LinkInvalid):
        link_person(session, older, now=NOON)
    assert link_person(session, newer, now=NOON) is None


def test_a_first_link_made_before_somebody_had_an_account_works_no_more(session, make):
    token = first(session)
    make.person("manager")
    with pytest.raises(LinkInvalid):
        use_first(session, token)


@pytest.mark.parametrize(("later", "works"), [(VALID_FOR - timedelta(seconds=1), True), (VALID_FOR, False)])
def test_a_link_works_for_a_day(session, later, works):
    token = first(session)
    if works:
        assert use_first(session, token, now=NOON + later)
    else:
        with pytest.raises(LinkInvalid):
            use_first(session, token, now=NOON + later)


def test_a_weak_password_does_not_use_the_link_up(database):
    with database.begin() as session:
        token = first(session)
    with pytest.raises(WeakPassword), database.begin() as session:
        use_first(session, token, password="short")
    with database.begin() as session:
        assert not anybody(session)
        assert use_first(session, token)


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "x" * 100_000, "\ud800", "\0"])
def test_what_is_no_link_is_refused_like_one_that_is_too_old(session, token):
    with pytest.raises(LinkInvalid, match="used already or is too old"):
        link_person(session, token, now=NOON)


def test_a_link_is_kept_as_a_hash_only(session):
    token = first(session)
    assert len(token) == 43
    assert token not in str(session.scalars(select(SignInLink.token_hash)).all())


def test_a_persons_link_sets_their_password_once(session, make):
    person = make.person("officer")
    token = person_link(session, person.id, actor=OPERATOR, now=NOON)
    assert link_person(session, token, now=NOON).id == person.id
    use_person_link(session, token, password=GOOD, now=NOON)
    assert sign_in(session, person.email, GOOD).id == person.id
    with pytest.raises(LinkInvalid):
        use_person_link(session, token, password=GOOD, now=NOON)


def test_a_newer_link_of_a_person_voids_the_older_and_nobody_elses(session, make):
    ana, ben = make.person("officer"), make.person("officer")
    older = person_link(session, ana.id, actor=OPERATOR, now=NOON)
    bens = person_link(session, ben.id, actor=OPERATOR, now=NOON)
    person_link(session, ana.id, actor=OPERATOR, now=NOON)
    with pytest.raises(LinkInvalid):
        use_person_link(session, older, password=GOOD, now=NOON)
    assert use_person_link(session, bens, password=GOOD, now=NOON).id == ben.id


def test_a_persons_link_makes_no_first_manager_and_the_first_link_sets_nobodys_password(session, make):
    token = first(session)
    person = make.person("officer")
    own = person_link(session, person.id, actor=OPERATOR, now=NOON)
    with pytest.raises(LinkInvalid):
        use_person_link(session, token, password=GOOD, now=NOON)
    with pytest.raises(LinkInvalid):
        use_first(session, own)


def test_there_is_no_link_for_nobody(session):
    with pytest.raises(PersonNotFound):
        person_link(session, 4711, actor=OPERATOR, now=NOON)


def test_links_leave_a_trace_when_they_are_made_and_when_they_are_used(session):
    use_first(session, first(session))
    actions = list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    assert actions == [Action.LINK_MADE.value, Action.LINK_USED.value, Action.PERSON_ADDED.value]


def test_a_link_that_two_use_at_once_works_for_one_of_them(database):
    with database.begin() as session:
        token = first(session)
    told, barrier = [], threading.Barrier(3)

    def use(number):
        barrier.wait()
        try:
            with database.begin() as session:
                use_first(session, token, email=f"person{number}@example.org")
                told.append(number)
        except LinkInvalid:
            told.append(None)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([number for number in told if number is not None]) == 1
    with database.read() as session:
        assert len(session.scalars(select(Person)).all()) == 1

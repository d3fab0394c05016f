"""Signing in, staying signed in, signing out; failures slow the next try down."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from accounts.people import disable_person
from accounts.sessions import (
    FORGET_AFTER,
    IDLE,
    LOCK_AT,
    LONGEST,
    SignInRefused,
    TooManyTries,
    check_password,
    end_other_sessions,
    end_session,
    find_session,
    note_failure,
    open_sessions,
    start_session,
    sweep_sessions,
    touch_session,
)
from accounts.tables import SignInFailure, WebSession
from audit.trail import OPERATOR, Action, AuditEntry

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
GOOD = "correct horse battery staple"
HOME, ELSEWHERE = "192.0.2.1", "198.51.100.7"

pytestmark = pytest.mark.usefixtures("cheap_hash")


@pytest.fixture
def ana(make):
    return make.person("caseworker", password=GOOD)


def sign_in(session, email, password=GOOD, *, address=HOME, now=NOON):
    """As the route does it: a refusal counts, in a transaction of its own."""
    try:
        person = check_password(session, email=email, password=password, address=address, now=now)
    except SignInRefused:
        note_failure(session, email=email, address=address, now=now)
        raise
    return start_session(session, person, now=now)


def fail(session, email, times=1, **more):
    for _ in range(times):
        with pytest.raises(SignInRefused):
            sign_in(session, email, "wrong password here", **more)


def fail_until_locked(session, email):
    now = NOON
    for _ in range(LOCK_AT):
        fail(session, email, now=now)
        until = session.scalars(select(SignInFailure.wait_until).where(SignInFailure.key.like("a:%"))).one()
        now = max(now, until or now)
    return now


def test_the_right_password_signs_in(session, ana):
    signed_in, due = find_session(session, sign_in(session, ana.email), now=NOON)
    assert signed_in.viewer.person_id == ana.id
    assert len(signed_in.csrf) == 43
    assert not due


def test_an_address_typed_in_capitals_signs_in_too(session, ana):
    assert sign_in(session, f"  {ana.email.upper()} ")


def test_a_wrong_password_an_unknown_and_a_disabled_account_are_refused_alike(session, make, ana):
    gone, without = make.person("officer", password=GOOD), make.person("officer")
    disable_person(session, gone.id, actor=OPERATOR, now=NOON)
    told = set()
    tries = [(ana.email, "wrong"), ("nobody@example.org", GOOD), (gone.email, GOOD), (without.email, ""), ("", "")]
    for email, password in tries:
        with pytest.raises(SignInRefused) as caught:
            check_password(session, email=email, password=password, address=HOME, now=NOON)
        told.add((type(caught.value), str(caught.value)))
    assert len(told) == 1


@pytest.mark.parametrize(
    "email", ["' OR 1=1 --", "\0", "a\0b@example.org", "x" * 1_000_000, "\ud800", "ᴀna@example.org"]
)
def test_whatever_is_typed_as_an_address_is_refused_like_an_unknown_one(session, email):
    with pytest.raises(SignInRefused):
        sign_in(session, email)


def test_a_token_is_kept_as_a_hash_only(session, ana):
    token = sign_in(session, ana.email)
    assert token not in str(session.scalars(select(WebSession.token_hash)).all())


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "\ud800", "\0" * 43])
def test_a_token_that_nobody_was_given_is_nobodys(session, token):
    assert find_session(session, token, now=NOON) == (None, False)


def test_every_sign_in_has_a_token_and_a_form_token_of_its_own(session, ana):
    one, other = sign_in(session, ana.email), sign_in(session, ana.email)
    assert one != other
    assert find_session(session, one, now=NOON)[0].csrf != find_session(session, other, now=NOON)[0].csrf


def test_a_session_that_is_idle_for_a_quarter_of_an_hour_is_over(session, ana):
    token = sign_in(session, ana.email)
    assert find_session(session, token, now=NOON + IDLE)[0]
    assert find_session(session, token, now=NOON + IDLE + SECOND) == (None, False)


def test_a_session_that_is_used_stays_open_for_eight_hours_and_no_longer(session, ana):
    token, now = sign_in(session, ana.email), NOON
    while now + IDLE < NOON + LONGEST:
        now += IDLE - SECOND
        signed_in, due = find_session(session, token, now=now)
        assert signed_in
        assert due
        touch_session(session, token, now=now)
    assert find_session(session, token, now=NOON + LONGEST)[0]
    touch_session(session, token, now=NOON + LONGEST)
    assert find_session(session, token, now=NOON + LONGEST + SECOND)[0] is None


def test_a_session_is_written_at_most_once_a_minute(session, ana):
    token = sign_in(session, ana.email)
    assert not find_session(session, token, now=NOON + 60 * SECOND)[1]
    assert find_session(session, token, now=NOON + 61 * SECOND)[1]


def test_signing_out_ends_this_session_and_no_other(session, ana):
    one, other = sign_in(session, ana.email), sign_in(session, ana.email)
    end_session(session, one, now=NOON)
    end_session(session, one, now=NOON)
    assert find_session(session, one, now=NOON)[0] is None
    assert find_session(session, other, now=NOON)[0]


def test_a_person_can_end_every_session_but_this_one(session, make, ana):
    other = start_session(session, make.person("officer"), now=NOON)
    one, two = sign_in(session, ana.email), sign_in(session, ana.email)
    end_other_sessions(session, ana.id, one, now=NOON)
    assert find_session(session, one, now=NOON)[0]
    assert find_session(session, two, now=NOON)[0] is None
    assert find_session(session, other, now=NOON)[0]


def test_open_sessions_are_those_that_are_not_over(session, ana):
    sign_in(session, ana.email)
    sign_in(session, ana.email, now=NOON + 10 * 60 * SECOND)
    assert open_sessions(session, now=NOON + 10 * 60 * SECOND) == {ana.id: 2}
    assert open_sessions(session, now=NOON + 20 * 60 * SECOND) == {ana.id: 1}
    assert open_sessions(session, now=NOON + LONGEST) == {}


def test_sessions_that_are_over_are_swept_and_the_others_stay(session, ana):
    old, new = sign_in(session, ana.email), sign_in(session, ana.email, now=NOON + IDLE)
    sweep_sessions(session, now=NOON + IDLE + SECOND)
    assert session.scalar(select(func.count()).select_from(WebSession)) == 1
    assert find_session(session, new, now=NOON + IDLE + SECOND)[0]
    assert find_session(session, old, now=NOON + IDLE)[0] is None


def test_signing_in_and_out_and_failing_to_leave_their_traces(session, ana):
    fail(session, ana.email)
    end_session(session, sign_in(session, ana.email), now=NOON)
    entries = session.execute(select(AuditEntry.action, AuditEntry.actor, AuditEntry.facts).order_by(AuditEntry.id))
    told = [tuple(row) for row in entries][1:]
    assert told == [
        (Action.SIGN_IN_FAILED.value, "nobody", {}),
        (Action.SIGNED_IN.value, f"person:{ana.id}", {}),
        (Action.SIGNED_OUT.value, f"person:{ana.id}", {}),
    ]


def test_four_slips_cost_nothing_and_the_fifth_costs_a_second(session, ana):
    fail(session, ana.email, 4)
    assert sign_in(session, ana.email)
    fail(session, ana.email, 5)
    with pytest.raises(TooManyTries) as caught:
        sign_in(session, ana.email)
    assert caught.value.seconds == 1
    assert sign_in(session, ana.email, now=NOON + SECOND)


def test_each_further_slip_doubles_the_wait(session, ana):
    fail(session, ana.email, 4)
    waits, now = [], NOON
    for _ in range(4):
        fail(session, ana.email, now=now)
        with pytest.raises(TooManyTries) as caught:
            sign_in(session, ana.email, now=now)
        waits.append(caught.value.seconds)
        now += timedelta(seconds=caught.value.seconds)
    assert waits == [1, 2, 4, 8]


def test_ten_slips_lock_the_account_for_a_quarter_of_an_hour_even_for_the_right_password(session, ana):
    locked = fail_until_locked(session, ana.email)
    with pytest.raises(TooManyTries):
        sign_in(session, ana.email, now=locked - SECOND)
    assert sign_in(session, ana.email, now=locked)


def test_an_account_is_slowed_down_wherever_the_tries_come_from(session, ana):
    fail(session, ana.email, 5)
    with pytest.raises(TooManyTries):
        sign_in(session, ana.email, address=ELSEWHERE)


def test_an_account_that_is_not_there_is_slowed_down_alike(session):
    fail(session, "nobody@example.org", 5)
    with pytest.raises(TooManyTries, match=r"Wait and try again"):
        sign_in(session, "nobody@example.org")


def test_an_address_that_tries_many_accounts_is_slowed_down_and_others_are_not(session, ana):
    for number in range(30):
        fail(session, f"person{number}@example.net")
    with pytest.raises(TooManyTries):
        sign_in(session, ana.email)
    assert sign_in(session, ana.email, address=ELSEWHERE)


def test_signing_in_forgets_the_accounts_slips_but_not_those_of_the_address(session, ana):
    fail(session, ana.email, 4)
    sign_in(session, ana.email)
    rows = session.execute(select(SignInFailure.key, SignInFailure.count))
    assert [tuple(row) for row in rows] == [(f"p:{HOME}", 4)]


def test_slips_are_forgotten_after_a_quarter_of_an_hour(session, ana):
    fail(session, ana.email, 4)
    later = NOON + FORGET_AFTER + SECOND
    fail(session, ana.email, 4, now=later)
    assert sign_in(session, ana.email, now=later)
    sweep_sessions(session, now=later + FORGET_AFTER + SECOND)
    assert session.scalars(select(SignInFailure.key)).all() == []


def test_no_address_that_was_typed_stands_in_the_database(session):
    fail(session, "nobody@example.org")
    assert "nobody" not in str(session.scalars(select(SignInFailure.key)).all())


def test_tries_made_at_once_all_count(database):
    def slip():
        for _ in range(3):
            with database.begin() as session:
                note_failure(session, email="ana@example.org", address=HOME, now=NOON)

    threads = [threading.Thread(target=slip) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.scalars(select(SignInFailure.count)).all() == [12, 12]

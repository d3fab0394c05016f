"""One process at a time does the periodic work."""

import threading
from datetime import UTC, datetime, timedelta

from storage.lease import LENGTH, drop_lease, take_lease

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
LATER = NOON + LENGTH + timedelta(microseconds=1)


def test_whoever_comes_first_has_the_lease(session):
    assert take_lease(session, "work", "one", now=NOON)
    assert not take_lease(session, "work", "other", now=NOON)


def test_the_holder_may_take_it_again_and_keeps_it_longer(session):
    take_lease(session, "work", "one", now=NOON)
    assert take_lease(session, "work", "one", now=NOON + timedelta(seconds=10))
    assert not take_lease(session, "work", "other", now=LATER)


def test_a_holder_who_is_gone_loses_the_lease_after_fifteen_seconds(session):
    take_lease(session, "work", "one", now=NOON)
    assert not take_lease(session, "work", "other", now=NOON + LENGTH)
    assert take_lease(session, "work", "other", now=LATER)
    assert not take_lease(session, "work", "one", now=LATER)


def test_a_dropped_lease_is_free_at_once(session):
    take_lease(session, "work", "one", now=NOON)
    drop_lease(session, "work", "one", now=NOON)
    assert take_lease(session, "work", "other", now=NOON + timedelta(microseconds=1))


def test_nobody_drops_the_lease_of_another(session):
    take_lease(session, "work", "one", now=NOON)
    drop_lease(session, "work", "other", now=NOON)
    assert not take_lease(session, "work", "other", now=NOON + timedelta(seconds=1))


def test_different_work_has_different_leases(session):
    assert take_lease(session, "work", "one", now=NOON)
    assert take_lease(session, "other work", "other", now=NOON)


def test_of_many_who_ask_at_once_one_gets_it(database):
    got, barrier = [], threading.Barrier(6)

    def ask(name):
        barrier.wait()
        with database.begin() as session:
            got.append(take_lease(session, "work", name, now=NOON))

    threads = [threading.Thread(target=ask, args=(f"node {number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False] * 5 + [True]

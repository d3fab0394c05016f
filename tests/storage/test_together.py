"""Acts that are committed together, and the gate that lets one writer in at a time."""

import threading
import time

import pytest
from sqlalchemy import func, select, text

from accounts.tables import Agency
from storage.database import Database, DatabaseBusy, DatabaseUnavailable, insert_once
from storage.together import Gate


@pytest.fixture
def sqlite(tmp_path, sqlite_template, keys):
    """A SQLite database whose writers wait for half a second."""
    path = tmp_path / "fieldcase.db"
    path.write_bytes(sqlite_template.read_bytes())
    held = Database(f"sqlite:///{path}", keys, patience=0.5)
    yield held
    held.close()


def names(database):
    with database.read() as session:
        return set(session.scalars(select(Agency.name)))


def add(name):
    """An act that adds an agency, and knows which transaction it stood in."""
    return lambda session: insert_once(session, Agency, {"name": name}) and id(session)


def refused(session):
    insert_once(session, Agency, {"name": "Refused"})
    raise ZeroDivisionError


def asked_at_once(database, *acts):
    """What each act gave or raised, when all of them waited for somebody else's transaction."""
    given = [None] * len(acts)

    def ask(number, act):
        try:
            given[number] = database.write(act)
        except Exception as error:
            given[number] = error

    asking = [threading.Thread(target=ask, args=one) for one in enumerate(acts)]
    with database.begin():
        for thread in asking:
            thread.start()
            time.sleep(0.02)  # So that they wait in this order.
        time.sleep(0.1)
    for thread in asking:
        thread.join()
    return given


def test_what_an_act_did_is_there_once_it_has_returned(database):
    assert database.write(add("One"))
    assert "One" in names(database)


def test_an_act_that_raises_leaves_nothing(database):
    with pytest.raises(ZeroDivisionError):
        database.write(refused)
    assert "Refused" not in names(database)


def test_acts_that_wait_at_the_same_moment_are_committed_together(sqlite):
    given = asked_at_once(sqlite, *(add(f"Agency {number}") for number in range(5)))
    assert len(set(given)) == 1
    assert {f"Agency {number}" for number in range(5)} <= names(sqlite)


def test_one_that_raises_takes_nothing_from_those_beside_it(sqlite):
    one, error, two = asked_at_once(sqlite, add("One"), refused, add("Two"))
    assert one
    assert two
    assert isinstance(error, ZeroDivisionError)
    assert names(sqlite) >= {"One", "Two"}
    assert "Refused" not in names(sqlite)


def test_one_that_was_refused_is_told_so_when_those_after_it_cannot_be_committed(sqlite):
    def broken(session):
        raise DatabaseUnavailable("the disk is full")

    first, error, last = asked_at_once(sqlite, add("First"), refused, broken)
    assert first
    assert isinstance(error, ZeroDivisionError)
    assert isinstance(last, DatabaseUnavailable)
    assert "First" in names(sqlite)


def test_all_that_waited_are_told_when_the_gate_stays_shut(sqlite):
    given = []

    def ask():
        with pytest.raises(DatabaseBusy) as raised:
            sqlite.write(add("Late"))
        given.append(raised.value)

    asking = [threading.Thread(target=ask) for _number in range(3)]
    with sqlite.begin():
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
    assert len({id(error) for error in given}) == 3
    assert sqlite.write(add("Later"))
    assert "Late" not in names(sqlite)


def test_all_are_told_when_the_commit_cannot_be_had_and_the_next_ones_are_kept(sqlite):
    def full(session):
        session.execute(text("PRAGMA max_page_count=1"))
        insert_once(session, Agency, {"name": "x" * 100})
        session.execute(text("CREATE TABLE too_much AS SELECT randomblob(1000000) AS much"))

    first, second = asked_at_once(sqlite, add("First"), full)
    assert isinstance(first, DatabaseUnavailable)
    assert isinstance(second, DatabaseUnavailable)
    with sqlite.begin() as session:
        session.execute(text("PRAGMA max_page_count=1000000"))
    assert sqlite.write(add("Next"))
    assert "First" not in names(sqlite)


def test_many_threads_lose_nothing(database):
    def ask(start):
        for number in range(start, start + 10):
            database.write(add(f"Agency {number}"))

    asking = [threading.Thread(target=ask, args=(start,)) for start in range(0, 80, 10)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    with database.read() as session:
        assert session.scalar(select(func.count()).where(Agency.name.like("Agency %"))) == 80


def test_the_gate_opens_for_whoever_has_waited_longest():
    gate, passed = Gate(), []

    def wait(name):
        with gate.passed(5) as entered:
            passed.append((name, entered))

    waiting = []
    with gate.passed(5):
        for name in "abc":
            waiting.append(threading.Thread(target=wait, args=(name,)))
            waiting[-1].start()
            time.sleep(0.05)
    with gate.passed(5) as entered:  # The one that has just left comes last.
        passed.append(("again", entered))
    for thread in waiting:
        thread.join()
    assert passed == [("a", True), ("b", True), ("c", True), ("again", True)]


def test_who_gave_up_waiting_holds_nobody_up():
    gate = Gate()
    with gate.passed(1):
        given_up = threading.Thread(target=lambda: gate.passed(0.05).__enter__())
        given_up.start()
        given_up.join()
    with gate.passed(0.5) as entered:
        assert entered

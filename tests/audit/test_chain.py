"""The chain over the trail: what was changed, removed or put in another order is named."""

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import IntegrityError

from audit import chain as chaining
from audit.chain import AuditLink, Break, chain, unlinked, verify
from audit.trail import SYSTEM, Action, AuditEntry, record
from storage.lease import take_lease
from storage.sealing import Keyring

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)


def write(session, count=1):
    for number in range(count):
        record(session, SYSTEM, Action.CASE_READ, f"case:{number}", now=NOON, number=number)


def ids(session):
    return list(session.scalars(select(AuditEntry.id).order_by(AuditEntry.id)))


@pytest.fixture
def trail(session):
    """Five linked entries."""
    write(session, 5)
    chain(session)
    return session


def test_every_committed_entry_gets_a_number_in_order(trail):
    rows = trail.execute(select(AuditLink.number, AuditLink.entry_id).order_by(AuditLink.number)).all()
    assert [number for number, _ in rows] == [1, 2, 3, 4, 5]
    assert [entry for _, entry in rows] == ids(trail)
    assert verify(trail) is None
    assert unlinked(trail) == 0


def test_an_empty_trail_is_whole(session):
    assert chain(session) == 0
    assert verify(session) is None


def test_the_chain_goes_on_where_it_ended(trail):
    write(trail, 3)
    assert unlinked(trail) == 3
    assert chain(trail) == 3
    assert chain(trail) == 0
    assert verify(trail) is None
    assert trail.scalar(select(func.max(AuditLink.number))) == 8


def test_long_trails_are_chained_in_batches(session, monkeypatch):
    monkeypatch.setattr(chaining, "BATCH", 4)
    write(session, 10)
    assert [chain(session) for _ in range(4)] == [4, 4, 2, 0]
    assert verify(session) is None


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", "person:9"),
        ("action", "case.list"),
        ("subject", "case:99"),
        ("at", datetime(2020, 1, 1, tzinfo=UTC)),
        ("facts", {"number": 77}),
        ("uid", "0" * 32),
        ("seal", "0" * 64),
    ],
)
def test_a_changed_entry_is_named(trail, column, value):
    third = ids(trail)[2]
    trail.execute(update(AuditEntry).where(AuditEntry.id == third).values({column: value}))
    trail.expire_all()
    assert verify(trail) == Break(3, third, "the entry was changed")


def test_an_entry_that_was_changed_before_it_was_linked_is_named(session):
    write(session, 3)
    second = ids(session)[1]
    session.execute(update(AuditEntry).where(AuditEntry.id == second).values(subject="case:99"))
    chain(session)
    session.expire_all()
    assert verify(session) == Break(2, second, "the entry was changed")


def test_a_removed_entry_is_named_with_its_place(trail):
    third = ids(trail)[2]
    trail.execute(delete(AuditLink).where(AuditLink.number == 3))
    trail.execute(delete(AuditEntry).where(AuditEntry.id == third))
    assert verify(trail) == Break(3, None, "a link is missing")


def test_a_database_does_not_let_go_of_an_entry_that_is_linked(trail):
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        trail.execute(delete(AuditEntry).where(AuditEntry.id == ids(trail)[2]))


def test_a_removed_first_entry_is_named(trail):
    first = ids(trail)[0]
    trail.execute(delete(AuditLink).where(AuditLink.entry_id == first))
    trail.execute(delete(AuditEntry).where(AuditEntry.id == first))
    assert verify(trail) == Break(1, None, "a link is missing")


def test_a_removed_entry_whose_successors_were_numbered_anew_is_named(trail):
    third = ids(trail)[2]
    trail.execute(delete(AuditLink).where(AuditLink.number == 3))
    trail.execute(delete(AuditEntry).where(AuditEntry.id == third))
    for number in (4, 5):
        trail.execute(update(AuditLink).where(AuditLink.number == number).values(number=number - 1))
    assert verify(trail) == Break(3, ids(trail)[2], "the link was changed")


def test_entries_in_another_order_are_named(trail):
    second, third = ids(trail)[1:3]
    for entry, number in ((second, 99), (third, 2), (second, 3)):
        trail.execute(update(AuditLink).where(AuditLink.entry_id == entry).values(number=number))
    assert verify(trail) == Break(2, third, "the link was changed")


def test_an_entry_of_another_place_copied_over_a_linked_one_is_named(trail):
    rows = {row.id: row for row in trail.scalars(select(AuditEntry))}
    second, fourth = ids(trail)[1], ids(trail)[3]
    for name in ("uid", "at", "actor", "action", "subject", "facts", "seal"):
        setattr(rows[second], name, getattr(rows[fourth], name))
    trail.flush()
    assert verify(trail) == Break(2, second, "the link was changed")


def test_a_changed_link_is_named(trail):
    trail.execute(update(AuditLink).where(AuditLink.number == 4).values(link="0" * 64))
    assert verify(trail) == Break(4, ids(trail)[3], "the link was changed")


def test_whoever_lacks_the_audit_key_cannot_mend_the_chain(trail, keys):
    """All rows written anew, as somebody would who holds the database alone."""
    trail.info["keys"] = Keyring.of(bytes(32))
    trail.execute(delete(AuditLink))
    chain(trail)
    trail.info["keys"] = keys
    assert verify(trail) == Break(1, ids(trail)[0], "the link was changed")


def test_an_entry_that_commits_late_is_linked_after_those_that_were_before_it(database):
    """Its id is lower than that of an entry which is linked already, as happens when transactions overlap."""
    with database.begin() as session:
        write(session, 3)
        late = ids(session)[1]
        row = session.execute(select(AuditEntry.__table__).where(AuditEntry.id == late)).mappings().one()
        session.execute(delete(AuditEntry).where(AuditEntry.id == late))
    with database.begin() as session:
        assert chain(session) == 2
        session.execute(AuditEntry.__table__.insert().values(dict(row)))
    with database.begin() as session:
        assert chain(session) == 1
        assert verify(session) is None
        assert session.scalar(select(AuditLink.entry_id).where(AuditLink.number == 3)) == late


def test_two_chainers_under_the_lease_link_every_entry_once(database):
    with database.begin() as session:
        write(session, 40)
    barrier = threading.Barrier(2)

    def work(name):
        barrier.wait()
        for _ in range(10):
            with database.begin() as session:
                if take_lease(session, "chaining", name, now=NOON):
                    chain(session)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "other")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(AuditLink)) == 40
        assert verify(session) is None


def test_two_chainers_without_the_lease_leave_no_fork(database):
    """One of them is refused by the database; the chain stays one."""
    with database.begin() as session:
        write(session, 20)
    told = []

    def work():
        try:
            with database.begin() as session:
                told.append(chain(session))
        except IntegrityError as error:
            told.append(error)

    other = threading.Thread(target=work)
    with database.begin() as session:
        assert chain(session) == 20
        other.start()
    other.join()
    assert told == [0] or isinstance(told[0], IntegrityError)
    with database.read() as session:
        assert verify(session) is None
        assert session.scalar(select(func.count()).select_from(AuditLink)) == 20


def test_appending_takes_no_lock_that_another_appender_waits_for(database):
    if database.embedded:
        with database.begin() as session:
            assert session.scalar(text("PRAGMA journal_mode")) == "wal"  # One writer at a time, by design.
        return
    with database.begin() as one:
        write(one)
        with database.begin() as other:
            write(other)
    with database.begin() as session:
        assert chain(session) == 2
        assert verify(session) is None

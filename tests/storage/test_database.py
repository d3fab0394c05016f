"""One database of each kind: transactions, the gate, and what is said when it cannot be had."""

import sqlite3
import subprocess
import sys
import textwrap
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from accounts.tables import Agency, Project
from storage.database import Database, DatabaseBusy, DatabaseUnavailable, insert_new, insert_once, kept
from storage.lease import Lease

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
SECRET = "ana.ejemplo@example.org"


def names(database):
    with database.read() as session:
        return sorted(session.scalars(select(Agency.name)))


@pytest.fixture
def sqlite(request, tmp_path, sqlite_template, keys):
    """A SQLite database whose writers wait for a tenth of a second."""
    path = tmp_path / "fieldcase.db"
    path.write_bytes(sqlite_template.read_bytes())
    held = Database(f"sqlite:///{path}", keys, patience=0.1)
    yield held
    held.close()


def path_of(database):
    return Path(database.engine.url.database)


def test_what_was_written_in_a_block_is_there_after_it(database):
    with database.begin() as session:
        session.add(Agency(name="One"))
    assert "One" in names(database)


def test_a_block_that_raises_leaves_nothing(database):
    with pytest.raises(ZeroDivisionError), database.begin() as session:
        session.add(Agency(name=str(1 / (insert_once(session, Agency, {"name": "One"}) is None))))
    assert "One" not in names(database)


def test_what_was_added_and_not_flushed_is_committed_too(database):
    with database.begin() as session:
        session.add(Agency(name="One"))
        session.add(Agency(name="Two"))
    assert {"One", "Two"} <= set(names(database))


def test_nobody_sees_what_is_not_committed(database):
    with database.begin() as session:
        session.add(Agency(name="One"))
        session.flush()
        assert "One" not in names(database)


def test_a_commit_is_durable_before_the_block_ends(sqlite):
    with sqlite.engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "trusted_schema")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "secure_delete": 1,
        "trusted_schema": 0,
    }


def test_a_row_that_points_nowhere_is_refused(database):
    from accounts.tables import PersonRole

    with pytest.raises(IntegrityError), database.begin() as session:
        session.execute(insert(PersonRole).values(person_id=4711, role="officer"))


def test_a_moment_comes_back_in_utc_to_the_microsecond(database):
    local = datetime(2026, 5, 3, 6, 0, 0, 123456, tzinfo=timezone(timedelta(hours=-6)))
    with database.begin() as session:
        session.add(Lease(name="a", holder="b", until=local))
    with database.read() as session:
        held = session.scalars(select(Lease.until)).one()
    assert held == local
    assert held.utcoffset() == timedelta(0)
    assert held.microsecond == 123456


def test_a_moment_without_a_time_zone_is_refused(database):
    with pytest.raises(Exception, match="a moment needs its time zone"), database.begin() as session:
        session.add(Lease(name="a", holder="b", until=datetime(2026, 5, 3)))


def test_a_row_with_a_key_that_is_there_is_not_written_again(session):
    assert insert_once(session, Project, {"name": "One"}) is not None
    assert insert_once(session, Project, {"name": "One"}) is None
    assert insert_new(session, Lease, []) == set()
    rows = [{"name": name, "holder": "x", "until": NOON} for name in ("a", "b")]
    assert insert_new(session, Lease, rows[:1]) == {"a"}
    assert insert_new(session, Lease, rows) == {"b"}


def test_two_that_write_one_key_at_once_agree_who_was_first(database):
    won, barrier = [], threading.Barrier(4)

    def write():
        barrier.wait()
        with database.begin() as session:
            won.append(insert_once(session, Project, {"name": "One"}))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 4
    assert len([key for key in won if key is not None]) == 1


def test_what_never_changes_is_read_once_in_a_process(database):
    read = []
    with database.read() as session:
        assert kept(session, "a", lambda: read.append(1) or "value") == "value"
    with database.read() as session:
        assert kept(session, "a", lambda: read.append(1) or "other") == "value"
    assert read == [1]


def test_a_writer_that_waits_too_long_is_told_that_the_database_is_busy(sqlite):
    with sqlite.begin():
        told = _in_thread(lambda: _write(sqlite, "Late"))
    assert isinstance(told, DatabaseBusy)
    assert "Late" not in names(sqlite)
    _write(sqlite, "Later")
    assert "Later" in names(sqlite)


def test_readers_do_not_wait_for_a_writer(sqlite):
    with sqlite.begin() as session:
        session.add(Agency(name="One"))
        session.flush()
        assert _in_thread(lambda: names(sqlite)) == []


def test_a_writer_whose_block_raised_leaves_the_gate_open(sqlite):
    with pytest.raises(IntegrityError), sqlite.begin() as session:
        session.execute(insert(Agency), [{"id": 1, "name": "One"}] * 2)
    _write(sqlite, "One")
    assert names(sqlite) == ["One"]


def test_many_writers_of_one_process_each_get_their_turn(database):
    def write(number):
        for step in range(5):
            _write(database, f"{number}/{step}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([name for name in names(database) if "/" in name]) == 40


def test_a_database_that_another_process_has_locked_is_busy_and_is_usable_afterwards(sqlite):
    with closing(sqlite3.connect(path_of(sqlite), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseBusy, match=r"^OperationalError$"):
            _write(sqlite, "One")
        other.execute("ROLLBACK")
    _write(sqlite, "Two")
    assert names(sqlite) == ["Two"]


def test_a_command_may_write_beside_the_serving_process(sqlite, keys):
    beside = Database(str(sqlite.engine.url), keys, patience=5)
    _write(beside, "From the command line")
    _write(sqlite, "From the server")
    assert names(beside) == names(sqlite) == ["From the command line", "From the server"]
    beside.close()


def test_a_database_that_is_not_there_is_unavailable(tmp_path, keys):
    gone = Database(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder' / 'x.db'}", keys)
    with pytest.raises(DatabaseUnavailable), gone.read() as session:
        session.connection()
    gone.close()


def test_a_server_that_cannot_be_reached_is_unavailable(tmp_path, keys):
    gone = Database(f"postgresql://nobody@/nothing?host={tmp_path}", keys, patience=0.1)
    with pytest.raises(DatabaseUnavailable, match=r"^OperationalError$"), gone.begin():
        pass
    gone.close()


def test_a_database_that_may_only_be_read_is_unavailable_for_writing_and_says_so(database_url, keys):
    """A standby server, or a file system that went read-only after an error."""
    held = Database(database_url, keys, patience=0.1)
    with pytest.raises(DatabaseUnavailable):
        _write(held, "One", "PRAGMA query_only = ON" if held.embedded else "SET TRANSACTION READ ONLY")
    held.close()


def test_a_connection_that_was_cut_is_unavailable_once_and_replaced(postgresql_url, keys):
    held = Database(postgresql_url, keys)
    with pytest.raises(DatabaseUnavailable):
        _write(held, "One", "SELECT pg_terminate_backend(pg_backend_pid())")
    with held.read() as session:
        assert session.scalar(text("SELECT 1")) == 1
    held.close()


def test_a_row_that_another_node_holds_too_long_is_unavailable_and_not_waited_for(postgresql_url, keys):
    held = Database(postgresql_url, keys, patience=0.05)
    with held.begin() as session:
        session.add(Lease(name="held", holder="x", until=NOON))
    with held.begin() as session:
        session.execute(select(Lease).with_for_update())
        with pytest.raises(DatabaseUnavailable), held.begin() as other:
            other.execute(select(Lease).with_for_update())
    with held.begin() as session:
        session.execute(text("DELETE FROM leases"))
    held.close()


def test_more_readers_than_connections_are_told_that_the_database_is_busy(postgresql_url, keys):
    held = Database(postgresql_url, keys, patience=0.05, connections=1)
    held.engine.pool._max_overflow = 0
    with held.read(), pytest.raises(DatabaseBusy), held.read():
        pass
    held.close()


def test_no_error_text_holds_a_value_that_was_to_be_written(database, caplog):
    for row in ({"id": 98, "name": SECRET}, {"id": 99, "name": SECRET}):
        with pytest.raises(IntegrityError) as caught, database.begin() as session:
            session.execute(insert(Agency), [{"id": 99, "name": SECRET}, row])
        error = caught.value
        shown = f"{error} {error!r} {error.orig} {error.args} {error.orig.args} {caplog.text}"
        assert SECRET not in shown
        assert "agencies" in shown


FULL_DISK = """
    import resource, signal, sys
    from pathlib import Path
    from sqlalchemy import func, select
    from accounts.tables import Agency
    from storage.database import Database, DatabaseUnavailable
    from storage.sealing import Keyring

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    path = Path(sys.argv[1])
    database = Database(f"sqlite:///{path}", Keyring.of(bytes(32)), patience=0.1)

    def write(number):
        with database.begin() as session:
            session.add_all(Agency(name=f"{number}/{one}/" + "x" * 100) for one in range(500))

    def count():
        with database.read() as session:
            return session.scalar(select(func.count()).select_from(Agency))

    write(0)
    limit = path.with_name(path.name + "-wal").stat().st_size + 10_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    refused = 0
    for number in range(1, 4):
        try:
            write(number)
        except DatabaseUnavailable as error:
            refused += 1
            assert str(error) == "OperationalError", error
    print("refused", refused, "held", count())
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    write(9)
    print("held", count())
"""


def test_a_disk_that_fills_while_rows_are_written_leaves_no_half_and_is_usable_once_there_is_room(sqlite):
    told = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FULL_DISK), str(path_of(sqlite))],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.splitlines()
    assert told == ["refused 3 held 500", "held 1000"]


def _write(database, name, before="SELECT 1"):
    with database.begin() as session:
        session.execute(text(before))
        session.add(Agency(name=name))


def _in_thread(work):
    """What the work gave, or the exception that it raised."""
    told = []

    def run():
        try:
            told.append(work())
        except DatabaseUnavailable as error:
            told.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return told[0]

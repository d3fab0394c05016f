"""A backup holds every row of one moment and every file they name, and fits either database; only the key opens it."""

import io
import json
import os
import threading
import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from storage.backup import KIND, Told, facts, read_backup, write_backup
from storage.container import open_container, read_header, write_container
from storage.database import Base, Database, begin, make_engine, table_of
from storage.dump import TablesUnknown
from storage.files import LocalFiles
from storage.frames import BadArchive, frame, json_frame, read_frames
from storage.lease import BackupRuns, Lease, backing_up, require_no_backup
from storage.roots import destroy_root, ensure_roots
from storage.schema import make_schema
from storage.sealing import Keyring, KeyUnknown
from storage.sweep import OLD, sweep_files
from tests.make import YES, Make, upload

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
NAMES = ("Ana Ejemplo Inventada", "Calle Inventada 4711", "foto-de-ana.jpg", "bytes of an invented photo")


@pytest.fixture
def filled(database, files):
    """A database with a little of everything: a case with a photo, an unfiled submission, media, a destroyed root."""
    with database.begin() as session:
        make = Make(session, files, datetime.now(UTC))
        form = make.form()
        answers = YES.replace("Invented", NAMES[0])
        make.receive(make.instance(form, answers, instance_id="uuid:1"), form, upload(NAMES[2], NAMES[3].encode() * 40))
        make.receive(make.instance(form, answers, instance_id="uuid:2"), form)
        make.plain(media=(("map.png", b"an invented map"),))
        ensure_roots(session, {"gone": "case"})
        destroy_root(session, "gone", now=NOON)
        make.person("manager", password="four unrelated invented words")
    return database


def contents(database, files, told=None):
    return b"".join(write_backup(database, files, told if told is not None else Told()))


def sealed(database, files):
    return b"".join(write_container(database.keys, KIND, facts(NOON), write_backup(database, files, Told())))


def rows(connection):
    """Every row of every table that a backup holds."""
    return {
        table.name: sorted(
            json.dumps(list(row), sort_keys=True, default=repr) for row in connection.execute(select(table))
        )
        for table in Base.metadata.sorted_tables
        if table.name != "leases"
    }


def restored(url, archive, take=lambda _id, _chunks: None):
    """The rows of a new database into which the archive was read, and what was told."""
    engine = make_engine(url, patience=10)
    try:
        with engine.connect() as connection, begin(connection, write=True):
            make_schema(connection)
            told = read_backup(connection, [archive], take)
            return rows(connection), told
    finally:
        engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def elsewhere(request, tmp_path):
    """The address of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'elsewhere.db'}"
    return request.getfixturevalue("new_postgresql")()


# ---- what is in it


def test_a_backup_of_either_database_restores_into_either_row_for_row(filled, files, elsewhere):
    kept = {}
    archive = contents(filled, files)
    back, told = restored(elsewhere, archive, lambda file_id, chunks: kept.__setitem__(file_id, b"".join(chunks)))
    with filled.read() as session:
        assert back == rows(session.connection())
    assert len(back["submissions"]) == 2
    assert kept == {file_id: b"".join(files.read(file_id)) for file_id in files.ids()}
    assert (told.files, told.missing) == (2, [])
    assert told.rows == {name: len(held) for name, held in back.items()}


def test_new_rows_come_behind_the_restored_ones(filled, files, elsewhere, keys, tmp_path):
    archive = contents(filled, files)
    engine = make_engine(elsewhere)
    with engine.connect() as connection, begin(connection, write=True):
        make_schema(connection)
        read_backup(connection, [archive], lambda _id, _chunks: None)
    engine.dispose()
    again = Database(elsewhere, keys, patience=10)
    with again.begin() as session:
        make = Make(session, LocalFiles(tmp_path / "again"), datetime.now(UTC))
        form = make.offered("small")
        make.receive(make.instance(form, YES, instance_id="uuid:3"), form)
        make.agency()
    again.close()


def test_a_backup_is_of_one_moment_whatever_is_written_meanwhile(filled, files, elsewhere):
    told = Told()
    pieces = write_backup(filled, files, told)
    first = next(pieces)
    with filled.read() as session:
        before = rows(session.connection())
    with filled.begin() as session:
        make = Make(session, files, datetime.now(UTC))
        form = make.offered("small")
        make.receive(make.instance(form, YES, instance_id="uuid:late"), form, upload("late.jpg"))
    back, _told = restored(elsewhere, first + b"".join(pieces))
    assert back == before
    assert told.rows["submissions"] == 2
    with filled.read() as session:
        assert len(rows(session.connection())["submissions"]) == 3


def test_a_file_that_the_installation_has_lost_is_told_and_the_rest_is_kept(filled, files, elsewhere):
    lost = next(files.ids())
    files.delete(lost)
    told = Told()
    _rows, back = restored(elsewhere, contents(filled, files, told))
    assert told.missing == back.missing == [lost]
    assert back.files == 1


def test_a_table_of_somebody_else_is_not_left_out_in_silence(filled, files):
    with filled.begin() as session:
        session.execute(text("CREATE TABLE somebody_elses (id INTEGER)"))
    try:
        with pytest.raises(TablesUnknown, match="somebody_elses"):
            contents(filled, files)
    finally:
        with filled.begin() as session:
            session.execute(text("DROP TABLE somebody_elses"))


def test_what_the_backup_says_it_progresses(filled, files):
    seen = []
    for _piece in write_backup(filled, files, Told(), lambda done, total: seen.append((done, total))):
        continue
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1] == seen[0][1]


def test_a_backup_of_much_takes_little_memory(database, files, tmp_path):
    with database.begin() as session:
        make = Make(session, files, datetime.now(UTC))
        form = make.plain()
        big = "<name>" + "x" * 400_000 + "</name>"
        for number in range(60):
            make.receive(make.instance(form, big, instance_id=f"uuid:{number}"), form)
        make.receive(make.instance(form, "<name/>"), form, upload("film.mp4", os.urandom(1024) * 60_000))
    path = tmp_path / "b"
    tracemalloc.start()
    with path.open("wb") as file:
        for piece in write_container(database.keys, KIND, facts(NOON), write_backup(database, files, Told())):
            file.write(piece)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    with path.open("rb") as file:
        _header, opened = open_container(database.keys, KIND, iter(lambda: file.read(65536), b""))
        for _kind, _content in read_frames(opened):
            continue
    _now, peak_again = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert path.stat().st_size > 80 * 1024 * 1024
    assert max(peak, peak_again) < 45 * 1024 * 1024


# ---- who can open it


def test_a_backup_shows_no_name_and_opens_with_the_key_alone(filled, files, keys):
    archive = sealed(filled, files)
    for name in (*NAMES, "example.org", "Small form", "uuid:1", "an invented map"):
        assert name.encode() not in archive
    header, opened = open_container(keys, KIND, [archive])
    assert header["made_at"] == NOON.isoformat()
    whole = b"".join(opened)
    assert NAMES[0].encode() not in whole  # Sealed inside too: the key of the record opens it.
    with pytest.raises(KeyUnknown):
        open_container(Keyring.of(bytes(32)), KIND, [archive])


def test_a_node_that_only_takes_in_can_make_a_backup_and_not_open_it(filled, files, keys):
    archive = b"".join(write_container(keys.intake, KIND, facts(NOON), write_backup(filled, files, Told())))
    assert b"".join(open_container(keys, KIND, [archive])[1])
    assert read_header(KIND, [archive])["key"] == keys.key_id
    assert not hasattr(keys.intake, "open_envelope")


def test_a_backup_opens_after_the_key_was_changed(filled, files, keys):
    archive = sealed(filled, files)
    assert b"".join(open_container(Keyring.of(keys.master.rotated()), KIND, [archive])[1])


@pytest.mark.parametrize("size", [1, 1000, 10_000_000])
def test_a_changed_byte_anywhere_is_told(keys, size):
    archive = bytearray(b"".join(write_container(keys, KIND, facts(NOON), [b"x" * 2_000_000])))
    for at in (0, 25, 40, 200, 330, 400, 1_500_000, len(archive) - 1):
        changed = bytearray(archive)
        changed[at] ^= 1
        pieces = [bytes(changed[start : start + size]) for start in range(0, len(changed), size)][:3000]
        with pytest.raises((BadArchive, KeyUnknown)):
            b"".join(open_container(keys, KIND, pieces)[1])


@pytest.mark.parametrize("cut", [0, 5, 19, 30, 200, 500, 1_000_000, -1])
def test_a_cut_backup_is_told(keys, cut):
    archive = b"".join(write_container(keys, KIND, facts(NOON), [b"x" * 2_000_000]))
    with pytest.raises(BadArchive):
        b"".join(open_container(keys, KIND, [archive[:cut]])[1])


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"SQLite format 3\0", b"fieldcase-receipt-1\n" + bytes(500)])
def test_what_is_no_backup_is_told(keys, content):
    with pytest.raises(BadArchive):
        open_container(keys, KIND, [content])


# ---- what does not fit together


def pieces(archive):
    return [frame(kind, content) for kind, content in read_frames([archive])]


@pytest.mark.parametrize("damage", ["row block", "file", "end", "order", "behind"])
def test_an_archive_that_lacks_a_part_is_told(filled, files, tmp_path, damage):
    parts = pieces(contents(filled, files))
    at = {"row block": b"R", "file": b"G", "end": b"Z", "order": b"E", "behind": b"Z"}[damage]
    index = next(number for number, part in enumerate(parts) if part.startswith(at))
    if damage == "behind":
        parts.append(parts[index])
    else:
        del parts[index]
    with pytest.raises(BadArchive):
        restored(f"sqlite:///{tmp_path / 'x.db'}", b"".join(parts))


def test_a_file_that_is_not_as_it_was_is_told(filled, files, tmp_path):
    parts = pieces(contents(filled, files))
    index = next(number for number, part in enumerate(parts) if part.startswith(b"D"))
    parts[index] = frame("D", b"another content")
    with pytest.raises(BadArchive, match="is not as it was"):
        restored(f"sqlite:///{tmp_path / 'x.db'}", b"".join(parts))


def test_pieces_that_are_too_long_or_cut_are_told():
    with pytest.raises(BadArchive):
        list(read_frames([b"D\xff\xff\xff\xff" + bytes(100)]))
    with pytest.raises(BadArchive):
        list(read_frames([json_frame("T", {})[:-1]]))


# ---- what waits meanwhile


def test_while_a_backup_is_made_nothing_is_erased_or_swept_and_no_other_is_made(database, files):
    def clock():
        return datetime.now(UTC)

    with database.begin() as session:
        ensure_roots(session, {"r": "case"})
    old = files.put([b"an orphan"])
    os.utime(files.folder / old[:2] / old, (0, 0))
    with backing_up(database, clock):
        with pytest.raises(BackupRuns), backing_up(database, clock):
            pass
        with pytest.raises(BackupRuns), database.begin() as session:
            destroy_root(session, "r", now=clock())
        with pytest.raises(BackupRuns):
            sweep_files(database, files, now=clock())
        assert list(files.ids()) == [old]
    with database.begin() as session:
        require_no_backup(session, now=clock())
        destroy_root(session, "r", now=clock())
    assert sweep_files(database, files, now=clock()) == 1


def test_the_lease_of_a_backup_is_renewed_as_long_as_it_lasts_and_given_back(database, monkeypatch):
    monkeypatch.setattr("storage.lease.RENEW", 0.05)
    seen, enough = [], threading.Event()

    def clock():
        seen.append(datetime.now(UTC))
        if len(seen) > 4:
            enough.set()
        return seen[-1]

    with backing_up(database, clock):
        assert enough.wait(20)
    with database.read() as session:
        assert session.scalar(select(Lease.until)) is None
    assert [thread for thread in threading.enumerate() if thread.name == "lease"] == []


def test_a_backup_that_died_hinders_the_next_for_some_seconds_only(database):
    with database.begin() as session:
        row = {"name": "backup", "holder": "died", "until": NOON + timedelta(seconds=15)}
        session.execute(table_of(Lease).insert(), row)
    with pytest.raises(BackupRuns), backing_up(database, lambda: NOON):
        pass
    with backing_up(database, lambda: NOON + timedelta(seconds=16)):
        pass


# ---- sweeping


def test_files_that_no_row_names_go_when_they_are_a_day_old_and_no_other(filled, files):
    now = datetime.now(UTC)
    named = set(files.ids())
    fresh, orphan = files.put([b"being posted"]), files.put([b"left behind"])
    for file_id in (*named, orphan):
        os.utime(files.folder / file_id[:2] / file_id, (0, (now - OLD - timedelta(minutes=1)).timestamp()))
    half = files.folder / orphan[:2] / "dead.half"
    half.write_bytes(b"x")
    os.utime(half, (0, 0))
    young = files.folder / orphan[:2] / "young.half"
    young.write_bytes(b"x")
    assert sweep_files(filled, files, now=now) == 2
    assert set(files.ids()) == named | {fresh}
    assert (half.exists(), young.exists()) == (False, True)
    assert sweep_files(filled, files, now=now) == 0


def test_sweeping_looks_at_many_files_in_parts(database, files, monkeypatch):
    monkeypatch.setattr("storage.sweep.AT_ONCE", 3)
    for number in range(10):
        file_id = files.put([io.BytesIO(bytes(number)).read()])
        os.utime(files.folder / file_id[:2] / file_id, (0, 0))
    assert sweep_files(database, files, now=datetime.now(UTC)) == 10
    assert list(files.ids()) == []

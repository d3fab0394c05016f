"""`fieldcase backup`, `restore` and `mirror replay`: what an operator does at night, on both databases."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from server.backups import prune, scheduled_path
from server.runtime import open_runtime
from server.settings import read_settings
from server.upkeep import Upkeep
from storage.custody import Backup, Restoration
from storage.database import Database, make_engine
from storage.files import LocalFiles
from storage.keyfile import read_key_file
from storage.mirror import Mirror
from submissions.tables import Attachment
from tests.object_store import object_store
from tests.server.cli.conftest import FIELDCASE, wait_until
from tests.server.cli.test_keys import one_line
from tests.server.cli.test_submissions import WITH_PICTURE, send, upload

LUZ = "Luz Ejemplo Inventada"
YES = f"<wants>yes</wants><alias>{LUZ}</alias><followup>1</followup><photo>a.jpg</photo>"


@pytest.fixture
def filled(fieldcase):
    """An installation with a filed submission with its picture, one that waits, and a person."""
    fieldcase.publish(WITH_PICTURE)
    send(fieldcase, YES, upload("a.jpg"), number=1)
    send(fieldcase, YES, upload("a.jpg"), number=2, file=False)
    person = ("person", "add", "ana@example.org", "--name", "Ana Inventada", "--role", "manager", "--password-stdin")
    assert fieldcase.run(*person, input="four unrelated invented words\n").exit_code == 0
    return fieldcase


def told(fieldcase, **settings):
    """What stands in an installation, as its commands tell it."""
    cases = fieldcase.json("case", "list", **settings)
    return {
        "submissions": fieldcase.json("submission", "list", **settings),
        "cases": [(one["code"], one["stage"]) for one in cases],
        "values": [fieldcase.json("case", "show", one["code"], **settings)["assertions"] for one in cases],
        "people": [one["email"] for one in fieldcase.json("person", "list", **settings)],
        "forms": fieldcase.json("form", "list", **settings),
    }


def other(fieldcase, name="other", **more):
    """The settings of another place on SQLite, with the same key."""
    return {
        "FIELDCASE_DATA_DIR": str(fieldcase.folder / name),
        "FIELDCASE_KEY_FILE": str(fieldcase.key),
        "FIELDCASE_DATABASE_URL": "",
        **more,
    }


def back_up(fieldcase, **settings):
    path = fieldcase.folder / "a.backup"
    return path, fieldcase.json("backup", "--to", str(path), **settings)


# ---- backing up, verifying, restoring


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_a_restored_installation_tells_the_same_as_the_one_that_was_backed_up(filled, target, request):
    path, said = back_up(filled)
    assert path.stat().st_mode & 0o777 == 0o600
    assert (said["files"], said["missing"], said["file"]) == (2, [], str(path))
    place = other(filled)
    if target == "postgresql":
        place["FIELDCASE_DATABASE_URL"] = request.getfixturevalue("new_postgresql")()
    back = filled.json("restore", str(path), **place)
    assert (back["id"], back["rows"], back["files"]) == (said["id"], said["rows"], 2)
    assert told(filled, **place) == told(filled)
    assert filled.json("audit", "verify", **place)["whole"]
    assert filled.json("submission", "refile", "--form", "small", **place)["refiled"] == 0


def test_a_backup_is_verified_by_being_restored_and_that_is_remembered(filled):
    path, said = back_up(filled)
    found = filled.json("backup", "verify", str(path))
    assert found["whole"] is True
    assert (found["rows"], found["files"], found["id"]) == (said["rows"], said["files"], said["id"])
    assert found["opened"] >= 2 + 2 + 1  # submissions, files, a record's key
    with filled.making() as make:
        assert make.session.get(Backup, said["id"]).verified_at is not None
    assert filled.trail("backup.make", "backup.verify") == ["operator", "operator"]
    assert [path.name for path in filled.data.iterdir() if path.name.startswith("verifying")] == []


def test_a_backup_whose_contents_were_damaged_before_it_was_made_is_told_by_verifying(filled):
    with filled.making() as make:
        row = make.session.query(Attachment).filter(Attachment.file_id.is_not(None)).first()
        file_id, envelope = row.file_id, bytearray(row.envelope)
    stored = filled.data / "files" / file_id[:2] / file_id
    stored.write_bytes(stored.read_bytes()[:-1] + b"!")
    path, _said = back_up(filled)
    assert f"The file {file_id} does not open" in one_line(filled.run("backup", "verify", str(path)))
    assert envelope


def test_a_broken_trail_is_told_by_verifying(filled):
    filled.execute("UPDATE audit_entries SET actor = 'person:9' WHERE id = 2")
    with filled.making() as make:
        from audit.chain import chain

        chain(make.session)
    path, _said = back_up(filled)
    assert "trail is broken" in one_line(filled.run("backup", "verify", str(path)))


def test_an_installation_that_has_lost_a_file_is_told_and_backed_up_all_the_same(filled):
    files = LocalFiles(filled.data / "files")
    files.delete(next(files.ids()))
    path = filled.folder / "a.backup"
    assert "1 files that rows name are not there" in one_line(filled.run("backup", "--to", str(path)))
    filled.json("restore", str(path), **other(filled))


def test_without_the_key_file_a_backup_is_of_no_use(filled):
    path, _said = back_up(filled)
    archive = path.read_bytes()
    for name in (LUZ, "ana@example.org", "Ana Inventada", "an invented picture", "Small form", "uuid:"):
        assert name.encode() not in archive
    nowhere = other(filled, FIELDCASE_KEY_FILE=str(filled.folder / "nowhere.key"))
    for command in (("restore", str(path)), ("backup", "verify", str(path))):
        assert "Without the key file nothing in a backup can be opened" in one_line(filled.run(*command, **nowhere))
    assert not (filled.folder / "other" / "fieldcase.db").exists()
    wrong = filled.folder / "wrong"
    assert filled.run("init", FIELDCASE_DATA_DIR=str(wrong), FIELDCASE_DATABASE_URL="").exit_code == 0
    refused = filled.run("restore", str(path), **other(filled, FIELDCASE_KEY_FILE=str(wrong / "keys/master.key")))
    assert "does not hold the key" in one_line(refused)


def test_an_installation_is_never_written_over(filled, request):
    path, said = back_up(filled)
    before = told(filled)
    assert "already" in one_line(filled.run("restore", str(path)))
    assert told(filled) == before
    assert "already. Choose another name" in one_line(filled.run("backup", "--to", str(path)))
    filled.json("restore", str(path), **other(filled))
    assert "already" in one_line(filled.run("restore", str(path), **other(filled)))
    assert said["id"]


@pytest.mark.parametrize("damage", ["cut", "changed", "other"])
def test_a_damaged_backup_is_told_in_a_line_and_leaves_nothing(filled, damage):
    path, _said = back_up(filled)
    whole = path.read_bytes()
    at = len(whole) - 100
    changed = {"cut": whole[:at], "changed": whole[:at] + b"!" + whole[at + 1 :], "other": b"PK" + whole}[damage]
    path.write_bytes(changed)
    assert f"{path} cannot be used" in one_line(filled.run("restore", str(path), **other(filled)))
    assert not list((filled.folder / "other").glob("*.db*"))
    assert f"{path} cannot be used" in one_line(filled.run("backup", "verify", str(path)))


def test_a_restoration_that_dies_leaves_no_installation_and_can_be_done_again(filled):
    path, _said = back_up(filled)
    code = (
        "import os, server.restoring as m\n"
        "m._begin_anew = lambda *given: os.kill(os.getpid(), 9)\n"
        "from server.cli import main\nmain()"
    )
    command = [sys.executable, "-c", code, "restore", str(path)]
    done = subprocess.run(command, env=filled._whole(other(filled)), timeout=120)
    assert done.returncode == -signal.SIGKILL
    assert "There is no Fieldcase" in one_line(filled.run("case", "list", **other(filled)))
    filled.json("restore", str(path), **other(filled))
    assert told(filled, **other(filled)) == told(filled)
    assert not list((filled.folder / "other").glob("*.restoring*"))


def test_a_backup_of_a_newer_fieldcase_is_refused(filled, monkeypatch):
    monkeypatch.setattr("storage.backup.newest_revision", lambda: "9999")
    path, _said = back_up(filled)
    assert "newer Fieldcase" in one_line(filled.run("restore", str(path), **other(filled)))


def test_after_a_restoration_nobody_is_signed_in_and_no_link_works(filled):
    token = filled.json("person", "link", "ana@example.org")
    assert token
    with filled.making() as make:
        from accounts.people import get_person
        from accounts.sessions import find_session, start_session

        session = start_session(make.session, get_person(make.session, 1), now=make.now)
        assert find_session(make.session, session, now=make.now)[0] is not None
    path, _said = back_up(filled)
    filled.json("restore", str(path), **other(filled))
    database = Database(f"sqlite:///{filled.folder / 'other' / 'fieldcase.db'}", read_key_file(filled.key))
    with database.read() as held:
        assert find_session(held, session, now=datetime.now(UTC))[0] is None
        assert held.connection().exec_driver_sql("SELECT count(*) FROM sign_in_links").scalar() == 0
        assert held.query(Restoration).one().backup_id == _said["id"]
    database.close()
    assert "restore" in actions(filled.folder / "other" / "fieldcase.db")


def actions(path):
    engine = make_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        found = list(connection.exec_driver_sql("SELECT action FROM audit_entries ORDER BY id").scalars())
    engine.dispose()
    return found


def test_to_names_the_data_folder_and_the_key_may_stay_where_it_is(embedded):
    path, _said = back_up(embedded)
    place = embedded.folder / "moved"
    result = embedded.run("restore", str(path), "--to", str(place))
    assert result.exit_code == 0
    assert (place / "fieldcase.db").stat().st_mode & 0o777 == 0o600
    assert f"put the key file to {place / 'keys' / 'master.key'}" in result.stdout
    moved = {"FIELDCASE_DATA_DIR": str(place), "FIELDCASE_KEY_FILE": str(embedded.key)}
    assert embedded.run("case", "list", **moved).exit_code == 0


def test_where_to_is_asked_for_when_no_folder_is_set(embedded):
    assert "Give --to FILE, or set FIELDCASE_BACKUP_DIR" in one_line(embedded.run("backup"))
    folder = embedded.folder / "backups"
    first = embedded.json("backup", FIELDCASE_BACKUP_DIR=str(folder))["file"]
    assert first.startswith(str(folder / "fieldcase-2"))
    assert folder.stat().st_mode & 0o777 == 0o700


def test_files_in_a_bucket_are_backed_up_and_restored_into_a_folder_and_back(embedded, tmp_path):
    with object_store(tmp_path / "objects") as store:
        embedded.environment |= store.environment
        embedded.publish(WITH_PICTURE)
        with embedded.making() as make:
            make.files = store.files()
            form = make.offered("small")
            make.receive(make.instance(form, YES, instance_id="uuid:1"), form, upload("a.jpg"))
        path, said = back_up(embedded)
        assert said["files"] == 1
        here = other(embedded, FIELDCASE_FILES_URL="")
        assert embedded.json("restore", str(path), **here)["files"] == 1
        assert len(list(LocalFiles(embedded.folder / "other" / "files").ids())) == 1
        there = other(embedded, "third", FIELDCASE_FILES_URL="s3://cases/third")
        assert embedded.json("restore", str(path), **there)["files"] == 1
        assert set(store.files("s3://cases/third").ids()) == set(store.files().ids())
        store.stop()
        refused = one_line(embedded.run("backup", "--to", str(tmp_path / "b.backup")))
        assert "object store did not give" in refused
        assert not list(tmp_path.glob("b.backup*"))


def test_a_protected_key_is_asked_for(embedded):
    path, _said = back_up(embedded)
    words = "four unrelated invented words\n"
    embedded.json("key", "protect", "--passphrase-stdin", input=words)
    back_up_again = embedded.folder / "b.backup"
    embedded.json("backup", "--to", str(back_up_again))
    assert "has a passphrase" in one_line(embedded.run("backup", "verify", str(path)))
    for one in (path, back_up_again):
        embedded.json("backup", "verify", str(one), "--passphrase-stdin", input=words)
    embedded.json("restore", str(path), "--passphrase-stdin", input=words, **other(embedded))


def test_while_a_backup_is_written_the_server_s_writes_go_on_and_a_second_backup_is_refused(filled):
    code = (
        "import sys, server.backups as m\n"
        "real = m.write_backup\n"
        "def slow(*given):\n"
        "    pieces = real(*given)\n"
        "    yield next(pieces)\n"
        "    print('{\\n}', flush=True)\n"
        "    sys.stdin.readline()\n"
        "    yield from pieces\n"
        "m.write_backup = slow\n"
        "from server.cli import main\nmain()"
    )
    command = [sys.executable, "-c", code, "backup", "--to", str(filled.folder / "a.backup")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=filled._whole({}), **pipes) as process:
        assert process.stdout.readline() == "{\n"
        refused = one_line(filled.run("backup", "--to", str(filled.folder / "b.backup")))
        assert "Another backup is being made" in refused
        send(filled, YES, upload("a.jpg"), number=9)
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.wait(timeout=60) == 0
    filled.json("restore", str(filled.folder / "a.backup"), **other(filled))
    assert len(filled.json("submission", "list", **other(filled))) == 2
    assert len(filled.json("submission", "list")) == 3


# ---- scheduled


def running(fieldcase, **settings):
    return open_runtime(read_settings({**fieldcase.environment, **settings}), patience=30)


def test_scheduled_backups_are_made_when_due_tried_once_a_week_and_pruned(filled, monkeypatch):
    folder = filled.folder / "backups"
    held = running(filled, FIELDCASE_BACKUP_DIR=str(folder), FIELDCASE_BACKUP_EVERY="24")
    time = [datetime.now(UTC)]
    upkeep = Upkeep(held, lambda: time[0])
    upkeep.tick()
    (first,) = folder.iterdir()
    with filled.making() as make:
        (row,) = make.session.query(Backup)
        assert row.verified_at is not None
    time[0] += timedelta(hours=1)
    upkeep.tick()
    assert list(folder.iterdir()) == [first]
    time[0] += timedelta(hours=24)
    upkeep.tick()
    assert len(list(folder.iterdir())) == 2
    with filled.making() as make:
        assert sum(row.verified_at is not None for row in make.session.query(Backup)) == 1
    assert filled.trail("backup.make") == ["system", "system"]
    held.close()


def test_pruning_keeps_what_is_young_and_always_the_newest(tmp_path):
    now = datetime(2026, 5, 3, tzinfo=UTC)
    ages = (90, 60, 36, 34, 1)
    paths = [scheduled_path(tmp_path, now - timedelta(days=days)) for days in ages]
    strange = tmp_path / "somebody's notes.txt"
    for path in (*paths, strange):
        path.touch()
    assert prune(tmp_path, keep=timedelta(days=35), now=now) == paths[:3]
    assert sorted(tmp_path.iterdir()) == sorted([*paths[3:], strange])
    assert prune(tmp_path, keep=timedelta(days=35), now=now + timedelta(days=400)) == paths[3:4]
    assert paths[4].exists()


def test_a_folder_that_takes_nothing_is_tried_again_later_and_nothing_else_stops(filled):
    (filled.folder / "file").touch()
    held = running(filled, FIELDCASE_BACKUP_DIR=str(filled.folder / "file" / "backups"))
    orphan = held.files.put([b"x"])
    os.utime(filled.data / "files" / orphan[:2] / orphan, (0, 0))
    Upkeep(held).tick()
    assert orphan not in set(held.files.ids())
    with filled.making() as make:
        assert make.session.query(Backup).filter(Backup.finished_at.is_not(None)).count() == 0
    held.close()


def test_a_sweep_that_dies_before_it_removes_has_removed_nothing_that_is_named_and_is_done_again(filled):
    files = LocalFiles(filled.data / "files")
    named, orphan = set(files.ids()), files.put([b"left behind"])
    for file_id in (*named, orphan):
        os.utime(files.folder / file_id[:2] / file_id, (0, 0))
    code = "import server.upkeep; server.upkeep.LOOK = 0.2"
    with filled.serving(code=code, FIELDCASE_FAULT_AT="K13") as server:
        assert server.process.wait(timeout=60) == -signal.SIGKILL
    assert set(files.ids()) == {*named, orphan}
    with filled.serving(code=code) as server:
        wait_until(lambda: set(files.ids()) == named)
        assert server.stop() == 0


def test_a_serving_process_makes_the_backups_and_breaks_one_off_when_it_is_stopped(embedded):
    folder = embedded.folder / "backups"
    code = "import server.upkeep; server.upkeep.LOOK = 0.2"
    with embedded.serving(code=code, FIELDCASE_BACKUP_DIR=str(folder)) as server:
        wait_until(lambda: list(folder.glob("*.backup")) if folder.is_dir() else False)
        assert server.stop() == 0
    assert not list(folder.glob("*.half"))


# ---- the mirror


def mirrored(fieldcase, **settings):
    return {"FIELDCASE_MIRROR_DIR": str(fieldcase.folder / "mirror"), **settings}


def test_replaying_a_mirror_that_holds_nothing_new_changes_nothing(filled):
    assert filled.json("mirror", "replay", "--from", str(filled.folder))["replayed"] == {}
    assert "Give --from FOLDER" in filled.run("mirror", "replay").stderr


def test_receipts_that_a_scheduled_backup_covers_are_removed(filled, keys):
    folder = filled.folder / "mirror"
    held = running(filled, FIELDCASE_BACKUP_DIR=str(filled.folder / "b"), FIELDCASE_MIRROR_DIR=str(folder))
    now = datetime.now(UTC)
    for number, age in enumerate((timedelta(hours=3), timedelta(minutes=5))):
        Mirror(folder).keep(keys, [bytes([number])], now=now - age)
    Upkeep(held).tick()
    assert len(Mirror(folder).receipts()) == 1
    held.close()


def test_the_command_shows_how_far_it_is_at_a_terminal(embedded):
    import pty

    leader, follower = pty.openpty()
    command = [str(FIELDCASE), "backup", "--to", str(embedded.folder / "a.backup")]
    done = subprocess.run(command, env=embedded._whole({}), stderr=follower, stdout=subprocess.DEVNULL, timeout=120)
    os.close(follower)
    assert done.returncode == 0
    assert b"Backing up" in os.read(leader, 65536)
    os.close(leader)

"""What `fieldcase doctor` says of keys, backups, the mirror and where files lie."""

from datetime import timedelta

from server.runtime import clock
from storage.custody import Backup
from storage.roots import RootKey
from storage.sealing import Keyring
from tests.object_store import object_store
from tests.server.cli.test_doctor import states
from tests.server.cli.test_submissions import YES, send

WORDS = "four unrelated invented words\n"


def aged(fieldcase, **days):
    """The one backup is that many days old; `tried` is how long ago it was verified."""
    with fieldcase.making() as make:
        row = make.session.query(Backup).one()
        row.begun_at = clock() - timedelta(days=days.get("old", 0))
        row.verified_at = clock() - timedelta(days=days["tried"]) if "tried" in days else None
        row.missing = days.get("missing", 0)


def test_doctor_is_red_until_a_copy_of_the_key_is_verified_and_again_after_a_change(fieldcase, tmp_path):
    assert states(fieldcase)["key copy"] == "bad"
    fieldcase.json("key", "copy", str(tmp_path / "c.key"))
    assert states(fieldcase)["key copy"] == "bad"
    fieldcase.json("key", "verify", str(tmp_path / "c.key"))
    assert states(fieldcase)["key copy"] == "ok"
    fieldcase.json("key", "rotate", "--copy", str(tmp_path / "d.key"))
    assert states(fieldcase)["key copy"] == "bad"
    fieldcase.json("key", "verify", str(tmp_path / "d.key"))
    assert states(fieldcase)["key copy"] == "ok"


def test_a_node_that_has_an_earlier_key_is_told(embedded, tmp_path):
    intake, behind = tmp_path / "intake.key", tmp_path / "behind.key"
    embedded.json("key", "intake", str(intake))
    behind.write_bytes(embedded.key.read_bytes())
    behind.chmod(0o600)
    assert states(embedded, FIELDCASE_INTAKE_KEY_FILE=str(intake))["key in use"] == "ok"
    embedded.json("key", "rotate")
    assert states(embedded)["key in use"] == "ok"
    assert states(embedded, FIELDCASE_INTAKE_KEY_FILE=str(intake))["key in use"] == "bad"
    assert states(embedded, FIELDCASE_KEY_FILE=str(behind))["key in use"] == "bad"
    embedded.json("key", "intake", str(intake))
    assert states(embedded, FIELDCASE_INTAKE_KEY_FILE=str(intake))["key in use"] == "ok"


def test_what_an_interrupted_change_left_is_told_until_it_is_finished(embedded):
    embedded.publish()
    send(embedded, YES)
    with embedded.making() as make:
        ring: Keyring = make.session.info["keys"]
        old = make.session.query(RootKey).first()
        kept = old.root_id, old.wrapped
    embedded.json("key", "rotate")
    with embedded.making() as make:
        make.session.get(RootKey, kept[0]).wrapped = kept[1]
    assert ring.is_current(kept[1])
    assert states(embedded)["key in use"] == "warn"
    embedded.json("key", "rotate", "--finish")
    assert states(embedded)["key in use"] == "ok"


def test_the_age_of_a_backup_and_of_its_trial_is_told(fieldcase):
    folder = {"FIELDCASE_BACKUP_DIR": str(fieldcase.folder / "backups")}
    assert (states(fieldcase)["backup"], states(fieldcase, **folder)["backup"]) == ("warn", "bad")
    fieldcase.json("backup", **folder)
    assert states(fieldcase, **folder)["backup"] == "warn"  # It was not tried yet.
    aged(fieldcase, tried=0)
    assert states(fieldcase, **folder)["backup"] == "ok"
    aged(fieldcase, old=3, tried=0)
    assert states(fieldcase, **folder)["backup"] == "bad"
    aged(fieldcase, tried=9)
    assert states(fieldcase, **folder)["backup"] == "bad"
    aged(fieldcase, old=9)
    assert states(fieldcase)["backup"] == "bad"
    aged(fieldcase, tried=0, missing=2)
    assert states(fieldcase, **folder)["backup"] == "bad"


def test_a_mirror_that_takes_nothing_is_bad(embedded):
    (embedded.folder / "file").touch()
    assert states(embedded, FIELDCASE_MIRROR_DIR=str(embedded.folder / "mirror"))["mirror"] == "ok"
    assert states(embedded, FIELDCASE_MIRROR_DIR=str(embedded.folder / "file" / "x"))["mirror"] == "bad"


def test_a_store_that_is_away_is_bad(embedded, tmp_path):
    with object_store(tmp_path / "objects") as store:
        assert states(embedded, **store.environment)["files"] == "ok"
        assert states(embedded, **{**store.environment, "FIELDCASE_S3_SECRET_KEY": "wrong"})["files"] == "bad"
        store.stop()
        assert states(embedded, **store.environment)["files"] == "bad"


def test_a_locked_process_is_told_and_what_can_be_looked_at_is(embedded):
    embedded.json("key", "protect", "--passphrase-stdin", input=WORDS)
    said = states(embedded)
    assert (said["key"], said["lock"]) == ("ok", "ok")
    with embedded.serving() as server:
        assert states(embedded)["lock"] == "warn"
        embedded.json("key", "unlock", "--passphrase-stdin", input=WORDS)
        assert states(embedded)["lock"] == "ok"
        server.stop()

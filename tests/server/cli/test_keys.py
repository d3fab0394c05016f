"""`fieldcase key`: copies that are read back, a passphrase, locking beside a server that goes on, and a changed key."""

import signal
import subprocess
import sys

import pytest

from storage.keyfile import load_key_file, read_intake_file, read_key_file
from storage.roots import older_roots
from storage.sealing import key_id_of
from submissions.tables import Submission
from tests.server.cli.conftest import multipart, wait_until
from tests.server.cli.test_running import answers, filing, tablet
from tests.server.cli.test_submissions import send

PASSPHRASE = "four unrelated invented words"
GIVEN = f"{PASSPHRASE}\n"
YES = "<wants>yes</wants><alias>Luz (invented)</alias><followup>1</followup>"


@pytest.fixture
def filled(fieldcase):
    """An installation with one submission that is filed and one that waits."""
    fieldcase.publish()
    send(fieldcase, YES, number=1)
    send(fieldcase, YES, number=2, file=False)
    return fieldcase


def one_line(result) -> str:
    assert result.exit_code != 0
    assert result.stderr.count("\n") == 1
    return result.stderr


def opens(fieldcase) -> bool:
    """Everything that is stored can be read: the filed answers, and those that wait, which are then filed."""
    with fieldcase.making() as make:
        from cases.filing import file_one

        for held in make.session.query(Submission).filter_by(filing="pending").all():
            file_one(make.session, held, now=make.now)
    codes = [row["code"] for row in fieldcase.json("case", "list")]
    said = [one["value"] for code in codes for one in fieldcase.json("case", "show", code)["assertions"]]
    return said.count("Luz (invented)") == 2 and set(filing(fieldcase)) == {"filed"}


def older(fieldcase) -> int:
    """How many values are sealed for an earlier key than the one in use."""
    with fieldcase.making() as make:
        ring, session = make.session.info["keys"], make.session
        waiting = session.query(Submission.envelope).filter(Submission.root_id.is_(None))
        return older_roots(session) + sum(key_id_of(row.envelope) != ring.key_id for row in waiting)


# ---- copies


def test_a_copied_key_file_is_verified_and_serves_in_its_place(embedded, tmp_path):
    copy = tmp_path / "stick.key"
    said = embedded.json("key", "copy", str(copy))
    assert said == {"key": embedded.json("key", "status")["key"], "protected": False, "file": str(copy)}
    assert copy.stat().st_mode & 0o777 == 0o600
    assert embedded.json("key", "status")["copy_verified_at"] is None
    assert embedded.json("key", "verify", str(copy))["verified"]
    assert embedded.json("key", "status")["copy_verified_at"] is not None
    before = embedded.key.read_bytes()
    embedded.key.unlink()
    assert embedded.json("key", "restore", str(copy))["file"] == str(embedded.key)
    assert embedded.key.read_bytes() == before
    assert embedded.run("case", "list").exit_code == 0


def test_a_key_printed_as_words_is_verified_and_put_back_from_them(embedded):
    printed = embedded.run("key", "copy", "--words")
    lines = embedded.json("key", "copy", "--words")["lines"]
    assert len(lines) == 6
    assert all(line in printed.stdout for line in lines)
    assert embedded.json("key", "verify", "--words", input="\n".join(lines))["verified"]
    before = read_key_file(embedded.key)
    embedded.key.unlink()
    typed = "".join(line for line in printed.stdout.splitlines(keepends=True) if line.startswith("  "))
    assert embedded.run("key", "restore", "--words", input=typed.upper()).exit_code == 0
    assert read_key_file(embedded.key) == before


def test_a_slip_on_the_sheet_is_told_by_its_line(embedded):
    lines = embedded.json("key", "copy", "--words")["lines"]
    lines[2] = lines[2][:-2] + ("ba" if lines[2][-2:] != "ba" else "ti")
    refused = one_line(embedded.run("key", "verify", "--words", input="\n".join(lines)))
    assert "Line 3 has a slip" in refused
    assert embedded.json("key", "status")["copy_verified_at"] is None


def test_a_copy_of_another_installation_or_of_an_earlier_key_is_not_taken_for_one(embedded, bare, tmp_path):
    copy, other = tmp_path / "a.key", tmp_path / "b.key"
    embedded.json("key", "copy", str(copy))
    assert (
        embedded.run("init", FIELDCASE_DATA_DIR=str(tmp_path / "other"), FIELDCASE_KEY_FILE=str(other)).exit_code == 0
    )
    assert "another installation's key" in one_line(embedded.run("key", "verify", str(other)))
    embedded.json("key", "rotate")
    assert "from before the key was changed" in one_line(embedded.run("key", "verify", str(copy)))


def test_nothing_is_ever_written_over(embedded, tmp_path):
    there = tmp_path / "there"
    there.write_text("something of somebody's")
    assert "Choose another name" in one_line(embedded.run("key", "copy", str(there)))
    assert "Choose another name" in one_line(embedded.run("key", "rotate", "--copy", str(there)))
    assert there.read_text() == "something of somebody's"
    before = embedded.key.read_bytes()
    embedded.json("key", "copy", str(tmp_path / "copy"))
    assert "is there already" in one_line(embedded.run("key", "restore", str(tmp_path / "copy")))
    assert embedded.key.read_bytes() == before


def test_a_copy_needs_a_place(embedded):
    for command in ("copy", "verify", "restore"):
        assert "Name a FILE, or give --words" in embedded.run("key", command).stderr


# ---- a changed key


def test_a_changed_key_opens_everything_and_the_one_before_opens_nothing_new(filled):
    before = read_key_file(filled.key)
    said = filled.json("key", "rotate")
    ring = read_key_file(filled.key)
    assert said["key"] == ring.key_id != before.key_id
    assert older(filled) == 0
    with filled.making() as make:
        assert {key_id_of(row.envelope) for row in make.session.query(Submission.envelope)} >= {ring.key_id}
        assert not before.holds(ring.key_id)
    assert opens(filled)
    assert filled.json("audit", "verify")["whole"]
    assert filled.trail("key.rotate") == ["operator"]


def test_what_an_old_intake_node_still_seals_is_filed_after_the_key_was_changed(filled, tmp_path):
    intake = tmp_path / "intake.key"
    filled.json("key", "intake", str(intake))
    old = read_intake_file(intake)
    filled.json("key", "rotate")
    with filled.making() as make:
        make.session.info["keys"] = old
        form = make.offered("small")
        make.receive(make.instance(form, YES, instance_id="uuid:late"), form)
    with filled.making() as make:
        from cases.filing import file_one

        held = make.session.query(Submission).filter_by(instance_id="uuid:late").one()
        assert key_id_of(held.envelope) == old.key_id
        file_one(make.session, held, now=make.now)
        assert held.filing == "filed"


@pytest.mark.parametrize(
    "at",
    ["replace_key_file", "ask", "record", "_turn:1", "_turn:2"],
)
def test_a_change_that_dies_anywhere_loses_nothing_and_is_finished_later(filled, tmp_path, at):
    name, _colon, count = at.partition(":")
    code = (
        "import os, server.rekeying, server.cli.key_changing\n"
        f"left, place = [{count or 1}], server.cli.key_changing if {name!r} == 'seal_anew' else server.rekeying\n"
        f"real = getattr(place, {name!r})\n"
        "def dies(*given, **named):\n"
        "    left[0] -= 1\n"
        "    if not left[0]: os.kill(os.getpid(), 9)\n"
        "    return real(*given, **named)\n"
        f"setattr(place, {name!r}, dies)\n"
        "from server.cli import main\nmain()"
    )
    command = [sys.executable, "-c", code, "key", "rotate", "--copy", str(tmp_path / "copy.key")]
    done = subprocess.run(command, env=filled._whole({}), cwd=tmp_path, timeout=120)
    assert done.returncode == -signal.SIGKILL
    assert filled.json("audit", "verify")["whole"]
    assert filled.run("key", "rotate", "--finish").exit_code == 0
    assert older(filled) == 0
    assert opens(filled)
    assert filled.run("key", "rotate").exit_code == 0
    assert older(filled) == 0
    assert not [path for path in filled.key.parent.iterdir() if path.name != "master.key"]


def test_a_change_that_died_is_finished_by_the_server_at_its_next_start(filled):
    before = read_key_file(filled.key).key_id
    assert filled.process("key", "rotate", FIELDCASE_FAULT_AT="K15").returncode == -signal.SIGKILL
    assert read_key_file(filled.key).key_id != before
    assert older(filled) > 0
    with filled.serving(code="import server.upkeep; server.upkeep.LOOK = 0.2") as server:
        wait_until(lambda: older(filled) == 0)
        wait_until(lambda: set(filing(filled)) == {"filed"})
        assert server.stop() == 0
    assert opens(filled)


def test_a_server_that_runs_goes_on_over_a_changed_key(fieldcase):
    path = tablet(fieldcase)
    with fieldcase.serving() as server:
        assert server.post(path, multipart(answers(1))) == 201
        wait_until(lambda: filing(fieldcase) == ["filed"])
        key = fieldcase.json("key", "rotate")["key"]
        (process,) = fieldcase.json("key", "status")["processes"]
        assert (process["key"], process["locked"]) == (key, False)
        assert server.post(path, multipart(answers(2))) == 201
        wait_until(lambda: filing(fieldcase) == ["filed", "filed"])
        assert older(fieldcase) == 0
        assert "error" not in server.log.read_text()


def test_a_node_whose_key_file_is_behind_holds_what_it_cannot_open_until_the_file_is_exchanged(embedded, tmp_path):
    path = tablet(embedded)
    behind = tmp_path / "behind.key"
    behind.write_bytes(embedded.key.read_bytes())
    embedded.json("key", "rotate")
    with embedded.serving(FIELDCASE_FILING="off") as server:
        assert server.post(path, multipart(answers(1))) == 201
        server.stop()
    with embedded.serving(FIELDCASE_KEY_FILE=str(behind)) as server:
        wait_until(lambda: filing(embedded) == ["held"])
        (row,) = embedded.json("submission", "list")
        assert row["reason"] == {"code": "waits-for-key", "key": read_key_file(embedded.key).key_id}
        fresh = tmp_path / "fresh.key"
        fresh.write_bytes(embedded.key.read_bytes())
        fresh.rename(behind)
        wait_until(lambda: filing(embedded) == ["filed"])
        assert server.stop() == 0


# ---- passphrase, lock and unlock


def test_while_locked_submissions_are_received_and_wait_and_are_filed_once_unlocked(fieldcase):
    path = tablet(fieldcase)
    assert fieldcase.json("key", "protect", "--passphrase-stdin", input=GIVEN)["protected"]
    with fieldcase.serving("tablet,desk") as server:
        assert server.post(path, multipart(answers(1), ("extra.bin", b"x" * 2000))) == 201
        assert server.post(path, multipart(answers(1), ("extra.bin", b"x" * 2000))) == 201
        listed = fieldcase.run("submission", "list")
        assert "The keys are not open here" in one_line(listed)
        assert "fieldcase key unlock" in listed.stderr
        assert "The server is locked" in server.get("/sign-in").text
        wrong = fieldcase.run("key", "unlock", "--passphrase-stdin", input="not the passphrase\n")
        assert "not the passphrase of the key file" in one_line(wrong)
        assert fieldcase.json("key", "unlock", "--passphrase-stdin", input=GIVEN)["unlocked"] == 1
        wait_until(lambda: filing(fieldcase) == ["filed"])
        assert "The server is locked" not in server.get("/sign-in").text
        said = fieldcase.json("key", "lock")
        assert (said["locked"], said["protects"]) == (1, True)
        assert server.post(path, multipart(answers(2))) == 201
        assert fieldcase.run("submission", "list").exit_code != 0
        fieldcase.json("key", "unlock", "--passphrase-stdin", input=GIVEN)
        wait_until(lambda: filing(fieldcase) == ["filed", "filed"])
        assert server.stop() == 0
    assert fieldcase.json("key", "status")["processes"] == []


def test_a_lock_without_a_passphrase_says_that_it_protects_nothing(embedded):
    with embedded.serving() as server:
        said = embedded.run("key", "lock")
        assert said.exit_code == 0
        assert "protects nothing" in said.stderr
        assert "fieldcase key protect" in said.stderr
        assert embedded.json("key", "lock")["protects"] is False
        assert embedded.json("key", "status")["processes"][0]["locked"] is True
        assert embedded.json("key", "unlock")["unlocked"] == 1
        server.stop()


def test_unlocking_where_nothing_runs_says_so(embedded):
    assert "Start it, then unlock" in one_line(embedded.run("key", "unlock"))
    assert embedded.json("key", "lock")["locked"] == 0


def test_a_changed_key_stays_under_its_passphrase_and_a_locked_server_stays_locked(embedded):
    path = tablet(embedded)
    embedded.json("key", "protect", "--passphrase-stdin", input=GIVEN)
    with embedded.serving() as server:
        assert "has a passphrase" in one_line(embedded.run("key", "rotate"))
        key = embedded.json("key", "rotate", "--passphrase-stdin", input=GIVEN)["key"]
        (process,) = embedded.json("key", "status")["processes"]
        assert (process["locked"], process["key"]) == (True, key)
        assert server.post(path, multipart(answers(1))) == 201
        embedded.json("key", "unlock", "--passphrase-stdin", input=GIVEN)
        wait_until(lambda: filing(embedded) == ["filed"])
        server.stop()
    assert load_key_file(embedded.key).protected


def test_a_copy_under_a_passphrase_is_verified_with_it(embedded, tmp_path):
    embedded.json("key", "protect", "--passphrase-stdin", input=GIVEN)
    copy = tmp_path / "copy.key"
    assert embedded.json("key", "copy", str(copy))["protected"]
    assert "has a passphrase" in one_line(embedded.run("key", "verify", str(copy)))
    assert embedded.json("key", "verify", str(copy), "--passphrase-stdin", input=GIVEN)["verified"]
    lines = embedded.json("key", "copy", "--words", "--passphrase-stdin", input=GIVEN)["lines"]
    assert embedded.json("key", "verify", "--words", input="\n".join(lines))["verified"]
    assert "has a passphrase" in one_line(embedded.run("key", "copy", "--words"))


def test_a_weak_passphrase_is_refused_and_a_passphrase_can_be_taken_away(embedded):
    assert "at least 12 characters" in one_line(embedded.run("key", "protect", "--passphrase-stdin", input="short\n"))
    before = read_key_file(embedded.key)
    embedded.json("key", "protect", "--passphrase-stdin", input=GIVEN)
    embedded.json("key", "protect", "--remove", "--passphrase-stdin", input=GIVEN)
    assert read_key_file(embedded.key) == before


def test_the_control_socket_is_the_owner_s_alone_and_goes_with_its_process(embedded):
    with embedded.serving() as server:
        (path,) = (embedded.data / "control").iterdir()
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
        server.stop(signal.SIGKILL)
        assert path.exists()
        assert embedded.json("key", "status")["processes"] == []
        assert not path.exists()


def test_the_trail_says_what_was_done_with_the_key(embedded, tmp_path):
    embedded.json("key", "copy", str(tmp_path / "c"))
    embedded.json("key", "verify", str(tmp_path / "c"))
    embedded.json("key", "protect", "--passphrase-stdin", input=GIVEN)
    embedded.json("key", "lock")
    embedded.json("key", "protect", "--remove", "--passphrase-stdin", input=GIVEN)
    assert embedded.trail("key.copy", "key.verify", "key.protect", "key.lock") == ["operator"] * 5

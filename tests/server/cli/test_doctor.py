"""`fieldcase doctor`, `fieldcase key` and `fieldcase audit`."""

import json
from datetime import timedelta

import pytest

from server.cli.database_checks import backlog, clocks
from server.runtime import clock
from server.settings import read_settings
from storage.keyfile import read_intake_file, read_key_file
from tests.server.cli.test_submissions import YES, send, set_aside


def states(fieldcase, **settings) -> dict[str, str]:
    """What doctor says of each check; its exit status fits."""
    result = fieldcase.run("doctor", "--json", **settings)
    report = json.loads(result.stdout)
    assert result.exit_code == (0 if report["well"] else 1)
    assert report["well"] == all(one["state"] != "bad" for one in report["checks"])
    assert all(one["do"] for one in report["checks"] if one["state"] != "ok")
    return {one["name"]: one["state"] for one in report["checks"]}


def test_a_fresh_installation_is_well_but_for_its_key_and_its_backups(fieldcase):
    said = states(fieldcase)
    for of_this_machine in ("java", "pages", "disk space", "time keeping", "durability"):
        said.pop(of_this_machine)
    assert said.pop("key file") == "warn"
    assert said.pop("key copy") == "bad"
    assert said.pop("backup") == "warn"
    assert set(said.values()) == {"ok"}


def test_a_machine_without_installation_is_told_what_to_run(bare):
    result = bare.run("doctor")
    assert result.exit_code == 1
    assert "-> fieldcase init" in result.stdout
    assert result.stderr.startswith("Error: To be mended: ")
    assert result.stderr.count("\n") == 1
    assert not bare.data.exists()


def test_keys_are_for_their_owner_and_the_right_ones(embedded, tmp_path):
    elsewhere = embedded.key.rename(tmp_path / "master.key")
    assert states(embedded, FIELDCASE_KEY_FILE=str(elsewhere))["key file"] == "ok"
    assert states(embedded)["key file"] == "bad"
    elsewhere.chmod(0o644)
    assert states(embedded, FIELDCASE_KEY_FILE=str(elsewhere))["key file"] == "bad"
    elsewhere.write_text("nonsense\n")
    assert states(embedded, FIELDCASE_KEY_FILE=str(elsewhere))["key file"] == "bad"


@pytest.mark.parametrize(
    "address, state",
    [
        ("http://127.0.0.1:8080", "ok"),
        ("https://fieldcase.example.org", "ok"),
        ("http://192.168.1.20:8080", "warn"),
        ("http://fieldcase.example.org", "warn"),
    ],
)
def test_an_address_that_is_not_encrypted_is_a_warning_outside_this_machine(embedded, address, state):
    assert states(embedded, FIELDCASE_BASE_URL=address)["address"] == state


def test_java_that_is_missing_or_does_not_start_is_a_warning(embedded, tmp_path):
    assert states(embedded, FIELDCASE_JAVA="no-such-java")["java"] == "warn"
    broken = tmp_path / "java"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    assert states(embedded, FIELDCASE_JAVA=str(broken))["java"] == "warn"


def test_a_database_that_does_not_answer_is_bad(embedded):
    said = states(embedded, FIELDCASE_DATABASE_URL="postgresql://fieldcase:secret@127.0.0.1:9/fieldcase")
    assert said["database"] == "bad"
    assert "key" not in said


def test_what_waits_for_a_person_is_a_warning_with_the_command_that_shows_it(fieldcase):
    fieldcase.publish()
    assert states(fieldcase)["set aside"] == "ok"
    set_aside(fieldcase)
    assert states(fieldcase)["set aside"] == "warn"
    assert 'submission list --filing "set aside"' in fieldcase.run("doctor").stdout


def test_a_submission_that_waits_long_to_be_filed_is_told(fieldcase):
    fieldcase.publish()
    send(fieldcase, YES, file=False)
    assert states(fieldcase)["filing"] == "ok"
    settings = read_settings(fieldcase.environment)
    with fieldcase.making() as make:
        later = {minutes: clock() + timedelta(minutes=minutes) for minutes in (10, 90)}
        assert backlog(make.session, settings, later[10]).state == "warn"
        assert backlog(make.session, settings, later[90]).state == "bad"


def test_a_clock_behind_the_trail_is_bad(fieldcase):
    settings = read_settings(fieldcase.environment)
    with fieldcase.making() as make:
        assert clocks(make.session, settings, clock()).state == "ok"
        assert clocks(make.session, settings, clock() - timedelta(days=1)).state == "bad"


def test_tablets_that_are_silent_or_old_are_named(fieldcase):
    fieldcase.json("device", "enrol", "Tablet 01")
    fieldcase.json("device", "enrol", "Tablet 02")
    fieldcase.json("device", "revoke", "Tablet 02")
    assert states(fieldcase)["tablets"] == "ok"
    fieldcase.execute("UPDATE devices SET enrolled_at = '2026-01-01 00:00:00', last_seen_at = '2026-01-02 00:00:00'")
    said = states(fieldcase)
    assert (said["tablets"], said["tablets' secrets"]) == ("warn", "warn")
    told = fieldcase.run("doctor").stdout
    assert "Tablet 01: silent" in told
    assert "Tablet 02" not in told


def test_the_intake_key_opens_nothing(embedded, tmp_path):
    path = tmp_path / "intake.key"
    assert embedded.json("key", "intake", str(path)) == {"file": str(path)}
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_intake_file(path) == read_key_file(embedded.key).intake
    assert embedded.trail("key.intake") == ["operator"]
    assert embedded.run("key", "intake", str(path)).exit_code == 0


def test_the_intake_key_overwrites_no_other_file(embedded):
    held = embedded.key.read_bytes()
    result = embedded.run("key", "intake", str(embedded.key))
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert embedded.key.read_bytes() == held


def test_a_changed_trail_is_told_with_its_place(fieldcase):
    from audit.chain import chain

    fieldcase.json("agency", "add", "Invented Refuge")
    with fieldcase.making() as make:
        chain(make.session)
    assert fieldcase.json("audit", "verify") == {"whole": True, "broken_at": None, "not_numbered_yet": 0}
    fieldcase.execute("UPDATE audit_entries SET actor = 'person:1' WHERE action = 'agency.add'")
    result = fieldcase.run("audit", "verify", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["broken_at"] == {"number": 2, "entry": 2, "reason": "the entry was changed"}
    assert result.stderr == "Error: The trail is broken at number 2: the entry was changed.\n"

"""`fieldcase device`."""

import base64
import json
import zlib

from accounts.devices import known_device
from storage.database import Database
from storage.keyfile import read_key_file


def read_qr(text: str) -> dict:
    """The settings in the text of a QR code, as Collect reads them."""
    return json.loads(zlib.decompress(base64.b64decode(text)))


def test_over_http_the_secret_stands_in_the_address(fieldcase):
    facts = fieldcase.json("device", "enrol", "Tablet 01")
    assert facts["server_url"] == f"http://127.0.0.1:8080/v1/key/{facts['secret']}/projects/1"
    general = read_qr(facts["settings_qr"])["general"]
    assert (general["server_url"], general["username"], general["password"]) == (facts["server_url"], "", "")
    assert facts["username"] == "tablet-01"
    with fieldcase.making() as make:
        assert known_device(make.session, facts["secret"]).name == "Tablet 01"


def test_over_https_the_tablet_signs_in_by_basic(embedded):
    facts = embedded.json("device", "enrol", "Tablet 01", FIELDCASE_BASE_URL="https://fieldcase.example.org")
    assert facts["server_url"] == "https://fieldcase.example.org/v1/projects/1"
    general = read_qr(facts["settings_qr"])["general"]
    assert general["server_url"] == facts["server_url"]
    assert (general["username"], general["password"]) == (facts["username"], facts["secret"])
    with embedded.making() as make:
        assert known_device(make.session, facts["secret"], username=facts["username"]).name == "Tablet 01"


def test_the_secret_is_kept_nowhere(embedded):
    secret = embedded.json("device", "enrol", "Tablet 01")["secret"].encode()
    for path in embedded.data.rglob("*"):
        assert path.is_dir() or secret not in path.read_bytes()


def test_people_get_the_picture_and_what_to_type(embedded, tmp_path):
    picture = tmp_path / "tablet.png"
    result = embedded.run("device", "enrol", "Tablet 01", "--qr", str(picture))
    assert result.exit_code == 0
    assert result.stdout.count("█") > 500
    assert "\x1b" not in result.stdout
    assert "/v1/key/" in result.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_mode & 0o777 == 0o600


def test_a_tablet_whose_picture_cannot_be_written_is_not_enrolled(embedded, tmp_path):
    result = embedded.run("device", "enrol", "Tablet 01", "--qr", str(tmp_path / "nowhere" / "tablet.png"))
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "No such file or directory" in result.stderr
    assert embedded.json("device", "list") == []


def test_tablets_join_the_agency_that_is_named(fieldcase):
    fieldcase.json("agency", "add", "Invented Refuge")
    fieldcase.json("device", "enrol", "Tablet 01", "--agency", "Invented Refuge")
    fieldcase.json("device", "enrol", "Tablet 02", "--project", "1")
    rows = fieldcase.json("device", "list")
    assert [(row["name"], row["agency"], row["project"]) for row in rows] == [
        ("Tablet 01", "Invented Refuge", 1),
        ("Tablet 02", "Our agency", 1),
    ]
    assert rows[0]["enrolled_at"].endswith("Z")
    assert (rows[0]["revoked_at"], rows[0]["last_seen_at"]) == (None, None)


def test_a_revoked_tablet_is_shown_as_that(fieldcase):
    fieldcase.json("device", "enrol", "Tablet 01")
    assert fieldcase.json("device", "revoke", "Tablet 01")["revoked_at"].endswith("Z")
    assert "revoked" in fieldcase.run("device", "list").stdout
    assert fieldcase.trail("device.enrol", "device.revoke") == ["operator", "operator"]


def test_a_name_that_is_taken_and_one_that_is_not_there_are_told(embedded):
    embedded.json("device", "enrol", "Tablet 01")
    for act, said in (("enrol", "enrolled already"), ("revoke", "no tablet called")):
        result = embedded.run("device", act, "Tablet 01" if act == "enrol" else "Tablet 09")
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
        assert said in result.stderr


def test_what_a_tablet_claims_of_itself_cannot_write_on_the_terminal(embedded):
    embedded.json("device", "enrol", "Tablet 01")
    database = Database(embedded.url, read_key_file(embedded.key), patience=30)
    with database.begin() as session:
        session.connection().exec_driver_sql("UPDATE devices SET app_version = 'collect\x1b[2J'")
    database.close()
    result = embedded.run("device", "list")
    assert "collect" in result.stdout
    assert "\x1b" not in result.stdout

"""A disk dies between two backups, and nothing that a tablet was told is received is lost or doubled."""

import hashlib
import shutil
from collections.abc import Iterator

import pytest

from storage.files import LocalFiles
from storage.mirror import Mirror
from tests.server.cli.conftest import Fieldcase, bare, embedded, fieldcase, multipart, wait_until
from tests.server.cli.test_submissions import WITH_PICTURE

assert bare
assert embedded
assert fieldcase
LATER_FORM = WITH_PICTURE.replace("small ", "later ").replace("Small form", "Later form")


def answers(number: int, *, form: str = "small", name: str = "Luz", photo: str = "", also: str = "") -> str:
    """The answers of a person who was invented."""
    picture = f"<photo>{photo}</photo>" if photo else ""
    return (
        f'<data id="{form}" version="1"><wants>yes</wants><alias>{name} {number} (invented)</alias>'
        f"<followup>1</followup>{picture}<meta><instanceID>{answers_of(number)}</instanceID>{also}</meta></data>"
    )


def answers_of(number: int) -> str:
    return f"uuid:00000000-0000-4000-8000-{number:012d}"


def picture(number: int) -> bytes:
    return f"an invented picture {number}".encode() * 50_000


def told(site: Fieldcase) -> list[tuple[str, str, tuple[tuple[str, str], ...]]]:
    """What the office knows: each submission with its state and its files' hashes."""
    return sorted(
        (
            row["instance_id"],
            row["filing"],
            tuple(sorted((one["name"], one["sha256"]) for one in row["attachments"] if one["received"])),
        )
        for row in site.json("submission", "list")
    )


def states(site: Fieldcase) -> list[str]:
    return sorted(state for _id, state, _files in told(site))


def said(site: Fieldcase) -> list[str]:
    """Every alias that stands in a case."""
    found = []
    for row in site.json("case", "list"):
        shown = site.json("case", "show", row["code"])["assertions"]
        found += [one["value"] for one in shown if one["field"] == "person.alias"]
    return sorted(found)


@pytest.fixture
def site(fieldcase: Fieldcase) -> Iterator[Fieldcase]:
    """An installation whose mirror and backups lie on another disk; its key file too."""
    away = fieldcase.folder / "away"
    away.mkdir()
    usual = dict(fieldcase.environment)
    shutil.move(fieldcase.key, away / "master.key")
    fieldcase.environment |= {
        "FIELDCASE_KEY_FILE": str(away / "master.key"),
        "FIELDCASE_MIRROR_DIR": str(away / "mirror"),
    }
    yield fieldcase
    fieldcase.environment = usual


def test_a_disk_that_dies_between_two_backups_loses_nothing_that_was_acknowledged(site, new_postgresql):
    site.publish(WITH_PICTURE)
    path = f"/v1/key/{site.json('device', 'enrol', 'Tablet 01')['secret']}/projects/1/submission"
    with site.serving() as server:
        for number in (1, 2):
            assert server.post(path, multipart(answers(number, photo="a.jpg"), ("a.jpg", picture(number)))) == 201
        wait_until(lambda: states(site) == ["filed"] * 2)
        backup = site.json("backup", "--to", str(site.folder / "away"))["file"]

        # After the backup: a new submission, a late file, a correction, a conflict, a form and a tablet that it lacks.
        assert server.post(path, multipart(answers(3, photo="a.jpg"))) == 201
        assert server.post(path, multipart(answers(3, photo="a.jpg"), ("a.jpg", picture(3)))) == 201
        edit = "<deprecatedID>uuid:00000000-0000-4000-8000-000000000001</deprecatedID>"
        assert server.post(path, multipart(answers(4, name="Corrected", also=edit))) == 201
        assert server.post(path, multipart(answers(2, name="Other"))) == 202
        site.publish(LATER_FORM)
        late = site.json("device", "enrol", "Tablet 02")["secret"]
        assert server.post(path.replace(path.split("/")[3], late), multipart(answers(5, form="later"))) == 201
        wait_until(lambda: states(site) == ["conflict"] + ["filed"] * 5)
        before, names = told(site), said(site)
        server.stop(9)

    shutil.rmtree(site.data)
    site.environment["FIELDCASE_DATABASE_URL"] = new_postgresql() if "postgresql" in site.url else ""

    restored = site.json("restore", backup)
    assert restored["replayed"] == {
        "already held": 2,
        "stored": 1,
        "attachments added": 1,
        "edited": 1,
        "conflict": 1,
        "form unknown": 1,
    }
    site.publish(LATER_FORM)
    assert site.json("mirror", "replay")["replayed"]["stored"] == 1
    with site.serving() as server:
        wait_until(lambda: states(site) == ["conflict"] + ["filed"] * 5)
        # The tablet of before sends once more what it was told is received; the one enrolled later is unknown.
        again = multipart(answers(3, photo="a.jpg"), ("a.jpg", picture(3)))
        assert server.post(path, again) == 201
        assert server.post(path.replace(path.split("/")[3], late), multipart(answers(5, form="later"))) == 401
        server.stop()
    assert (told(site), said(site)) == (before, names)
    digest = hashlib.sha256(picture(3)).hexdigest()
    assert (answers_of(3), "filed", (("a.jpg", digest),)) in told(site)
    assert site.json("mirror", "replay")["replayed"].keys() == {"already held", "conflict"}
    assert (told(site), said(site)) == (before, names)
    assert site.json("audit", "verify")["whole"]
    assert site.json("backup", "verify", site.json("backup", "--to", str(site.folder / "b"))["file"])["whole"]


def test_a_tablet_is_told_received_only_once_the_mirror_has_it(site):
    site.publish(WITH_PICTURE)
    path = f"/v1/key/{site.json('device', 'enrol', 'Tablet 01')['secret']}/projects/1/submission"
    mirror = Mirror(site.folder / "away" / "mirror")
    with site.serving() as server:
        mirror.folder.write_text("a disk that is not mounted")
        post = multipart(answers(1, photo="a.jpg"), ("a.jpg", picture(1)))
        assert server.post(path, post) == 503
        assert server.post(path, post) == 503
        mirror.folder.unlink()
        assert server.post(path, post) == 201
        assert len(mirror.receipts()) == 1
        for _again in range(5):
            assert server.post(path, post) == 201
        assert len(mirror.receipts()) == 1
        assert len(told(site)) == 1
        assert server.post(path, multipart("<data>no form</data>")) in (400, 404)
        assert len(mirror.receipts()) == 1
        server.stop()
    assert len(list(LocalFiles(site.data / "files").ids())) == 1


def test_what_was_received_while_the_keys_were_locked_is_restored_too(site):
    site.publish(WITH_PICTURE)
    path = f"/v1/key/{site.json('device', 'enrol', 'Tablet 01')['secret']}/projects/1/submission"
    words = "four unrelated invented words\n"
    site.json("key", "protect", "--passphrase-stdin", input=words)
    with site.serving() as server:
        assert server.post(path, multipart(answers(1, photo="a.jpg"), ("a.jpg", picture(1)))) == 201
        backup = site.json("backup", "--to", str(site.folder / "away"))["file"]
        assert server.post(path, multipart(answers(2))) == 201
        server.stop(9)
    place = {"FIELDCASE_DATA_DIR": str(site.folder / "new"), "FIELDCASE_DATABASE_URL": ""}
    back = site.json("restore", backup, "--passphrase-stdin", input=words, **place)
    assert back["replayed"] == {"already held": 1, "stored": 1}
    site.environment |= place
    with site.serving() as server:
        site.json("key", "unlock", "--passphrase-stdin", input=words)
        wait_until(lambda: states(site) == ["filed"] * 2)
        server.stop()

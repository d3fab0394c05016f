"""What scripts send is mirrored before it is acknowledged, and comes back by a replay."""

from hashlib import sha256

import pytest
from sqlalchemy import delete, select

from server.mirroring import replay
from storage.database import table_of
from storage.mirror import Mirror
from submissions.opening import open_attachments
from submissions.tables import Attachment, Submission
from tests.server.api.scripts import Installation
from tests.server.api.test_submissions import S, correct, send
from tests.server.desk.office import SAID


@pytest.fixture
def mirror(tmp_path):
    return Mirror(tmp_path / "mirror")


@pytest.fixture
def place(database, files, tmp_path, mirror):
    held = Installation(database, files, tmp_path, {"doors": ("api",), "filing": "off", "mirror_dir": mirror.folder})
    held.running.wake_filing = lambda: None
    held.publish()
    return held


def held(place):
    """Every submission with who sent it and its files."""
    with place.database.read() as session:
        rows = session.scalars(select(Submission).order_by(Submission.instance_id)).all()
        return [
            (row.instance_id, row.person_id, [(one.name, one.sha256) for one in open_attachments(session, row.id)])
            for row in rows
        ]


def forget(place):
    """The database is as before anything was sent."""
    with place.database.begin() as session:
        session.execute(delete(table_of(Attachment)))
        session.execute(delete(table_of(Submission)))


def test_what_scripts_sent_comes_back_by_a_replay(place, mirror):
    manager = place.script("manager")
    answers = f"{SAID}<papers><photo>a.jpg</photo></papers>"
    assert send(manager, "uuid:one", answers).status_code == 200
    assert manager.send(f"{S}/uuid:one/attachments/a.jpg", b"an invented photo", "image/jpeg").status_code == 200
    assert correct(manager, "uuid:one", "uuid:two", "uuid:one").status_code == 200
    before = held(place)
    assert [files for _id, _person, files in before] == [[("a.jpg", sha256(b"an invented photo").hexdigest())], []]
    assert len(mirror.receipts()) == 3
    forget(place)
    replay(place.running, mirror.folder)
    assert held(place) == before
    replay(place.running, mirror.folder)
    assert held(place) == before


def test_what_was_refused_is_not_mirrored(place, mirror):
    manager, analyst = place.script("manager"), place.script("analyst")
    assert send(manager, "uuid:one").status_code == 200
    assert send(manager, "uuid:one").status_code == 409
    assert send(analyst, "uuid:two").status_code == 403
    assert len(mirror.receipts()) == 1


def test_a_mirror_that_takes_nothing_leaves_nothing_stored_and_the_same_call_works_later(place, mirror):
    manager = place.script("manager")
    mirror.folder.write_text("a disk that is not mounted")
    assert send(manager, "uuid:one").status_code == 503
    assert held(place) == []
    mirror.folder.unlink()
    assert send(manager, "uuid:one").status_code == 200
    assert len(held(place)) == len(mirror.receipts()) == 1

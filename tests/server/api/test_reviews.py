"""What people say of submissions, and the files that come with them."""

import pytest

from tests.make import upload
from tests.server.api.scripts import SAID, TALK, fault
from tests.server.api.test_submissions import XML, S, correct, send, talk

PHOTO = "<papers><photo>a.jpg</photo></papers>"


@pytest.fixture
def manager(place):
    place.publish()
    return place.script("manager")


def state(script, instance_id="uuid:one"):
    return script.get(f"{S}/{instance_id}").get_json()["reviewState"]


def say(script, said, instance_id="uuid:one"):
    return script.call("PATCH", f"{S}/{instance_id}", json={"reviewState": said})


def test_a_review_stands_until_somebody_says_otherwise(place, manager):
    send(manager)
    for said in ("hasIssues", "rejected", "approved", "edited"):
        told = say(manager, said).get_json()
        assert (told["reviewState"], state(manager)) == (said, said)
        assert told["updatedAt"] is not None
    assert say(manager, None).get_json()["reviewState"] is None
    assert manager.get(S).get_json()[0]["reviewState"] is None
    assert [entry.facts["state"] for entry in place.trail("submission.review")][:2] == ["hasIssues", "rejected"]


def test_a_correction_asks_for_another_look(manager):
    send(manager)
    say(manager, "approved")
    correct(manager, "uuid:one", "uuid:two", "uuid:one")
    assert state(manager) == "edited"
    assert manager.get(S).get_json()[0]["reviewState"] == "edited"
    assert say(manager, "approved", "uuid:two").get_json()["reviewState"] == "approved"
    assert state(manager) == "approved"


@pytest.mark.parametrize(
    ("told", "number"),
    [
        ({"reviewState": "burnt"}, 400.8),
        ({"reviewState": ""}, 400.8),
        ({"reviewState": 1}, 400.11),
        ({"reviewState": ["approved"]}, 400.11),
        ({}, 400.2),
        ({"reviewState": "approved", "submitterId": 2}, 400.4),
    ],
)
def test_a_review_that_is_none_is_refused(manager, told, number):
    send(manager)
    assert fault(manager.call("PATCH", f"{S}/uuid:one", json=told)) == (400, number)
    assert state(manager) is None


def test_comments_are_kept_sealed_and_told_newest_first(place, manager):
    send(manager)
    one = f"{S}/uuid:one/comments"
    assert manager.get(one).get_json() == []
    made = manager.post(one, {"body": "Zora was seen"}).get_json()
    assert set(made) == {"body", "actorId", "createdAt"}
    assert (made["body"], made["actorId"]) == ("Zora was seen", manager.person_id)
    second = place.script("caseworker").post(one, {"body": "¿Dónde?"}).get_json()
    assert manager.get(one).get_json() == [second, made]
    named = manager.get(one, headers={"X-Extended-Metadata": "true"}).get_json()
    assert [comment["actor"]["type"] for comment in named] == ["user", "user"]
    with place.database.read() as session:
        kept = session.connection().exec_driver_sql("SELECT sealed FROM submission_comments").scalars().all()
    assert all(b"Zora" not in bytes(sealed) for sealed in kept)
    assert len(place.trail("submission.comment")) == 2
    assert [entry.facts for entry in place.trail("comment.read")] == [{"comments": 2}] * 2


def test_comments_go_with_the_line_and_stay_readable_once_it_is_filed(place, manager):
    place.file_all = lambda: None
    place.running.wake_filing = lambda: None
    send(manager)
    manager.post(f"{S}/uuid:one/comments", {"body": "before"})
    type(place).file_all(place)
    correct(manager, "uuid:one", "uuid:two", "uuid:one")
    assert [one["body"] for one in manager.get(f"{S}/uuid:one/comments").get_json()] == ["before"]
    assert [one["body"] for one in manager.get(f"{S}/uuid:two/comments").get_json()] == ["before"]


@pytest.mark.parametrize(
    ("told", "number"),
    [
        ({}, 400.2),
        ({"body": ""}, 400.8),
        ({"body": 1}, 400.11),
        ({"body": "x" * 10_001}, 400.8),
        ({"text": "x"}, 400.2),
    ],
)
def test_a_comment_that_is_none_is_refused(manager, told, number):
    send(manager)
    assert fault(manager.post(f"{S}/uuid:one/comments", told)) == (400, number)


def test_files_are_listed_fetched_and_sent_later(place, manager):
    send(manager, answers=SAID + PHOTO)
    one = f"{S}/uuid:one/attachments"
    assert manager.get(one).get_json() == [{"name": "a.jpg", "exists": False}]
    assert fault(manager.get(f"{one}/a.jpg")) == (404, 404.1)
    assert manager.send(f"{one}/a.jpg", b"picture", "image/jpeg").get_json() == {"success": True}
    assert manager.send(f"{one}/a.jpg", b"picture", "image/jpeg").get_json() == {"success": True}
    assert manager.get(one).get_json() == [{"name": "a.jpg", "exists": True}]
    answer = manager.get(f"{one}/a.jpg")
    assert (answer.get_data(), answer.headers["Content-Type"]) == (b"picture", "image/jpeg")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert fault(manager.send(f"{one}/b.jpg", b"picture", "image/jpeg")) == (404, 404.1)
    assert len(place.trail("attachment.read")) == 1
    assert len(place.trail("submission.attach")) == 1


def test_a_file_sent_again_takes_the_place_of_the_one_before(manager):
    send(manager, answers=SAID + PHOTO)
    one = f"{S}/uuid:one/attachments/a.jpg"
    manager.send(one, b"first", "image/jpeg")
    manager.send(one, b"<script>", "text/html")
    answer = manager.get(one)
    assert (answer.get_data(), answer.headers["Content-Type"]) == (b"<script>", "application/octet-stream")


def test_a_correction_keeps_the_files_of_the_version_before_it(place, manager):
    with place.make() as make:
        form = make.offered("talk")
        make.receive(make.instance(form, SAID + PHOTO, instance_id="uuid:one"), form, upload("a.jpg", b"picture"))
    correct(manager, "uuid:one", "uuid:two", "uuid:one", SAID + PHOTO)
    one = f"{S}/uuid:one"
    assert manager.get(f"{one}/attachments").get_json() == [{"name": "a.jpg", "exists": True}]
    assert manager.get(f"{one}/attachments/a.jpg").get_data() == b"picture"
    assert manager.get(f"{one}/versions/uuid:two/attachments/a.jpg").get_data() == b"picture"
    manager.send(f"{one}/attachments/a.jpg", b"better", "image/jpeg")
    assert manager.get(f"{one}/attachments/a.jpg").get_data() == b"better"
    assert manager.get(f"{one}/versions/uuid:one/attachments/a.jpg").get_data() == b"picture"
    assert manager.get(f"{one}/versions/uuid:one/attachments").get_json() == [{"name": "a.jpg", "exists": True}]


def test_an_officer_completes_the_own_submission_and_no_other(place, manager):
    officer = place.script("officer")
    assert send(officer, "uuid:mine", SAID + PHOTO).status_code == 200
    send(manager, "uuid:yours", SAID + PHOTO)
    assert officer.send(f"{S}/uuid:mine/attachments/a.jpg", b"x", "image/jpeg").status_code == 200
    assert fault(officer.send(f"{S}/uuid:yours/attachments/a.jpg", b"x", "image/jpeg")) == (404, 404.1)
    assert fault(officer.get(f"{S}/uuid:mine/attachments")) == (404, 404.1)


def test_a_large_file_is_taken_and_one_beyond_the_limit_refused(place, manager):
    object.__setattr__(place.running.settings, "largest_post", 2_000_000)
    send(manager, answers=SAID + PHOTO)
    one = f"{S}/uuid:one/attachments/a.jpg"
    assert manager.send(one, b"x" * 1_500_000, "image/jpeg").status_code == 200
    assert len(manager.get(one).get_data()) == 1_500_000
    assert fault(manager.send(one, b"y" * 2_000_001, "image/jpeg")) == (413, 413.1)


def test_nothing_is_said_of_a_form_s_submissions_at_another_form(place, manager):
    send(manager)
    with place.make() as make:
        make.plain()
    other = TALK.replace("talk", "plain")
    assert fault(manager.get(f"{other}/submissions/uuid:one")) == (404, 404.1)
    assert fault(manager.send(f"{other}/submissions", talk("uuid:two"), XML)) == (400, 400.8)

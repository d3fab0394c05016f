"""A draft is tried by scripts and tablets, apart from everything real, compared, and published by two people."""

import io

import pytest
from sqlalchemy import func, select

from cases.tables import Case
from server.tablet.post import XML_PART
from submissions import draft_submissions
from submissions.draft_tables import DraftAttachment, DraftSubmission
from submissions.tables import Submission
from tests.make import plain_xform
from tests.server.api.scripts import SAID, Installation, P, fault, workbook
from tests.server.desk.office import SECOND

TALK = f"{P}/forms/talk"
XML = "application/xml"


@pytest.fixture
def designer(place):
    return place.script("designer")


def door(script):
    return f"/v1/test/{script.get(f'{TALK}/draft').get_json()['draftToken']}/projects/1/forms/talk/draft"


def said(instance_id="uuid:one", answers=SAID):
    return (
        f'<data id="talk" version="1">{answers}<photo>a.jpg</photo>'
        f"<meta><instanceID>{instance_id}</instanceID></meta></data>"
    ).encode()


def sent(place, address, xml, **files):
    data = {XML_PART: (io.BytesIO(xml), "x.xml", "text/xml")}
    data |= {name: (io.BytesIO(content), name) for name, content in files.items()}
    return place.nobody().call("POST", f"{address}/submission", data=data, content_type="multipart/form-data")


def count(place, table):
    with place.database.read() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_a_tablet_that_scanned_the_code_gets_the_draft_alone(place, designer):
    place.publish()
    place.draft(SECOND)
    address, tablet = door(designer), place.nobody()
    told = tablet.get(f"{address}/formList")
    assert told.status_code == 200
    assert told.text.count("<xform>") == 1
    assert "<version>2</version>" in told.text
    assert "manifestUrl" not in told.text
    form = tablet.get(told.text.partition("<downloadUrl>")[2].partition("</downloadUrl>")[0])
    assert form.data == designer.get(f"{TALK}/draft.xml").data
    assert tablet.call("HEAD", f"{address}/submission").status_code == 204
    other = address.replace("/talk/", "/small/")
    wrong = address.replace(address.split("/")[3], "0" * 64)
    for path in (f"{other}/formList", f"{wrong}/formList", f"{wrong}.xml"):
        answer = tablet.get(path)
        assert answer.status_code == 401
        assert answer.headers["X-OpenRosa-Version"] == "1.0"


def test_a_form_whose_id_begins_with_draft_is_fetched_from_its_own_addresses(place, designer):
    designer.send(f"{P}/forms", plain_xform("draft_intake", media="card.png"), XML)
    draft, tablet = f"{P}/forms/draft_intake/draft", place.nobody()
    designer.send(f"{draft}/attachments/card.png", b"first", "image/png")
    token = designer.get(draft).get_json()["draftToken"]
    told = tablet.get(f"/v1/test/{token}/projects/1/forms/draft_intake/draft/formList").text
    form, manifest = (told.partition(f"<{one}>")[2].partition(f"</{one}>")[0] for one in ("downloadUrl", "manifestUrl"))
    assert tablet.get(form).data == designer.get(f"{draft}.xml").data
    file = tablet.get(manifest).text.partition("<downloadUrl>")[2].partition("</downloadUrl>")[0]
    assert tablet.get(file).data == b"first"


def test_what_is_sent_to_try_a_draft_never_reaches_a_case(place, designer):
    place.draft(workbook())
    address = door(designer)
    assert sent(place, address, said(), **{"a.jpg": b"invented picture"}).status_code == 201
    assert sent(place, address, said(), **{"a.jpg": b"invented picture"}).status_code == 201
    place.file_all()
    assert [count(place, one) for one in (DraftSubmission, DraftAttachment, Submission, Case)] == [1, 1, 0, 0]
    tests = f"{TALK}/draft/submissions"
    assert [one["instanceId"] for one in designer.get(tests).get_json()] == ["uuid:one"]
    assert designer.get(f"{tests}/uuid:one.xml").data == said()
    assert designer.get(f"{tests}/uuid:one/attachments").get_json() == [{"name": "a.jpg", "exists": True}]
    assert designer.get(f"{tests}/uuid:one/attachments/a.jpg").data == b"invented picture"
    assert designer.send(tests, said("uuid:two"), XML).get_json()["instanceId"] == "uuid:two"
    assert fault(designer.send(tests, said("uuid:two"), XML)) == (409, 409.3)
    assert fault(place.script("caseworker").get(tests)) == (403, 403.1)
    with place.database.read() as session:
        held = session.execute(select(DraftSubmission.sealed_xml)).scalars().first()
    assert b"Zora" not in held


def test_whoever_has_the_code_cannot_fill_the_disk(place, designer, monkeypatch):
    place.draft(workbook())
    address = door(designer)
    monkeypatch.setattr(draft_submissions, "MOST_FILES", 2)
    assert sent(place, address, said(), **{"a.jpg": b"invented picture"}).status_code == 201
    written = len(list(place.files.ids()))
    refused = sent(place, address, said("uuid:two"), **{"a.jpg": b"another", "b.jpg": b"a third"})
    assert refused.status_code == 413
    assert '<message nature="error">No more test files fit beside this draft.' in refused.text
    assert len(list(place.files.ids())) == written
    assert sent(place, address, said("uuid:two")).status_code == 201
    monkeypatch.setattr(draft_submissions, "MOST_BYTES", 1)
    assert sent(place, address, said("uuid:three"), **{"b.jpg": b"a third"}).status_code == 413
    assert count(place, DraftAttachment) == 1


@pytest.mark.parametrize("end", ["replaced", "published", "discarded"])
def test_test_submissions_go_with_their_draft(place, designer, end):
    place.draft(workbook())
    address = door(designer)
    if end == "discarded":
        place.publish(SECOND)
    sent(place, address, said(), **{"a.jpg": b"x"})
    if end == "replaced":
        place.draft(SECOND)
        assert place.nobody().get(f"{address}/formList").status_code == 200
    elif end == "published":
        assert designer.post(f"{TALK}/draft/publish").status_code == 200
    else:
        assert designer.call("DELETE", f"{TALK}/draft").status_code == 200
    assert [count(place, one) for one in (DraftSubmission, DraftAttachment)] == [0, 0]
    if end != "replaced":
        assert place.nobody().get(f"{address}/formList").status_code == 401


def test_the_draft_is_compared_with_what_is_published(place, designer):
    place.publish()
    assert fault(designer.get(f"{TALK}/draft/diff")) == (404, 404.1)
    place.draft(SECOND)
    told = designer.get(f"{TALK}/draft/diff").get_json()
    assert (told["from"], told["to"]) == ("1", "2")
    assert told["counts"] == {
        "question-removed": 1,
        "question-retyped": 1,
        "question-renamed": 1,
        "question-added": 1,
        "choice-removed": 1,
        "mapping": 1,
    }
    assert told["fieldsNoLongerFed"] == ["person.birthdate"]
    assert told["reach"]["submissions"] == 0
    assert designer.post(f"{TALK}/draft/publish").status_code == 200
    again = designer.get(f"{TALK}/versions/2/diff?from=1").get_json()
    assert again["changes"] == told["changes"]
    assert fault(designer.get(f"{TALK}/versions/2/diff")) == (400, 400.2)


def test_what_was_published_is_drafted_with_its_mapping_and_its_files(place, designer):
    designer.send(f"{P}/forms", plain_xform(media="card.png"), XML)
    plain = f"{P}/forms/plain"
    designer.send(f"{plain}/draft/attachments/card.png", b"first", "image/png")
    assert designer.post(f"{plain}/draft/publish").status_code == 200
    assert designer.post(f"{plain}/draft").get_json() == {"success": True}
    assert designer.get(f"{plain}/draft/attachments/card.png").data == b"first"
    assert [one["name"] for one in designer.get(f"{plain}/draft/fields").get_json()] == [
        one["name"] for one in designer.get(f"{plain}/fields").get_json()
    ]
    assert designer.get(f"{plain}/draft/diff").get_json()["changes"] == []
    assert designer.post(f"{plain}/draft/publish?version=2").status_code == 200


@pytest.fixture
def careful(database, files, tmp_path):
    """An installation where publishing takes two people."""
    return Installation(database, files, tmp_path, {"two_person_publish": True, "doors": ("tablet", "desk", "api")})


def test_where_publishing_takes_two_people_the_second_publishes(careful):
    careful.draft(SECOND)
    first, second = careful.script("designer"), careful.script("manager")
    publish = f"{TALK}/draft/publish"
    assert fault(first.post(publish)) == (409, 409.1)
    assert first.post(f"{TALK}/draft/propose", {"version": "7"}).get_json() == {"success": True}
    assert fault(first.post(publish)) == (409, 409.1)
    assert second.post(f"{TALK}/draft/return", {"word": "Ask for the age first."}).status_code == 200
    assert fault(second.post(publish)) == (409, 409.1)
    first.post(f"{TALK}/draft/propose", {"version": "7"})
    careful.draft(SECOND)
    assert fault(second.post(publish)) == (409, 409.1), "an edit ends the proposal"
    first.post(f"{TALK}/draft/propose", {"version": "7"})
    assert fault(second.post(f"{publish}?version=8")) == (400, 400.8)
    assert fault(second.post(f"{publish}?seen=0")) == (409, 409.1)
    looked = second.get(f"{TALK}/draft").get_json()["draftSeen"]
    assert second.post(f"{publish}?seen={looked}&version=7").get_json() == {"success": True}
    assert second.get(TALK).get_json()["version"] == "7"
    actors = [(entry.action, entry.actor) for entry in careful.trail("form.propose") + careful.trail("form.publish")]
    assert actors[-2:] == [
        ("form.propose", f"person:{first.person_id}"),
        ("form.publish", f"person:{second.person_id}"),
    ]


def test_where_publishing_takes_two_people_a_new_form_is_not_published_at_once(careful):
    script = careful.script("designer")
    assert fault(script.send(f"{P}/forms?publish=true", plain_xform(), XML)) == (409, 409.1)
    assert script.get(f"{P}/forms").get_json() == []


def test_what_could_not_be_published_is_not_proposed(careful):
    script = careful.script("designer")
    script.send(f"{P}/forms", plain_xform(media="card.png"), XML)
    plain = f"{P}/forms/plain"
    assert fault(script.post(f"{plain}/draft/propose", {})) == (400, 400.8)
    with careful.make() as make:
        make.plain("small")
    script.send(f"{P}/forms/small/draft", plain_xform("small", title="Changed"), XML)
    assert fault(script.post(f"{P}/forms/small/draft/propose", {})) == (409, 409.6)
    assert script.post(f"{P}/forms/small/draft/propose", {"version": "2"}).status_code == 200

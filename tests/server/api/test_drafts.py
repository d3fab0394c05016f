"""Drafts: made, completed with files, published and thrown away."""

import pytest

from accounts.projects import get_project
from forms.drafts import find_draft
from tests.make import SMALL_FORM, plain_xform
from tests.server.api.scripts import P, fault, workbook
from tests.server.api.test_forms import XLSX, excel

FORMS = f"{P}/forms"
PLAIN = f"{FORMS}/plain"
XML = "application/xml"


@pytest.fixture
def designer(place):
    return place.script("designer")


def drafted(script, version="1", *, media=""):
    return script.send(FORMS, plain_xform(version=version, media=media), XML)


def test_a_new_form_is_a_draft_until_it_is_published(place, designer):
    told = drafted(designer).get_json()
    assert (told["xmlFormId"], told["version"], told["publishedAt"]) == ("plain", "1", None)
    assert designer.get(f"{PLAIN}/draft").get_json() == told
    assert designer.get(f"{PLAIN}/draft.xml").get_data() == plain_xform()
    assert designer.get(FORMS).get_json() == [designer.get(PLAIN).get_json()] == [told]
    officer = place.script("officer")
    assert officer.get(FORMS).get_json() == []
    assert fault(officer.get(PLAIN)) == (404, 404.1)
    assert fault(officer.get(f"{PLAIN}/draft")) == (403, 403.1)
    assert designer.post(f"{PLAIN}/draft/publish").get_json() == {"success": True}
    assert designer.get(f"{PLAIN}.xml").get_data() == plain_xform()
    assert fault(designer.get(f"{PLAIN}/draft")) == (404, 404.1)
    assert officer.get(PLAIN).get_json()["publishedAt"] is not None
    assert [entry.action for entry in place.trail("form.draft")] == ["form.draft"]


def test_a_form_has_one_name_whether_it_is_published_or_not(designer):
    drafted(designer)
    assert fault(drafted(designer)) == (409, 409.3)
    designer.post(f"{PLAIN}/draft/publish")
    assert fault(drafted(designer)) == (409, 409.3)


def test_files_come_before_publishing(place, designer):
    drafted(designer, media="card.png")
    files = f"{PLAIN}/draft/attachments"
    assert [(one["name"], one["exists"]) for one in designer.get(files).get_json()] == [("card.png", False)]
    assert fault(designer.post(f"{PLAIN}/draft/publish")) == (400, 400.8)
    assert fault(designer.send(f"{files}/other.png", b"x", "image/png")) == (404, 404.1)
    for content in (b"first", b"second"):
        told = designer.send(f"{files}/card.png", content, "image/png").get_json()
        assert (told["exists"], told["blobExists"], told["size"]) == (True, True, len(content))
    assert designer.call("DELETE", f"{files}/card.png").get_json() == {"success": True}
    assert designer.get(files).get_json()[0]["exists"] is False
    designer.send(f"{files}/card.png", b"third", "image/png")
    designer.send(f"{PLAIN}/draft", plain_xform(version="2", media="card.png"), XML)
    assert designer.post(f"{PLAIN}/draft/publish").status_code == 200
    assert designer.get(f"{PLAIN}/attachments/card.png").get_data() == b"third"
    assert designer.get(PLAIN).get_json()["version"] == "2"


def test_the_next_version_is_drafted_beside_the_published_one(place, designer):
    with place.make() as make:
        make.plain()
    assert designer.send(f"{PLAIN}/draft", plain_xform(version="2"), XML).get_json() == {"success": True}
    assert designer.get(PLAIN).get_json()["version"] == "1"
    assert designer.get(f"{PLAIN}/draft").get_json()["version"] == "2"
    assert designer.post(f"{PLAIN}/draft/publish").status_code == 200
    assert [one["version"] for one in designer.get(f"{PLAIN}/versions").get_json()] == ["2", "1"]


def test_a_version_name_is_used_once(place, designer):
    with place.make() as make:
        make.plain()
    designer.send(f"{PLAIN}/draft", plain_xform(title="Changed"), XML)
    assert fault(designer.post(f"{PLAIN}/draft/publish")) == (409, 409.6)
    assert designer.get(f"{PLAIN}/draft").status_code == 200
    assert designer.post(f"{PLAIN}/draft/publish?version=2026-05").status_code == 200
    assert b'version="2026-05"' in designer.get(f"{PLAIN}.xml").get_data()
    assert fault(designer.post(f"{PLAIN}/draft/publish?version=3")) == (404, 404.1)


def test_what_is_published_can_be_drafted_again_under_another_version(place, designer):
    designer.send(f"{FORMS}?publish=true&ignoreWarnings=true", excel(workbook()), XLSX)
    talk = f"{FORMS}/talk"
    assert designer.post(f"{talk}/draft").get_json() == {"success": True}
    assert fault(designer.post(f"{talk}/draft/publish?version=%0A")) == (400, 400.8)
    assert designer.post(f"{talk}/draft/publish?version=2").status_code == 200
    told = designer.get(talk).get_json()
    assert told["version"] == "2"
    with place.make() as make:
        assert make.offered("talk").current.mapped


def test_a_draft_is_thrown_away_and_the_form_stays(place, designer):
    with place.make() as make:
        make.plain()
    assert fault(designer.call("DELETE", f"{PLAIN}/draft")) == (404, 404.1)
    designer.send(f"{PLAIN}/draft", plain_xform(version="2"), XML)
    assert designer.call("DELETE", f"{PLAIN}/draft").get_json() == {"success": True}
    assert fault(designer.get(f"{PLAIN}/draft")) == (404, 404.1)
    assert designer.get(PLAIN).get_json()["version"] == "1"


def test_the_only_draft_of_a_form_is_kept(designer):
    drafted(designer)
    assert fault(designer.call("DELETE", f"{PLAIN}/draft")) == (409, 409.7)


def test_what_cannot_be_a_draft_is_refused(place, designer):
    drafted(designer)
    assert fault(designer.post(f"{PLAIN}/draft")) == (400, 400.1)
    assert fault(designer.send(f"{PLAIN}/draft", plain_xform("other"), XML)) == (400, 400.8)
    assert fault(designer.send(f"{PLAIN}/draft", b"<html/>", XML)) == (400, 400.15)
    assert fault(designer.send(f"{FORMS}/nothing/draft", plain_xform("nothing"), XML)) == (404, 404.1)
    for role in ("administrator", "caseworker", "analyst"):
        script = place.script(role)
        assert fault(script.post(f"{PLAIN}/draft/publish")) == (403, 403.1)
        assert fault(script.send(f"{PLAIN}/draft", plain_xform(), XML)) == (403, 403.1)


def test_a_version_that_would_feed_less_is_told_so_in_its_draft_and_not_stopped(place, designer):
    designer.send(f"{FORMS}?publish=true", excel(SMALL_FORM), XLSX)
    less = excel(SMALL_FORM.replace("person.alias     | add", " | ").replace("| 1 ", "| 2 "))
    assert designer.send(f"{FORMS}/small/draft", less, XLSX).get_json() == {"success": True}
    with place.database.read() as session:
        draft = find_draft(session, get_project(session).id, "small")
        assert [one["severity"] for one in draft.findings if one["code"] == "mapping-dropped"] == ["warning"]

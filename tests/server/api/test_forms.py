"""Forms: listed, looked at, made from workbooks and XForms, opened and closed."""

import io

import openpyxl
import pytest

from server.api.form_shapes import EXCEL
from tests.make import plain_xform
from tests.server.api.scripts import TALK, P, fault, workbook

FORMS = f"{P}/forms"
FINDING = ("severity", "code", "sheet", "cell", "column", "value", "wrong", "mend", "message")
XLSX = EXCEL["xlsx"]
PUBLISH = f"{FORMS}?publish=true"


def excel(markdown):
    """The workbook of markdown tables as .xlsx."""
    book, sheet = openpyxl.Workbook(), None
    book.remove(book.active)
    for line in markdown.strip().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells[0]:
            sheet = book.create_sheet(cells[0])
        elif sheet is not None:
            sheet.append([cell or None for cell in cells[1:]])
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


@pytest.fixture
def manager(place):
    return place.script("manager")


def test_a_form_is_told_in_central_s_shape(place, manager):
    place.publish()
    told = manager.get(TALK).get_json()
    assert set(told) == {
        *("projectId", "xmlFormId", "name", "version", "hash", "state", "keyId", "enketoId"),
        *("createdAt", "updatedAt", "publishedAt"),
    }
    assert (told["projectId"], told["xmlFormId"], told["name"], told["version"]) == (1, "talk", "Invented talk", "1")
    assert manager.get(FORMS).get_json() == [told]
    assert manager.get(f"{FORMS}?deleted=true").get_json() == []
    assert fault(manager.get(f"{FORMS}?deleted=perhaps")) == (400, 400.11)
    assert fault(manager.get(f"{FORMS}/nothing")) == (404, 404.1)


def test_more_is_told_to_those_who_may_know_it(place, manager):
    place.publish()
    place.receive()
    extended = {"headers": {"X-Extended-Metadata": "true"}}
    told = manager.get(TALK, **extended).get_json()
    assert (told["submissions"], told["publicLinks"], told["entityRelated"]) == (1, 0, False)
    assert told["lastSubmission"].endswith("Z")
    assert manager.get(FORMS, **extended).get_json()[0]["submissions"] == 1
    assert "submissions" not in place.script("analyst").get(TALK, **extended).get_json()
    assert manager.get(f"{TALK}/versions", **extended).get_json()[0]["publishedBy"] is None


def test_a_script_and_a_tablet_get_the_same_xform_at_the_same_address(secure):
    place = secure
    place.publish()
    with place.make() as make:
        version = make.offered("talk").versions["1"]
        device, secret = make.device("Tablet 07"), make.secret("Tablet 08")
    assert device
    tablet = place.nobody()
    theirs = tablet.get(f"/v1/key/{secret}/projects/1/forms/talk.xml")
    assert theirs.headers["X-OpenRosa-Version"] == "1.0"
    ours = place.script("analyst").get(f"{TALK}.xml")
    assert ours.get_data() == theirs.get_data()
    assert ours.headers["Content-Type"] == "application/xml"
    assert place.script("analyst").get(f"{TALK}/versions/1.xml").get_data() == theirs.get_data()
    by_id = tablet.get(f"{TALK}/versions/{version.id}.xml", auth=("tablet-08", secret))
    assert by_id.get_data() == theirs.get_data()
    assert by_id.headers["X-OpenRosa-Version"] == "1.0"
    assert tablet.get(f"{TALK}.xml").status_code == 401
    assert tablet.get(f"{TALK}.xml").headers["WWW-Authenticate"].startswith("Basic")


def test_versions_are_found_by_name_even_when_it_is_a_number_or_empty(place, manager):
    with place.make() as make:
        for version in ("007", "7", ""):
            make.plain(version=version)
    listed = manager.get(f"{P}/forms/plain/versions").get_json()
    assert [one["version"] for one in listed] == ["", "7", "007"]
    one = f"{P}/forms/plain/versions"
    assert manager.get(f"{one}/007").get_json()["version"] == "007"
    assert manager.get(f"{one}/007.xml").get_data() == plain_xform(version="007")
    assert manager.get(f"{one}/___").get_json()["version"] == ""
    assert manager.get(f"{one}/___.xml").get_data() == plain_xform(version="")
    assert fault(manager.get(f"{one}/8.xml")) == fault(manager.get(f"{one}/8")) == (404, 404.1)


def test_fields_stand_in_order_with_their_groups(place, manager):
    place.publish()
    told = manager.get(f"{TALK}/fields").get_json()
    assert {(one["path"], one["type"]) for one in told} >= {
        ("/wants", "string"),
        ("/born", "date"),
        ("/papers", "structure"),
        ("/papers/held", "string"),
        ("/papers/photo", "binary"),
        ("/stays", "repeat"),
        ("/stays/town", "string"),
        ("/meta", "structure"),
        ("/meta/instanceID", "string"),
    }
    paths = [one["path"] for one in told]
    assert paths.index("/papers") == paths.index("/papers/held") - 1
    by_path = {one["path"]: one for one in told}
    assert by_path["/papers/held"]["selectMultiple"] is True
    assert by_path["/papers/photo"]["binary"] is True
    assert by_path["/wants"]["binary"] is None
    assert manager.get(f"{TALK}/versions/1/fields?odata=true").get_json() == told


def test_files_beside_a_form_are_listed_and_fetched(place, manager):
    with place.make() as make:
        make.plain(media=(("card.png", b"picture"),))
    one = f"{P}/forms/plain/attachments"
    told = manager.get(one).get_json()
    assert [(it["name"], it["type"], it["exists"], it["size"]) for it in told] == [("card.png", "image", True, 7)]
    answer = manager.get(f"{one}/card.png")
    assert answer.get_data() == b"picture"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    tag = answer.headers["ETag"]
    assert manager.get(f"{one}/card.png", headers={"If-None-Match": tag}).status_code == 304
    assert manager.get(f"{P}/forms/plain/versions/1/attachments").get_json() == told
    assert manager.get(f"{P}/forms/plain/versions/1/attachments/card.png").get_data() == b"picture"
    assert fault(manager.get(f"{one}/other.png")) == (404, 404.1)


def test_a_workbook_becomes_a_form_that_tablets_see(place, manager):
    book = excel(workbook())
    answer = manager.send(f"{PUBLISH}&ignoreWarnings=true", book, XLSX)
    assert answer.status_code == 200, answer.text
    assert answer.get_json() == manager.get(TALK).get_json()
    assert manager.get(f"{TALK}.xlsx").get_data() == book
    assert manager.get(f"{TALK}/versions/1.xlsx").get_data() == book
    assert fault(manager.get(f"{TALK}.xls")) == fault(manager.get(f"{TALK}/versions/1.xls")) == (404, 404.1)
    with place.make() as make:
        assert make.offered("talk").current.version == "1"
    assert [entry.actor for entry in place.trail("form.publish")] == [f"person:{manager.person_id}"]
    assert place.receive() == 1


def test_an_xform_becomes_a_form_byte_for_byte(manager):
    answer = manager.send(PUBLISH, plain_xform(), "application/xml")
    assert answer.status_code == 200, answer.text
    assert manager.get(f"{P}/forms/plain.xml").get_data() == plain_xform()
    assert fault(manager.get(f"{P}/forms/plain.xlsx")) == (404, 404.1)


def test_a_workbook_without_an_id_takes_it_from_the_header(manager):
    book = excel(workbook(settings=["Invented talk | | 1 | other"]))
    headers = {"X-XlsForm-FormId-Fallback": "entrevista%20de%20a%C3%B1o.xlsx"}
    answer = manager.send(f"{PUBLISH}&ignoreWarnings=true", book, XLSX, headers=headers)
    assert answer.get_json()["xmlFormId"] == "entrevista_de_ano", answer.text


def test_a_form_id_that_looks_like_a_file_is_refused(manager):
    assert fault(manager.send(PUBLISH, plain_xform("plain.xml"), "application/xml")) == (400, 400.8)


def test_a_faulty_workbook_is_refused_with_everything_that_was_found(manager):
    book = excel(workbook(survey=["select_one yn | wants | May we? | | | no.such.field", "nonsense | a | A | | |"]))
    answer = manager.send(PUBLISH, book, XLSX)
    assert fault(answer) == (400, 400.15)
    details = answer.get_json()["details"]
    assert details["error"]
    assert {tuple(sorted(one)) for one in details["findings"]} == {tuple(sorted(FINDING))}
    assert fault(manager.get(TALK)) == (404, 404.1)


def test_warnings_stop_a_form_until_they_are_accepted(manager):
    book = excel(workbook())  # Its photo may be of any size.
    answer = manager.send(PUBLISH, book, XLSX)
    assert fault(answer) == (400, 400.16)
    warnings = answer.get_json()["details"]["warnings"]
    assert warnings["xlsFormWarnings"]
    assert manager.send(f"{PUBLISH}&ignoreWarnings=True", book, XLSX).status_code == 200


@pytest.mark.parametrize(
    ("content", "content_type", "number"),
    [
        (b"", "application/xml", (400, 400.1)),
        (b"<html/>", "application/xml", (400, 400.15)),
        (b"not a workbook", XLSX, (400, 400.15)),
        (b"PK\x03\x04 broken", XLSX, (400, 400.15)),
        (b"not a workbook", EXCEL["xls"], (400, 400.15)),
        (b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>', "application/xml", (400, 400.15)),
        (b"a,b", "text/csv", (415, 415.1)),
        (b"{}", "application/json", (415, 415.1)),
    ],
)
def test_what_is_no_form_is_refused(manager, content, content_type, number):
    answer = manager.send(PUBLISH, content, content_type)
    assert fault(answer) == number
    assert "passwd" not in answer.text


def test_a_form_of_fifty_megabytes_is_refused(manager):
    assert fault(manager.send(PUBLISH, b"x" * 50_000_000, XLSX)) == (413, 413.1)


def test_a_form_that_is_there_is_not_made_again(place, manager):
    assert manager.send(PUBLISH, plain_xform(), "application/xml").status_code == 200
    assert fault(manager.send(PUBLISH, plain_xform(), "application/xml")) == (409, 409.3)
    assert fault(manager.send(PUBLISH, plain_xform(version="2"), "application/xml")) == (409, 409.3)
    assert len(place.trail("form.publish")) == 1


def test_a_file_that_the_form_names_must_come_first(manager):
    answer = manager.send(PUBLISH, plain_xform(media="card.png"), "application/xml")
    assert fault(answer) == (400, 400.8)
    assert "card.png" in answer.get_json()["message"]


def test_only_designers_publish_open_and_close(place, manager):
    place.publish()
    for role in ("administrator", "officer", "caseworker", "supervisor", "analyst", "auditor"):
        script = place.script(role)
        assert fault(script.send(PUBLISH, plain_xform(), "application/xml")) == (403, 403.1)
        assert fault(script.call("PATCH", TALK, json={"state": "closed"})) == (403, 403.1)
    assert place.script("designer").call("PATCH", TALK, json={"state": "closed"}).get_json()["state"] == "closed"
    assert len(place.trail("form.close")) == 1


def test_a_form_is_opened_and_closed(place, manager):
    place.publish()
    for state in ("closing", "closed", "open"):
        assert manager.call("PATCH", TALK, json={"state": state}).get_json()["state"] == state
    assert manager.get(TALK).get_json()["state"] == "open"
    assert fault(manager.call("PATCH", TALK, json={"state": "burnt"})) == (400, 400.8)
    assert fault(manager.call("PATCH", TALK, json={"state": 1})) == (400, 400.11)
    assert fault(manager.call("PATCH", TALK, json={})) == (400, 400.2)
    assert fault(manager.call("PATCH", TALK, json={"name": "x"})) == (400, 400.4)


def test_every_tablet_is_assigned_to_every_form(place, manager):
    place.publish()
    tablet = manager.post(f"{P}/app-users", {"displayName": "Tablet 07"}).get_json()["id"]
    one = f"{TALK}/assignments"
    assert manager.post(f"{one}/2/{tablet}").get_json() == {"success": True}
    assert manager.post(f"{one}/app-user/{tablet}").get_json() == {"success": True}
    assert manager.get(one).get_json() == [{"actorId": tablet, "roleId": 2}]
    assert [actor["id"] for actor in manager.get(f"{one}/app-user").get_json()] == [tablet]
    assert manager.get(f"{one}/manager").get_json() == []
    assert fault(manager.post(f"{one}/2/{tablet + 1}")) == (404, 404.1)
    assert fault(manager.post(f"{one}/nobody/{tablet}")) == (404, 404.1)
    assert fault(manager.post(f"{one}/manager/{tablet}")) == (400, 400.8)
    assert fault(manager.call("DELETE", f"{one}/2/{tablet}")) == (405, 405.1)

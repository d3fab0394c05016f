"""Submissions: listed, sent, read exactly as sent, corrected, and hidden from those who may not see them."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from forms.tables import FormState
from server.api.actors import FIRST_TABLET
from tests.server.api.scripts import SAID, TALK, P, Script, fault

XML = "application/xml"
S = f"{TALK}/submissions"


def talk(instance_id, answers=SAID, *, corrects="", form="talk", version="1"):
    deprecated = f"<deprecatedID>{corrects}</deprecatedID>" if corrects else ""
    return (
        f'<data id="{form}" version="{version}">{answers}'
        f"<meta><instanceID>{instance_id}</instanceID>{deprecated}</meta></data>"
    ).encode()


def send(script, instance_id="uuid:one", answers=SAID, **more):
    return script.send(S, talk(instance_id, answers, **more), XML)


def correct(script, root, instance_id, base, answers=SAID):
    return script.send(f"{S}/{root}", talk(instance_id, answers, corrects=base), XML, method="PUT")


@pytest.fixture
def manager(place):
    place.publish()
    return place.script("manager")


def test_a_submission_is_told_in_central_s_shape(place, manager):
    instance_id = place.instance_id(place.receive())
    told = manager.get(f"{S}/{instance_id}").get_json()
    shared = {"instanceId", "submitterId", "deviceId", "userAgent", "createdAt"}
    assert set(told) == shared | {"reviewState", "updatedAt", "deletedAt", "currentVersion"}
    assert set(told["currentVersion"]) == shared | {"instanceName", "current"}
    assert told["submitterId"] > FIRST_TABLET
    assert told["reviewState"] is told["updatedAt"] is told["deletedAt"] is None
    assert told["currentVersion"]["current"] is True
    assert manager.get(S).get_json() == [told]
    assert "Zora" not in manager.get(S).text


def test_more_is_told_of_senders_when_it_is_asked_for(place, manager):
    place.receive()
    send(manager)
    told = manager.get(S, headers={"X-Extended-Metadata": "true"}).get_json()
    assert [one["submitter"]["type"] for one in told] == ["user", "field_key"]
    assert {one["currentVersion"]["formVersion"] for one in told} == {"1"}
    listed = manager.get(f"{S}/submitters").get_json()
    assert {one["id"] for one in listed} == {one["submitterId"] for one in told}
    assert manager.get(f"{S}/keys").get_json() == []


def test_the_newest_come_first_and_a_part_can_be_asked_for(place, manager):
    names = [place.instance_id(place.receive()) for _ in range(5)]
    newest = list(reversed(names))

    def listed(asked=""):
        return [one["instanceId"] for one in manager.get(f"{S}{asked}").get_json()]

    assert listed() == newest
    assert listed("?limit=2") == newest[:2]
    assert listed("?limit=2&offset=1") == newest[1:3]
    assert listed("?limit=0") == listed("?deleted=true") == listed("?offset=9") == []


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ("limit=x", 400.11),
        ("limit=-1", 400.8),
        ("limit=1000000000", 400.8),
        ("limit=2.5", 400.11),
        ("offset=-1", 400.8),
        ("offset=1000000000000000000", 400.8),
        ("offset=99999999999999999999999", 400.11),
        ("limit=", 400.11),
    ],
)
def test_a_part_that_cannot_be_is_refused(manager, asked, number):
    assert fault(manager.get(f"{S}?{asked}")) == (400, number)


def test_an_unchanged_list_is_not_sent_again(place, manager):
    one = place.instance_id(place.receive())
    answer = manager.get(S)
    tag = answer.headers["ETag"]
    assert tag.startswith('W/"')

    def again(script=manager):
        return script.get(S, headers={"If-None-Match": tag}).status_code

    assert again() == 304
    assert again(place.script("manager")) == 200
    manager.call("PATCH", f"{S}/{one}", json={"reviewState": "approved"})
    assert again() == 200
    tag = manager.get(S).headers["ETag"]
    place.receive()
    assert again() == 200


def test_a_person_s_submission_is_stored_and_filed_as_a_tablet_s_is(place, manager):
    answer = manager.send(f"{S}?deviceID=laptop", talk("uuid:one"), XML, headers={"User-Agent": "a script"})
    assert answer.status_code == 200, answer.text
    told = answer.get_json()
    assert (told["instanceId"], told["submitterId"]) == ("uuid:one", manager.person_id)
    assert (told["deviceId"], told["userAgent"]) == ("laptop", "a script")
    assert place.filing(1) == "filed"
    assert manager.get(f"{S}/uuid:one.xml").get_data() == talk("uuid:one")
    assert [entry.actor for entry in place.trail("submission.receive")] == [f"person:{manager.person_id}"]


@pytest.mark.parametrize(
    ("content", "content_type", "number"),
    [
        (b"", XML, (400, 400.1)),
        (b"<data", XML, (400, 400.1)),
        (b"<data/>", XML, (400, 400.1)),
        (b'<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]><data id="talk">&e;</data>', XML, (400, 400.1)),
        (talk("uuid:one"), "text/plain", (415, 415.1)),
        (talk("uuid:one"), "application/json", (415, 415.1)),
        (talk("uuid:one", form="other"), XML, (400, 400.8)),
        (talk("uuid:one", version="2"), XML, (404, 404.6)),
        (talk("uuid:one", corrects="uuid:zero"), XML, (400, 400.8)),
        (talk("x" * 251), XML, (400, 400.1)),
    ],
)
def test_what_cannot_be_stored_is_refused_and_says_why(place, manager, content, content_type, number):
    assert fault(manager.send(S, content, content_type)) == number
    assert manager.get(S).get_json() == []


def test_answers_of_twenty_megabytes_are_refused(manager):
    assert fault(send(manager, answers=f"<alias>{'x' * 20_000_000}</alias>")) == (413, 413.1)


def test_an_instance_id_is_used_once(manager):
    assert send(manager).status_code == 200
    assert fault(send(manager)) == (409, 409.3)
    assert fault(send(manager, answers="<alias>Other</alias>")) == (409, 409.3)
    assert manager.get(f"{S}/uuid:one.xml").get_data() == talk("uuid:one")
    assert len(manager.get(S).get_json()) == 1


def test_a_closed_form_takes_nothing_from_scripts(place, manager):
    with place.make() as make:
        make.close(make.offered("talk"), FormState.CLOSED)
    assert fault(send(manager)) == (409, 409.2)


def test_a_form_that_is_absent_takes_nothing(manager):
    for path in (f"{P}/forms/nothing/submissions", "/v1/projects/2/forms/talk/submissions"):
        assert fault(manager.send(path, talk("uuid:one"), XML)) == (404, 404.1)


def test_who_may_send_and_who_may_list(place, manager):
    for role in ("administrator", "designer", "analyst", "auditor"):
        assert fault(send(place.script(role))) == (403, 403.1)
    officer = place.script("officer")
    assert send(officer).get_json()["instanceId"] == "uuid:one"
    assert fault(officer.get(S)) == (403, 403.1)
    assert fault(officer.get(f"{S}/uuid:one")) == (404, 404.1)


def test_what_one_may_not_see_looks_absent(place, manager):
    place.agency("Another agency")
    theirs = place.instance_id(place.receive(agency="Another agency"))
    ours = place.instance_id(place.receive())
    caseworker, administrator, analyst = (place.script(role) for role in ("caseworker", "administrator", "analyst"))
    assert [one["instanceId"] for one in caseworker.get(S).get_json()] == [ours]
    assert len(manager.get(S).get_json()) == 2
    parts = ["", ".xml", "/attachments", "/attachments/a.jpg", "/comments", "/versions", "/diffs"]
    parts += [f"/versions/{theirs}{end}" for end in ("", ".xml", "/attachments", "/attachments/a.jpg")]
    for part in parts:
        hidden, absent = caseworker.get(f"{S}/{theirs}{part}"), caseworker.get(f"{S}/uuid:nothing{part}")
        assert fault(hidden) == fault(absent) == (404, 404.1), part
        assert hidden.get_data() == absent.get_data()
        assert fault(analyst.get(f"{S}/{theirs}{part}")) == (404, 404.1), part
    assert administrator.get(f"{S}/{ours}").status_code == 200
    for part in (".xml", "/attachments", "/comments", "/diffs", f"/versions/{ours}.xml"):
        assert fault(administrator.get(f"{S}/{ours}{part}")) == (404, 404.1), part
    changes = [
        caseworker.call("PATCH", f"{S}/{theirs}", json={"reviewState": "approved"}),
        caseworker.post(f"{S}/{theirs}/comments", {"body": "x"}),
        correct(caseworker, theirs, "uuid:new", theirs),
        caseworker.send(f"{S}/{theirs}/attachments/a.jpg", b"x", "image/jpeg"),
        administrator.call("PATCH", f"{S}/{theirs}", json={"reviewState": "approved"}),
        analyst.post(f"{S}/{theirs}/comments", {"body": "x"}),
    ]
    assert {fault(answer) for answer in changes} == {(404, 404.1)}
    assert "NotAllowed" in {entry.facts["error"] for entry in place.refusals()}


def test_every_reading_leaves_a_trace(place, manager):
    instance_id = place.instance_id(place.receive())
    before = len(place.trail("submission.read"))
    manager.get(S)
    manager.get(f"{S}/{instance_id}")
    assert len(place.trail("submission.read")) == before
    manager.get(f"{S}/{instance_id}.xml")
    manager.get(f"{S}/{instance_id}/versions/{instance_id}.xml")
    manager.get(f"{S}/{instance_id}/diffs")
    traces = place.trail("submission.read")[before:]
    assert [entry.facts for entry in traces] == [{"original": True}, {"original": True}, {"compared": True}]
    assert {entry.actor for entry in traces} == {f"person:{manager.person_id}"}


def test_a_correction_is_a_version_of_its_own(place, manager):
    send(manager)
    told = correct(manager, "uuid:one", "uuid:two", "uuid:one", "<alias>Mended</alias>").get_json()
    assert (told["instanceId"], told["reviewState"]) == ("uuid:one", "edited")
    assert told["currentVersion"]["instanceId"] == "uuid:two"
    assert told["updatedAt"] == told["currentVersion"]["createdAt"]
    assert manager.get(S).get_json() == [told]
    mended = talk("uuid:two", "<alias>Mended</alias>", corrects="uuid:one")
    assert manager.get(f"{S}/uuid:one.xml").get_data() == mended
    assert manager.get(f"{S}/uuid:two.xml").get_data() == mended
    assert manager.get(f"{S}/uuid:one/versions/uuid:one.xml").get_data() == talk("uuid:one")
    assert manager.get(f"{S}/uuid:one/versions/uuid:two.xml").get_data() == mended
    moved = manager.get(f"{S}/uuid:two")
    assert moved.status_code == 301
    assert manager.get(moved.headers["Location"]).get_json()["instanceId"] == "uuid:two"
    versions = manager.get(f"{S}/uuid:one/versions").get_json()
    assert [(one["instanceId"], one["current"]) for one in versions] == [("uuid:two", True), ("uuid:one", False)]
    assert fault(manager.get(f"{S}/uuid:one/versions/uuid:three")) == (404, 404.1)
    assert fault(manager.get(f"{S}/uuid:two/versions")) == (404, 404.1)


def test_a_correction_of_a_correction_goes_on_the_line(manager):
    send(manager)
    correct(manager, "uuid:one", "uuid:two", "uuid:one")
    told = correct(manager, "uuid:one", "uuid:three", "uuid:two").get_json()
    assert told["currentVersion"]["instanceId"] == "uuid:three"
    assert len(manager.get(f"{S}/uuid:one/versions").get_json()) == 3
    assert len(manager.get(S).get_json()) == 1


def test_a_tablet_s_correction_is_a_version_too(place, manager):
    first = place.instance_id(place.receive())
    with place.make() as make:
        form = make.offered("talk")
        make.receive(make.instance(form, SAID, instance_id="uuid:two", corrects=first), form)
    assert manager.get(f"{S}/{first}").get_json()["currentVersion"]["instanceId"] == "uuid:two"
    place.file_all()
    assert manager.get(f"{S}/{first}").get_json()["currentVersion"]["instanceId"] == "uuid:two"
    assert len(manager.get(S).get_json()) == 1


def test_a_correction_that_cannot_be_one_is_refused(manager):
    send(manager)
    assert fault(manager.send(f"{S}/uuid:one", talk("uuid:two"), XML, method="PUT")) == (400, 400.19)
    assert fault(correct(manager, "uuid:one", "uuid:two", "uuid:zero")) == (409, 409.9)
    assert fault(correct(manager, "uuid:nothing", "uuid:two", "uuid:one")) == (404, 404.1)
    assert correct(manager, "uuid:one", "uuid:two", "uuid:one").status_code == 200
    assert fault(correct(manager, "uuid:one", "uuid:three", "uuid:one")) == (409, 409.9)
    assert fault(correct(manager, "uuid:two", "uuid:three", "uuid:two")) == (409, 409.9)
    send(manager, "uuid:four")
    assert fault(correct(manager, "uuid:one", "uuid:four", "uuid:two")) == (409, 409.8)
    assert len(manager.get(f"{S}/uuid:one/versions").get_json()) == 2


def test_of_two_corrections_at_once_one_is_refused(place, manager):
    send(manager)
    scripts = [Script(place.app.test_client(), manager.token) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda n: correct(scripts[n], "uuid:one", f"uuid:new{n}", "uuid:one").status_code, range(4))
        )
    assert sorted(answers) == [200, 409, 409, 409]


def test_what_a_correction_changed_is_told_place_by_place(place, manager):
    stays = "<stays><town>One</town></stays><stays><town>Two</town></stays><stays><town>Three</town></stays>"
    changed = "<stays><town>One</town></stays><stays><town>Three</town></stays>"
    send(manager, answers=f"<wants>yes</wants><papers><who>Nobody</who></papers>{stays}")
    correct(manager, "uuid:one", "uuid:two", "uuid:one", f"<wants>no</wants><alias>A</alias>{changed}")
    told = manager.get(f"{S}/uuid:one/diffs").get_json()
    assert list(told) == ["uuid:two"]
    found = {json.dumps(one["path"]): (one.get("old"), one.get("new")) for one in told["uuid:two"]}
    assert found == {
        '["wants"]': ("yes", "no"),
        '["papers"]': ({"who": "Nobody"}, None),
        '[["stays", 1]]': ({"town": "Two"}, None),
        '["alias"]': (None, "A"),
        '["meta", "instanceID"]': ("uuid:one", "uuid:two"),
        '["meta", "deprecatedID"]': (None, "uuid:one"),
    }


def test_what_scripts_send_is_counted_by_what_became_of_it(place, manager):
    assert send(manager).status_code == 200
    assert send(manager).status_code == 409
    figures = place.nobody().get("/metrics").text
    assert re.findall(r'^fieldcase_submissions_total\{receipt="(.*)"\} (.*)$', figures, re.MULTILINE) == [
        ("stored", "1.0")
    ]

"""Projects and app users."""

import pytest

from server.api.actors import FIRST_TABLET
from tests.server.api.scripts import P, fault

USERS = f"{P}/app-users"


def test_projects_are_listed_in_central_s_shape(place):
    script = place.script("analyst")
    listed = script.get("/v1/projects").get_json()
    assert [set(one) for one in listed] == [
        {"id", "name", "description", "archived", "keyId", "createdAt", "updatedAt", "deletedAt"}
    ]
    assert listed[0]["id"] == 1
    assert listed[0] == script.get(P).get_json()


def test_more_is_told_when_it_is_asked_for(place):
    place.publish()
    place.receive()
    place.script("manager").post(USERS, {"displayName": "Tablet 07"})
    extended = {"headers": {"X-Extended-Metadata": "true"}}
    told = place.script("manager").get(P, **extended).get_json()
    assert (told["appUsers"], told["forms"]) == (2, 1)
    assert told["lastSubmission"].endswith("Z")
    assert "submission.read" in told["verbs"]
    assert place.script("analyst").get(P, **extended).get_json()["lastSubmission"] is None
    assert fault(place.script("analyst").get(P, headers={"X-Extended-Metadata": "perhaps"})) == (400, 400.11)


def test_an_absent_project_is_absent_and_a_forbidden_one_forbidden(place):
    script = place.script("manager")
    for path in ("/v1/projects/2", "/v1/projects/2/forms", "/v1/projects/2/app-users", "/v1/projects/x"):
        assert fault(script.get(path)) == (404, 404.1)
    assert fault(script.get("/v1/projects/99999999999999999999/forms")) == (404, 404.1)
    nobody = place.script("analyst")
    with place.database.begin() as session:
        session.connection().exec_driver_sql("DELETE FROM person_roles")
    assert fault(nobody.get(P)) == (403, 403.1)
    assert nobody.get("/v1/projects").get_json() == []


def test_an_app_user_s_token_is_told_once_and_works(place):
    place.publish()
    script = place.script("manager")
    made = script.post(USERS, {"displayName": " Tablet  07 "}).get_json()
    assert set(made) == {
        *("projectId", "id", "displayName", "type", "createdAt", "updatedAt", "deletedAt", "token"),
    }
    assert (made["displayName"], made["type"], made["projectId"]) == ("Tablet 07", "field_key", 1)
    assert made["id"] > FIRST_TABLET
    assert place.nobody().get(f"/v1/key/{made['token']}/projects/1/formList").status_code == 200
    listed = script.get(USERS).get_json()
    assert listed == [made | {"token": None}]
    assert script.get(f"{USERS}/{made['id']}").get_json() == listed[0]
    used = script.get(f"{USERS}/{made['id']}", headers={"X-Extended-Metadata": "true"}).get_json()
    assert "lastUsed" in used


def test_a_deleted_app_user_is_gone_and_its_token_refused(place):
    script = place.script("manager")
    made = script.post(USERS, {"displayName": "Tablet 07"}).get_json()
    one = f"{USERS}/{made['id']}"
    assert script.call("DELETE", one).get_json() == {"success": True}
    assert place.nobody().get(f"/v1/key/{made['token']}/projects/1/formList").status_code == 401
    assert script.get(USERS).get_json() == []
    assert fault(script.get(one)) == fault(script.call("DELETE", one)) == (404, 404.1)
    assert fault(script.call("DELETE", f"{USERS}/1")) == (404, 404.1)
    assert len(place.trail("device.revoke")) == 1


def test_a_name_that_is_taken_is_refused_by_its_number(place):
    script = place.script("manager")
    script.post(USERS, {"displayName": "Tablet 07"})
    assert fault(script.post(USERS, {"displayName": "Tablet 07"})) == (409, 409.3)


@pytest.mark.parametrize(
    ("told", "number", "field"),
    [
        ({}, 400.2, "displayName"),
        ({"displayName": None}, 400.11, "displayName"),
        ({"displayName": 7}, 400.11, "displayName"),
        ({"displayName": True}, 400.11, "displayName"),
        ({"displayName": ["Tablet"]}, 400.11, "displayName"),
        ({"displayName": {"a": 1}}, 400.11, "displayName"),
        ({"displayName": "Tablet\0"}, 400.8, "displayName"),
        ({"displayName": "Tablet\ud800"}, 400.8, "displayName"),
        ({"displayName": "x" * 1001}, 400.8, "displayName"),
        ({"displayName": "Tablet", "role": "manager"}, 400.4, "role"),
        ({"displayName": "Tablet", "is_admin": True}, 400.4, "is_admin"),
        ([], 400.11, "body"),
        ("text", 400.11, "body"),
    ],
)
def test_a_fault_names_its_field(place, told, number, field):
    answer = place.script("manager").post(USERS, told)
    assert fault(answer) == (400, number)
    assert answer.get_json()["details"]["field"] == field
    assert place.trail("device.enrol") == []


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"",
        b"nothing",
        b'{"displayName": NaN}',
        b'{"displayName": "a", "displayName": "b"}',
        b'{"displayName": 1e999}',
        b"[" * 10_000,
        '{"displayName": "a"}'.encode("utf-16"),
        b'\xef\xbb\xbf{"displayName": "a"}',
        b'{"displayName": "\xff"}',
        b'{"displayName": ' + b"1" * 5000 + b"}",
    ],
)
def test_what_is_not_strictly_json_is_refused(place, content):
    assert fault(place.script("manager").send(USERS, content, "application/json")) == (400, 400.1)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_a_type_that_any_page_may_send_is_refused(place, content_type):
    answer = place.script("manager").send(USERS, b'{"displayName": "a"}', content_type)
    assert fault(answer) == (415, 415.1)


def test_a_body_of_megabytes_is_refused_in_json(place):
    told = b'{"displayName": "' + b"x" * 250_000 + b'"}'
    assert fault(place.script("manager").send(USERS, told, "application/json")) == (413, 413.1)


def test_only_those_who_enrol_tablets_make_app_users(place):
    for role in ("designer", "caseworker", "supervisor", "analyst", "auditor"):
        assert fault(place.script(role).post(USERS, {"displayName": "a"})) == (403, 403.1)
    assert fault(place.script("caseworker").get(USERS)) == (403, 403.1)
    assert place.script("supervisor").get(USERS).get_json() == []
    assert {entry.facts["error"] for entry in place.refusals()} == {"NotAllowed"}


def test_what_cannot_be_done_says_what_can(place):
    answer = place.script("manager").call("PATCH", USERS)
    assert fault(answer) == (405, 405.1)
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    assert fault(place.script("manager").call("TRACE", USERS)) == (405, 405.1)
    override = {"X-HTTP-Method-Override": "DELETE"}
    assert place.script("manager").get(USERS, headers=override).status_code == 200


def test_an_unknown_address_is_told_in_json(place):
    assert fault(place.script("manager").get("/v1/nothing")) == (404, 404.1)
    assert fault(place.nobody().get("/v1/nothing")) == (404, 404.1)
    assert fault(place.script("manager").get("/v1/projects/1/forms/%00")) == (404, 404.1)

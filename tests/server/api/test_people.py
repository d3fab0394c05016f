"""People and roles, to read."""

from accounts.people import disable_person
from audit.trail import OPERATOR
from server.runtime import clock
from tests.server.api.scripts import fault


def test_people_are_listed_and_searched_in_central_s_shape(place):
    place.person("ana@example.org", "caseworker")
    gone = place.person("ben@example.org", "analyst")
    script = place.script("supervisor")
    told = script.get("/v1/users?q=ANA%20invented").get_json()
    assert [set(one) for one in told] == [
        {"id", "displayName", "type", "createdAt", "updatedAt", "deletedAt", "email"},
    ]
    assert (told[0]["email"], told[0]["type"], told[0]["displayName"]) == ("ana@example.org", "user", "Invented Person")
    assert script.get(f"/v1/users/{told[0]['id']}").get_json() == told[0]
    assert len(script.get("/v1/users").get_json()) == 3
    with place.database.begin() as session:
        disable_person(session, gone, actor=OPERATOR, now=clock())
    assert len(script.get("/v1/users").get_json()) == 2


def test_everybody_may_see_themselves_and_few_the_others(place):
    other = place.person("ana@example.org", "caseworker")
    script = place.script("caseworker")
    own = script.get("/v1/users/current").get_json()
    assert own["id"] == script.person_id
    assert script.get(f"/v1/users/{script.person_id}").get_json() == own
    assert fault(script.get(f"/v1/users/{other}")) == fault(script.get("/v1/users")) == (403, 403.1)
    assert fault(script.get("/v1/users/4711")) == (403, 403.1)
    assert fault(place.script("auditor").get("/v1/users/4711")) == (404, 404.1)
    verbs = script.get("/v1/users/current", headers={"X-Extended-Metadata": "TRUE"}).get_json()["verbs"]
    assert "submission.read" in verbs
    assert "user.list" not in verbs


def test_roles_have_the_numbers_that_central_s_clients_know(place):
    script = place.script("analyst")
    listed = script.get("/v1/roles").get_json()
    assert [(one["id"], one["system"]) for one in listed][:2] == [(1, "administrator"), (2, "app-user")]
    assert len(listed) == 9
    by_name = [script.get(f"/v1/roles/{named}").get_json() for named in ("2", "app-user")]
    assert by_name == [listed[1]] * 2
    assert script.get("/v1/roles/admin").get_json() == listed[0]
    assert fault(script.get("/v1/roles/nobody")) == fault(script.get("/v1/roles/99")) == (404, 404.1)


def test_who_has_which_role_is_told_to_those_who_may_see_people(place):
    ana = place.person("ana@example.org", "caseworker", "analyst")
    script = place.script("auditor")
    held = {(one["actorId"], one["roleId"]) for one in script.get("/v1/assignments").get_json()}
    assert held == {(ana, 6), (ana, 8), (script.person_id, 9)}
    assert [one["id"] for one in script.get("/v1/assignments/caseworker").get_json()] == [ana]
    assert script.get("/v1/assignments/app-user").get_json() == []
    assert fault(script.get("/v1/assignments/nobody")) == (404, 404.1)
    for path in ("/v1/assignments", "/v1/assignments/1"):
        assert fault(place.script("caseworker").get(path)) == (403, 403.1)

"""Signing in by script: tokens, passwords and the browser's cookie."""

from base64 import b64encode
from datetime import datetime, timedelta

import pytest

from accounts.sessions import LOCK_AT, note_failure
from server.runtime import clock
from tests.server.api.scripts import PASSWORD, P, Script, fault


def sign_in(script, email="ana@example.org", password=PASSWORD):
    return script.post("/v1/sessions", {"email": email, "password": password})


def basic(email, password=PASSWORD):
    return {"Authorization": "Basic " + b64encode(f"{email}:{password}".encode()).decode()}


@pytest.fixture
def ana(place):
    place.person("ana@example.org", "manager")
    return place.nobody()


def test_a_password_gives_a_token_for_24_hours(place, ana):
    answer = sign_in(ana)
    assert answer.status_code == 200
    told = answer.get_json()
    assert set(told) == {"token", "csrf", "createdAt", "expiresAt"}
    begun, over = (datetime.fromisoformat(told[name]) for name in ("createdAt", "expiresAt"))
    assert over - begun == timedelta(hours=24)
    assert told["createdAt"].endswith("Z")
    assert "Set-Cookie" not in answer.headers
    script = Script(ana.client, told["token"])
    assert script.get("/v1/users/current").get_json()["email"] == "ana@example.org"
    restored = script.get("/v1/sessions/restore").get_json()
    assert restored == {"createdAt": told["createdAt"], "expiresAt": told["expiresAt"]}
    assert [entry.facts for entry in place.trail("session.start")] == [{"script": True}]


def test_an_address_in_other_letters_signs_in_too(ana):
    assert sign_in(ana, " Ana@Example.org ").status_code == 200


def test_a_token_that_was_ended_opens_nothing(ana):
    script = Script(ana.client, sign_in(ana).get_json()["token"])
    assert script.call("DELETE", "/v1/sessions/current").get_json() == {"success": True}
    assert fault(script.get(P)) == (401, 401.2)
    assert fault(script.get("/v1/sessions/restore")) == (401, 401.2)


def test_own_tokens_can_be_ended_by_name_and_others_cannot(place, ana):
    first, second = (Script(ana.client, sign_in(ana).get_json()["token"]) for _ in range(2))
    stranger = place.script("caseworker")
    assert fault(stranger.call("DELETE", f"/v1/sessions/{first.token}")) == (403, 403.1)
    assert fault(stranger.call("DELETE", "/v1/sessions/nothing")) == (403, 403.1)
    assert fault(first.call("DELETE", "/v1/sessions/nothing")) == (403, 403.1)
    assert first.call("DELETE", f"/v1/sessions/{second.token}").status_code == 200
    assert fault(second.get(P)) == (401, 401.2)
    assert first.get(P).status_code == 200


def test_ending_a_tablets_token_revokes_the_tablet(place, ana):
    script = place.script("manager")
    token = script.post(f"{P}/app-users", {"displayName": "Tablet 07"}).get_json()["token"]
    assert place.nobody().get(f"/v1/key/{token}/projects/1/formList").status_code == 200
    assert script.call("DELETE", f"/v1/sessions/{token}").get_json() == {"success": True}
    assert place.nobody().get(f"/v1/key/{token}/projects/1/formList").status_code == 401


@pytest.mark.parametrize("told", [{}, {"email": "ana@example.org"}, {"email": "", "password": "x"}, {"password": "x"}])
def test_what_is_needed_to_sign_in_is_said(ana, told):
    answer = ana.post("/v1/sessions", told)
    assert fault(answer) == (400, 400.3)
    assert answer.get_json()["details"]["expected"] == ["email", "password"]


def test_a_wrong_password_and_an_unknown_address_are_refused_alike(ana):
    wrong, unknown = sign_in(ana, password="not the password"), sign_in(ana, "nobody@example.org")
    assert fault(wrong) == fault(unknown) == (401, 401.2)
    assert wrong.get_data() == unknown.get_data()
    assert wrong.headers["WWW-Authenticate"] == "Bearer"


def test_slips_slow_the_next_try_down_as_at_the_desk(place, ana):
    with place.database.begin() as session:
        for _ in range(LOCK_AT - 1):
            note_failure(session, email="ana@example.org", address="127.0.0.1", now=clock() - timedelta(minutes=5))
    assert fault(sign_in(ana, password="wrong one")) == (401, 401.2)
    answer = sign_in(ana)
    assert fault(answer) == (429, 429.1)
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_password_of_a_million_characters_is_refused_before_it_is_hashed(ana):
    assert fault(sign_in(ana, password="x" * 1025)) == (400, 400.8)
    assert fault(sign_in(ana, password="x" * 1_000_000)) == (413, 413.1)


def test_nothing_given_and_nonsense_given_are_refused_alike(place):
    told = [{}, {"Authorization": "Bearer "}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic !"}]
    told += [{"Authorization": "Digest x"}, {"Authorization": "nonsense"}]
    answers = [place.nobody().get("/v1/projects", headers=headers) for headers in told]
    assert {fault(answer) for answer in answers} == {(401, 401.2)}
    assert fault(place.nobody().get("/v1/sessions/restore")) == (404, 404.1)


def test_a_password_with_each_request_goes_over_https_only(place, secure):
    place.person("ana@example.org", "manager")
    assert fault(place.nobody().get("/v1/projects", headers=basic("ana@example.org"))) == (401, 401.3)
    script = secure.nobody()
    assert script.get("/v1/projects", headers=basic("ana@example.org")).status_code == 200
    assert fault(script.get("/v1/projects", headers=basic("ana@example.org", "wrong one"))) == (401, 401.2)
    assert fault(script.get("/v1/sessions/restore", headers=basic("ana@example.org"))) == (404, 404.1)


def test_a_browsers_cookie_reads_and_writes_only_with_a_sign_of_our_own_pages(place):
    place.publish()
    desk = place.desk("manager")
    form = f"{P}/forms/talk"
    assert desk.client.get(form).get_json()["state"] == "open"
    change = {"json": {"state": "closing"}}
    assert fault(desk.client.patch(form, **change)) == (401, 401.2)
    other = {"X-Requested-With": "XMLHttpRequest", "Origin": "https://evil.example"}
    assert fault(desk.client.patch(form, headers=other, **change)) == (401, 401.2)
    assert desk.client.get(form).get_json()["state"] == "open"
    assert desk.client.patch(form, headers={"X-Requested-With": "XMLHttpRequest"}, **change).status_code == 200
    assert desk.client.patch(form, headers={"X-CSRF-Token": desk.csrf}, **change).status_code == 200


def test_a_scripts_token_is_no_browsers_cookie_and_the_other_way_round(place):
    script, desk = place.script("manager"), place.desk("manager")
    client = place.app.test_client()
    client.set_cookie("fieldcase", script.token)
    assert client.get("/cases").status_code == 401
    cookie = desk.client.get_cookie("fieldcase").value
    assert fault(place.nobody().get("/v1/projects", headers={"Authorization": f"Bearer {cookie}"})) == (401, 401.2)

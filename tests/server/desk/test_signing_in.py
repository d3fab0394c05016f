import re

import pytest

from accounts.links import first_link, person_link
from audit.trail import OPERATOR
from server.access import OPEN
from server.runtime import clock
from tests.server.desk.office import PASSWORD, Office, words


def sign_in(office, email, password, **more):
    return office.stranger().post("/sign-in", email=email, password=password, **more)


def test_the_right_password_leads_to_the_page_that_was_asked_for(office):
    office.person("ana@example.org", "caseworker")
    stranger = office.stranger()
    answer = stranger.post("/sign-in", email=" Ana@Example.org ", password=PASSWORD, next="/cases")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/cases")
    assert stranger.get("/cases").status_code == 200
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("fieldcase=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie


def test_over_https_the_cookie_is_bound_to_the_host(database, files, tmp_path):
    office = Office(database, files, tmp_path, {"base_url": "https://desk.example.org"})
    office.person("ana@example.org", "caseworker")
    answer = sign_in(office, "ana@example.org", PASSWORD)
    assert answer.headers["Set-Cookie"].startswith("__Host-fieldcase=")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "Domain" not in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"]


def test_a_refused_sign_in_says_nothing_of_what_was_wrong_and_keeps_the_address(office):
    office.person("ana@example.org", "caseworker")
    wrong, unknown = (
        sign_in(office, "ana@example.org", "not the password"),
        sign_in(office, "eva@example.org", PASSWORD),
    )
    assert wrong.status_code == unknown.status_code == 401
    assert 'value="ana@example.org"' in wrong.text
    assert "not the password" not in wrong.text
    assert words(wrong).replace("ana@", "eva@") == words(unknown)
    assert len(office.trail("session.fail")) == 2


def test_too_many_tries_are_told_to_wait(office):
    office.person("ana@example.org", "caseworker")
    answers = [sign_in(office, "ana@example.org", "wrong").status_code for _ in range(6)]
    late = sign_in(office, "ana@example.org", PASSWORD)
    assert answers[:5] == [401] * 5
    assert late.status_code == 429
    assert "Try again in" in words(late)


def test_nobody_is_sent_to_another_site(office):
    office.person("ana@example.org", "caseworker")
    for next_page in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        assert sign_in(office, "ana@example.org", PASSWORD, next=next_page).headers["Location"] == "/"


def test_a_page_that_needs_somebody_answers_with_the_form_for_signing_in(office):
    answer = office.stranger().get("/cases?stage=intake")
    assert answer.status_code == 401
    assert 'name="next" value="/cases?stage=intake"' in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_every_route_but_the_open_ones_is_closed(office):
    stranger = office.stranger()
    tried = 0
    for rule in office.app.url_map.iter_rules():
        if rule.endpoint in OPEN or rule.endpoint.startswith("tablet."):
            continue
        address = re.sub(r"<int:[^>]*>", "1", re.sub(r"<(path:)?[a-z_]*>", "x", rule.rule))
        for method in rule.methods - {"OPTIONS", "HEAD"}:
            assert stranger.client.open(address, method=method).status_code == 401, (method, address)
            tried += 1
    assert tried > 30


def test_signing_out_ends_the_session_and_clears_the_browser(office):
    desk = office.desk("caseworker")
    token = desk.client.get_cookie("fieldcase").value
    answer = desk.post("/sign-out")
    assert answer.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert desk.client.get_cookie("fieldcase") is None
    desk.client.set_cookie("fieldcase", token)
    assert desk.get("/cases").status_code == 401


def test_a_form_without_the_browsers_token_changes_nothing(office):
    desk = office.desk("administrator")
    other = office.desk("administrator")
    for token in ("", "x", other.csrf):
        answer = desk.client.post("/agencies", data={"csrf_token": token, "name": "Invented"})
        assert answer.status_code == 403
    assert "Invented" not in desk.get("/agencies").text.partition("<main")[2]
    assert len(office.trail("refused")) == 3


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_form_from_another_site_is_refused(office, headers):
    desk = office.desk("administrator")
    answer = desk.client.post("/agencies", data={"csrf_token": desk.csrf, "name": "Invented"}, headers=headers)
    assert answer.status_code == 403


def test_the_first_link_makes_the_first_manager_once(office):
    with office.database.begin() as session:
        token = first_link(session, actor=OPERATOR, now=clock())
    stranger = office.stranger()
    assert stranger.get(f"/first/{token}").status_code == 200
    weak = stranger.post(f"/first/{token}", name="Ana Invented", email="ana@example.org", password="short")
    assert weak.status_code == 400
    assert "at least 12 characters" in words(weak)
    answer = stranger.post(f"/first/{token}", name="Ana Invented", email="ana@example.org", password=PASSWORD)
    page = stranger.follow(answer)
    assert "Ana Invented" in page.text
    assert {"Cases", "Forms", "Tablets", "People"} <= set(words(page).split())
    assert office.stranger().get(f"/first/{token}").status_code == 404
    spent = office.stranger().post(f"/first/{token}", name="Eva", email="eva@example.org", password=PASSWORD)
    assert spent.status_code == 404
    assert "does not work any more" in words(spent)


def test_a_link_lets_a_person_choose_a_password_once(office):
    with office.make() as make:
        person = make.person("caseworker")
        email, person_id = person.email, person.id
        old = person_link(make.session, person_id, actor=OPERATOR, now=clock())
        token = person_link(make.session, person_id, actor=OPERATOR, now=clock())
    stranger = office.stranger()
    assert stranger.get(f"/link/{old}").status_code == 404
    assert email in stranger.get(f"/link/{token}").text
    answer = stranger.post(f"/link/{token}", name="Eva Invented", password=PASSWORD)
    assert "Eva Invented" in stranger.follow(answer).text
    assert sign_in(office, email, PASSWORD).status_code == 303
    assert office.stranger().get(f"/link/{token}").status_code == 404


def test_a_link_for_somebody_with_a_password_asks_for_a_new_one_alone(office):
    person_id = office.person("ana@example.org", "caseworker")
    with office.database.begin() as session:
        token = person_link(session, person_id, actor=OPERATOR, now=clock())
    assert 'name="name"' not in office.stranger().get(f"/link/{token}").text
    assert office.stranger().post(f"/link/{token}", password="another horse battery").status_code == 303
    assert sign_in(office, "ana@example.org", PASSWORD).status_code == 401
    assert sign_in(office, "ana@example.org", "another horse battery").status_code == 303


def test_the_pages_speak_the_language_of_the_person_else_of_the_browser_else_of_the_office(database, files, tmp_path):
    office = Office(database, files, tmp_path, {"language": "es"})
    assert 'lang="es"' in office.stranger().get("/sign-in").text
    assert 'lang="en"' in office.stranger().get("/sign-in", headers={"Accept-Language": "en-GB"}).text
    stranger = office.stranger()
    stranger.post("/language", language="en", next="/sign-in")
    assert 'lang="en"' in stranger.get("/sign-in", headers={"Accept-Language": "es"}).text
    desk = office.desk("caseworker", language="es")
    assert "Casos" in desk.get("/cases", headers={"Accept-Language": "en"}).text
    assert desk.follow(desk.post("/language", language="en", next="/cases")).text.count("<h1")
    assert 'lang="en"' in desk.get("/cases").text


def test_plain_http_outside_this_machine_is_said_on_every_page(database, files, tmp_path):
    near = Office(database, files, tmp_path)
    far = Office(database, files, tmp_path, {"base_url": "http://192.168.1.20:8080"})
    assert "plain http" not in near.stranger().get("/sign-in").text
    assert "plain http" in far.stranger().get("/sign-in").text
    assert "plain http" in far.desk("caseworker").get("/cases").text

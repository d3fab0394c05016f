import re

from accounts.links import person_link
from audit.trail import OPERATOR
from server.runtime import clock
from tests.server.desk.office import PASSWORD, words


def add(desk, **fields):
    return desk.post(
        "/people/new", **{"name": "Eva Invented", "email": "eva@example.org", "roles": "caseworker", **fields}
    )


def link_of(page):
    return re.search(r'id="link"[^>]*>http://127\.0\.0\.1:8080([^<]+)<', page.text)[1]


def test_a_person_is_added_by_a_link_that_is_shown_once(office):
    desk = office.desk("administrator")
    page = add(desk)
    assert page.status_code == 200
    path = link_of(page)
    stranger = office.stranger()
    assert stranger.post(path, name="Eva Invented", password=PASSWORD).status_code == 303
    assert stranger.get("/cases").status_code == 200
    people = desk.get("/people")
    assert path not in people.text
    assert "Caseworker" in words(people)


def test_what_is_wrong_with_a_new_person_is_said_at_its_field(office):
    desk = office.desk("administrator")
    assert 'href="#email"' in add(desk, email="nobody").text
    assert 'href="#roles"' in add(desk, roles="").text
    assert 'href="#name"' in add(desk, name=" ").text
    add(desk)
    twice = add(desk)
    assert twice.status_code == 409
    assert "has an account already" in words(twice)


def test_disabling_ends_the_sessions_at_once_and_is_asked_about_first(office):
    desk, other = office.desk("administrator"), office.desk("caseworker")
    before = desk.get(f"/people/{other.person_id}/disable")
    assert "signed in on 1 device" in words(before)
    assert other.get("/cases").status_code == 200
    page = desk.follow(desk.post(f"/people/{other.person_id}/disable"))
    assert "disabled and signed out everywhere" in words(page)
    assert other.get("/cases").status_code == 401
    desk.post(f"/people/{other.person_id}/enable")
    assert "has not signed in yet" in words(desk.get(f"/people/{other.person_id}")).lower()


def test_other_roles_mean_signing_in_again(office):
    desk, other = office.desk("administrator"), office.desk("caseworker")
    page = desk.follow(desk.post(f"/people/{other.person_id}", roles=["supervisor", "analyst"]))
    assert "Supervisor, Analyst" in words(page)
    assert other.get("/cases").status_code == 401


def test_a_forgotten_password_is_replaced_by_a_new_link(office):
    person_id = office.person("ana@example.org", "caseworker")
    desk = office.desk("administrator")
    first, second = (link_of(desk.post(f"/people/{person_id}/link")) for _ in range(2))
    assert office.stranger().get(first).status_code == 404
    assert "Choose a new password" in words(office.stranger().get(second))


def test_nobody_shuts_themselves_out(office):
    desk = office.desk("administrator")
    for act in ("disable", "link", "enable"):
        assert desk.post(f"/people/{desk.person_id}/{act}").status_code == 404
    assert desk.post(f"/people/{desk.person_id}", roles="analyst").status_code == 404
    assert "Disable" not in words(desk.get(f"/people/{desk.person_id}"))


def test_managers_see_people_and_change_nobody(office):
    desk, other = office.desk("manager"), office.desk("caseworker")
    assert desk.get("/people").status_code == 200
    assert "Add a person" not in words(desk.get("/people"))
    assert "Disable" not in words(desk.get(f"/people/{other.person_id}"))
    assert desk.post(f"/people/{other.person_id}/disable").status_code == 403
    assert add(desk).status_code == 403
    assert office.desk("caseworker").get("/people").status_code == 403


def test_agencies_are_added_and_renamed(office):
    desk = office.desk("administrator")
    assert "Immigration" in words(desk.follow(desk.post("/agencies", name="Immigration")))
    assert desk.post("/agencies", name="Immigration").status_code == 409
    assert desk.post("/agencies", name="").status_code == 400
    assert "Border service" in words(desk.follow(desk.post("/agencies/2", name="Border service")))
    assert desk.post("/agencies/2", name="Our agency").status_code == 409
    assert desk.get("/agencies/99").status_code == 404
    assert office.desk("manager").post("/agencies", name="Other").status_code == 403


def test_a_person_joins_the_agency_that_is_chosen(office):
    office.agency("Immigration")
    desk = office.desk("administrator")
    add(desk, agency="2")
    assert "Immigration" in words(desk.get("/people"))
    assert add(desk, email="ida@example.org", agency="77").status_code == 404


def test_the_own_password_is_changed_and_other_browsers_are_signed_out(office):
    office.person("ana@example.org", "caseworker")
    here, there = office.stranger(), office.stranger()
    for browser in (here, there):
        browser.post("/sign-in", email="ana@example.org", password=PASSWORD)
    here.csrf = re.search(r'name="csrf_token" value="([^"]+)"', here.get("/account").text)[1]
    assert "signed in on 2 devices" in words(here.get("/account"))
    wrong = here.post("/account/password", current="wrong", password="another horse battery")
    assert "This is not your password" in words(wrong)
    weak = here.post("/account/password", current=PASSWORD, password="aaaaaaaaaaaaaaaa")
    assert "does not repeat itself" in words(weak)
    page = here.follow(here.post("/account/password", current=PASSWORD, password="another horse battery"))
    assert "Your password is changed" in words(page)
    assert there.get("/account").status_code == 401


def test_signing_out_elsewhere_keeps_this_browser(office):
    office.person("ana@example.org", "caseworker")
    here, there = office.stranger(), office.stranger()
    for browser in (here, there):
        browser.post("/sign-in", email="ana@example.org", password=PASSWORD)
    here.csrf = re.search(r'name="csrf_token" value="([^"]+)"', here.get("/account").text)[1]
    assert here.follow(here.post("/account/sign-out-elsewhere")).status_code == 200
    assert there.get("/account").status_code == 401


def test_words_for_passwords_follow_what_the_passwords_module_says():
    import pytest

    from accounts.passwords import LONGEST, WeakPassword, require_strong
    from server.desk.words import PASSWORDS

    for password in ("short", "x" * (LONGEST + 1), "aaaaaaaaaaaaaaaa"):
        with pytest.raises(WeakPassword) as refused:
            require_strong(password)
        assert [part for part in PASSWORDS if part in str(refused.value)]


def test_a_link_is_for_24_hours(office):
    from accounts.links import VALID_FOR

    with office.make() as make:
        person = make.person("caseworker")
        token = person_link(make.session, person.id, actor=OPERATOR, now=clock() - VALID_FOR)
    assert office.stranger().get(f"/link/{token}").status_code == 404

import re

from accounts.devices import known_device
from tests.server.desk.office import Office, words

KEY = re.compile(r"http://127\.0\.0\.1:8080/v1/key/([A-Za-z0-9_-]{43})/projects/1")


def test_the_code_of_a_new_tablet_is_shown_once_and_lets_it_in(office):
    desk = office.desk("manager")
    page = desk.post("/tablets/new", name="Tablet 07")
    secret = KEY.search(page.text)[1]
    assert "<svg" in page.text
    assert "style=" not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    with office.database.read() as session:
        assert known_device(session, secret).name == "Tablet 07"
    assert secret not in desk.get("/tablets").text
    assert secret not in desk.get("/tablets/1").text
    assert office.stranger().get(f"/v1/key/{secret}/projects/1/formList").status_code == 200


def test_over_https_a_tablet_gets_a_user_name_and_a_password(database, files, tmp_path):
    office = Office(database, files, tmp_path, {"base_url": "https://desk.example.org"})
    page = office.desk("manager").post("/tablets/new", name="Tablet 07")
    assert "https://desk.example.org/v1/projects/1" in page.text
    assert "/v1/key/" not in page.text
    assert "tablet-07" in page.text


def test_a_name_is_given_once(office):
    desk = office.desk("manager")
    desk.post("/tablets/new", name="Tablet 07")
    again = desk.post("/tablets/new", name="Tablet 07")
    assert again.status_code == 409
    assert 'href="#name"' in again.text
    assert desk.post("/tablets/new", name="").status_code == 400


def test_ending_a_tablets_access_is_asked_about_first_and_works_at_once(office):
    desk = office.desk("manager")
    secret = KEY.search(desk.post("/tablets/new", name="Tablet 07").text)[1]
    assert "This cannot be undone" in words(desk.get("/tablets/1/revoke"))
    page = desk.follow(desk.post("/tablets/1/revoke"))
    assert "access is ended" in words(page)
    assert "Access ended" in words(page)
    assert office.stranger().get(f"/v1/key/{secret}/projects/1/formList").status_code == 401


def test_the_list_says_when_each_tablet_was_last_heard_of_and_what_it_runs(office):
    desk = office.desk("manager")
    secret = KEY.search(desk.post("/tablets/new", name="Tablet 07").text)[1]
    assert "Not seen yet" in words(desk.get("/tablets"))
    office.publish()
    tablet = office.stranger()
    xml = b'<data id="talk" version="1"><wants>no</wants><meta><instanceID>uuid:1</instanceID></meta></data>'
    body = (
        b'--b\r\nContent-Disposition: form-data; name="xml_submission_file"; filename="x.xml"\r\n\r\n'
        + xml
        + b"\r\n--b--\r\n"
    )
    headers = {"User-Agent": "org.odk.collect.android/v2026.2.4", "Content-Type": "multipart/form-data; boundary=b"}
    assert tablet.client.post(f"/v1/key/{secret}/projects/1/submission", data=body, headers=headers).status_code == 201
    text = words(desk.get("/tablets"))
    assert "In use" in text
    assert "App ODK Collect v2026.2.4 Submissions" in text
    assert "Submissions 1" in text
    assert "Invented talk" in words(desk.get("/tablets/1"))


def test_managers_look_after_the_tablets_of_every_agency_and_caseworkers_after_none(office):
    there = office.agency("Another agency")
    office.desk("manager", agency=there).post("/tablets/new", name="Far tablet")
    assert "Far tablet" in office.desk("manager").get("/tablets").text
    assert "Far tablet" in office.desk("supervisor").get("/tablets").text
    assert office.desk("supervisor").get("/tablets/1/revoke").status_code == 403
    assert office.desk("caseworker").get("/tablets").status_code == 403


def test_only_those_who_run_the_system_enrol_for_another_agency(office):
    office.agency("Another agency")
    assert office.desk("manager").post("/tablets/new", name="One", agency="2").status_code == 404
    assert office.desk("administrator").post("/tablets/new", name="Two", agency="2").status_code == 200

"""What ODK Collect demands of a form server, rule by rule; the numbers are those of the contract."""

import hashlib
import re
from datetime import UTC, datetime
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from accounts.devices import get_device, revoke
from audit.trail import OPERATOR
from forms.tables import FormState
from submissions.tables import Submission
from tests.make import plain_xform
from tests.server.tablet.conftest import (
    COLLECT,
    INSTALL,
    LIST,
    MANIFEST,
    Door,
    filled,
    message,
)

MEDIA = (("map ñ #1.png", b"invented picture"),)


def md5(content):
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def entries(door):
    """The form list, as Collect reads it."""
    answer = door.ask("/formList")
    assert answer.status_code == 200
    return [
        {child.tag.removeprefix(LIST): child.text for child in entry} for entry in ElementTree.fromstring(answer.data)
    ]


# 1. HTTP in general.


def test_1_1_what_collect_sends_with_every_call_is_accepted(door, plain):
    assert door.ask("/formList").status_code == 200
    assert door.ask("/submission", "HEAD").status_code == 204
    assert door.post(filled(plain).xml).status_code == 201


@pytest.mark.parametrize("date", ["Sun, 03 May 2026 03:04:05 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "junk", ""])
def test_1_2_the_tablets_clock_is_used_for_nothing(door, plain, date):
    before = datetime.now(UTC)
    assert door.post(filled(plain).xml, headers={"Date": date}).status_code == 201
    with door.running.database.read() as session:
        received = session.scalars(select(Submission.received_at)).one()
    assert before <= received <= datetime.now(UTC)


def test_1_3_every_address_takes_the_install_id_behind_whatever_stands_there(door):
    with door.make() as make:
        form = make.plain(media=MEDIA)
    entry = entries(door)[0]
    manifest = door.ask(entry["manifestUrl"])
    url = ElementTree.fromstring(manifest.data).find(f".//{MANIFEST}downloadUrl").text
    for address in (entry["downloadUrl"], entry["manifestUrl"], url):
        for query in ("", "?deviceID=collect:1", "?x=1&deviceID=collect:1&deviceID=2"):
            assert door.ask(address + query).status_code == 200
    assert door.ask("/submission", "HEAD").status_code == 204
    assert door.post(filled(form).xml).status_code == 201
    with door.running.database.read() as session:
        device = get_device(session, "Tablet 07")
        assert device.install_id == INSTALL
        assert device.app_version == COLLECT["User-Agent"][:120]


@pytest.mark.parametrize("value", ["a\0b", "x" * 5000, "%ff", "ñ☃", "", "\ud800"])
def test_1_3_an_install_id_of_any_kind_harms_nothing(door, plain, value):
    answer = door.post(filled(plain).xml, query_string={"deviceID": value.encode("utf-8", "surrogatepass")})
    assert answer.status_code == 201


def test_1_4_addresses_are_absolute_percent_encoded_and_on_the_tablets_own_host(door):
    with door.make() as make:
        make.plain(media=MEDIA)
    entry = entries(door)[0]
    manifest = ElementTree.fromstring(door.ask(entry["manifestUrl"]).data)
    urls = [entry["downloadUrl"], entry["manifestUrl"], manifest.find(f".//{MANIFEST}downloadUrl").text]
    for url in urls:
        assert url.startswith(door.running.settings.base_url + door.project)
        assert re.fullmatch(r"[A-Za-z0-9:/._%-]+", url)
    assert urls[2].endswith("/map%20%C3%B1%20%231.png")


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "Forwarded", "X-Original-URL"])
def test_1_4_addresses_follow_the_settings_and_no_header(door, plain, header):
    value = "host=evil.example" if header == "Forwarded" else "evil.example"
    body = door.ask("/formList", headers={header: value}).data
    assert b"evil" not in body
    assert door.running.settings.base_url.encode() in body


def test_1_5_documents_are_utf_8_without_a_byte_order_mark(door):
    with door.make() as make:
        form = plain_xform(title="Señales ☃")
        from forms.publish import publish
        from xlsforms.compile import Compiled
        from xlsforms.questions import read_form

        where = {"project_id": 1, "files": make.files, "actor": OPERATOR, "now": make.now}
        publish(make.session, Compiled(form, read_form(form), ()), **where)
    answer = door.ask("/formList")
    assert answer.data.startswith(b"<?xml")
    assert "Señales ☃".encode() in answer.data


def test_1_7_what_has_not_changed_is_answered_by_304(door):
    with door.make() as make:
        make.plain(media=MEDIA)
    entry = entries(door)[0]
    media = ElementTree.fromstring(door.ask(entry["manifestUrl"]).data).find(f".//{MANIFEST}downloadUrl").text
    for path in ("/formList", entry["downloadUrl"], entry["manifestUrl"], media):
        first = door.ask(path)
        assert first.headers["Cache-Control"] == "private, no-cache"
        assert "Vary" not in first.headers or first.headers["Vary"] not in {"*", "Authorization"}
        again = door.ask(path, headers={"If-None-Match": first.headers["ETag"]})
        assert again.status_code == 304
        assert again.data == b""
        assert again.headers["ETag"] == first.headers["ETag"]
        assert again.headers["X-OpenRosa-Version"] == "1.0"
        assert door.ask(path, headers={"If-None-Match": '"another"'}).status_code == 200


@pytest.mark.parametrize("value", ['W/"x"', "*garbage", '"', "x" * 5000, '"a", "b"', "\xff"])
def test_1_7_an_etag_of_any_kind_is_answered_by_what_was_asked(door, plain, value):
    answer = door.ask("/formList", headers={"If-None-Match": value, "Accept-Encoding": "x;q=z"})
    assert answer.status_code == 200
    assert answer.data


def test_1_7_a_list_that_has_changed_has_another_etag(door, plain):
    etag = door.ask("/formList").headers["ETag"]
    with door.make() as make:
        make.plain(version="2")
    assert door.ask("/formList", headers={"If-None-Match": etag}).status_code == 200
    moved = door.with_settings(base_url="http://192.168.1.20:8080")
    assert moved.ask("/formList").headers["ETag"] != door.ask("/formList").headers["ETag"]


# 1b. Authentication.


@pytest.mark.parametrize("path", ["/formList", "/submission", "/forms/plain.xml", "/forms/plain/manifest"])
def test_1_9_a_tablet_that_is_not_known_is_challenged(door, plain, path):
    unknown = Door(door.app, door.running, "A" * 43)
    method = "HEAD" if path == "/submission" else "GET"
    for answer in (unknown.ask(path, method), door.ask(f"/v1/projects/1{path}", method)):
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="Fieldcase"'


def test_1_10_1_11_basic_is_the_only_challenge_and_spelled_as_collect_reads_it(door):
    challenges = door.ask("/v1/projects/1/formList").headers.get_all("WWW-Authenticate")
    assert [challenge.partition(" ")[0] for challenge in challenges] == ["Basic"]


@pytest.fixture
def https(door):
    """The same door behind an https address."""
    return door.with_settings(base_url="https://fieldcase.example.org")


def basic(door, username=None, secret=None):
    import base64

    login = f"{door.username if username is None else username}:{secret or door.secret}"
    return {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}


def test_1_9_over_https_the_login_is_taken(https, plain):
    answer = https.ask("/v1/projects/1/formList", headers=basic(https))
    assert answer.status_code == 200
    url = ElementTree.fromstring(answer.data).find(f".//{LIST}downloadUrl").text
    assert url.startswith("https://fieldcase.example.org/v1/projects/1/forms/plain/")
    assert https.secret not in answer.text
    assert https.ask(url.partition(".org")[2], headers=basic(https)).status_code == 200
    assert https.ask("/v1/projects/1/submission", "HEAD", headers=basic(https)).status_code == 204


def test_a_password_is_not_taken_over_plain_http(door, plain):
    assert door.ask("/v1/projects/1/formList", headers=basic(door)).status_code == 401


def test_a_password_is_taken_from_a_declared_proxy_that_speaks_https(door, plain):
    forwarded = basic(door) | {"X-Forwarded-Proto": "https"}
    assert door.ask("/v1/projects/1/formList", headers=forwarded).status_code == 401
    behind = door.with_settings(behind_proxy=True)
    assert behind.ask("/v1/projects/1/formList", headers=forwarded).status_code == 200
    assert behind.ask("/v1/projects/1/formList", headers=basic(door)).status_code == 401


@pytest.mark.parametrize(
    "login",
    ["Basic", "Basic !!!", "Basic YWJj", "Basic " + "A" * 10_000, "Bearer x", 'Digest username="x"', "", "\xff\xfe"],
)
def test_a_login_of_any_kind_is_challenged(https, login):
    assert https.ask("/v1/projects/1/formList", headers={"Authorization": login}).status_code == 401


@pytest.mark.parametrize("username", ["", "other", "TABLET-07", "ñandú", "tablet-07\0"])
def test_a_right_password_under_another_name_is_challenged(https, username):
    assert https.ask("/v1/projects/1/formList", headers=basic(https, username)).status_code == 401


def test_1_13_user_names_and_secrets_are_ascii(door):
    assert door.username.isascii()
    assert door.secret.isascii()


def test_1_15_a_revoked_tablet_is_refused_at_its_next_call(door, plain):
    assert door.ask("/formList").status_code == 200
    with door.running.database.begin() as session:
        revoke(session, get_device(session, "Tablet 07"), actor=OPERATOR, now=datetime.now(UTC))
    assert door.ask("/formList").status_code == 401
    answer = door.post(filled(plain).xml)
    assert answer.status_code == 401
    assert "supervisor" in message(answer)
    assert door.count() == 0


def test_a_secret_opens_its_own_project_alone(https, plain):
    for project in (2, 0, 10**30):
        assert https.ask(f"/v1/key/{https.secret}/projects/{project}/formList").status_code == 401
        assert https.ask(f"/v1/projects/{project}/formList", headers=basic(https)).status_code == 401


# 2. Form list and forms.


@pytest.mark.parametrize("query", ["", "?formID=plain", "?verbose=true", "?listAllVersions=maybe", "?verbose=%ff"])
def test_2_1_the_form_list_stands_at_its_fixed_place_and_takes_any_question(door, plain, query):
    assert door.ask("/formList" + query).status_code == 200


def test_2_2_the_form_list_is_what_collect_takes_for_one(door, plain):
    answer = door.ask("/formList")
    assert answer.status_code == 200
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert "text/xml" in answer.headers["Content-Type"]


def test_2_3_each_form_is_listed_with_all_that_collect_requires(door):
    with door.make() as make:
        make.plain()
        make.plain("other", "", media=MEDIA)
    plain, other = sorted(entries(door), key=lambda entry: entry["formID"], reverse=True)
    assert set(plain) == {"formID", "name", "version", "hash", "downloadUrl"}
    assert (plain["formID"], plain["name"], plain["version"]) == ("plain", "Plain form", "1")
    assert re.fullmatch(r"md5:[0-9a-f]{32}", plain["hash"])
    assert set(other) == set(plain) | {"manifestUrl"}
    assert other["version"] in (None, "")


def test_2_3_no_element_but_the_version_is_empty(door):
    with door.make() as make:
        make.form()
        make.plain(media=MEDIA)
    for entry in entries(door):
        assert all(text for name, text in entry.items() if name != "version")


def test_2_3_names_with_signs_of_xml_do_no_harm(door):
    from forms.publish import publish
    from xlsforms.compile import Compiled
    from xlsforms.questions import read_form

    xform = plain_xform(title="A &lt;b&gt; &amp; ]]&gt; ñ")
    with door.make() as make:
        where = {"project_id": 1, "files": make.files, "actor": OPERATOR, "now": make.now}
        publish(make.session, Compiled(xform, read_form(xform), ()), **where)
    assert entries(door)[0]["name"] == "A <b> & ]]> ñ"


def test_2_5_2_6_the_form_is_the_bytes_whose_md5_was_listed(door, plain):
    entry = entries(door)[0]
    answer = door.ask(entry["downloadUrl"])
    assert answer.status_code == 200
    assert answer.data == plain_xform()
    assert entry["hash"] == f"md5:{md5(answer.data)}"
    assert door.ask("/forms/plain.xml").data == plain_xform()


def test_2_7_a_changed_form_is_listed_under_its_new_version_and_the_old_one_is_still_there(door, plain):
    old = entries(door)[0]["downloadUrl"]
    with door.make() as make:
        make.plain(version="2")
    entry = entries(door)[0]
    assert entry["version"] == "2"
    assert door.ask(entry["downloadUrl"]).data == plain_xform(version="2")
    assert door.ask(old).data == plain_xform()


def test_2_9_a_failure_never_looks_like_a_list(door, plain, monkeypatch):
    door.ask("/formList")
    for error in (RuntimeError("broken"), MemoryError()):
        with monkeypatch.context() as patch:
            patch.setattr(door.running.offers, "of", lambda _device, error=error: (_ for _ in ()).throw(error))
            answer = door.ask("/formList")
        assert answer.status_code == 500
        assert b"xforms" not in answer.data


def test_2_9_a_database_that_is_down_never_looks_like_an_empty_list(door, plain, monkeypatch):
    from storage.database import DatabaseUnavailable

    def gone():
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr(door.running.database, "read", gone)
    answer = door.ask("/formList")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "30"
    assert b"xforms" not in answer.data


def test_2_10_the_list_comes_from_memory_until_something_changes(door, plain, monkeypatch):
    door.ask("/formList")
    reads = []
    real = door.running.offers._read
    monkeypatch.setattr(door.running.offers, "_read", lambda project: reads.append(project) or real(project))
    for _ in range(5):
        door.ask("/formList")
    assert reads == []
    with door.make() as make:
        make.plain("other")
    assert [entry["formID"] for entry in entries(door)] == ["other", "plain"]
    assert reads == [1]


def test_2_10_another_node_sees_at_once_what_this_one_published(door, plain):
    from dataclasses import replace

    from server.app import create_app
    from server.tablet.offers import Offers

    running = replace(door.running, offers=Offers(door.running.database))
    other = replace(door, app=create_app(running=running), running=running)
    assert len(entries(other)) == 1
    with door.make() as make:
        make.plain("other")
    assert len(entries(other)) == len(entries(door)) == 2


def test_2_11_a_closed_form_is_listed_no_more_and_what_was_filled_is_still_taken(door, plain):
    address = entries(door)[0]["downloadUrl"]
    with door.make() as make:
        make.close(plain)
    assert entries(door) == []
    assert door.ask(address).status_code == 404
    answer = door.post(filled(plain).xml)
    assert answer.status_code == 202
    assert door.held()[0][1] == "held"


def test_2_11_a_closing_form_is_listed_no_more_and_what_was_filled_is_filed(door, plain):
    with door.make() as make:
        make.close(plain, FormState.CLOSING)
    assert entries(door) == []
    assert door.post(filled(plain).xml).status_code == 201


def test_2_11_answers_of_an_older_version_are_taken(door, plain):
    with door.make() as make:
        newer = make.plain(version="2")
    assert door.post(filled(newer, version="1").xml).status_code == 201


# 3. Manifest and media.


@pytest.fixture
def with_media(door):
    with door.make() as make:
        return make.plain(media=MEDIA)


def test_3_1_the_manifest_is_what_collect_takes_for_one(door, with_media):
    answer = door.ask(entries(door)[0]["manifestUrl"])
    assert answer.status_code == 200
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert "text/xml" in answer.headers["Content-Type"]
    root = ElementTree.fromstring(answer.data)
    assert root.tag == f"{MANIFEST}manifest"
    told = {child.tag.removeprefix(MANIFEST): child.text for child in root[0]}
    assert set(told) == {"filename", "hash", "downloadUrl"}
    assert told["filename"] == MEDIA[0][0]
    assert told["hash"] == f"md5:{md5(MEDIA[0][1])}"
    assert door.ask("/forms/plain/manifest").status_code == 200


def test_3_1_a_form_without_media_has_an_empty_manifest(door, plain):
    root = ElementTree.fromstring(door.ask("/forms/plain/manifest").data)
    assert len(root) == 0


def test_3_3_the_file_is_the_bytes_whose_md5_was_listed(door, with_media):
    root = ElementTree.fromstring(door.ask("/forms/plain/manifest").data)
    answer = door.ask(root[0].find(f"{MANIFEST}downloadUrl").text)
    assert answer.data == MEDIA[0][1]
    assert root[0].find(f"{MANIFEST}hash").text == f"md5:{md5(answer.data)}"
    assert answer.headers["Content-Length"] == str(len(answer.data))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_media_may_be_asked_for_by_head_and_leaves_no_file_open(door, with_media):
    answer = door.ask("/forms/plain/attachments/map%20%C3%B1%20%231.png", "HEAD")
    assert answer.status_code == 200
    assert answer.data == b""
    assert answer.headers["Content-Length"] == str(len(MEDIA[0][1]))


@pytest.mark.parametrize(
    "name", ["other.png", "..%2f..%2fmaster.key", "%2e%2e%2fmaster.key", "map%00.png", "x" * 5000, "%ff", ".", ".."]
)
def test_what_is_no_file_of_the_form_is_not_there(door, with_media, name):
    for path in (f"/forms/plain/attachments/{name}", f"/forms/plain/versions/1/attachments/{name}"):
        assert door.ask(path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/forms/other.xml",
        "/forms/other/manifest",
        "/forms/plain/versions/4711.xml",
        "/forms/plain/versions/4711/manifest",
        "/forms/plain/versions/99999999999999999999999.xml",
        "/forms/other/versions/1.xml",
        "/forms/..%2fplain.xml",
        "/forms/%00.xml",
        "/nothing",
        "",
    ],
)
def test_what_was_never_offered_is_not_there(door, plain, path):
    answer = door.ask(path)
    assert answer.status_code == 404
    assert message(answer)


def test_a_version_of_another_form_is_not_there(door, plain):
    with door.make() as make:
        make.plain("other")
    assert door.ask("/forms/other/versions/1.xml").status_code == 404


# Last contact.


def test_a_tablet_that_only_asks_for_forms_is_heard_from_too(door, plain):
    door.ask("/formList")
    with door.running.database.read() as session:
        assert get_device(session, "Tablet 07").last_seen_at is not None


def test_a_database_that_takes_no_writes_still_gives_the_list(door, plain, monkeypatch):
    from storage.database import DatabaseBusy

    def busy():
        raise DatabaseBusy("busy")

    monkeypatch.setattr(door.running.database, "begin", busy)
    assert len(entries(door)) == 1


def test_the_address_of_every_answer_is_one_the_tablet_may_call(door, plain):
    for entry in entries(door):
        assert urlsplit(entry["downloadUrl"]).netloc == urlsplit(door.running.settings.base_url).netloc

"""What ODK Collect demands of a form server, rule by rule; the numbers are those of the contract."""

import hashlib
import re
import threading
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from accounts.devices import get_device, revoke
from audit.trail import OPERATOR
from forms.tables import FormState
from submissions.tables import Submission
from tests.make import YES, plain_xform
from tests.server.tablet.conftest import (
    COLLECT,
    INSTALL,
    LIST,
    MANIFEST,
    Door,
    filled,
    message,
    multipart,
    part,
    parts_of,
)

MEDIA = (("map ñ #1.png", b"invented picture"),)
PHOTO = "<name>Invented</name><photo>1.jpg</photo>"


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


# 4. Submissions.


def test_4_2_before_each_submission_collect_asks_and_hears_the_limit(door):
    answer = door.ask("/submission", "HEAD")
    assert answer.status_code == 204
    assert answer.headers["X-OpenRosa-Accept-Content-Length"] == "10000000"
    assert "Location" not in answer.headers
    assert (
        door.with_settings(accept_bytes=5_000_000)
        .ask("/submission", "HEAD")
        .headers["X-OpenRosa-Accept-Content-Length"]
        == "5000000"
    )


def test_4_2_no_answer_sends_the_tablet_elsewhere(door, plain):
    for answer in (
        door.post(filled(plain).xml),
        door.ask("/submission/", "HEAD"),
        door.ask("//submission", "HEAD"),
        door.ask("/formList/"),
    ):
        assert "Location" not in answer.headers
        assert not 300 <= answer.status_code < 400


def test_4_3_names_come_as_raw_utf_8_and_a_quote_as_percent_22(door, plain):
    names = ["1714740000000.jpg", "ñandú ☃.m4a", 'with "quotes".png', "%41.txt", "a;b=c.csv", "-" * 200 + ".x"]
    answer = door.post(filled(plain).xml, [(name, name.encode()) for name in names])
    assert answer.status_code == 201
    assert door.held()[0][2] == {name: name.encode() for name in names} | {}


def test_4_3_a_whole_post_of_101_files_and_more_is_taken(door, plain):
    files = [(f"{number}.bin", b"%d" % number) for number in range(101)]
    assert door.post(filled(plain).xml, files, incomplete=True).status_code == 201
    assert len(door.held()[0][2]) == 101


def test_4_3_a_single_file_larger_than_the_limit_comes_alone_and_is_taken(door, plain):
    content = bytes(range(256)) * 48_000  # 12 MB.
    assert door.post(filled(plain, PHOTO).xml, [("1.jpg", content)]).status_code == 201
    assert door.held()[0][2] == {"1.jpg": content}


def test_4_3_files_that_the_answers_do_not_name_are_taken_too(door, plain):
    door.post(filled(plain).xml, [("audit.csv", b"event,node"), ("old.jpg", b"x")])
    assert door.held()[0][2] == {"audit.csv": b"event,node", "old.jpg": b"x"}


def test_4_3_neither_name_nor_type_of_a_part_is_trusted(door, plain):
    parts = parts_of(filled(plain).xml)
    parts += [
        part("a", b"1", filename="../../etc/passwd", kind="text/html"),
        part("b", b"2", filename="C:\\Users\\x\\photo.jpg", kind="image/jpeg; charset=evil"),
        part("c.png", b"3"),
        part("", b"4", filename=""),
        part("e", b"5", filename=".."),
    ]
    assert door.send(parts).status_code == 201
    assert door.held()[0][2] == {"passwd": b"1", "C:Usersxphoto.jpg": b"2", "c.png": b"3", "unnamed": b"5"}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1)])
def test_4_3_4_4_posts_of_one_instance_come_in_any_order(door, plain, order):
    instance = filled(plain, PHOTO + "<talk><sound>2.m4a</sound></talk>")
    files = [("1.jpg", b"one"), ("2.m4a", b"two"), ("audit.csv", b"three")]
    for number in order:
        assert door.post(instance.xml, [files[number]], incomplete=number < 2).status_code == 201
    assert door.held() == [(instance.instance_id, "not mapped", dict(files))]


def test_4_4_a_repeated_post_changes_nothing_and_is_answered_as_before(door, plain):
    instance = filled(plain, PHOTO)
    for _ in range(3):
        assert door.post(instance.xml, [("1.jpg", b"one")]).status_code == 201
    assert door.count() == 1
    assert door.held()[0][2] == {"1.jpg": b"one"}


def test_4_4_concurrent_repeats_are_one_submission_and_all_are_acknowledged(door, plain):
    instance, told, barrier = filled(plain, PHOTO), [], threading.Barrier(8)

    def send():
        barrier.wait()
        told.append(door.post(instance.xml, [("1.jpg", b"one")]).status_code)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [201] * 8
    assert door.held() == [(instance.instance_id, "not mapped", {"1.jpg": b"one"})]


def test_4_4_other_answers_under_one_id_overwrite_nothing_and_are_acknowledged(door, plain):
    first, other = (filled(plain, f"<name>{name}</name>", instance_id="uuid:1") for name in "AB")
    assert door.post(first.xml).status_code == 201
    answer = door.post(other.xml)
    assert answer.status_code == 202
    assert "compare" in message(answer)
    assert door.xml_held() == [first.xml, other.xml]


def test_4_4_with_the_strict_setting_other_answers_are_refused(door, plain):
    strict = door.with_settings(strict=True)
    first, other = (filled(plain, f"<name>{name}</name>", instance_id="uuid:1") for name in "AB")
    assert strict.post(first.xml).status_code == 201
    answer = strict.post(other.xml)
    assert answer.status_code == 409
    assert message(answer)
    assert strict.count() == 1


def test_4_4_the_same_file_name_with_other_bytes_keeps_both(door, plain):
    instance = filled(plain, PHOTO)
    for content in (b"old", b"new"):
        assert door.post(instance.xml, [("1.jpg", content)]).status_code == 201
    assert door.held()[0][2] == {"1.jpg": b"new"}
    assert len(list(door.running.files.ids())) == 2


def test_4_4_a_body_that_is_cut_anywhere_is_not_acknowledged_and_leaves_nothing(door, plain):
    boundary = "b" * 36
    body = multipart(parts_of(filled(plain, PHOTO).xml, [("1.jpg", b"x" * 3000)]), boundary)
    kind = f"multipart/form-data; boundary={boundary}"
    for length in [0, 1, 10, 60, 200, len(body) // 2, len(body) - 45, len(body) - 20, len(body) - 5]:
        answer = door.raw(body[:length], kind)
        assert answer.status_code == 400, length
        assert message(answer)
    assert door.count() == 0
    assert list(door.running.files.ids()) == []


def test_4_4_answers_without_an_id_are_known_by_their_bytes(door, plain):
    xml = b'<data id="plain" version="1"><name>Invented</name></data>'
    for _ in range(2):
        assert door.post(xml).status_code == 201
    assert door.held()[0][0] == f"sha256:{hashlib.sha256(xml).hexdigest()}"
    assert door.count() == 1


def test_4_5_success_is_201_with_words_for_the_enumerator(door, plain):
    answer = door.post(filled(plain).xml)
    assert answer.status_code == 201
    assert "OpenRosaResponse" in answer.text
    assert message(answer) == "Received. Thank you."
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert "text/xml" in answer.headers["Content-Type"]


def receipts(door, plain):
    """One answer of each kind, by what is done."""
    instance = filled(plain, PHOTO)
    yield "stored", door.post(instance.xml)
    yield "again", door.post(instance.xml)
    yield "file", door.post(instance.xml, [("1.jpg", b"x")])
    yield "edit", door.post(filled(plain, corrects=instance.instance_id).xml)
    yield "version", door.post(filled(plain, version="9").xml)
    yield "conflict", door.post(filled(plain, "<name>Other</name>", instance_id=instance.instance_id).xml)
    yield "form", door.post(b'<data id="nothing" version="1"/>')
    yield "xml", door.post(b"<data")
    yield "doctype", door.post(b"<!DOCTYPE d><data id='plain'/>")
    yield "no id", door.post(b"<data/>")
    yield "long id", door.post(f"<data id='{'x' * 300}'/>".encode())
    yield "no xml", door.send([part("other", b"x", filename="x")])
    yield "two xml", door.send(parts_of(instance.xml) * 2)
    yield "no multipart", door.raw(b"{}", "application/json")
    yield "cut", door.raw(b"--b\r\n", "multipart/form-data; boundary=b")
    yield "method", door.ask("/submission", "PUT")
    yield "place", door.ask("/nowhere", "POST")
    yield "secret", Door(door.app, door.running, "A" * 43).post(instance.xml)


STATUSES = {
    "stored": 201, "again": 201, "file": 201, "edit": 201, "version": 202, "conflict": 202, "form": 404, "xml": 400,
    "doctype": 400, "no id": 400, "long id": 400, "no xml": 400, "two xml": 400, "no multipart": 400, "cut": 400,
    "method": 405, "place": 404, "secret": 401,
}  # fmt: skip


def test_4_5_4_6_every_answer_to_a_post_has_its_status_and_words_and_none_is_200_or_204(door, plain):
    told = {name: (answer.status_code, message(answer)) for name, answer in receipts(door, plain)}
    assert {name: status for name, (status, _words) in told.items()} == STATUSES
    for status, words in told.values():
        assert len(words) > 15
        assert status not in {200, 204}
        assert "Traceback" not in words


def test_4_6_every_word_is_told_in_the_language_that_is_set(door, plain):
    spanish = door.with_settings(language="es")
    english = {name: message(answer) for name, answer in receipts(door, plain)}
    told = {name: message(answer) for name, answer in receipts(spanish, plain)}
    assert [name for name, words in told.items() if words == english[name]] == []


def test_4_6_the_words_do_not_follow_the_tablets_own_language(door, plain):
    answer = door.post(filled(plain).xml, headers={"Accept-Language": "es"})
    assert message(answer) == "Received. Thank you."


def test_4_6_no_answer_shows_what_was_sent(door, plain):
    for xml in (b"<data id='plain'><name>Ana Ejemplo</name>", b"<data id='Ana Ejemplo'/>"):
        assert b"Ejemplo" not in door.post(xml).data


def test_4_6_what_a_retry_cannot_heal_is_acknowledged_and_kept(door, plain):
    with door.make() as make:
        form = make.form()
    broken = filled(form, YES.replace("1990-01-31", "not a date"))
    assert door.post(broken.xml).status_code == 201
    assert door.post(filled(plain, version="9").xml).status_code == 202
    door.file_all()
    assert [state for _, state, _ in door.held()] == ["set aside", "held"]


@pytest.mark.parametrize(("version", "closed", "status"), [("9", False, 404), ("1", True, 409)])
def test_4_6_with_the_strict_setting_what_would_be_held_is_refused(door, plain, version, closed, status):
    if closed:
        with door.make() as make:
            make.close(plain)
    answer = door.with_settings(strict=True).post(filled(plain, version=version).xml)
    assert answer.status_code == status
    assert message(answer)
    assert door.count() == 0


def test_4_8_thirty_tablets_that_come_back_at_once_are_all_taken_in(door, plain):
    instances, told, barrier = [filled(plain) for _ in range(30)], [], threading.Barrier(30)

    def send(instance):
        barrier.wait()
        told.append(door.post(instance.xml, [("a.jpg", b"x" * 1000)]).status_code)

    start = time.monotonic()
    threads = [threading.Thread(target=send, args=(instance,)) for instance in instances]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [201] * 30
    assert door.count() == 30
    assert time.monotonic() - start < 60  # Collect waits no longer (1.6).


def test_4_10_who_sent_it_is_known_by_the_secret_and_not_by_the_answers(door, plain):
    door.post(filled(plain, "<name>x</name><deviceid>collect:other</deviceid><username>somebody</username>").xml)
    with door.running.database.read() as session:
        device = get_device(session, "Tablet 07")
        assert session.scalars(select(Submission.device_id)).one() == device.id


@pytest.mark.parametrize(
    "xml",
    [
        "<?xml version='1.0' encoding='UTF-8' ?><data id='plain' version='1' xmlns:orx='http://openrosa.org/xforms'>"
        "<name>Invented</name><orx:meta><orx:instanceID>uuid:1</orx:instanceID></orx:meta></data>",
        "<plain xmlns='http://example.org/f' xmlns:orx='http://openrosa.org/xforms' id='plain' orx:version='1'>"
        "<name/><meta xmlns='http://openrosa.org/xforms'><instanceID>uuid:1</instanceID></meta></plain>",
    ],
)
def test_4_11_answers_are_read_whatever_their_namespaces(door, plain, xml):
    assert door.post(xml.encode()).status_code == 201
    assert door.held()[0][:2] == ("uuid:1", "not mapped")


def test_6_3_a_correction_that_comes_before_what_it_corrects_is_kept(door):
    with door.make() as make:
        form = make.form()
    first = filled(form, YES)
    second = filled(form, YES.replace("Invented", "Corrected"), corrects=first.instance_id)
    assert door.post(second.xml).status_code == 201
    assert door.post(first.xml).status_code == 201
    assert door.post(first.xml).status_code == 201
    assert door.count() == 2


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

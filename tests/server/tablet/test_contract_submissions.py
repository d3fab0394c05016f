"""What ODK Collect demands of a form server when it sends, rule by rule; the numbers are those of the contract."""

import hashlib
import threading
import time

import pytest
from sqlalchemy import select

from accounts.devices import get_device
from submissions.tables import Submission
from tests.make import YES
from tests.server.tablet.conftest import (
    Door,
    filled,
    message,
    multipart,
    part,
    parts_of,
)

PHOTO = "<name>Invented</name><photo>1.jpg</photo>"


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

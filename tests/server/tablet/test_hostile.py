"""Whatever a client sends is answered by an OpenRosa message, never by a failure of the server, and harms nothing."""

import inspect
import re
import tracemalloc

import pytest

from server.errors import UNREADABLE
from server.tablet import post
from server.tablet.post import clean_name
from submissions import instance as instances
from tests.server.tablet.conftest import filled, message, multipart, part, parts_of

B = "b" * 36
FORM = f"multipart/form-data; boundary={B}"
XML = b'<data id="plain" version="1"><name>Invented</name><meta><instanceID>uuid:1</instanceID></meta></data>'
HEAD = b'Content-Disposition: form-data; name="xml_submission_file"; filename="a.xml"\r\n\r\n'
WHOLE = multipart(parts_of(XML), B)


def body(*parts):
    return multipart(parts, B)


CASES = {
    # Boundaries.
    "no type": (WHOLE, ""),
    "a form in the address style": (b"a=1", "application/x-www-form-urlencoded"),
    "no boundary": (WHOLE, "multipart/form-data"),
    "empty boundary": (WHOLE, 'multipart/form-data; boundary=""'),
    "another boundary": (WHOLE, "multipart/form-data; boundary=other"),
    "a boundary that is a pattern": (WHOLE, "multipart/form-data; boundary=(a+)+$"),
    "a boundary of ten thousand letters": (WHOLE, "multipart/form-data; boundary=" + "b" * 10_000),
    "a boundary in another script": (WHOLE, "multipart/form-data; boundary=ñ"),
    "a mixed multipart": (WHOLE, f"multipart/mixed; boundary={B}"),
    "nothing": (b"", FORM),
    "only the end": (f"--{B}--\r\n".encode(), FORM),
    "only a start": (f"--{B}\r\n".encode(), FORM),
    "no end": (WHOLE[:-6], FORM),
    "an end without its dashes": (WHOLE.replace(f"--{B}--".encode(), f"--{B}".encode()), FORM),
    "line feeds alone": (WHOLE.replace(b"\r\n", b"\n")[:-3], FORM),
    "binary": (bytes(range(256)) * 100, FORM),
    # Heads of parts.
    "a part without a head": (body(b"\r\n\r\n" + XML), FORM),
    "a part without a disposition": (body(b"Content-Type: text/xml\r\n\r\n" + XML), FORM),
    "a part of another disposition": (body(b'Content-Disposition: attachment; name="x"\r\n\r\n' + XML), FORM),
    "a head of a megabyte": (body(b"X: " + b"x" * 1_000_000 + b"\r\n" + HEAD + XML), FORM),
    "a head that never ends": (f"--{B}\r\nX: {'x' * 100_000}".encode(), FORM),
    "a head in another script": (body(b'Content-Disposition: form-data; name="\xff\xfe"\r\n\r\n' + XML), FORM),
    "a part without a name": (body(b"Content-Disposition: form-data\r\n\r\n" + XML), FORM),
    "the answers under another name": (body(part("xml_submission", XML)), FORM),
    "the answers twice": (body(*parts_of(XML), *parts_of(XML)), FORM),
    # The answers.
    "empty answers": (body(*parts_of(b"")), FORM),
    "answers that are no XML": (body(*parts_of(b"hello")), FORM),
    "answers cut short": (body(*parts_of(XML[:-10])), FORM),
    "answers with a DOCTYPE": (body(*parts_of(b"<!DOCTYPE data>" + XML)), FORM),
    "answers that name a file of the server": (
        body(*parts_of(b"<!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><data id='plain'>&x;</data>")),
        FORM,
    ),
    "answers that declare another encoding": (
        body(*parts_of(b"<?xml version='1.0' encoding='utf-7'?>" + XML)),
        FORM,
    ),
    "answers with a NUL": (body(*parts_of(XML.replace(b"Invented", b"Inv\0ented"))), FORM),
    "answers with a NUL as a reference": (body(*parts_of(XML.replace(b"Invented", b"&#0;"))), FORM),
    "answers that are no UTF-8": (body(*parts_of(XML.replace(b"Invented", b"\xff\xfe"))), FORM),
    "answers a thousand levels deep": (body(*parts_of(b"<data id='plain'>" + b"<a>" * 1000)), FORM),
    "answers of no form": (body(*parts_of(b"<data/>")), FORM),
    "answers of an unknown form": (body(*parts_of(XML.replace(b"plain", b"other"))), FORM),
    "answers of a form with a name like a path": (body(*parts_of(XML.replace(b"plain", b"../plain"))), FORM),
    "answers with an id of a thousand letters": (body(*parts_of(XML.replace(b"uuid:1", b"u" * 1000))), FORM),
    "a web page": (body(*parts_of(b"<html><body onload='x()'></body></html>")), FORM),
}


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_be_taken_in_is_refused_with_words_and_leaves_nothing(door, plain, name):
    content, kind = CASES[name]
    answer = door.raw(content, kind)
    assert 400 <= answer.status_code < 500
    words = message(answer)
    assert len(words) > 15
    for secret in ("Traceback", "File ", "lxml", "werkzeug", "sqlalchemy", "/work", "passwd:", door.secret):
        assert secret not in answer.text
    assert door.count() == 0
    assert list(door.running.files.ids()) == []


NAMES = {
    "../../../etc/passwd": "passwd",
    "/etc/passwd": "passwd",
    "..": "unnamed",
    ".": "unnamed",
    "": "unnamed",
    "   ": "unnamed",
    "a\0b.jpg": "ab.jpg",
    "a\r\nSet-Cookie: x=1.jpg": "aSet-Cookie: x=1.jpg",
    "..\\..\\boot.ini": "boot.ini",
    "x" * 300 + ".jpg": "x" * 255,
    "\u202egpj.exe": "\u202egpj.exe",
    "con.jpg": "con.jpg",
    "cafe\u0301.jpg": "caf\u00e9.jpg",
    "<script>.svg": "<script>.svg",
    "';DROP TABLE x;--.jpg": "';DROP TABLE x;--.jpg",
    "%2e%2e%2fx": "%2e%2e%2fx",
    "\ufffd": "\ufffd",
}


@pytest.mark.parametrize("claimed", NAMES)
def test_a_file_name_is_a_plain_name_whatever_it_claims(claimed):
    assert clean_name(claimed) == NAMES[claimed]


@pytest.mark.parametrize("claimed", [name for name in NAMES if "\r" not in name and "\0" not in name])
def test_a_file_of_any_name_is_kept_under_a_plain_one(door, plain, claimed):
    answer = door.send([*parts_of(filled(plain).xml), part("x", b"content", filename=claimed)])
    assert answer.status_code == 201
    (name,) = door.held()[0][2]
    assert not re.search(r"[/\0\r\n]", name)
    assert door.held()[0][2][name] == b"content"


def test_as_many_parts_as_the_limit_says_are_taken_and_one_more_is_refused(door, plain, monkeypatch):
    assert post.MOST_PARTS >= 103  # The answers, 101 files and the word that more follow.
    monkeypatch.setattr(post, "MOST_PARTS", 30)
    files = [(f"{number}.bin", b"x") for number in range(29)]
    assert door.post(filled(plain).xml, files).status_code == 201
    assert len(door.held()[0][2]) == 29
    answer = door.post(filled(plain).xml, [*files, ("one.bin", b"x")])
    assert answer.status_code == 413
    assert message(answer)
    assert door.count() == 1


def test_a_post_of_many_files_takes_little_memory_and_one_file_of_the_process(door, plain):
    files = [(f"{number}.bin", bytes(300_000)) for number in range(100)]
    content = multipart(parts_of(filled(plain).xml, files), B)
    tracemalloc.start()
    try:
        assert door.raw(content, FORM).status_code == 201
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 25_000_000


@pytest.mark.parametrize("length", ["-1", "0", "abc", "1e9", "99999999999999999999"])
def test_a_length_that_is_not_the_bodys_is_refused(door, plain, length):
    answer = door.raw(WHOLE, FORM, environ_overrides={"CONTENT_LENGTH": length})
    assert answer.status_code in {400, 413}
    assert message(answer)
    assert door.count() == 0


def test_a_post_larger_than_the_limit_is_refused_before_it_is_read_and_names_it(door, plain):
    small = door.with_settings(largest_post=5000)
    answer = small.post(filled(plain).xml, [("a.jpg", bytes(10_000))])
    assert answer.status_code == 413
    assert message(answer)
    assert door.count() == 0


def test_answers_larger_than_the_limit_are_refused(door, plain):
    answer = door.post(b"<data id='plain'>" + b"x" * 17_000_000 + b"</data>")
    assert answer.status_code == 413
    assert message(answer)
    assert door.count() == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_no_other_method_does_anything(door, plain, method):
    answer = door.ask("/submission", method)
    assert answer.status_code in {200, 405} if method == "OPTIONS" else answer.status_code == 405
    assert door.count() == 0


@pytest.mark.parametrize("secret", ["", "x", "A" * 43, "A" * 5000, "%00" * 43, "..%2f..", "%ff" * 43, "ñ" * 43])
def test_a_secret_of_any_kind_that_is_not_one_is_refused(door, plain, secret):
    answer = door.ask(f"/v1/key/{secret}/projects/1/formList")
    assert answer.status_code in {401, 404}
    assert message(answer)


@pytest.mark.parametrize("project", ["0", "-1", "01", "1.0", "1e0", "%31", "9" * 100, "x"])
def test_a_project_of_any_kind_that_is_not_the_tablets_is_refused(door, plain, project):
    answer = door.ask(f"/v1/key/{door.secret}/projects/{project}/formList")
    assert answer.status_code in {200, 401, 404}
    assert (answer.status_code == 200) == (project in {"01", "%31"})


def test_every_reason_that_answers_cannot_be_read_has_words(door):
    codes = set(re.findall(r'BadInstance\("([a-z0-9-]+)"', inspect.getsource(instances)))
    assert codes
    assert codes <= set(UNREADABLE)


def test_a_surprise_is_answered_with_words_and_its_details_stay_in_the_log(door, plain, monkeypatch, caplog):
    def broken(_session, *_args, **_more):
        raise ZeroDivisionError("details")

    monkeypatch.setattr("server.tablet.submission.receive", broken)
    answer = door.post(filled(plain, "<name>Ana Ejemplo</name>").xml)
    assert answer.status_code == 500
    assert "acknowledged" in message(answer)
    assert "details" not in answer.text
    assert "ZeroDivisionError" in caplog.text
    assert "Ejemplo" not in caplog.text


def test_a_disk_that_is_full_is_said_and_nothing_half_is_kept(door, plain, monkeypatch):
    import os

    real = os.fsync

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    answer = door.post(filled(plain).xml, [("1.jpg", b"x")])
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "30"
    assert "Nothing is lost" in message(answer)
    monkeypatch.setattr(os, "fsync", real)
    assert door.count() == 0
    assert list(door.running.files.ids()) == []
    assert door.post(filled(plain).xml, [("1.jpg", b"x")]).status_code == 201


def test_a_database_that_is_busy_is_said_and_nothing_is_kept(door, plain, monkeypatch):
    from storage.database import DatabaseBusy

    def busy(act):
        raise DatabaseBusy("busy")

    with monkeypatch.context() as patched:
        patched.setattr(door.running.database, "write", busy)
        answer = door.post(filled(plain).xml)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "30"
    assert door.post(filled(plain).xml).status_code == 201


def test_a_tablet_that_is_revoked_while_it_sends_is_refused(door, plain, monkeypatch):
    from datetime import UTC, datetime

    from accounts.devices import get_device, revoke
    from audit.trail import OPERATOR
    from server.tablet import submission

    real = submission.read_instance

    def meanwhile(xml):
        with door.running.database.begin() as session:
            revoke(session, get_device(session, "Tablet 07"), actor=OPERATOR, now=datetime.now(UTC))
        return real(xml)

    monkeypatch.setattr(submission, "read_instance", meanwhile)
    assert door.post(filled(plain).xml).status_code == 401
    assert door.count() == 0

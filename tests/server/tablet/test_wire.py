"""The tablet made of software, over real sockets, at the tablet door served by waitress."""

import http.client
import socket
import threading
from dataclasses import replace

import pytest

from server import spooling
from server.app import create_app
from server.listening import Listener
from tests.collect.faults import Faults
from tests.collect.store import Instance
from tests.collect.tablet import Tablet
from tests.collect.wire import Route
from tests.make import plain_xform
from tests.server.cli.conftest import free_port
from tests.server.tablet.conftest import Door, filled, message, multipart, parts_of

MEDIA = (("map ñ #1.png", b"invented picture"),)
PUBLIC = "https://fieldcase.example.org"


@pytest.fixture
def served(door, monkeypatch):
    """Serves the door with these settings until the end of the test; its port is returned."""
    monkeypatch.setattr(spooling.buffers.TempfileBasedBuffer, "newfile", None)
    spooling.encrypt_waitress()
    ends = []

    def serve(**settings) -> tuple[Door, int]:
        port = free_port()
        told = {"port": port, "base_url": f"http://127.0.0.1:{port}"} | settings
        running = replace(door.running, settings=replace(door.running.settings, **told))
        listener, asked = Listener(create_app(running=running), running.settings), threading.Event()
        thread = threading.Thread(target=listener.run, args=(asked,))
        thread.start()
        ends.append((listener, asked, thread))
        return replace(door, running=running), port

    yield serve
    for listener, asked, thread in ends:
        asked.set()
        thread.join(timeout=60)
        listener.close()


@pytest.fixture
def tablet(tmp_path):
    """Makes tablets, each on a disk of its own."""
    made = []

    def make(url, username="", password="", **more) -> Tablet:
        one = Tablet(tmp_path / f"tablet-{len(made)}", seed=len(made), **more)
        one.configure(url, username, password)
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


def instance_of(form, answers="<name>Invented</name>", files=(), **more) -> Instance:
    """A filled form as it lies on the tablet."""
    made = filled(form, answers, **more)
    return Instance(
        "Plain form_2026-05-03_12-00-00.xml", made.xml, dict(files), made.instance_id, "plain", "1", finalized=1.0
    )


def test_a_strict_tablet_fetches_forms_with_their_media_and_then_nothing_until_they_change(door, served, tablet):
    with door.make() as make:
        make.plain(media=MEDIA)
    _door, port = served()
    collect = tablet(f"http://127.0.0.1:{port}{door.project}")
    first = collect.sync()
    assert first.downloaded == ["plain"]
    assert first.media == [f"plain/{MEDIA[0][0]}"]
    assert not first.failures
    assert not first.manifest_failures
    assert collect.form("plain").xform == plain_xform(media=MEDIA[0][0])
    again = collect.sync()
    assert (again.downloaded, again.media, again.deleted) == ([], [], [])
    with door.make() as make:
        form = make.plain(version="2", media=MEDIA)
    assert collect.sync().downloaded == ["plain"]
    with door.make() as make:
        make.close(form)
    assert collect.sync().deleted


def test_what_a_tablet_sends_in_many_posts_over_a_bad_link_is_there_once_and_whole(door, served, tablet, plain):
    served_door, port = served(accept_bytes=50_000)
    collect = tablet(f"http://127.0.0.1:{port}{door.project}", timeout=10)
    files = {f"{number}.bin": bytes([number]) * 20_000 for number in range(7)}
    instances = [instance_of(plain, files=files) for _ in range(4)]
    orders = dict(
        zip((one.instance_id for one in instances), ("collect", "reverse", "shuffle", "parallel"), strict=True)
    )
    faults = Faults(seed=7, lose_answer=0.15, drop=0.15, cut_body=0.15)
    for instance in instances:
        for _ in range(60):
            if collect.submit(instance, faults, order=orders[instance.instance_id]).sent:
                break
        else:
            pytest.fail("never acknowledged")
    assert max(attempt.status for attempt in collect.journal.attempts) == 201
    assert len(collect.journal.acknowledged) == 4
    held = served_door.held()
    assert [(instance_id, kept) for instance_id, _state, kept in held] == [
        (one.instance_id, files) for one in instances
    ]
    assert served_door.xml_held() == [one.xml for one in instances]


def test_a_body_without_a_length_is_taken_too(door, served, tablet, plain):
    served_door, port = served()
    collect = tablet(f"http://127.0.0.1:{port}{door.project}")
    instance = instance_of(plain, files={"a.bin": bytes(2_000_000)})
    assert collect.submit(instance, Faults(chunked=True, piece=1000)).sent
    assert served_door.held()[0][2] == instance.files


def test_a_tablet_that_signs_in_over_https_is_known_behind_the_proxy(door, served, tablet):
    with door.make() as make:
        form = make.plain(media=MEDIA)
    _door, port = served(base_url=PUBLIC, behind_proxy=True)
    routes = {"fieldcase.example.org": Route("127.0.0.1", port, proxied=True)}
    collect = tablet(f"{PUBLIC}/v1/projects/1", door.username, door.secret, routes=routes)
    assert collect.sync().downloaded == ["plain"]
    assert collect.submit(instance_of(form)).sent
    stranger = tablet(f"{PUBLIC}/v1/projects/1", door.username, "A" * 43, routes=routes)
    outcome = stranger.submit(instance_of(form))
    assert not outcome.sent
    assert outcome.stops_batch


def test_a_refusal_is_shown_to_the_enumerator_in_our_words(door, served, tablet, plain):
    _door, port = served(strict=True, language="es")
    collect = tablet(f"http://127.0.0.1:{port}{door.project}")
    first = instance_of(plain, instance_id="uuid:1")
    assert collect.submit(first).sent
    outcome = collect.submit(instance_of(plain, "<name>Other</name>", instance_id="uuid:1"))
    assert not outcome.sent
    assert "supervisor" in outcome.text.lower() or "responsable" in outcome.text.lower()


@pytest.mark.parametrize("length", [1, 50, 400, 2000])
def test_a_connection_that_breaks_in_a_body_leaves_nothing_and_holds_nobody_up(door, served, plain, length):
    served_door, port = served()
    body = multipart(parts_of(filled(plain).xml, [("a.bin", bytes(5000))]), "b")
    head = (
        f"POST {door.project}/submission HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port)) as link:
        link.sendall(head.encode() + body[:length])
    assert served_door.count() == 0
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", f"{door.project}/submission", body, {"Content-Type": "multipart/form-data; boundary=b"})
    assert connection.getresponse().status == 201
    connection.close()


def test_3_4_an_address_of_eight_thousand_letters_is_read(door, served, plain):
    _door, port = served()
    ids = "%2C".join(f"uuid:{number:032d}" for number in range(200))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", f"{door.project}/formList?id={ids}&deviceID=collect:1")
    assert connection.getresponse().status == 200
    connection.close()


def test_what_is_no_http_is_refused_in_the_tablets_own_language(door, served):
    _door, port = served()
    for line in (b"POST", b"GARBAGE / HTTP/9.9", b"POST / HTTP/1.1\r\nContent-Length: x", b"\x00\x01\x02"):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as link:
            link.sendall(line + b"\r\n\r\n")
            answer = link.recv(4096)
        assert not answer.startswith(b"HTTP/1.1 5")


def test_every_answer_over_the_wire_is_the_same_as_in_the_process(door, served, plain):
    served_door, port = served()
    for method, path in (
        ("GET", "/formList"),
        ("HEAD", "/submission"),
        ("GET", "/forms/plain.xml"),
        ("GET", "/nothing"),
    ):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request(method, door.project + path)
        answer = connection.getresponse()
        body = answer.read()
        here = door.with_settings(base_url=served_door.running.settings.base_url).ask(path, method)
        assert (answer.status, body) == (here.status_code, here.data)
        if path == "/nothing":
            assert message(here)
        connection.close()


def test_a_connection_stays_open_behind_answers_without_a_body(served):
    door, port = served()
    here = f"/v1/key/{door.secret}/projects/1"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def asked(method, path, **headers):
        connection.request(method, here + path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, connection.sock, answer.headers["ETag"]

    ready, first, _etag = asked("HEAD", "/submission")
    whole, second, etag = asked("GET", "/formList")
    unchanged, third, _etag = asked("GET", "/formList", **{"If-None-Match": etag})
    assert (ready, whole, unchanged) == (204, 200, 304)
    assert first is second is third is not None
    assert asked("HEAD", "/submission", Connection="close")[1] is None
    connection.close()

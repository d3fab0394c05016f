"""Filled forms are sent as Collect sends them, over good links and bad ones."""

import hashlib
import json
import random
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.collect.faults import Faults
from tests.collect.multipart import MOST_FILES, content_type, split
from tests.collect.openrosa import TabletError
from tests.collect.store import Instance
from tests.collect.strict_server import Offered, Reply, thanks
from tests.collect.tablet import Tablet
from tests.collect.test_sync import form

XML = b"<?xml version='1.0' encoding='UTF-8' ?><data id=\"camp\"><meta><instanceID>uuid:1</instanceID></meta></data>"


@pytest.fixture
def tablet(server, make_tablet):
    tablet = make_tablet(timeout=5)
    tablet.configure(server.url)
    return tablet


def waiting(tablet: Tablet, files: dict[str, bytes] | None = None, number: int = 1) -> Instance:
    """An instance with these files that waits to be sent."""
    instance = Instance(
        filename="Camp_2026-05-03_12-00-00.xml",
        xml=XML.replace(b"uuid:1", f"uuid:{number}".encode()),
        files=dict(files or {}),
        instance_id=f"uuid:{number}",
        form_id="camp",
        form_version="1",
        finalized=float(number),
    )
    tablet.instances.append(instance)
    return instance


def test_a_filled_form_arrives_whole_and_the_answers_message_is_shown(server, tablet, javarosa):
    server.forms = [Offered("camp", form(title="Camp: north & south"), name="Camp: north & south")]
    tablet.sync()
    instance = tablet.fill(javarosa, "camp", {"name": "Ana"})
    server.will("POST submission", Reply(202, thanks("Kept & held.")))
    outcome = tablet.submit(instance)
    assert (outcome.sent, outcome.text, outcome.statuses) == (True, "Kept & held.", (202,))
    assert server.acts()[-2:] == ["HEAD submission", "POST submission"]
    (parts,) = server.posts
    assert parts[0].content == instance.xml
    assert (parts[0].filename or "").startswith("Camp north south_")


def test_file_names_go_out_as_utf_8_and_types_by_extension(server, tablet):
    names = {
        'a "b" é 照片.jpg': "image/jpeg",
        "audit.csv": "text/csv",
        "1.m4a": "audio/mp4",
        "2.MP4": "video/mp4",
        "x.enc": "application/octet-stream",
        "none": "application/octet-stream",
        "line\nbreak.pdf": "application/pdf",
    }
    waiting(tablet, dict.fromkeys(names, b"bytes\r\n--"))
    assert [outcome.sent for outcome in tablet.send()] == [True]
    sent = {part.name: part.content_type for part in server.posts[0][1:]}
    assert sent == {name.replace('"', "%22").replace("\n", "%0A"): kind for name, kind in names.items()}
    assert all(part.content == b"bytes\r\n--" for part in server.posts[0][1:])


def test_posts_close_before_the_file_that_would_pass_the_limit(server, tablet):
    server.limit = len(XML) + 1_000
    files = {"a": b"a" * 600, "b": b"b" * 400, "c": b"c" * 1, "huge": b"h" * 5_000, "d": b"d" * 10}
    outcome = tablet.submit(waiting(tablet, files))
    assert outcome.statuses == (201, 201, 201, 201)
    names = [[part.name for part in parts[1:]] for parts in server.posts]
    assert names == [["a", "b", "*isIncomplete*"], ["c", "*isIncomplete*"], ["huge", "*isIncomplete*"], ["d"]]
    assert {parts[0].content for parts in server.posts} == {XML}
    assert server.acts() == ["HEAD submission"] + ["POST submission"] * 4


@pytest.mark.parametrize(("count", "posts"), [(0, [0]), (1, [1]), (101, [101]), (102, [101, 1]), (205, [101, 101, 3])])
def test_a_post_takes_101_files(count, posts):
    made = split("x.xml", XML, [(f"{number}.jpg", b"") for number in range(count)])
    assert [len(post.files) for post in made] == posts
    assert [post.incomplete for post in made] == [True] * (len(posts) - 1) + [False]
    assert MOST_FILES == 101


def test_types_of_files_without_a_known_extension_are_octets():
    assert content_type("a.b.JPG") == "image/jpeg"
    assert content_type("jpg") == content_type("a.unheard") == "application/octet-stream"


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (Reply(204), "java.lang.Exception"),
        (Reply(200), "Error:  Error: Network login failure? Again?"),
        (Reply(401, thanks("no")), "Error: Unauthorized (401) at {url}"),
        (Reply(409, thanks("Already <here>")), "Error: Already <here>"),
        (Reply(400), "Failed to upload. Please make sure the form is configured to accept submissions on the server"),
        (Reply(400, thanks("why")), "Error: why"),
        (Reply(500), "Error: Internal Server Error (500) at {url}"),
        (Reply(500, b"<OpenRosaResponse><message>broken"), "Error: Internal Server Error (500) at {url}"),
        (Reply(500, b"<x><message>no word of it</message></x>"), "Error: Internal Server Error (500) at {url}"),
        (Reply(413, thanks("")), "Error: "),
    ],
)
def test_failures_are_told_in_collects_words_and_the_instance_stays(server, tablet, reply, text):
    instance = waiting(tablet)
    server.will("POST submission", reply)
    outcome = tablet.submit(instance)
    url = f"{server.url}/submission?deviceID={tablet.device_id.replace(':', '%3A')}"
    assert (outcome.sent, outcome.text) == (False, text.format(url=url))
    assert (instance.status, tablet.journal.acknowledged) == ("failed", [])
    assert tablet.submit(instance).sent


@pytest.mark.parametrize(
    ("reply", "text", "posted"),
    [
        (Reply(401), "Invalid username or password for server: 127.0.0.1", False),
        (Reply(200), "Failed to send to ", False),
        (Reply(201), "Failed to send to ", False),
        (Reply(403), "Received.", True),
        (Reply(404), "Received.", True),
        (Reply(500), "Received.", True),
    ],
)
def test_what_the_question_beforehand_decides(server, tablet, reply, text, posted):
    waiting(tablet, number=1)
    waiting(tablet, number=2)
    server.will("HEAD submission", reply)
    outcomes = tablet.send()
    assert outcomes[0].text.startswith(text)
    assert outcomes[0].sent is posted
    assert [outcome.sent for outcome in outcomes[1:]] == ([] if reply.status == 401 else [True])


def test_a_location_in_the_answer_to_head_breaks_a_rule(server, tablet):
    server.will("HEAD submission", Reply(204, b"", {"Location": server.url + "/submission"}))
    with pytest.raises(TabletError) as error:
        tablet.submit(waiting(tablet))
    assert error.value.rule == "4.2"


def test_a_failure_stops_the_posts_and_the_next_try_begins_with_the_first(server, tablet):
    server.limit = 0
    instance = waiting(tablet, {"a": b"a", "b": b"b", "c": b"c"})
    server.will("POST submission", Reply(201, thanks("")), Reply(503))
    assert tablet.submit(instance).statuses == (201, 503)
    assert tablet.submit(instance).statuses == (201, 201, 201)
    assert [attempt.files for attempt in tablet.journal.attempts] == [("a",), ("b",), ("a",), ("b",), ("c",)]


def test_the_oldest_goes_first_and_a_failure_does_not_stop_the_others(server, tablet):
    for number in (3, 1, 2):
        waiting(tablet, number=number)
    server.will("POST submission", Reply(500))
    assert [(outcome.instance_id, outcome.sent) for outcome in tablet.send()] == [
        ("uuid:1", False),
        ("uuid:2", True),
        ("uuid:3", True),
    ]
    assert [outcome.instance_id for outcome in tablet.send()] == ["uuid:1"]
    assert tablet.send() == []


def test_sent_instances_go_when_the_settings_or_the_form_say_so(server, tablet, javarosa):
    plain = form()
    keeping = form("keep").replace(b"<bind", b'<submission auto-delete="false"/><bind', 1)
    server.forms = [Offered("camp", plain), Offered("keep", keeping)]
    tablet.sync()
    tablet.settings.general["delete_send"] = True
    for form_id in ("camp", "keep"):
        tablet.fill(javarosa, form_id, {"name": "Ana"})
    assert all(outcome.sent for outcome in tablet.send())
    assert [(instance.form_id, instance.status) for instance in tablet.instances] == [("keep", "sent")]


def test_the_journal_knows_what_was_promised(server, tablet, tmp_path):
    waiting(tablet, {"a.jpg": b"picture"})
    tablet.send()
    (done,) = tablet.journal.acknowledged
    assert (done.instance_id, done.form_id, done.form_version, done.posts) == ("uuid:1", "camp", "1", 1)
    assert done.xml_sha256 == hashlib.sha256(XML).hexdigest()
    assert done.files == {"a.jpg": hashlib.sha256(b"picture").hexdigest()}
    tablet.journal.write(tmp_path / "journal")
    assert json.loads((tmp_path / "journal").read_text())["instance_id"] == "uuid:1"


@pytest.mark.parametrize("order", ["reverse", "shuffle", "parallel"])
def test_posts_can_be_sent_out_of_order(server, tablet, order):
    server.limit = 0
    files = {name: name.encode() for name in "abcdef"}
    outcome = tablet.submit(waiting(tablet, files), order=order)
    assert (outcome.sent, outcome.statuses) == (True, (201,) * 6)
    arrived = [parts[1].name for parts in server.posts]
    assert sorted(arrived) == list("abcdef")
    if order == "reverse":
        assert arrived == list("fedcba")


def test_an_instance_can_be_sent_again_and_again(server, tablet):
    tablet.submit(waiting(tablet), resend=3)
    assert len(server.posts) == 4
    assert len({parts[0].content for parts in server.posts}) == 1
    assert len(tablet.journal.acknowledged) == 4


def test_a_lost_answer_leaves_the_instance_unsent_though_the_server_has_it(server, tablet):
    instance = waiting(tablet)
    outcome = tablet.submit(instance, Faults(lose_answer=1.0))
    assert (outcome.sent, outcome.statuses, len(server.posts)) == (False, (0,), 1)
    assert tablet.journal.acknowledged == []
    assert tablet.submit(instance).sent


def test_a_cut_body_never_reaches_the_server_whole(server, tablet):
    instance = waiting(tablet, {"a": random.Random(1).randbytes(300_000)})
    for seed in range(5):
        assert tablet.submit(instance, Faults(seed, cut_body=1.0)).statuses == (0,)
    assert tablet.submit(instance).sent
    assert (server.cut, len(server.posts)) == (5, 1)


def test_a_dropped_connection_may_or_may_not_have_carried_the_instance(server, tablet):
    instance = waiting(tablet)
    assert tablet.submit(instance, Faults(drop=1.0)).statuses == (0,)
    assert tablet.submit(instance).sent
    assert len(server.posts) in (1, 2)


def test_bodies_can_go_out_chunked_and_slowly(server, tablet):
    faults = Faults(chunked=True, pause=0.001, piece=100)
    assert tablet.submit(waiting(tablet, {"a.jpg": b"x" * 2_000}), faults).sent
    assert server.seen[-1].header("Transfer-Encoding") == "chunked"
    assert [part.content for part in server.posts[0]] == [XML, b"x" * 2_000]


def test_faults_come_by_their_seed_and_about_as_often_as_told():
    def drawn(seed: int) -> list[str]:
        faults = Faults(seed, lose_answer=0.2, drop=0.1, cut_body=0.1)
        return [faults.draw(True)[0] for _ in range(1_000)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert 500 < drawn(1).count("") < 700
    assert 150 < drawn(1).count("lose_answer") < 250
    assert Faults(1, drop=1.0).draw(False) == ("", 1.0)
    assert Faults(1, cut_body=1.0, everywhere=True).draw(False)[0] == "drop"


def test_an_answer_that_comes_before_the_whole_body_is_still_read(server, tablet):
    """The server refuses after the first lines and closes; the tablet is still writing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        tablet.configure(f"http://127.0.0.1:{listener.getsockname()[1]}")

        def serve() -> None:
            for _ in range(2):
                connection, _ = listener.accept()
                connection.settimeout(5)
                if connection.recv(1_000).startswith(b"HEAD"):
                    connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
                else:
                    body = thanks("Too large.")
                    head = f"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
                    connection.sendall(head.encode() + body)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65_536):
                        continue
                connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        outcome = tablet.submit(waiting(tablet, {"film.mp4": b"x" * 3_000_000}))
        thread.join()
    assert (outcome.sent, outcome.text, outcome.statuses) == (False, "Error: Too large.", (413,))


def test_hundreds_of_tablets_can_send_at_once(server, make_tablet):
    def send(number: int) -> bool:
        tablet = make_tablet(seed=number, timeout=20)
        tablet.configure(server.url)
        waiting(tablet, {"a.jpg": b"x" * 1_000}, number)
        return bool(tablet.send()[0].sent)

    with ThreadPoolExecutor(32) as pool:
        assert all(pool.map(send, range(200)))
    assert len({seen.query for seen in server.seen}) == 200

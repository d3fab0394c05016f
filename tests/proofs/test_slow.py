"""Clients that send two bytes a second, or none, keep nobody else waiting."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from itertools import count

from tests.proofs import ledger
from tests.proofs.hostile.wire import MULTIPART, PATH, body, instance, request, xml_part
from tests.proofs.rig import PROOF, Site, at, deliver, filled, slowness

pytestmark = PROOF

SLOW = 300  # connections
BYTES, EVERY = 2, 1.0  # and seconds
LONGEST = 1.0  # seconds that a good post may take on a quiet machine


def beginnings(path: str) -> list[bytes]:
    """What slow clients send: headers that do not end, a body that does not end, a body in chunks, and nothing."""
    whole = request(body(xml_part(instance("slow"))) + b"x" * 100_000).replace(PATH, path.encode())
    head = whole[: whole.index(b"\r\n\r\n") + 4]
    chunks = b"POST " + path.encode() + b"/submission HTTP/1.1\r\nHost: x\r\nContent-Type: " + MULTIPART
    return [whole, head, chunks + b"\r\nTransfer-Encoding: chunked\r\n\r\n", b""]


@contextlib.contextmanager
def slow_clients(port: int, path: str) -> Iterator[list[socket.socket]]:
    """So many connections that dribble until the end of the block."""
    stopped, open_ones, starts = threading.Event(), [], beginnings(path)
    for number in range(SLOW):
        connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        start = starts[number % 4]
        connection.sendall(start if number % 4 in (1, 2) else start[:20])
        connection.setblocking(False)
        open_ones.append(connection)

    def dribble() -> None:
        for place in count(20, BYTES):
            if stopped.wait(EVERY):
                return
            pieces = [starts[0][place : place + BYTES], b"x" * BYTES, b"x" * BYTES, b""]
            for number, connection in enumerate(open_ones):
                with contextlib.suppress(OSError):
                    connection.send(pieces[number % 4])

    thread = threading.Thread(target=dribble, daemon=True)
    thread.start()
    try:
        yield open_ones
    finally:
        stopped.set()
        thread.join(timeout=30)
        for connection in open_ones:
            connection.close()


def test_good_posts_are_answered_within_a_second_while_300_clients_dribble(small_site: Site, record_property):
    server, tablet = small_site.start(), small_site.tablet()
    deliver(tablet, filled(0))
    before, times, sent = server.memory(), [], [filled(0)]
    with slow_clients(server.port, small_site.path) as slow:
        until = time.monotonic() + at(45, 6)
        while time.monotonic() < until:
            sent.append(filled(len(sent), photos=1))
            begun = time.monotonic()
            deliver(tablet, sent[-1])
            times.append(time.monotonic() - begun)
            time.sleep(0.1)
        still_open = sum(is_open(connection) for connection in slow)
        growth = server.memory() - before
    ledger.all_filed(small_site)
    server.stop()
    assert ledger.check(small_site, acknowledged=sent) == len(sent)
    assert still_open >= SLOW * 0.7, "they were turned away, not carried"
    assert sorted(times)[int(len(times) * 0.99)] <= LONGEST * slowness()
    record_property("slow connections", SLOW)
    record_property("good posts beside them", len(times))
    record_property("slowest of them", f"{max(times) * 1000:.0f} ms")
    record_property("memory grew by", f"{growth:.0f} MB")


def is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)  # A socket with a time-out would wait for it.
    try:
        return connection.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def test_who_dribbles_too_long_is_left(embedded):
    """So that strangers do not take all connections for ever; here after two seconds instead of a minute."""
    with (
        embedded.serving(code="import server.listening as l; l.SLOW_AFTER = 2") as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=60) as slow,
        socket.create_connection(("127.0.0.1", server.port), timeout=60) as quick,
    ):
        slow.sendall(b"POST /v1/key/x/projects/1/submission HTTP/1.1\r\nX-")
        quick.sendall(b"POST /v1/key/x/projects/1/submission HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n")
        begun = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while is_open(slow):
                assert time.monotonic() - begun < 60
                slow.sendall(b"x")
                quick.sendall(b"x" * 2_000)
                time.sleep(0.1)
        assert time.monotonic() - begun > 1.5
        assert is_open(quick)

"""Raw requests on a raw socket, and what came back."""

import contextlib
import re
import socket
import struct
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import NAMESPACE_URL, uuid5

from lxml import etree

BOUNDARY = b"one-two-three"
PATH, PORT, CANARY = b"@PATH@", b"@PORT@", b"@CANARY@"  # stand for what is known only when the server runs
PATIENCE = 20.0  # seconds
CLOSED = 0  # no answer is due: the connection just ends
RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Row:
    """A request, byte for byte, and what must come of it.

    `stores` is how many submissions it leaves behind: bad requests leave none, odd but harmless ones do. `spoken` is
    False where the request does not say that it is for the tablet door, so that the answer need not be OpenRosa's.
    """

    name: str
    pieces: tuple[bytes, ...] = field(repr=False)
    status: int
    stores: int = 0
    spoken: bool = True
    ends: str = ""  # what the client does after its last byte: "half" closes its side, "reset" breaks off
    answers: int = 1
    dribbled: bool = False  # byte by byte


@dataclass(frozen=True)
class Answer:
    """What came back for one request; status 0 for nothing."""

    status: int
    head: str
    body: bytes


def instance(name: str, answers: bytes = b"<wants>no</wants>", *, head: bytes = b'id="proof" version="1"') -> bytes:
    """Good answers under an instance id of their own."""
    meta = b"<meta><instanceID>uuid:" + str(uuid5(NAMESPACE_URL, name)).encode() + b"</instanceID></meta>"
    return b"<data " + head + b">" + answers + meta + b"</data>"


def part(content: bytes, disposition: bytes, *headers: bytes) -> bytes:
    """One part of a multipart body, with the boundary before it."""
    lines = b"".join(b"\r\n" + header for header in headers)
    return b"--" + BOUNDARY + b"\r\nContent-Disposition: " + disposition + lines + b"\r\n\r\n" + content + b"\r\n"


def xml_part(xml: bytes) -> bytes:
    return part(xml, b'form-data; name="xml_submission_file"; filename="a.xml"', b"Content-Type: text/xml")


def file_part(filename: bytes, content: bytes = b"bytes") -> bytes:
    return part(content, b'form-data; name="file"; filename=' + filename, b"Content-Type: image/jpeg")


END = b"--" + BOUNDARY + b"--\r\n"


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + END


MULTIPART = b"multipart/form-data; boundary=" + BOUNDARY


def request(
    content: bytes,
    *headers: bytes,
    line: bytes = b"POST " + PATH + b"/submission?deviceID=collect%3Aproof HTTP/1.1",
    kind: bytes | None = MULTIPART,
    length: bytes | None = b"",
    host: bytes | None = b"Host: 127.0.0.1",
) -> bytes:
    """A POST whose length is right unless another is given; None leaves a header out."""
    lines = [line, *([host] if host else []), b"X-OpenRosa-Version: 1.0", *filter(None, headers)]
    if kind is not None:
        lines.append(b"Content-Type: " + kind)
    if length is not None:
        lines.append(b"Content-Length: " + (length or str(len(content)).encode()))
    return b"\r\n".join(lines) + b"\r\n\r\n" + content


def get(path: bytes, *headers: bytes, method: bytes = b"GET") -> bytes:
    return request(b"", *headers, line=method + b" " + path + b" HTTP/1.1", kind=None, length=None)


def chunked(*chunks: bytes, last: bytes = b"0\r\n\r\n") -> bytes:
    """A POST in chunks, each as it is given, its size line included."""
    return request(b"".join(chunks) + last, b"Transfer-Encoding: chunked", length=None)


def chunk(content: bytes, extension: bytes = b"") -> bytes:
    return b"%x" % len(content) + extension + b"\r\n" + content + b"\r\n"


@contextlib.contextmanager
def canary() -> Iterator[socket.socket]:
    """Something that listens and must never be called."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(0.1)
        yield listening


def talk(port: int, row: Row, known: dict[bytes, bytes], *, seconds: float = PATIENCE) -> list[Answer]:
    """The answers to a row's request, as many as it says or as come before the connection ends."""
    pieces = [_filled(piece, known) for piece in row.pieces]
    if row.dribbled:
        pieces = [bytes([byte]) for piece in pieces for byte in piece]
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        came = _send(connection, pieces)
        if row.ends == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            return [Answer(CLOSED, "", b"")]
        if row.ends == "half":
            _shut(connection)
        return _answers(connection, came, row.answers)


def judge(row: Row, answers: list[Answer]) -> str:
    """What is wrong with the answers; empty for nothing."""
    if len(answers) != row.answers:
        return f"{len(answers)} answers: {[answer.status for answer in answers]}"
    for answer in answers:
        if answer.status != row.status:
            return f"{answer.status} instead of {row.status}: {answer.body[:200]!r}"
        said = answer.head.encode() + answer.body
        if "x-evil" in answer.head.lower() or b"evil.example" in said:
            return f"believes what it was told: {said[:300]!r}"
        if answer.status >= 500 or b"Traceback" in said or b".py" in said or b"waitress" in said.lower():
            return f"tells too much: {said[:300]!r}"
        if row.status >= 400 and row.spoken and not _message(answer):
            return f"no OpenRosa message: {said[:300]!r}"
    return ""


def _filled(piece: bytes, known: dict[bytes, bytes]) -> bytes:
    for name, value in known.items():
        piece = piece.replace(name, value)
    return piece


def _send(connection: socket.socket, pieces: Iterable[bytes]) -> bytes:
    """What came while the request was sent; a server that has refused it need not read the rest."""
    came = b""
    for piece in pieces:
        left = memoryview(piece)
        while left:
            try:
                connection.setblocking(False)
                came += connection.recv(65536) or b""
            except (BlockingIOError, ConnectionError):
                pass
            finally:
                connection.settimeout(PATIENCE)
            try:
                left = left[connection.send(left[:262_144]) :]
            except ConnectionError:
                return came
    return came


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)


def _answers(connection: socket.socket, came: bytes, wanted: int) -> list[Answer]:
    found: list[Answer] = []
    until = time.monotonic() + PATIENCE
    while True:
        answer, came = _cut(came)
        if answer is not None:
            found.append(answer)
            if len(found) > wanted:
                return found
            continue
        if len(found) >= wanted:
            connection.settimeout(0.02)  # Another answer would be one too many.
        elif time.monotonic() > until:
            return found
        try:
            data = connection.recv(65536)
        except (TimeoutError, ConnectionError):
            data = b""
        if not data:
            return found or [Answer(CLOSED, "", came)]
        came += data


def _cut(came: bytes) -> tuple[Answer | None, bytes]:
    head, blank, rest = came.partition(b"\r\n\r\n")
    if not blank:
        return None, came
    if head.startswith(b"HTTP/1.1 100"):
        return _cut(rest)
    status = re.match(rb"HTTP/1\.[01] (\d{3}) ", head)
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    if not status or (not length and status[1] not in (b"204", b"304")):
        return None, came
    size = int(length[1]) if length else 0
    if len(rest) < size:
        return None, came
    return Answer(int(status[1]), head.decode("latin-1"), rest[:size]), rest[size:]


def _message(answer: Answer) -> str:
    if "text/xml" not in answer.head or "X-OpenRosa-Version" not in answer.head.replace("X-Openrosa", "X-OpenRosa"):
        return ""
    root = etree.fromstring(answer.body)
    return root.findtext("{http://openrosa.org/http/response}message") or ""

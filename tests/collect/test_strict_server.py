"""The server of these tests sees what is not as Collect would send it; otherwise its silence would prove nothing."""

import http.client
import uuid
from collections.abc import Iterator

import pytest

from tests.collect.client import USER_AGENT
from tests.collect.multipart import Part, Post
from tests.collect.strict_server import PROJECT, StrictServer

DATE = "Thu, 20 Aug 2026 03:04:05 GMT"
HEADERS = {"User-Agent": USER_AGENT, "X-OpenRosa-Version": "1.0", "Date": DATE}
REST = {"Host": "127.0.0.1", "Connection": "Keep-Alive", "Accept-Encoding": "gzip"}
QUERY = "?deviceID=collect%3A0123456789abcdef"
FIRST = Part("xml_submission_file", b"<data/>", "Camp_2026-05-03_12-00-00.xml", "text/xml")


@pytest.fixture
def watched() -> Iterator[StrictServer]:
    server = StrictServer()
    yield server
    server.close()


def send(server: StrictServer, headers: dict[str, str], query: str = QUERY, body: bytes | None = None) -> list[str]:
    """What the server has to say about a request with just these headers."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    act, name = ("GET", "formList") if body is None else ("POST", "submission")
    connection.putrequest(act, f"{PROJECT}/{name}{query}", skip_host=True, skip_accept_encoding=True)
    for header, value in headers.items():
        connection.putheader(header, value)
    connection.endheaders(body)
    connection.getresponse().read()
    connection.close()
    return server.complaints


def test_an_exact_request_is_met_with_silence(watched):
    assert send(watched, HEADERS | REST) == []


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        (REST | HEADERS, QUERY),
        (HEADERS | REST | {"Accept": "*/*"}, QUERY),
        (HEADERS | REST | {"Date": "Thu, 20 Aug 2026 15:04:05 GMT"}, QUERY),
        (HEADERS | REST | {"User-Agent": "curl/8"}, QUERY),
        (HEADERS | REST | {"Accept-Encoding": "gzip, deflate"}, QUERY),
        (HEADERS | REST | {"X-OpenRosa-Version": "2.0"}, QUERY),
        (HEADERS | REST, ""),
        (HEADERS | REST, "?deviceID=collect:0123456789abcdef"),
    ],
)
def test_a_request_that_collect_would_not_send_is_written_down(watched, headers, query):
    assert send(watched, headers, query)


def posted(server: StrictServer, *parts: Part, change: tuple[bytes, bytes] = (b"", b"")) -> list[str]:
    post = Post(parts, str(uuid.uuid4()))
    body = b"".join(post).replace(*change)
    middle = {"Content-Type": post.content_type, "Content-Length": str(len(body))}
    return send(server, HEADERS | middle | REST, body=body)


def test_an_exact_post_is_met_with_silence(watched):
    assert posted(watched, FIRST, Part("a.jpg", b"x", "a.jpg", "image/jpeg"), Part("*isIncomplete*", b"yes")) == []


@pytest.mark.parametrize(
    ("parts", "change"),
    [
        ([Part("a.jpg", b"x", "a.jpg", "image/jpeg"), FIRST], (b"", b"")),
        ([FIRST, Part("a", b"x", "a.jpg", "image/jpeg")], (b"", b"")),
        ([FIRST, Part("a.jpg", b"x", "a.jpg", None)], (b"", b"")),
        ([FIRST, Part("*isIncomplete*", b"no")], (b"", b"")),
        ([FIRST, Part("*isIncomplete*", b"yes"), Part("a.jpg", b"x", "a.jpg", "image/jpeg")], (b"", b"")),
        ([FIRST], (b"text/xml", b"text/xml\r\nContent-Length: 7")),
        ([FIRST], (b"_2026-05-03", b"")),
        ([FIRST], (b"--\r\n", b"\r\n")),
    ],
)
def test_a_post_that_collect_would_not_send_is_written_down(watched, parts, change):
    assert posted(watched, *parts, change=change)

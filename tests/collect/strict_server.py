"""A small form server that writes down every byte by which a request differs from what ODK Collect sends."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote, urlsplit
from xml.sax.saxutils import escape

PROJECT = "/v1/key/s3cret/projects/1"
DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} (0[1-9]|1[0-2]):[0-5]\d:[0-5]\d GMT")
AGENT = re.compile(r"org\.odk\.collect\.android/v\d{4}\.\d+\.\d+ Dalvik/.+")
DEVICE = re.compile(r"(.*&)?deviceID=collect%3A[A-Za-z0-9]{16}(&.*)?")
PART = re.compile(
    rb'Content-Disposition: form-data; name="([^"\r\n]*)"(?:; filename="([^"\r\n]*)")?(?:\r\nContent-Type: ([^\r\n]+))?'
)
FIRST = ["User-Agent", "X-OpenRosa-Version", "Date"]
LAST = ["Host", "Connection", "Accept-Encoding"]


@dataclass
class Offered:
    """A form in the list; what is None is left out of its entry, `extra` is added to it."""

    form_id: str
    content: bytes
    version: str | None = "1"
    name: str | None = "A form"
    media: dict[str, bytes] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    digest: str | None = ""
    extra: str = ""


@dataclass
class Reply:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name)


@dataclass(frozen=True)
class SeenPart:
    name: str
    filename: str | None
    content_type: str | None
    content: bytes


class StrictServer:
    """Serves forms and takes submissions in; `complaints` stays empty while the client is exact.

    `will` sets the next answers for a method and the last step of a path; without one the server does what it should.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.forms: list[Offered] = []
        self.seen: list[Seen] = []
        self.complaints: list[str] = []
        self.posts: list[list[SeenPart]] = []
        self.login: tuple[str, str] | None = None
        self.limit: int | None = None
        self.zipped = False
        self.tagged = False
        self.cut = 0
        self.base: str | None = None
        self._planned: dict[str, list[Reply | Callable[[Seen], Reply]]] = {}
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"office": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        if tls:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        return (self.base or f"http://127.0.0.1:{self.port}") + PROJECT

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def will(self, act: str, *replies: Reply | Callable[[Seen], Reply]) -> None:
        """The next answers to an act such as `POST submission` or `GET formList`."""
        self._planned.setdefault(act, []).extend(replies)

    def acts(self) -> list[str]:
        """What was asked, as method and last step of the path."""
        return [f"{seen.method} {seen.path.rpartition('/')[2]}" for seen in self.seen]

    def answer(self, seen: Seen) -> Reply:
        with self._lock:
            self.seen.append(seen)
            self._inspect(seen)
            planned = self._planned.get(f"{seen.method} {seen.path.rpartition('/')[2]}", [])
            reply = planned.pop(0) if planned else None
        if callable(reply):
            return reply(seen)
        return reply or self._usual(seen)

    def _complain(self, text: str) -> None:
        self.complaints.append(text)

    def _inspect(self, seen: Seen) -> None:
        names = [name for name, _ in seen.headers]
        expected = list(FIRST)
        expected += [name for name in ("Authorization",) if name in names]
        if seen.method == "POST":
            expected += ["Content-Type", "Transfer-Encoding" if "Transfer-Encoding" in names else "Content-Length"]
        expected += LAST
        expected += [name for name in ("If-None-Match", "If-Modified-Since") if name in names]
        expected += [name for name in names if name.startswith("X-Forwarded-")]
        if names != expected:
            self._complain(f"headers {names}")
        if not DATE.fullmatch(seen.header("Date") or ""):
            self._complain(f"date {seen.header('Date')}")
        if not AGENT.fullmatch(seen.header("User-Agent") or ""):
            self._complain(f"agent {seen.header('User-Agent')}")
        fixed = {"X-OpenRosa-Version": "1.0", "Connection": "Keep-Alive", "Accept-Encoding": "gzip"}
        for name, value in fixed.items():
            if seen.header(name) != value:
                self._complain(f"{name} {seen.header(name)}")
        if not DEVICE.fullmatch(seen.query):
            self._complain(f"query {seen.query}")
        if seen.method == "POST":
            self._inspect_body(seen)

    def _inspect_body(self, seen: Seen) -> None:
        found = re.fullmatch(
            r"multipart/form-data; boundary=([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})",
            seen.header("Content-Type") or "",
        )
        if not found:
            self._complain(f"type {seen.header('Content-Type')}")
            return
        mark = b"--" + found[1].encode()
        start, *middle, end = (b"\r\n" + seen.body).split(b"\r\n" + mark)
        if start or end != b"--\r\n":
            self._complain("the body does not open and close with its boundary")
        parts = []
        for piece in middle:
            head, blank, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
            told = PART.fullmatch(head)
            if not told or not blank:
                self._complain(f"part {head!r}")
                return
            name, filename, kind = (None if part is None else part.decode() for part in told.groups())
            parts.append(SeenPart(name or "", filename, kind, content))
        self._inspect_parts(parts)
        self.posts.append(parts)

    def _inspect_parts(self, parts: list[SeenPart]) -> None:
        if parts[0].name != "xml_submission_file" or parts[0].content_type != "text/xml":
            self._complain("the XML does not come first")
        if not re.fullmatch(r"[^\W_]+( [^\W_]+)*_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.xml", parts[0].filename or ""):
            self._complain(f"file name {parts[0].filename}")
        for part in parts[1:]:
            marker = part.name == "*isIncomplete*" and part is parts[-1] and part.content == b"yes"
            if not (marker and part.filename is None and part.content_type is None) and (
                part.name != part.filename or not part.content_type
            ):
                self._complain(f"part {part.name} {part.filename} {part.content_type}")

    def _usual(self, seen: Seen) -> Reply:
        if (
            self.login
            and seen.header("Authorization") != "Basic " + base64.b64encode(":".join(self.login).encode()).decode()
        ):
            return Reply(401, b"no", {"WWW-Authenticate": 'Basic realm="forms"'})
        if seen.method == "HEAD":
            told = {} if self.limit is None else {"X-OpenRosa-Accept-Content-Length": str(self.limit)}
            return Reply(204, b"", told)
        if seen.method == "POST":
            return Reply(201, thanks("Received."), {"Content-Type": "text/xml"})
        reply = self._document(seen)
        tag = f'"{hashlib.sha1(reply.body, usedforsecurity=False).hexdigest()}"'
        if self.tagged and reply.status == 200:
            reply.headers |= {"ETag": tag, "Cache-Control": "private, no-cache"}
            if seen.header("If-None-Match") == tag:
                return Reply(304, b"", {"ETag": tag})
        if self.zipped and reply.status == 200:
            reply.headers["Content-Encoding"] = "gzip"
            reply.body = gzip.compress(reply.body)
        return reply

    def _document(self, seen: Seen) -> Reply:
        steps = [unquote(step) for step in seen.path.removeprefix(PROJECT).strip("/").split("/")]
        openrosa = {"X-OpenRosa-Version": "1.0", "Content-Type": "text/xml; charset=utf-8"}
        if steps == ["formList"]:
            return Reply(200, self.form_list(), dict(openrosa))
        form = next((form for form in self.forms if form.form_id == steps[1]), None)
        if form is None:
            return Reply(404)
        if steps[2] == "form.xml":
            return Reply(200, form.content, {"Content-Type": "application/octet-stream"})
        if steps[2] == "manifest":
            return Reply(200, self.manifest(form), dict(openrosa))
        return Reply(200, form.media[steps[3]], {"Content-Type": "application/octet-stream"})

    def form_list(self) -> bytes:
        entries = []
        for form in self.forms:
            place = f"{self.url}/forms/{quote(form.form_id, safe='')}"
            digest = hashlib.md5(form.content, usedforsecurity=False).hexdigest()
            told = {
                "formID": form.form_id,
                "name": form.name,
                "version": form.version,
                "hash": f"md5:{digest}" if form.digest == "" else form.digest,
                "downloadUrl": f"{place}/form.xml",
                "manifestUrl": f"{place}/manifest" if form.media else None,
            }
            fields = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in told.items() if value is not None)
            entries.append(f"<xform>{fields}{form.extra}</xform>")
        return f'<xforms xmlns="http://openrosa.org/xforms/xformsList">{"".join(entries)}</xforms>'.encode()

    def manifest(self, form: Offered) -> bytes:
        entries = []
        for name, content in form.media.items():
            digest = form.hashes.get(name) or "md5:" + hashlib.md5(content, usedforsecurity=False).hexdigest()
            url = f"{self.url}/forms/{quote(form.form_id, safe='')}/media/{quote(name, safe='')}"
            kind = f' type="{form.kinds[name]}"' if name in form.kinds else ""
            fields = f"<filename>{escape(name)}</filename><hash>{digest}</hash><downloadUrl>{url}</downloadUrl>"
            entries.append(f"<mediaFile{kind}>{fields}</mediaFile>")
        return f'<manifest xmlns="http://openrosa.org/xforms/xformsManifest">{"".join(entries)}</manifest>'.encode()


def thanks(message: str) -> bytes:
    """The body of an answer to a submission."""
    said = f'<message nature="">{escape(message)}</message>'
    return f'<OpenRosaResponse xmlns="http://openrosa.org/http/response">{said}</OpenRosaResponse>'.encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    office: StrictServer

    def _body(self) -> bytes | None:
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline() or b"0", 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        return body if len(body) == length else None

    def _serve(self) -> None:
        try:
            body = self._body()
        except (OSError, ValueError):
            body = None
        if body is None:
            self.office.cut += 1
            self.close_connection = True
            return
        parts = urlsplit(self.path)
        reply = self.office.answer(Seen(self.command, parts.path, parts.query, self.headers.items(), body))
        try:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.status not in (204, 304):
                self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.body)
        except OSError:
            self.close_connection = True

    do_GET = do_HEAD = do_POST = _serve  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        return

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            return

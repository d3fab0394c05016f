"""HTTP/1.1 as OkHttp inside ODK Collect speaks it, over plain sockets so that every byte and every fault is ours."""

from __future__ import annotations

import base64
import gzip
import http.client
import random
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

from tests.collect.cache import HttpCache, Kept

USER_AGENT = "org.odk.collect.android/v2026.3.1 Dalvik/2.1.0 (Linux; U; Android 14; SM-X115 Build/UP1A.231005.007)"
REDIRECTS = 20
PIECE = 8_192
UNQUOTED = "_-!.~'()*"


class LinkLost(OSError):
    """The connection broke, or was broken on purpose, before the answer was read."""


class UnsupportedChallenge(Exception):
    """The server asks for a way to sign in that Collect does not know on this connection."""


@dataclass(frozen=True)
class Response:
    """An answer as the app sees it, decoded, a 304 turned into the kept 200; `network` is the status on the wire, 0 for none."""

    status: int
    reason: str
    headers: Message
    body: bytes = field(repr=False)
    network: int

    def header(self, name: str) -> str | None:
        return self.headers.get(name)


@dataclass(frozen=True)
class Login:
    username: str = ""
    password: str = field(default="", repr=False)

    def basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode("latin-1", "replace")).decode()


@dataclass(frozen=True)
class Route:
    """Where a public host really is on this machine; `proxied` adds the headers of a proxy that ended TLS before us."""

    address: str
    port: int
    proxied: bool = False


@dataclass
class Faults:
    """What may happen to a request with a body, each by its probability, drawn from `seed`.

    `lose_answer`: the answer arrives and is not read; `drop`: the connection is reset right after the last byte; `cut_body`: only a part
    of the body leaves. `chunked` sends without Content-Length. `pause` seconds pass after every `piece` bytes.
    """

    seed: int = 0
    lose_answer: float = 0.0
    drop: float = 0.0
    cut_body: float = 0.0
    chunked: bool = False
    pause: float = 0.0
    piece: int = PIECE
    gets: bool = False

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._lock = threading.Lock()

    def draw(self) -> tuple[str, float]:
        """The fault of the next request (empty for none), and the share of the body to send when it is cut."""
        with self._lock:
            point, share = self._random.random(), self._random.random()
        for name in ("lose_answer", "drop", "cut_body"):
            point -= getattr(self, name)
            if point < 0:
                return name, share
        return "", share


def collect_date(moment: datetime) -> str:
    """The Date header as Collect writes it, with its clock of twelve hours."""
    return moment.astimezone(UTC).strftime("%a, %d %b %Y %I:%M:%S GMT")


def with_query(url: str, **parameters: str) -> str:
    """The URL with parameters appended to whatever query it has, encoded as Android does."""
    parts = urlsplit(url)
    added = "&".join(f"{name}={quote(value, safe=UNQUOTED)}" for name, value in parameters.items())
    return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))


class Client:
    """One tablet's HTTP client: its pooled connections, its login, its cache."""

    def __init__(
        self,
        login: Login,
        *,
        routes: dict[str, Route] | None = None,
        cache: HttpCache | None = None,
        tls: ssl.SSLContext | None = None,
        timeout: float = 60.0,
        clock: float = 0.0,
    ) -> None:
        self.login = login
        self.routes = routes or {}
        self.cache = cache
        self.tls = tls
        self.timeout = timeout
        self.clock = clock
        self.sent: list[str] = []
        self._authorized: set[tuple[str, str]] = set()
        self._pool: dict[tuple[str, str], list[socket.socket]] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """No connection is open any more."""
        with self._lock:
            pooled = [sock for socks in self._pool.values() for sock in socks]
            self._pool.clear()
        for sock in pooled:
            sock.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        body: Iterable[bytes] | None = None,
        length: int | None = None,
        content_type: str = "",
        login: Login | None = None,
        faults: Faults | None = None,
    ) -> Response:
        """The final answer after sign-in, redirects and the repeats that OkHttp makes by itself.

        `body` is iterated once for every time it is sent, so hand in a list or another re-iterable.
        """
        repeated = ""
        for _ in range(REDIRECTS + 1):
            response = self._through_cache(method, url, body, length, content_type, login or self.login, faults)
            if response.status == 401:
                if repeated == "login" or not self._answer_challenge(url, response, login or self.login):
                    return response
                repeated = "login"
            elif response.status in (300, 301, 302, 303, 307, 308) and (target := self._target(url, response)):
                if method == "POST" and response.status not in (307, 308):
                    method, body, length, content_type = "GET", None, None, ""
                url = target
            elif (
                response.status == 408 or (response.status == 503 and response.header("Retry-After") == "0")
            ) and repeated != "again":
                repeated = "again"
            else:
                return response
        raise LinkLost(f"Too many follow-up requests: {REDIRECTS + 1}")

    def _target(self, url: str, response: Response) -> str | None:
        location = response.header("Location")
        target = urljoin(url, location) if location else ""
        return target if urlsplit(target).scheme in ("http", "https") else None

    def _answer_challenge(self, url: str, response: Response, login: Login) -> bool:
        place = _place(url)
        if place in self._authorized:
            self._authorized.discard(place)
            return False
        challenges = response.headers.get_all("WWW-Authenticate") or []
        if not challenges:
            return False
        for challenge in challenges:
            scheme = challenge.split(" ")[0].lower()
            if scheme == "basic" and urlsplit(url).scheme == "https":
                self._authorized.add(place)
                return True
            if scheme == "digest":
                raise UnsupportedChallenge("this simulated tablet knows no Digest sign-in")
        raise UnsupportedChallenge(f"unsupported auth scheme: {challenges}")

    def _through_cache(
        self,
        method: str,
        url: str,
        body: Iterable[bytes] | None,
        length: int | None,
        content_type: str,
        login: Login,
        faults: Faults | None,
    ) -> Response:
        kept = self.cache.get(url) if self.cache and method == "GET" else None
        if kept and kept.fresh(time.time() + self.clock):
            return _decoded(kept.status, kept.reason, kept.headers, kept.body, 0)
        extra = kept.conditions() if kept else []
        status, reason, headers, raw = self._exchange(method, url, body, length, content_type, login, extra, faults)
        if status == 304 and kept and self.cache:
            kept = self.cache.refresh(url, kept, headers, time.time() + self.clock)
            return _decoded(kept.status, kept.reason, kept.headers, kept.body, 304)
        if self.cache and method == "GET":
            self.cache.put(url, Kept(status, reason, headers, raw, time.time() + self.clock))
        return _decoded(status, reason, headers, raw, status)

    def _exchange(
        self,
        method: str,
        url: str,
        body: Iterable[bytes] | None,
        length: int | None,
        content_type: str,
        login: Login,
        extra: list[tuple[str, str]],
        faults: Faults | None,
    ) -> tuple[int, str, Message, bytes]:
        parts = urlsplit(url)
        fault, share = faults.draw() if faults and (body is not None or faults.gets) else ("", 1.0)
        chunked = bool(faults and faults.chunked and body is not None)
        head = self._head(method, parts, length, content_type, login, extra, chunked)
        while True:
            sock, pooled = self._connection(parts)
            try:
                return self._talk(sock, parts, method, head, body, length, chunked, fault, share, faults)
            except (ConnectionError, http.client.RemoteDisconnected) as error:
                sock.close()
                if not pooled or isinstance(error, LinkLost):
                    raise LinkLost(str(error) or type(error).__name__) from error
            except (OSError, http.client.HTTPException) as error:
                sock.close()
                if isinstance(error, LinkLost):
                    raise
                raise LinkLost(str(error) or type(error).__name__) from error

    def _head(
        self,
        method: str,
        parts: SplitResult,
        length: int | None,
        content_type: str,
        login: Login,
        extra: list[tuple[str, str]],
        chunked: bool,
    ) -> bytes:
        route = self.routes.get(parts.hostname or "")
        headers = [("User-Agent", USER_AGENT), ("X-OpenRosa-Version", "1.0")]
        headers.append(("Date", collect_date(datetime.fromtimestamp(time.time() + self.clock, UTC))))
        if _place(urlunsplit(parts)) in self._authorized:
            headers.append(("Authorization", login.basic()))
        if content_type:
            headers.append(("Content-Type", content_type))
            headers.append(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(length)))
        headers += [("Host", parts.netloc), ("Connection", "Keep-Alive"), ("Accept-Encoding", "gzip"), *extra]
        if route and route.proxied:
            headers += [
                ("X-Forwarded-Proto", parts.scheme),
                ("X-Forwarded-For", "192.0.2.7"),
                ("X-Forwarded-Host", parts.netloc),
            ]
        target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        self.sent.append(f"{method} {target}")
        return "".join(
            [f"{method} {target} HTTP/1.1\r\n", *(f"{name}: {value}\r\n" for name, value in headers), "\r\n"]
        ).encode()

    def _connection(self, parts: SplitResult) -> tuple[socket.socket, bool]:
        place = (parts.scheme, parts.netloc)
        with self._lock:
            pool = self._pool.setdefault(place, [])
            if pool:
                return pool.pop(), True
        route = self.routes.get(parts.hostname or "")
        address = (
            (route.address, route.port)
            if route
            else (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        )
        sock = socket.create_connection(address, timeout=min(30.0, self.timeout))
        sock.settimeout(self.timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if parts.scheme == "https" and not (route and route.proxied):
            try:
                return (self.tls or ssl.create_default_context()).wrap_socket(
                    sock, server_hostname=parts.hostname
                ), False
            except OSError:
                sock.close()
                raise
        return sock, False

    def _talk(
        self,
        sock: socket.socket,
        parts: SplitResult,
        method: str,
        head: bytes,
        body: Iterable[bytes] | None,
        length: int | None,
        chunked: bool,
        fault: str,
        share: float,
        faults: Faults | None,
    ) -> tuple[int, str, Message, bytes]:
        limit = int((length or 0) * share) if fault == "cut_body" and body is not None else None
        early = None
        try:
            self._send(sock, head, body, chunked, limit, faults)
        except (BrokenPipeError, ConnectionResetError) as broken:
            early = broken
        if fault == "drop":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if fault in ("cut_body", "drop"):
            raise LinkLost(f"the connection was lost on purpose ({fault})")
        if fault == "lose_answer":
            sock.recv(1)
            raise LinkLost("the connection was lost on purpose (lose_answer)")
        response = http.client.HTTPResponse(sock, method=method)
        try:
            response.begin()
            raw = response.read()
        except (ConnectionError, http.client.HTTPException):
            if early:
                raise early from None
            raise
        finally:
            reusable = not response.will_close and early is None
            response.close()
        if reusable:
            with self._lock:
                self._pool.setdefault((parts.scheme, parts.netloc), []).append(sock)
        else:
            sock.close()
        return response.status, response.reason, response.headers, raw

    def _send(
        self,
        sock: socket.socket,
        head: bytes,
        body: Iterable[bytes] | None,
        chunked: bool,
        limit: int | None,
        faults: Faults | None,
    ) -> None:
        sock.sendall(head)
        if body is None:
            return
        sent = 0
        for piece in _pieces(body, faults.piece if faults else 65_536):
            if limit is not None and sent + len(piece) > limit:
                sock.sendall(piece[: limit - sent])
                return
            sock.sendall(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            sent += len(piece)
            if faults and faults.pause:
                time.sleep(faults.pause)
        if chunked and limit is None:
            sock.sendall(b"0\r\n\r\n")


def _pieces(body: Iterable[bytes], size: int) -> Iterator[bytes]:
    for block in body:
        for start in range(0, len(block), size):
            yield block[start : start + size]


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _decoded(status: int, reason: str, headers: Message, raw: bytes, network: int) -> Response:
    body = gzip.decompress(raw) if headers.get("Content-Encoding", "").lower() == "gzip" and raw else raw
    return Response(status, reason, headers, body, network)

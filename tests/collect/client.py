"""A request as ODK Collect makes it: its headers, its sign-in, its cache, and what OkHttp does behind its back."""

from __future__ import annotations

import base64
import gzip
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from tests.collect.cache import HttpCache, Kept
from tests.collect.faults import Faults, LinkLost
from tests.collect.wire import Incoming, Outgoing, Route, Wire

USER_AGENT = "org.odk.collect.android/v2026.3.1 Dalvik/2.1.0 (Linux; U; Android 14; SM-X115 Build/UP1A.231005.007)"
MOST_FOLLOW_UPS = 20
REDIRECTS = (300, 301, 302, 303, 307, 308)
UNQUOTED = "_-!.~'()*"


class UnsupportedChallenge(Exception):
    """The server asked for a Digest sign-in first, which this simulated tablet does not know."""


@dataclass(frozen=True)
class Login:
    """Name and password of a project, both empty where the secret is in the address."""

    username: str = ""
    password: str = field(default="", repr=False)

    def basic(self) -> str:
        said = f"{self.username}:{self.password}".encode("latin-1", "replace")
        return f"Basic {base64.b64encode(said).decode()}"


@dataclass(frozen=True)
class Response:
    """An answer as the app sees it, a 304 turned into the kept 200; `network` is the wire's status, 0 for none."""

    status: int
    reason: str
    headers: Message
    body: bytes = field(repr=False)
    network: int

    def header(self, name: str) -> str | None:
        return self.headers.get(name)


def collect_date(moment: datetime) -> str:
    """The Date header as Collect writes it, with its clock of twelve hours."""
    return moment.astimezone(UTC).strftime("%a, %d %b %Y %I:%M:%S GMT")


def with_query(url: str, **parameters: str) -> str:
    """The URL with parameters appended to whatever query it has, encoded as Android does."""
    parts = urlsplit(url)
    added = "&".join(f"{name}={quote(value, safe=UNQUOTED)}" for name, value in parameters.items())
    return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))


class Client:
    """The HTTP client for one login; `clock` is how many seconds the tablet's clock is off."""

    def __init__(
        self,
        login: Login,
        *,
        routes: Mapping[str, Route] | None = None,
        cache: HttpCache | None = None,
        tls: ssl.SSLContext | None = None,
        timeout: float = 60.0,
        clock: float = 0.0,
    ) -> None:
        self.login = login
        self.wire = Wire(routes, tls, timeout)
        self.cache = cache
        self.clock = clock
        self._signed_in: set[tuple[str, str]] = set()

    def close(self) -> None:
        """No connection is open any more."""
        self.wire.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        login: Login | None = None,
        body: Iterable[bytes] | None = None,
        length: int = 0,
        content_type: str = "",
        faults: Faults | None = None,
    ) -> Response:
        """The final answer; nobody signs in before the server asked, a refused login starts once more from there."""
        request = Outgoing(method, url, self._headers(), body, length, content_type)
        signed = _place(url) in self._signed_in
        response = self._followed(request, login or self.login, signed, faults)
        if response.status == 401 and signed:
            self._signed_in.discard(_place(url))
            response = self._followed(request, login or self.login, False, faults)
        return response

    def _headers(self) -> tuple[tuple[str, str], ...]:
        date = collect_date(datetime.fromtimestamp(time.time() + self.clock, UTC))
        return ("User-Agent", USER_AGENT), ("X-OpenRosa-Version", "1.0"), ("Date", date)

    def _followed(self, request: Outgoing, login: Login, signed: bool, faults: Faults | None) -> Response:
        before = 0
        for _ in range(MOST_FOLLOW_UPS + 1):
            response = self._through_cache(_signed(request, login) if signed else request, faults)
            target = _target(request.url, response)
            if response.status == 401 and not signed and self._may_sign_in(request.url, response):
                self._signed_in.add(_place(request.url))
                signed = True
            elif target is not None:
                signed = signed and _place(target) == _place(request.url)
                request = _redirected(request, target, response.status)
            elif not _again(response, before):
                return response
            before = response.status
        raise LinkLost(f"Too many follow-up requests: {MOST_FOLLOW_UPS + 1}")

    def _may_sign_in(self, url: str, response: Response) -> bool:
        for challenge in response.headers.get_all("WWW-Authenticate") or []:
            scheme = challenge.split(" ")[0].lower()
            if scheme == "digest":
                raise UnsupportedChallenge("the server asks for a Digest sign-in, this tablet knows Basic")
            if scheme == "basic" and urlsplit(url).scheme == "https":
                return True
        return False

    def _through_cache(self, request: Outgoing, faults: Faults | None) -> Response:
        cache = self.cache if request.method == "GET" else None
        now = time.time() + self.clock
        kept = cache.get(request.url) if cache else None
        if kept and kept.fresh(now):
            return _decoded(Incoming(kept.status, kept.reason, kept.headers, kept.body), 0)
        if kept:
            asked = (*request.headers, *kept.conditions())
            request = Outgoing(request.method, request.url, asked, request.body, request.length, request.content_type)
        answer = self.wire.exchange(request, faults)
        if cache and kept and answer.status == 304:
            kept = cache.refresh(request.url, kept, answer.headers, now)
            return _decoded(Incoming(kept.status, kept.reason, kept.headers, kept.body), 304)
        if cache:
            cache.put(request.url, Kept(answer.status, answer.reason, answer.headers, answer.body, now))
        return _decoded(answer, answer.status)


def _signed(request: Outgoing, login: Login) -> Outgoing:
    headers = (*request.headers, ("Authorization", login.basic()))
    return Outgoing(request.method, request.url, headers, request.body, request.length, request.content_type)


def _target(url: str, response: Response) -> str | None:
    location = response.header("Location") if response.status in REDIRECTS else None
    target = urljoin(url, location) if location else ""
    return target if urlsplit(target).scheme in ("http", "https") else None


def _redirected(request: Outgoing, target: str, status: int) -> Outgoing:
    if request.method == "POST" and status not in (307, 308):
        return Outgoing("GET", target, request.headers)
    return Outgoing(request.method, target, request.headers, request.body, request.length, request.content_type)


def _again(response: Response, before: int) -> bool:
    """OkHttp repeats a 408, and a 503 that says so, once and at once."""
    if response.status == before:
        return False
    wait = response.header("Retry-After")
    return (response.status == 408 and wait in (None, "0")) or (response.status == 503 and wait == "0")


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _decoded(answer: Incoming, network: int) -> Response:
    zipped = answer.headers.get("Content-Encoding", "").lower() == "gzip" and answer.body
    body = gzip.decompress(answer.body) if zipped else answer.body
    return Response(answer.status, answer.reason, answer.headers, body, network)

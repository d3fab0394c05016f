"""HTTP/1.1 over plain sockets, so that every byte and every fault is ours."""

from __future__ import annotations

import http.client
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import SplitResult, urlsplit, urlunsplit

from tests.collect.faults import Faults, LinkLost

CONNECT_TIMEOUT = 30.0
PIECE = 65_536
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Route:
    """Where a public host really is; a `proxied` one speaks plainly with the headers of a proxy that ended TLS."""

    address: str
    port: int
    proxied: bool = False


@dataclass(frozen=True)
class Outgoing:
    """A request ready to be sent; a body is a re-iterable of blocks, since it may have to be sent again."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: Iterable[bytes] | None = field(default=None, repr=False)
    length: int = 0
    content_type: str = ""


@dataclass(frozen=True)
class Incoming:
    """An answer as it came over the wire."""

    status: int
    reason: str
    headers: Message
    body: bytes = field(repr=False)


class Wire:
    """The pooled connections of one tablet."""

    def __init__(
        self,
        routes: Mapping[str, Route] | None = None,
        tls: ssl.SSLContext | None = None,
        timeout: float = 60.0,
    ) -> None:
        self.routes = dict(routes or {})
        self.tls = tls
        self.timeout = timeout
        self._pool: dict[tuple[str, str], list[socket.socket]] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """No pooled connection is open any more."""
        with self._lock:
            pooled = [sock for socks in self._pool.values() for sock in socks]
            self._pool.clear()
        for sock in pooled:
            sock.close()

    def exchange(self, request: Outgoing, faults: Faults | None = None) -> Incoming:
        """The answer to a request, sent again on a new connection when a pooled one was dead.

        Raises LinkLost when the connection breaks, ssl.SSLError or socket.gaierror when there is none to begin with.
        """
        fault, share = faults.draw(request.body is not None) if faults else ("", 1.0)
        while True:
            sock, pooled = self._connection(urlsplit(request.url))
            try:
                return self._talk(sock, request, faults or Faults(piece=PIECE), fault, share)
            except LinkLost:
                sock.close()
                raise
            except (OSError, http.client.HTTPException) as error:
                sock.close()
                if not (pooled and isinstance(error, ConnectionError)):
                    said = "timeout" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
                    raise LinkLost(said) from error

    def _connection(self, parts: SplitResult) -> tuple[socket.socket, bool]:
        with self._lock:
            pool = self._pool.setdefault((parts.scheme, parts.netloc), [])
            if pool:
                return pool.pop(), True
        host = parts.hostname or ""
        route = self.routes.get(host) or Route(host, parts.port or (443 if parts.scheme == "https" else 80))
        sock = socket.create_connection((route.address, route.port), timeout=min(CONNECT_TIMEOUT, self.timeout))
        sock.settimeout(self.timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if parts.scheme != "https" or route.proxied:
            return sock, False
        try:
            return (self.tls or ssl.create_default_context()).wrap_socket(sock, server_hostname=host), False
        except OSError:
            sock.close()
            raise

    def _talk(self, sock: socket.socket, request: Outgoing, faults: Faults, fault: str, share: float) -> Incoming:
        broken = None
        try:
            sock.sendall(self._head(request, faults.chunked))
            _send_body(sock, request, faults, int(request.length * share) if fault == "cut_body" else None)
        except ConnectionError as error:
            broken = error  # The server may have answered and closed before it read everything.
        if fault == "drop":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        elif fault == "lose_answer":
            sock.recv(1)
        if fault:
            raise LinkLost(f"the link broke ({fault})")
        response = http.client.HTTPResponse(sock, method=request.method)
        try:
            response.begin()
            body = response.read()
        except (ConnectionError, http.client.HTTPException) as error:
            raise broken or error from None
        finally:
            response.close()
        if response.will_close or broken:
            sock.close()
        else:
            parts = urlsplit(request.url)
            with self._lock:
                self._pool.setdefault((parts.scheme, parts.netloc), []).append(sock)
        return Incoming(response.status, response.reason, response.headers, body)

    def _head(self, request: Outgoing, chunked: bool) -> bytes:
        parts = urlsplit(request.url)
        headers = [header for header in request.headers if header[0] not in ("If-None-Match", "If-Modified-Since")]
        if request.body is not None:
            headers.append(("Content-Type", request.content_type))
            headers.append(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(request.length)))
        headers += [("Host", parts.netloc), ("Connection", "Keep-Alive"), ("Accept-Encoding", "gzip")]
        headers += [header for header in request.headers if header[0] in ("If-None-Match", "If-Modified-Since")]
        route = self.routes.get(parts.hostname or "")
        if route and route.proxied:
            headers += [("X-Forwarded-For", "192.0.2.7"), ("X-Forwarded-Proto", parts.scheme)]
            headers += [("X-Forwarded-Host", parts.netloc)]
        target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        lines = [f"{request.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        return "\r\n".join([*lines, "", ""]).encode()


def _send_body(sock: socket.socket, request: Outgoing, faults: Faults, limit: int | None) -> None:
    sent = 0
    for piece in _pieces(request.body or (), faults.piece):
        if limit is not None and sent + len(piece) > limit:
            sock.sendall(piece[: limit - sent])
            return
        sock.sendall(b"%x\r\n%b\r\n" % (len(piece), piece) if faults.chunked else piece)
        sent += len(piece)
        if faults.pause:
            time.sleep(faults.pause)
    if faults.chunked and request.body is not None:
        sock.sendall(b"0\r\n\r\n")


def _pieces(body: Iterable[bytes], size: int) -> Iterator[bytes]:
    for block in body:
        for start in range(0, len(block), size):
            yield block[start : start + size]

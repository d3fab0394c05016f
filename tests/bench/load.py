"""A load generator that costs little: one thread, raw sockets, kept-alive connections, posts made beforehand."""

import json
import selectors
import socket
import sys
import time
import uuid
from dataclasses import dataclass, field

INSTANCE = b"uuid:00000000-0000-4000-8000-000000000000"  # replaced in every post


@dataclass
class _Connection:
    socket: socket.socket
    sent_at: float = 0.0
    left: memoryview = field(default_factory=lambda: memoryview(b""))
    answer: bytearray = field(default_factory=bytearray)


def run(host: str, port: int, request: bytes, connections: int, total: int) -> dict[str, float]:
    """`total` posts over so many connections, closed loop: rate a second, latencies in milliseconds, errors."""
    selector, latencies, errors, started = selectors.DefaultSelector(), list[float](), 0, 0
    begin = time.perf_counter()
    for _number in range(min(connections, total)):
        connection = _Connection(socket.create_connection((host, port)))
        connection.socket.setblocking(False)
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _next(connection, request)
        started += 1
        selector.register(connection.socket, selectors.EVENT_WRITE, connection)
    while len(latencies) + errors < total:
        for key, events in selector.select(timeout=30):
            connection = key.data
            if events & selectors.EVENT_WRITE:
                sent = connection.socket.send(connection.left)
                connection.left = connection.left[sent:]
                if not connection.left:
                    selector.modify(connection.socket, selectors.EVENT_READ, connection)
                continue
            data = connection.socket.recv(65536)
            connection.answer += data
            status = _status(connection.answer)
            if status is None and data:
                continue
            latencies.append((time.perf_counter() - connection.sent_at) * 1000)
            if status not in (200, 201, 202, 304):
                latencies.pop()
                errors += 1
            if started >= total or not data:
                selector.unregister(connection.socket)
                connection.socket.close()
                continue
            started += 1
            _next(connection, request)
            selector.modify(connection.socket, selectors.EVENT_WRITE, connection)
    seconds = time.perf_counter() - begin
    ordered = sorted(latencies) or [0.0]

    def at(share: float) -> float:
        latency: float = ordered[min(len(ordered) - 1, int(len(ordered) * share))]
        return round(latency, 2)

    rate = round(len(latencies) / seconds, 1)
    shares = {"p50": at(0.5), "p95": at(0.95), "p99": at(0.99)}
    return {"rate": rate, **shares, "errors": errors, "requests": total, "seconds": round(seconds, 3)}


def _next(connection: _Connection, request: bytes) -> None:
    fresh = f"uuid:{uuid.uuid4()}".encode()
    connection.left = memoryview(request.replace(INSTANCE, fresh))
    connection.answer = bytearray()
    connection.sent_at = time.perf_counter()


def _status(answer: bytearray) -> int | None:
    """The status once the whole answer is here, else None."""
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return None
    length = 0
    for line in bytes(answer[:end]).lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    status = int(answer[9:12])
    return status if status == 304 or len(answer) >= end + 4 + length else None


def multipart(path: str, xml: bytes, photo: bytes = b"") -> bytes:
    """A POST as Collect writes it, with a photo when there is one."""
    boundary = b"0a5d3b62-8f3e-4b8e-9d8a-5c1a3ce1b7a4"
    parts = [
        b"--" + boundary + b'\r\nContent-Disposition: form-data; name="xml_submission_file"; filename="form.xml"\r\n'
        b"Content-Type: text/xml\r\n\r\n" + xml + b"\r\n"
    ]
    if photo:
        parts.append(
            b"--" + boundary + b'\r\nContent-Disposition: form-data; name="1.jpg"; filename="1.jpg"\r\n'
            b"Content-Type: image/jpeg\r\n\r\n" + photo + b"\r\n"
        )
    body = b"".join(parts) + b"--" + boundary + b"--\r\n"
    head = (
        f"POST {path}/submission?deviceID=collect%3Abench HTTP/1.1\r\nHost: 127.0.0.1\r\nX-OpenRosa-Version: 1.0\r\n"
        f"User-Agent: bench\r\nContent-Type: multipart/form-data; boundary={boundary.decode()}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def get(path: str, condition: str = "") -> bytes:
    """A GET, conditional when there is a header that says so."""
    more = f"{condition}\r\n" if condition else ""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-OpenRosa-Version: 1.0\r\n{more}\r\n".encode()


if __name__ == "__main__":
    port_, file_, connections_, total_ = sys.argv[1:]
    with open(file_, "rb") as request_:  # noqa: PTH123
        print(json.dumps(run("127.0.0.1", int(port_), request_.read(), int(connections_), int(total_))))

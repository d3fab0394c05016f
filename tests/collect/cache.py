"""The HTTP cache that OkHttp keeps for Collect on the tablet's disk: answers revalidated by ETag, in clear."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import Path

LIMIT = 50 * 1024 * 1024
KEPT = (200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501)


@dataclass(frozen=True)
class Kept:
    """One kept answer, its body as it came over the wire."""

    status: int
    reason: str
    headers: Message
    body: bytes = field(repr=False)
    received: float

    def control(self) -> dict[str, str]:
        words = ",".join(self.headers.get_all("Cache-Control") or []).split(",")
        pairs = (word.strip().partition("=") for word in words if word.strip())
        return {name.lower(): value.strip('"') for name, _, value in pairs}

    def storable(self) -> bool:
        """True for the answers that OkHttp keeps; `Vary: *` can never be matched again."""
        said = self.control()
        lasting = self.headers.get("Expires") or {"max-age", "public", "private"} & said.keys()
        if self.status not in KEPT and not (self.status in (302, 307) and lasting):
            return False
        return "no-store" not in said and self.headers.get("Vary", "").strip() != "*"

    def fresh(self, now: float) -> bool:
        """True when the answer may be used without asking; every URL has a query, so nothing is fresh by guess."""
        said = self.control()
        served = _date(self.headers.get("Date"))
        age = max(0.0, self.received - served) if served else 0.0
        age = max(age, float(self.headers.get("Age", "0") or 0)) + max(0.0, now - self.received)
        if said.get("max-age", "").isdigit():
            lifetime = float(said["max-age"])
        elif expires := _date(self.headers.get("Expires")):
            lifetime = expires - (served or self.received)
        else:
            lifetime = 0.0
        return "no-cache" not in said and age < lifetime

    def conditions(self) -> list[tuple[str, str]]:
        """The header that asks for the answer only if it changed; the first validator there is."""
        if tag := self.headers.get("ETag"):
            return [("If-None-Match", tag)]
        for name in ("Last-Modified", "Date"):
            if (value := self.headers.get(name)) and _date(value):
                return [("If-Modified-Since", value)]
        return []


class HttpCache:
    """Answers by URL in a folder; the oldest go when it is full."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()

    def get(self, url: str) -> Kept | None:
        path = self._path(url)
        with self._lock:
            if not path.exists():
                return None
            head, _, body = path.read_bytes().partition(b"\n")
        told = json.loads(head)
        headers = Message()
        for name, value in told["headers"]:
            headers[name] = value
        return Kept(told["status"], told["reason"], headers, body, told["received"])

    def put(self, url: str, kept: Kept) -> None:
        path = self._path(url)
        with self._lock:
            path.unlink(missing_ok=True)
            if not kept.storable():
                return
            head = {"url": url, "status": kept.status, "reason": kept.reason, "received": kept.received}
            path.write_bytes(json.dumps({**head, "headers": kept.headers.items()}).encode() + b"\n" + kept.body)
            self._trim()

    def refresh(self, url: str, kept: Kept, headers: Message, now: float) -> Kept:
        """The kept answer with the headers that a 304 renewed."""
        merged = Message()
        renewed = {name.lower() for name in headers}
        for name, value in kept.headers.items():
            if name.lower() not in renewed or name.lower() in ("content-length", "content-encoding", "content-type"):
                merged[name] = value
        for name, value in headers.items():
            if name.lower() not in ("content-length", "content-encoding", "content-type"):
                merged[name] = value
        fresh = Kept(kept.status, kept.reason, merged, kept.body, now)
        self.put(url, fresh)
        return fresh

    def _path(self, url: str) -> Path:
        return self.folder / hashlib.sha256(url.encode()).hexdigest()[:32]

    def _trim(self) -> None:
        files = sorted(self.folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        total = sum(path.stat().st_size for path in files)
        for path in files[:-1]:
            if total <= LIMIT:
                return
            total -= path.stat().st_size
            path.unlink()


def _date(value: str | None) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp() if value else None
    except ValueError:
        return None

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
        """OkHttp keeps only plain successes here; `Vary: *` can never be matched again."""
        return self.status == 200 and "no-store" not in self.control() and self.headers.get("Vary", "").strip() != "*"

    def fresh(self, now: float) -> bool:
        """True when the answer may be used without asking; every URL has a query, so nothing is fresh by guess."""
        control = self.control()
        if "no-cache" in control or not control.get("max-age", "").isdigit():
            return False
        age = now - self.received + int(self.headers.get("Age", "0") or 0)
        return age < int(control["max-age"])

    def conditions(self) -> list[tuple[str, str]]:
        """The header that asks for the answer only if it changed; the first validator there is."""
        if tag := self.headers.get("ETag"):
            return [("If-None-Match", tag)]
        for name in ("Last-Modified", "Date"):
            if (value := self.headers.get(name)) and _is_date(value):
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


def _is_date(value: str) -> bool:
    try:
        return parsedate_to_datetime(value) is not None
    except ValueError:
        return False

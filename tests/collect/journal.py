"""What the server promised the tablet: the record against which losses are counted afterwards."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.collect.store import Instance


@dataclass(frozen=True)
class Acknowledged:
    """An instance that the server took over: from here on it may be nowhere else. Digests are SHA-256 in hex."""

    instance_id: str
    form_id: str
    form_version: str | None
    xml_sha256: str
    files: dict[str, str]
    posts: int
    message: str | None
    at: float


@dataclass(frozen=True)
class Attempt:
    """One POST: the files in it, whether more were announced, and the status read, 0 when no answer was."""

    instance_id: str
    files: tuple[str, ...]
    incomplete: bool
    status: int


@dataclass
class Journal:
    """Everything one tablet tried and was promised."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def note(self, attempt: Attempt) -> None:
        with self._lock:
            self.attempts.append(attempt)

    def acknowledge(self, instance: Instance, *, posts: int, message: str | None, at: float) -> None:
        done = Acknowledged(
            instance_id=instance.instance_id,
            form_id=instance.form_id,
            form_version=instance.form_version,
            xml_sha256=hashlib.sha256(instance.xml).hexdigest(),
            files={name: hashlib.sha256(content).hexdigest() for name, content in instance.files.items()},
            posts=posts,
            message=message,
            at=at,
        )
        with self._lock:
            self.acknowledged.append(done)

    def write(self, path: Path) -> None:
        """The acknowledged instances are in the file, one JSON object a line."""
        with self._lock:
            path.write_text("".join(json.dumps(asdict(done)) + "\n" for done in self.acknowledged))

"""Bad links: what may happen to a request between the tablet and the server, drawn from a seed."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass

KINDS = ("lose_answer", "drop", "cut_body")


class LinkLost(OSError):
    """The connection broke, or was broken on purpose, before the answer was read."""


@dataclass
class Faults:
    """The faults of a link, each with its probability for one request; requests without a body only if `everywhere`.

    `lose_answer`: the server has answered and nobody reads it. `drop`: the connection is reset as soon as the last byte
    is written, so that it may or may not have arrived. `cut_body`: the connection ends in the middle of the body.
    `chunked` sends bodies without Content-Length; after every `piece` bytes of a body `pause` seconds pass.
    """

    seed: int = 0
    lose_answer: float = 0.0
    drop: float = 0.0
    cut_body: float = 0.0
    chunked: bool = False
    pause: float = 0.0
    piece: int = 8_192
    everywhere: bool = False

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._lock = threading.Lock()

    def draw(self, has_body: bool) -> tuple[str, float]:
        """The fault of the next request, empty for none, and the share of the body that leaves when it is cut."""
        if not (has_body or self.everywhere):
            return "", 1.0
        with self._lock:
            point, share = self._random.random(), self._random.random()
        for kind in KINDS:
            point -= getattr(self, kind)
            if point < 0:
                return ("drop", share) if kind == "cut_body" and not has_body else (kind, share)
        return "", 1.0

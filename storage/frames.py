"""A stream of small, labelled pieces, each at most 64 MiB, so that what is written once is read with little memory."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

HEAD_BYTES = 5
LARGEST = 64 * 1024 * 1024


class BadArchive(Exception):
    """The file is no backup or receipt of Fieldcase, or it is damaged; the text says which."""


def frame(kind: str, content: bytes) -> bytes:
    """One piece: its kind (one letter), its length, its content."""
    if len(content) > LARGEST:
        raise ValueError("a piece is too large")
    return kind.encode() + len(content).to_bytes(4, "big") + content


def json_frame(kind: str, value: Any) -> bytes:
    """A piece that holds a JSON value."""
    return frame(kind, json.dumps(value, separators=(",", ":")).encode())


def read_frames(chunks: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """The pieces of a stream, in their order; raises BadArchive where it is cut."""
    held, source = bytearray(), iter(chunks)

    def fill(size: int) -> bool:
        while len(held) < size:
            piece = next(source, None)
            if piece is None:
                return False
            held.extend(piece)
        return True

    while fill(HEAD_BYTES):
        kind, size = chr(held[0]), int.from_bytes(held[1:HEAD_BYTES], "big")
        if size > LARGEST or not fill(HEAD_BYTES + size):
            raise BadArchive("It is cut or damaged.")
        content = bytes(held[HEAD_BYTES : HEAD_BYTES + size])
        del held[: HEAD_BYTES + size]
        yield kind, content
    if held:
        raise BadArchive("It is cut or damaged.")


def read_json(content: bytes) -> Any:
    """The JSON value of a piece; raises BadArchive."""
    try:
        return json.loads(content)
    except ValueError as error:
        raise BadArchive("It is damaged.") from error

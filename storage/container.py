"""A sealed file that anybody with the intake key can write and only the holder of the key file can read.

A line that says what it is, a header in clear (when, which key; nothing of the contents), the data key's envelope, and
the contents sealed in chunks under that key, bound to all that stands before.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator
from typing import Any

from storage.frames import BadArchive
from storage.sealed_files import seal_chunks, unseal_chunks
from storage.sealing import IntakeKeys, Keyring, SealBroken, new_key

LONGEST_HEADER = 64 * 1024  # bytes
Header = dict[str, Any]


def write_container(keys: IntakeKeys, kind: str, header: Header, contents: Iterable[bytes]) -> Iterator[bytes]:
    """The file's bytes; `header` stands in clear."""
    header = {"id": secrets.token_hex(16), **header, "key": keys.key_id}
    head = _packed(kind, header)
    data_key, place = new_key(), _place(head)
    envelope = keys.envelope(data_key, place)
    yield head + len(envelope).to_bytes(2, "big") + envelope
    yield from seal_chunks(data_key, contents, place)


def read_header(kind: str, chunks: Iterable[bytes]) -> Header:
    """What stands in clear; raises BadArchive. It is proved only once the contents are opened."""
    return _Reader(kind, chunks).header


def open_container(ring: Keyring, kind: str, chunks: Iterable[bytes]) -> tuple[Header, Iterator[bytes]]:
    """The header and the contents as they were written; raises BadArchive, now or before a changed byte is given out.

    Raises KeyUnknown for a file that was sealed for a key that this ring does not hold.
    """
    reader = _Reader(kind, chunks)
    place = _place(reader.head)
    envelope = reader.take(int.from_bytes(reader.take(2), "big"))
    try:
        data_key = ring.open_envelope(envelope, place)
    except SealBroken as error:
        if ring.holds(str(reader.header.get("key"))):
            raise BadArchive("It is damaged, or was changed.") from error
        raise
    return reader.header, _whole(unseal_chunks(data_key, reader.rest(), place))


def _whole(contents: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from contents
    except SealBroken as error:
        raise BadArchive("It is damaged, cut or was changed.") from error


def _packed(kind: str, header: Header) -> bytes:
    text = json.dumps(header, separators=(",", ":")).encode()
    return f"{kind}\n".encode() + len(text).to_bytes(4, "big") + text


def _place(head: bytes) -> str:
    return f"container:{hashlib.sha256(head).hexdigest()}"


class _Reader:
    """Reads what stands before the contents."""

    def __init__(self, kind: str, chunks: Iterable[bytes]) -> None:
        self._source, self._held = iter(chunks), b""
        mark = f"{kind}\n".encode()
        if self.take(len(mark)) != mark:
            raise BadArchive(f"It is no {kind}.")
        length = self.take(4)
        if int.from_bytes(length, "big") > LONGEST_HEADER:
            raise BadArchive("It is damaged.")
        text = self.take(int.from_bytes(length, "big"))
        self.head = mark + length + text
        try:
            self.header: Header = dict(json.loads(text))
        except (ValueError, TypeError) as error:
            raise BadArchive("It is damaged.") from error

    def take(self, size: int) -> bytes:
        while len(self._held) < size:
            piece = next(self._source, None)
            if piece is None:
                raise BadArchive("It is cut, or no file of Fieldcase.")
            self._held += piece
        taken, self._held = self._held[:size], self._held[size:]
        return taken

    def rest(self) -> Iterator[bytes]:
        yield self._held
        yield from self._source

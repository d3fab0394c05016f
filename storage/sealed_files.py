"""Large files sealed in chunks: no chunk can be changed, moved, repeated or left out (the STREAM construction).

Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance (2015).
"""

import secrets
from collections.abc import Iterable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.sealing import FORMAT, SealBroken

PLAIN_CHUNK = 1024 * 1024
PREFIX_BYTES = 7
TAG_BYTES = 16


def seal_chunks(key: bytes, chunks: Iterable[bytes], place: str) -> Iterator[bytes]:
    """The bytes sealed in chunks of 1 MiB and bound to their place; the key must seal nothing else."""
    cipher, prefix, bound = AESGCM(key), secrets.token_bytes(PREFIX_BYTES), place.encode()
    yield FORMAT + prefix
    for number, (chunk, last) in enumerate(_cut(chunks, PLAIN_CHUNK)):
        yield cipher.encrypt(_nonce(prefix, number, last=last), chunk, bound)


def unseal_chunks(key: bytes, chunks: Iterable[bytes], place: str) -> Iterator[bytes]:
    """The bytes as they were before sealing; raises SealBroken before a changed chunk is given out."""
    cipher, bound = AESGCM(key), place.encode()
    source = iter(chunks)
    head = b""
    while len(head) < 1 + PREFIX_BYTES:
        piece = next(source, b"")
        if not piece:
            raise SealBroken(f"{place}: cut short")
        head += piece
    if head[:1] != FORMAT:
        raise SealBroken(f"{place}: unknown format")
    prefix, rest = head[1 : 1 + PREFIX_BYTES], head[1 + PREFIX_BYTES :]
    for number, (chunk, last) in enumerate(_cut(_chain(rest, source), PLAIN_CHUNK + TAG_BYTES)):
        try:
            yield cipher.decrypt(_nonce(prefix, number, last=last), chunk, bound)
        except InvalidTag as error:
            raise SealBroken(f"{place}: chunk {number}") from error


def _nonce(prefix: bytes, number: int, *, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + (b"\x01" if last else b"\x00")


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _cut(chunks: Iterable[bytes], size: int) -> Iterator[tuple[bytes, bool]]:
    """Chunks of exactly `size` bytes but for the last, each with whether it is the last; one empty one for none."""
    held = bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) > size:
            yield bytes(held[:size]), False
            del held[:size]
    yield bytes(held), True

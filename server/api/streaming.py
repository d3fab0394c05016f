"""Long answers, written row by row, so that they need no memory."""

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from flask import Response

from server.api.shapes import plain

PIECE = 32 * 1024  # characters


def array(rows: Iterable[Any]) -> Response:
    """A JSON array of the rows; what goes wrong before the first of them is answered as usual."""
    return Response(begun(_pieces(rows)), content_type="application/json")


def begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces; what goes wrong before the first shows before the answer begins."""
    return chain([next(pieces, b"")], pieces)


def _pieces(rows: Iterable[Any]) -> Iterator[bytes]:
    held, size, before = [], 0, "["
    for row in rows:
        text = before + json.dumps(row, ensure_ascii=False, default=plain)
        before = ","
        held.append(text)
        size += len(text)
        if size > PIECE:
            yield "".join(held).encode()
            held, size = [], 0
    yield ("".join(held) + ("]" if before == "," else "[]")).encode()

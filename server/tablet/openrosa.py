"""Answers as OpenRosa and ODK Collect want them (docs.getodk.org/openrosa)."""

import hashlib
from datetime import UTC
from email.utils import format_datetime
from xml.sax.saxutils import escape, quoteattr

from flask import Response

from server.runtime import clock, runtime
from server.tablet.offers import DECLARATION

TYPE = "text/xml; charset=utf-8"


def message(words: str, status: int) -> Response:
    """An OpenRosaResponse whose one message Collect shows to its user."""
    nature = "submit_success" if status < 300 else "error"
    body = (
        f'{DECLARATION}<OpenRosaResponse xmlns="http://openrosa.org/http/response">'
        f"<message nature={quoteattr(nature)}>{escape(words)}</message></OpenRosaResponse>"
    )
    answer = Response(body, status, content_type=TYPE)
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Basic realm="Fieldcase"'
    return with_headers(answer)


def document(body: str, *, etag: str = "") -> Response:
    """An XML document that may be kept; its ETag changes with all of it, the addresses in it included."""
    etag = etag or hashlib.sha256(body.encode()).hexdigest()[:32]
    return with_headers(cacheable(Response(body, content_type=TYPE), etag))


def cacheable(answer: Response, etag: str) -> Response:
    """The tablet keeps the answer and asks whether it still holds."""
    answer.set_etag(etag)
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def with_headers(answer: Response) -> Response:
    """The headers that every OpenRosa answer carries."""
    answer.headers["X-OpenRosa-Version"] = "1.0"
    answer.headers["X-OpenRosa-Accept-Content-Length"] = str(runtime().settings.accept_bytes)
    answer.headers["Date"] = format_datetime(clock().astimezone(UTC), usegmt=True)
    return answer

"""How waitress reads requests here: within limits of ours, and what cannot be read is refused by the application."""

import time
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError, split_uri
from waitress.receiver import ChunkedReceiver
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import BadRequest, Error, ServerNotImplemented
from werkzeug.exceptions import BadRequest as Unreadable
from werkzeug.exceptions import RequestEntityTooLarge, RequestHeaderFieldsTooLarge

from storage.faults import fault
from storage.files import FilesUnavailable

REFUSED = "fieldcase.refused"  # in the WSGI environment: why the request could not be read
LONGEST_LINE = 8192  # bytes of a chunk's size with its extensions, and of what follows the last chunk
VERSIONS = ("1.0", "1.1")


class NoRoom(Error):  # type: ignore[misc]
    """The disk for uploads cannot take the body."""

    code = 503
    reason = "Service Unavailable"


class Parser(HTTPRequestParser):  # type: ignore[misc]
    """A request as its bytes come in; what is no plain HTTP/1 request, or could be taken for two, is refused."""

    def __init__(self, adj: Any) -> None:
        super().__init__(adj)
        self._begun = time.monotonic()

    def age(self, now: float) -> float:
        """The seconds since the first byte."""
        return now - self._begun

    @property
    def came(self) -> int:
        """How many bytes have come."""
        return int(self.header_bytes_received + self.body_bytes_received)

    def received(self, data: bytes) -> int:
        """How many of the bytes belong to this request."""
        try:
            taken: int = super().received(data)
        except FilesUnavailable as error:
            taken, self.error = len(data), NoRoom(str(error))
        body = self.body_rcv
        if isinstance(body, ChunkedReceiver) and len(body.control_line) + len(body.trailer) > LONGEST_LINE:
            self.error = BadRequest("a chunk's line is too long")
        if isinstance(self.error, ServerNotImplemented):
            self.error = BadRequest(self.error.body)
        if self.error:
            self.completed = True
        if self.completed:
            self.expect_continue = False  # Else waitress would wait for more of what is here or refused.
        elif self.body_bytes_received and self.command == "POST":
            fault("K1")
        return taken

    def parse_header(self, header_plus: bytes) -> None:
        """The request line and the headers are read; raises ParsingError."""
        super().parse_header(header_plus)
        if self.version not in VERSIONS:
            raise ParsingError("neither HTTP/1.0 nor HTTP/1.1")
        if "TRANSFER_ENCODING" in self.headers or (self.chunked and "CONTENT_LENGTH" in self.headers):
            raise ParsingError("the length of the body is said in two ways")
        if self.command == "POST":
            fault("K0")


class Answer(WSGITask):  # type: ignore[misc]
    """What answers a request; a connection stays open behind an answer that has no body by its status.

    Waitress would close it, and tablets ask before every submission (204) and whether their list still holds (304).
    """

    def set_close_on_finish(self) -> None:
        """The connection ends with this answer, where it has to."""
        wanted = self.version != "1.1" or self.request.headers.get("CONNECTION", "").lower() == "close"
        if wanted or self.has_body or self.wrote_header:
            super().set_close_on_finish()


class Refusal(WSGITask):  # type: ignore[misc]
    """The application says, in the language of the door that was meant, why the request could not be read."""

    def __init__(self, channel: HTTPChannel, request: Parser) -> None:
        readable = HTTPRequestParser(channel.adj)
        readable.parse_header(b"POST / HTTP/1.1\r\n")
        readable.path = meant_path(request)
        self._why = why(request.error)
        super().__init__(channel, readable)

    def get_environment(self) -> dict[str, Any]:
        """The WSGI environment of a request without a body."""
        environment: dict[str, Any] = super().get_environment()
        return environment | {REFUSED: self._why}

    def execute(self) -> None:
        """The answer is written, the last on this connection."""
        self.set_close_on_finish()
        super().execute()


def refusal(channel: HTTPChannel, request: Parser) -> ErrorTask | Refusal:
    """What answers a request that could not be read; waitress itself when the application has failed."""
    return ErrorTask(channel, request) if request.error.code == 500 else Refusal(channel, request)


class Channel(HTTPChannel):  # type: ignore[misc]
    """One connection."""

    parser_class = Parser
    task_class = Answer
    error_task_class = staticmethod(refusal)


def meant_path(request: Parser) -> str:
    """The path that the request line names, as far as it can be read."""
    head: bytes = getattr(request, "first_line", b"") if request.error.code != 431 else request.header_plus
    words = head.lstrip().split(b"\r\n", 1)[0].split()
    try:
        path: str = split_uri(words[1])[2] if len(words) > 1 else "/"
    except (ParsingError, ValueError):
        return "/"
    return path if path.startswith("/") else "/"


def why(error: Error) -> Exception:
    """The refusal as the table of errors knows it."""
    kinds: dict[int, Exception] = {
        413: RequestEntityTooLarge(),
        431: RequestHeaderFieldsTooLarge(),
        503: FilesUnavailable(error.body),
    }
    return kinds.get(error.code, Unreadable())

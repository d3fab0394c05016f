"""A post as Collect sends it: multipart, the XML first, files after it, read as a stream."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData
from werkzeug.wrappers import Request

from server.spooling import Spool
from submissions.instance import LARGEST
from submissions.parts import LONGEST_NAME, Upload

XML_PART = "xml_submission_file"
INCOMPLETE_PART = "*isIncomplete*"
MOST_PARTS = 1000
CHUNK = 64 * 1024
LONGEST_HEAD = 64 * 1024  # bytes that stand before the first part, in a part's headers or after the last part
UNSAFE = re.compile(r"[\x00-\x1f\x7f]")


class BadPost(Exception):
    """The post cannot be read; the text says what is wrong with it. Nothing was stored."""


class PostTooLarge(Exception):
    """The post is larger than the server takes. Nothing was stored."""


@dataclass(frozen=True)
class Post:
    """What came in one post."""

    xml: bytes = field(repr=False)
    uploads: tuple[Upload, ...]
    incomplete: bool  # the tablet says that more posts with files follow


def read_post(request: Request, *, largest: int) -> Post:
    """The whole post, in memory or in one encrypted spool. Raises BadPost, PostTooLarge, FilesUnavailable."""
    if request.content_length is not None and request.content_length > largest:
        raise PostTooLarge(f"more than {largest // 1024 // 1024} MB")
    kind, options = parse_options_header(request.headers.get("Content-Type"))
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise BadPost(_("The request is not a form submission (multipart/form-data)."))
    parts = _Parts()
    for event in _events(request, options["boundary"].encode("utf-8", "replace"), largest):
        parts.take(event)
    return parts.post()


class _Parts:
    """Collects the parts of a post as they are read."""

    def __init__(self) -> None:
        self.xml: bytes | None = None
        self.uploads: list[Upload] = []
        self.incomplete = False
        self._spool = Spool()
        self._count = self._start = 0
        self._name = self._file_name = self._type = ""

    def take(self, event: object) -> None:
        """The event belongs to the part that is being read, or starts one."""
        if isinstance(event, Field | File):
            self._begin(event)
        elif isinstance(event, Data):
            self._add(event)

    def post(self) -> Post:
        """All parts together; raises BadPost unless exactly one of them is the XML."""
        if self.xml is None:
            raise BadPost(_("The request holds no answers (no part named xml_submission_file)."))
        return Post(self.xml, tuple(self.uploads), self.incomplete)

    def _begin(self, event: Field | File) -> None:
        self._count += 1
        if self._count > MOST_PARTS:
            raise PostTooLarge(f"more than {MOST_PARTS} parts")
        self._name = event.name or ""
        if self._name == XML_PART and self.xml is not None:
            raise BadPost(_("The request holds answers twice (two parts named xml_submission_file)."))
        claimed = event.filename if isinstance(event, File) else ""
        self._file_name, self._type = clean_name(claimed or self._name), event.headers.get("Content-Type", "")
        self._start = self._spool.size

    def _add(self, event: Data) -> None:
        self._spool.write(event.data)
        if self._name in {XML_PART, INCOMPLETE_PART} and self._spool.size - self._start > LARGEST:
            raise PostTooLarge(f"answers of more than {LARGEST // 1024 // 1024} MB")
        if not event.more_data:
            self._end(self._spool.since(self._start))

    def _end(self, content: IO[bytes]) -> None:
        if self._name == XML_PART:
            self.xml = content.read()
        elif self._name == INCOMPLETE_PART:
            self.incomplete = content.read(10).strip().lower() in {b"yes", b"true", b"1"}
        else:
            self.uploads.append(Upload(self._file_name, self._type, content))


def clean_name(claimed: str) -> str:
    """The plain file name, without folders or control characters, at most 255 characters."""
    name = UNSAFE.sub("", unicodedata.normalize("NFC", claimed).replace("\\", "/").rpartition("/")[2]).strip()
    return name[:LONGEST_NAME] if name.strip(".") else "unnamed"


def _events(request: Request, boundary: bytes, largest: int) -> Iterator[object]:
    decoder, read = MultipartDecoder(boundary, max_form_memory_size=None), 0
    try:
        while True:
            chunk = request.stream.read(CHUNK)
            read += len(chunk)
            if read > largest:
                raise PostTooLarge(f"more than {largest // 1024 // 1024} MB")
            decoder.receive_data(chunk or None)
            event = decoder.next_event()
            while not isinstance(event, NeedData | Epilogue):
                yield event
                event = decoder.next_event()
            if isinstance(event, Epilogue):
                return
            if len(decoder.buffer) > LONGEST_HEAD:
                raise PostTooLarge("what stands before, between or after the parts is too long")
            if not chunk:
                raise BadPost(_("The request was cut on the way. The tablet still has everything; send it again."))
    except RequestEntityTooLarge as error:
        raise PostTooLarge("a part's headers are too long") from error
    except (HTTPException, ValueError) as error:
        words = _("The request was cut on the way. The tablet still has everything; send it again.")
        raise BadPost(words) from error

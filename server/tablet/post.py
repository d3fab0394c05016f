"""A post as Collect sends it: multipart, the XML first, files after it, read as a stream."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData
from werkzeug.wrappers import Request

from server.spooling import IN_MEMORY, new_stream
from storage.spool import EncryptedSpool
from submissions.instance import LARGEST
from submissions.parts import LONGEST_NAME, Upload

XML_PART = "xml_submission_file"
INCOMPLETE_PART = "*isIncomplete*"
MOST_PARTS = 1000
CHUNK = 64 * 1024
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
    """The whole post, its files in memory or in encrypted spools. Raises BadPost, PostTooLarge."""
    if request.content_length is not None and request.content_length > largest:
        raise PostTooLarge(f"more than {largest // 1024 // 1024} MB")
    kind, options = parse_options_header(request.headers.get("Content-Type"))
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise BadPost("The request is not a form submission (multipart/form-data).")
    parts = _Parts()
    for event in _events(request, options["boundary"].encode("utf-8", "replace"), largest):
        parts.take(event)
    return parts.post()


class _Parts:
    """Collects the parts of a post as they are read."""

    def __init__(self) -> None:
        self.xml: list[bytes] = []
        self.uploads: list[Upload] = []
        self.incomplete = False
        self._name = ""
        self._file: tuple[str, str] | None = None
        self._stream: IO[bytes] = new_stream(0)
        self._size = 0

    def take(self, event: object) -> None:
        """The event belongs to the part that is being read, or starts one."""
        if isinstance(event, Field | File):
            self._begin(event)
        elif isinstance(event, Data):
            self._add(event)

    def post(self) -> Post:
        """All parts together; raises BadPost unless exactly one of them is the XML."""
        if len(self.xml) != 1:
            how_many = "no" if not self.xml else "more than one"
            raise BadPost(f"The request holds {how_many} part named {XML_PART}.")
        return Post(self.xml[0], tuple(self.uploads), self.incomplete)

    def _begin(self, event: Field | File) -> None:
        if len(self.uploads) + len(self.xml) > MOST_PARTS:
            raise PostTooLarge(f"more than {MOST_PARTS} parts")
        self._name = event.name or ""
        claimed = event.filename if isinstance(event, File) else ""
        self._file = (clean_name(claimed or self._name), event.headers.get("Content-Type", ""))
        self._stream, self._size = new_stream(0), 0

    def _add(self, event: Data) -> None:
        self._size += len(event.data)
        if self._name in {XML_PART, INCOMPLETE_PART} and self._size > LARGEST:
            raise PostTooLarge(f"answers of more than {LARGEST // 1024 // 1024} MB")
        if self._size > IN_MEMORY and not isinstance(self._stream, EncryptedSpool):
            self._stream = _spooled(self._stream)
        self._stream.write(event.data)
        if not event.more_data:
            self._end()

    def _end(self) -> None:
        self._stream.seek(0)
        if self._name == XML_PART:
            self.xml.append(self._stream.read())
        elif self._name == INCOMPLETE_PART:
            self.incomplete = self._stream.read(10).strip().lower() in {b"yes", b"true", b"1"}
        elif self._file is not None:
            self.uploads.append(Upload(self._file[0], self._file[1], self._stream))


def clean_name(claimed: str) -> str:
    """The plain file name, without folders or control characters, at most 255 characters."""
    name = UNSAFE.sub("", unicodedata.normalize("NFC", claimed).replace("\\", "/").rpartition("/")[2]).strip()
    return name[:LONGEST_NAME] if name.strip(".") else "unnamed"


def _spooled(stream: IO[bytes]) -> IO[bytes]:
    spool = new_stream(IN_MEMORY + 1)
    stream.seek(0)
    spool.write(stream.read())
    return spool


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
            if not chunk:
                raise BadPost("The request was cut on the way. The tablet still has everything; send it again.")
    except RequestEntityTooLarge as error:
        raise PostTooLarge("a part's headers are too long") from error
    except (ValueError, UnicodeDecodeError) as error:
        raise BadPost("The request was cut on the way. The tablet still has everything; send it again.") from error

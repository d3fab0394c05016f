"""The body of a submission as Collect writes it: which files go into which POST, and each part byte for byte."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

MOST_FILES = 101
DEFAULT_LIMIT = 10_000_000
OCTETS = "application/octet-stream"
# By extension, as a tablet of 2025 says it; other Android versions differ for csv and m4a, unknown ones are octets.
TYPES = {
    "xml": "text/xml",
    "3gp": "video/3gpp",
    "amr": "audio/amr",
    "csv": "text/csv",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "m4a": "audio/mp4",
    "mp3": "audio/mpeg",
    "oga": "audio/ogg",
    "wav": "audio/x-wav",
    "ogv": "video/ogg",
    "webm": "video/webm",
    "mp4": "video/mp4",
    "mpg": "video/mpeg",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "zip": "application/zip",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True)
class Part:
    """One part; the one without file name says that more POSTs follow."""

    name: str
    content: bytes = field(repr=False)
    filename: str | None = None
    content_type: str | None = None

    def head(self) -> bytes:
        lines = f'Content-Disposition: form-data; name="{_quoted(self.name)}"'
        if self.filename is not None:
            lines += f'; filename="{_quoted(self.filename)}"'
        if self.content_type is not None:
            lines += f"\r\nContent-Type: {self.content_type}"
        return lines.encode() + b"\r\n\r\n"


@dataclass(frozen=True)
class Post:
    """One POST of an instance."""

    parts: tuple[Part, ...]
    boundary: str

    @property
    def content_type(self) -> str:
        return f"multipart/form-data; boundary={self.boundary}"

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(part.filename for part in self.parts[1:] if part.filename is not None)

    @property
    def incomplete(self) -> bool:
        return self.parts[-1].name == "*isIncomplete*"

    def __iter__(self) -> Iterator[bytes]:
        boundary = self.boundary.encode()
        for part in self.parts:
            yield b"--" + boundary + b"\r\n" + part.head()
            yield part.content
            yield b"\r\n"
        yield b"--" + boundary + b"--\r\n"

    @property
    def length(self) -> int:
        return sum(len(block) for block in self)


def content_type(name: str) -> str:
    """The type that goes out with a file of this name."""
    return TYPES.get(name.rpartition(".")[2].lower(), OCTETS) if "." in name else OCTETS


def split(filename: str, xml: bytes, files: Sequence[tuple[str, bytes]], limit: int = DEFAULT_LIMIT) -> list[Post]:
    """The POSTs of one instance in order; each has the XML and closes before the file that would pass the limit."""
    groups: list[list[tuple[str, bytes]]] = [[]]
    size = len(xml)
    for name, content in files:
        if groups[-1] and (len(groups[-1]) >= MOST_FILES or size + len(content) > limit):
            groups.append([])
            size = len(xml)
        groups[-1].append((name, content))
        size += len(content)
    first = Part("xml_submission_file", xml, filename, "text/xml")
    posts = []
    for number, group in enumerate(groups, start=1):
        parts = [first, *(Part(name, content, name, content_type(name)) for name, content in group)]
        if number < len(groups):
            parts.append(Part("*isIncomplete*", b"yes"))
        posts.append(Post(tuple(parts), str(uuid.uuid4())))
    return posts


def _quoted(name: str) -> str:
    return name.replace("\n", "%0A").replace("\r", "%0D").replace('"', "%22")

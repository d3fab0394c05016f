"""A post as it came, as a stream of pieces, and back: what a receipt on another disk holds."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from storage.frames import BadArchive, frame, json_frame, read_frames, read_json
from storage.spool import EncryptedSpool
from submissions.parts import CHUNK, Upload

IN_MEMORY = 512 * 1024  # bytes of one file


@dataclass(frozen=True)
class Posted:
    """A post with what is known of its sender: `facts` has project, form, device, install_id and app_version."""

    facts: dict[str, Any]
    xml: bytes = field(repr=False)
    uploads: tuple[Upload, ...] = ()


def write_post(facts: dict[str, Any], xml: bytes, uploads: Sequence[Upload]) -> Iterator[bytes]:
    """Sender (P), answers (X), and each file's name and type (F) with its bytes (D); Z ends it."""
    yield json_frame("P", facts)
    yield frame("X", xml)
    for upload in uploads:
        yield json_frame("F", {"name": upload.name, "type": upload.content_type})
        upload.stream.seek(0)
        while chunk := upload.stream.read(CHUNK):
            yield frame("D", chunk)
    yield frame("Z", b"")


def read_post(contents: Iterable[bytes]) -> Posted:
    """The post, its large files in encrypted spools; raises BadArchive."""
    facts: dict[str, Any] = {}
    xml, ended = b"", False
    uploads: list[Upload] = []
    for kind, content in read_frames(contents):
        if kind == "P":
            facts = read_json(content)
        elif kind == "X":
            xml = content
        elif kind == "F":
            named = read_json(content)
            uploads.append(Upload(named["name"], named["type"], io.BytesIO()))
        elif kind == "D" and uploads:
            uploads[-1] = _longer(uploads[-1], content)
        else:
            ended = kind == "Z"
    if not ended:
        raise BadArchive("The receipt is cut.")
    return Posted(facts, xml, tuple(uploads))


def _longer(upload: Upload, content: bytes) -> Upload:
    stream: IO[bytes] = upload.stream
    if isinstance(stream, io.BytesIO) and stream.tell() + len(content) > IN_MEMORY:
        spool: Any = EncryptedSpool()
        spool.write(stream.getvalue())
        stream = spool
    stream.write(content)
    return Upload(upload.name, upload.content_type, stream)

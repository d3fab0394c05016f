"""No upload and no answer touches the disk in clear: every temporary file of the server is an encrypted spool."""

import io
from typing import IO, Any

from flask import Request
from waitress import buffers

from storage.spool import EncryptedSpool

IN_MEMORY = 512 * 1024  # bytes


class SpoolingRequest(Request):
    """A request whose large uploaded files lie in encrypted spools."""

    max_form_memory_size = 2 * 1024 * 1024
    max_form_parts = 500

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return new_stream(content_length or total_content_length or IN_MEMORY + 1)


def new_stream(size: int) -> IO[bytes]:
    """A place for that many bytes: memory for few, an encrypted spool for many."""
    return io.BytesIO() if size <= IN_MEMORY else EncryptedSpool()  # type: ignore[return-value]


def encrypt_waitress() -> None:
    """Bodies and answers that waitress keeps outside memory lie in encrypted spools."""

    def newfile(_buffer: Any) -> EncryptedSpool:
        return EncryptedSpool()

    buffers.TempfileBasedBuffer.newfile = newfile

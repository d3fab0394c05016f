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


class Spool:
    """What comes in one behind the other: in memory while it is little, then in one encrypted file."""

    def __init__(self) -> None:
        self._stream: IO[bytes] = io.BytesIO()
        self.size = 0

    def write(self, data: bytes) -> None:
        """The bytes stand at the end."""
        if self.size + len(data) > IN_MEMORY and isinstance(self._stream, io.BytesIO):
            little, self._stream = self._stream.getvalue(), new_stream(IN_MEMORY + 1)
            self._stream.write(little)
        self._stream.seek(0, io.SEEK_END)
        self._stream.write(data)
        self.size += len(data)

    def read(self, at: int, size: int) -> bytes:
        """So many bytes from this place on."""
        self._stream.seek(at)
        return self._stream.read(size)

    def since(self, start: int) -> IO[bytes]:
        """What came since this place, to be read like a file of its own."""
        return Slice(self, start, self.size - start)  # type: ignore[return-value]


class Slice(io.RawIOBase):
    """A part of a spool, read like a file."""

    def __init__(self, spool: Spool, start: int, size: int) -> None:
        super().__init__()
        self._spool, self._start, self._size, self._at = spool, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """The buffer is filled from the present place on; the number of bytes is returned."""
        data = self._spool.read(self._start + self._at, min(len(buffer), self._size - self._at))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """The present place is moved within the part."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = min(max(base + offset, 0), self._size)
        return self._at


def encrypt_waitress() -> None:
    """Bodies and answers that waitress keeps outside memory lie in encrypted spools."""

    def newfile(_buffer: Any) -> EncryptedSpool:
        return EncryptedSpool()

    buffers.TempfileBasedBuffer.newfile = newfile

"""A temporary file that nobody can read from the disk: its key lives in memory and dies with it."""

import io
import secrets
import tempfile
from typing import IO

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

from storage.files import disk_is_said

BLOCK = 16


class EncryptedSpool(io.RawIOBase):
    """A nameless temporary file, encrypted by AES-256-CTR under a key of its own.

    Bytes may be written only at the end, so that no part of the key stream is used twice. Raises FilesUnavailable when
    the disk for temporary files is full or cannot be used.
    """

    def __init__(self) -> None:
        super().__init__()
        with disk_is_said("take"):
            self._file: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        self._algorithm = AES256(secrets.token_bytes(32))
        self._size = 0
        self._at = 0
        self._writer = self._cipher(0)

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """The bytes are appended; raises ValueError anywhere but at the end."""
        if self._at != self._size:
            raise ValueError("a spool is written only at its end")
        plain = bytes(data)
        sealed = memoryview(self._writer.update(plain))
        with disk_is_said("take"):
            self._file.seek(self._size)
            while sealed:
                sealed = sealed[self._file.write(sealed) :]
        self._size += len(plain)
        self._at = self._size
        return len(plain)

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes from the present place on."""
        wanted = self._size - self._at if size is None or size < 0 else min(size, self._size - self._at)
        if wanted <= 0:
            return b""
        with disk_is_said("give"):
            self._file.seek(self._at)
            sealed = self._file.read(wanted)
        plain = self._cipher(self._at).update(sealed)
        self._at += len(plain)
        return plain

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """The buffer is filled from the present place on; the number of bytes is returned."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """The present place is moved within what was written."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = min(max(base + offset, 0), self._size)
        return self._at

    def tell(self) -> int:
        return self._at

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()

    def _cipher(self, at: int) -> CipherContext:
        context = Cipher(self._algorithm, CTR((at // BLOCK).to_bytes(BLOCK, "big"))).encryptor()
        context.update(bytes(at % BLOCK))
        return context

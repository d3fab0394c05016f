"""Files in an S3-compatible object store, behind the same four functions as a folder."""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from storage.files import CHUNK, FILE_ID, FileAbsent, FilesUnavailable

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config

PART = 5 * 1024 * 1024  # bytes; a file that is larger goes in parts of this size
PARTS_AT_ONCE = 2
CLIENT: "ClientConfig" = {"connect_timeout": "3s", "timeout": "60s"}
RETRY: "RetryConfig" = {"max_retries": 2, "retry_timeout": timedelta(seconds=10)}


@contextmanager
def store_is_said(act: str) -> Iterator[None]:
    """An error of the object store raises FilesUnavailable, without its text, which holds addresses."""
    try:
        yield
    except (BaseError, OSError) as error:
        raise FilesUnavailable(f"the object store did not {act} a file: {type(error).__name__}") from error


class S3Files:
    """Files in one folder of a bucket, laid out as in a local folder."""

    def __init__(
        self, address: str, *, endpoint: str = "", region: str = "", access_key: str = "", secret_key: str = ""
    ) -> None:
        """`address` is `s3://bucket/folder`; what is empty comes from the machine's role. Nothing is asked yet."""
        place = urlsplit(address)
        config: S3Config = {"region": region or "us-east-1", "virtual_hosted_style_request": not endpoint}
        if endpoint:
            config["endpoint"] = endpoint
        if access_key:
            config |= {"access_key_id": access_key, "secret_access_key": secret_key}
        self._store = S3Store(
            place.netloc,
            prefix=place.path.strip("/") or None,
            config=config,
            client_options={**CLIENT, "allow_http": endpoint.startswith("http://")},
            retry_config=RETRY,
        )

    def put(self, chunks: Iterable[bytes], file_id: str | None = None) -> str:
        """The store says that it has the bytes; large ones are sent in parts while they are read."""
        file_id = file_id or secrets.token_hex(16)
        source = iter(chunks)
        first = _up_to(source, PART)
        with store_is_said("take"):
            if len(first) < PART:
                obstore.put(self._store, _key(file_id), first, use_multipart=False)
            else:
                pieces = _Pieces(chain((first,), source))
                try:
                    obstore.put(
                        self._store,
                        _key(file_id),
                        pieces,
                        use_multipart=True,
                        chunk_size=PART,
                        max_concurrency=PARTS_AT_ONCE,
                    )
                finally:
                    pieces.raise_again()
        return file_id

    def read(self, file_id: str) -> Iterator[bytes]:
        """The bytes, in chunks; raises FileAbsent at once."""
        if not FILE_ID.fullmatch(file_id):
            raise FileAbsent("not a file id")
        with store_is_said("give"):
            try:
                pieces = iter(obstore.get(self._store, _key(file_id)).stream(min_chunk_size=CHUNK))
            except FileNotFoundError as error:
                raise FileAbsent(file_id) from error
        return _said(pieces)

    def delete(self, file_id: str) -> None:
        """No file is kept under this id."""
        with store_is_said("remove"):
            try:
                obstore.delete(self._store, _key(file_id))
            except FileNotFoundError:
                return

    def ids(self, *, before: datetime | None = None) -> Iterator[str]:
        """The id of every file that is kept; with `before`, of those that were put before that moment."""
        with store_is_said("list"):
            for page in obstore.list(self._store):
                for one in page:
                    name = one["path"].rpartition("/")[2]
                    if FILE_ID.fullmatch(name) and (before is None or one["last_modified"] < before):
                        yield name

    def check(self) -> None:
        """A small file can be put, read and removed; raises FilesUnavailable, FileAbsent."""
        file_id = self.put([b"fieldcase"])
        try:
            if b"".join(self.read(file_id)) != b"fieldcase":
                raise FilesUnavailable("the object store gave other bytes than it was given")
        finally:
            self.delete(file_id)


class _Pieces:
    """An iterator whose own error is kept, since the store's library tells another in its place."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self._source = source
        self._error: Exception | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._source)
        except StopIteration:
            raise
        except Exception as error:
            self._error = error
            raise

    def raise_again(self) -> None:
        """Raises what went wrong while the bytes were read."""
        if self._error is not None:
            raise self._error


def _said(pieces: Iterator[object]) -> Iterator[bytes]:
    while True:
        with store_is_said("give"):
            piece = next(pieces, None)
        if piece is None:
            return
        yield bytes(piece)  # type: ignore[call-overload]


def _up_to(source: Iterator[bytes], size: int) -> bytes:
    """The first bytes, at least `size` of them where there are so many."""
    held = bytearray()
    for chunk in source:
        held += chunk
        if len(held) >= size:
            break
    return bytes(held)


def _key(file_id: str) -> str:
    return f"{file_id[:2]}/{file_id}"

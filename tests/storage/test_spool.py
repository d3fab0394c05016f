"""A temporary file that holds nothing readable."""

import io
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.files import FilesUnavailable
from storage.spool import EncryptedSpool

NAME = b"Ana Ejemplo, a made-up name; "


def on_disk(spool):
    """Everything that the operating system has of the spool's nameless file."""
    handle = spool._file.fileno()
    return Path(f"/proc/self/fd/{handle}").read_bytes()


def test_what_is_written_is_read_back_from_any_place():
    with EncryptedSpool() as spool:
        plain = bytes(range(256)) * 20
        for start in range(0, len(plain), 100):
            spool.write(plain[start : start + 100])
        assert spool.tell() == len(plain)
        assert spool.seek(0) == 0
        assert spool.read() == plain
        spool.seek(-10, io.SEEK_END)
        assert spool.read(100) == plain[-10:]
        spool.seek(33)
        spool.seek(7, io.SEEK_CUR)
        assert spool.read(5) == plain[40:45]


@settings(max_examples=60, deadline=None)
@given(
    pieces=st.lists(st.binary(max_size=200), max_size=20),
    reads=st.lists(st.tuples(st.integers(0, 4000), st.integers(-1, 500)), max_size=20),
)
def test_random_reads_between_writes_give_what_a_plain_file_gives(pieces, reads):
    with EncryptedSpool() as spool, io.BytesIO() as plain:
        for number, piece in enumerate(pieces):
            for stream in (spool, plain):
                stream.seek(0, io.SEEK_END)
                stream.write(piece)
            for place, size in reads[number : number + 2]:
                place = min(place, len(plain.getvalue()))
                spool.seek(place)
                plain.seek(place)
                assert spool.read(size) == plain.read(size)


def test_it_is_written_only_at_its_end_so_that_no_key_stream_is_used_twice():
    with EncryptedSpool() as spool:
        spool.write(b"0123456789")
        spool.seek(3)
        with pytest.raises(ValueError, match="only at its end"):
            spool.write(b"x")
        spool.seek(0)
        assert spool.read() == b"0123456789"


def test_buffers_and_lines_are_read_like_those_of_any_file():
    with EncryptedSpool() as spool:
        spool.write(memoryview(b"one\ntwo\n"))
        spool.seek(0)
        assert spool.readline() == b"one\n"
        buffer = bytearray(10)
        assert spool.readinto(buffer) == 4
        assert bytes(buffer[:4]) == b"two\n"
        assert spool.read() == b""
        assert spool.readable()
        assert spool.writable()
        assert spool.seekable()


def test_nothing_of_it_stands_in_clear_on_the_disk():
    with EncryptedSpool() as spool:
        spool.write(NAME * 5000)
        held = on_disk(spool)
        assert len(held) == len(NAME) * 5000
        assert NAME not in held
        assert NAME[:6] not in held
        assert bytes(64) not in held


def test_no_open_file_of_this_process_holds_it_in_clear():
    with EncryptedSpool() as spool:
        spool.write(NAME * 5000)
        for handle in Path("/proc/self/fd").iterdir():
            if os.path.isfile(handle):  # noqa: PTH113  a path that may be gone
                assert NAME not in handle.read_bytes()


def test_two_spools_of_the_same_bytes_look_different_on_the_disk():
    with EncryptedSpool() as one, EncryptedSpool() as other:
        one.write(NAME)
        other.write(NAME)
        assert on_disk(one) != on_disk(other)


def test_its_file_has_no_name_and_goes_when_it_is_closed():
    spool = EncryptedSpool()
    handle = spool._file.fileno()
    assert "(deleted)" in os.readlink(f"/proc/self/fd/{handle}")  # noqa: PTH115
    spool.close()
    spool.close()
    assert spool.closed
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(handle)


def test_a_closed_spool_is_read_no_more():
    spool = EncryptedSpool()
    spool.write(b"x")
    spool.seek(0)
    spool.close()
    with pytest.raises(ValueError, match="closed"):
        spool.read()


def test_a_full_disk_says_that_nothing_was_stored():
    with EncryptedSpool() as spool, Path("/dev/full").open("wb", buffering=0) as full:
        own, spool._file = spool._file, full
        with pytest.raises(FilesUnavailable, match="No space left on device"):
            spool.write(b"x" * 100)
        spool._file = own


def test_a_folder_for_temporary_files_that_cannot_be_written_says_that_nothing_was_stored(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(FilesUnavailable):
        EncryptedSpool()

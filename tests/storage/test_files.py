"""Files under random ids: whole or not there."""

import os
import resource
import stat
import subprocess
import sys
import textwrap

import pytest

from storage.files import FileAbsent, FilesUnavailable, LocalFiles

BIG = [bytes([number]) * 100_000 for number in range(10)]


def names(files):
    """Everything in the folder that is not a folder."""
    return [path.name for path in files.folder.rglob("*") if path.is_file()]


def test_bytes_come_back_as_they_were_put(files):
    assert b"".join(files.read(files.put(BIG))) == b"".join(BIG)


def test_an_empty_file_is_a_file(files):
    file_id = files.put([])
    assert list(files.read(file_id)) == []
    assert list(files.ids()) == [file_id]


def test_equal_bytes_are_kept_twice_under_ids_that_say_nothing(files):
    first, second = files.put([b"the same"]), files.put([b"the same"])
    assert first != second
    assert len(first) == 32


def test_files_are_read_in_chunks_of_at_most_256_kib(files):
    assert max(map(len, files.read(files.put([bytes(1_000_000)])))) <= 256 * 1024


def test_only_the_owner_can_read_the_files(tmp_path):
    before = os.umask(0)
    try:
        files = LocalFiles(tmp_path / "files")
        file_id = files.put([b"x"])
    finally:
        os.umask(before)
    path = files.folder / file_id[:2] / file_id
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(files.folder.stat().st_mode) == 0o700


def test_a_file_is_synced_before_it_has_its_name_and_its_folder_after(files, monkeypatch):
    done = []
    sync, rename = os.fsync, os.rename

    def fsync(handle):
        done.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        sync(handle)

    def renamed(*names):
        done.append("rename")
        rename(*names)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "rename", renamed)
    files.put([b"x"])
    assert done == ["folder", "file", "rename", "folder"]  # The first is that of the new shelf.


def test_an_absent_file_is_said_to_be_absent_before_any_byte_is_read(files):
    with pytest.raises(FileAbsent):
        files.read("0" * 32)


@pytest.mark.parametrize(
    "name", ["", "..", "../../etc/passwd", "0" * 31, "0" * 33, "G" * 32, "A" * 32, "0" * 32 + "\n"]
)
def test_what_is_no_file_id_is_absent_and_no_path(files, name):
    with pytest.raises(FileAbsent, match="not a file id"):
        files.read(name)


def test_a_deleted_file_is_absent_and_may_be_deleted_again(files):
    file_id = files.put([b"x"])
    files.delete(file_id)
    files.delete(file_id)
    assert list(files.ids()) == []
    with pytest.raises(FileAbsent):
        files.read(file_id)


def test_the_ids_are_those_of_whole_files(files):
    put = {files.put([b"x"]) for _ in range(5)}
    (files.folder / next(iter(put))[:2] / ("0" * 32 + ".half")).touch()
    (files.folder / "lost+found").mkdir()
    (files.folder / ".note").touch()
    assert set(files.ids()) == put


def test_a_file_whose_source_breaks_off_leaves_nothing(files):
    def source():
        yield b"the first half"
        raise ConnectionResetError("the tablet is gone")

    with pytest.raises((FilesUnavailable, ConnectionResetError)):
        files.put(source())
    assert names(files) == []


def test_a_file_whose_source_cannot_be_opened_leaves_nothing(files):
    def source():
        yield b"the first half"
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        files.put(source())
    assert names(files) == []


def test_a_file_whose_sync_fails_is_not_there(files, monkeypatch):
    def fails(_handle):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(FilesUnavailable, match="Input/output error"):
        files.put([b"x"])
    assert names(files) == []


def test_a_file_that_is_half_written_is_not_visible(files):
    seen = []

    def source():
        yield b"the first half"
        seen.extend(files.ids())
        yield b"the second half"

    file_id = files.put(source())
    assert seen == []
    assert list(files.ids()) == [file_id]


FULL_DISK = """
    import resource, signal, sys
    from pathlib import Path
    from storage.files import FilesUnavailable, LocalFiles

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    files = LocalFiles(Path(sys.argv[1]))
    kept = files.put([b"before"])
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, resource.RLIM_INFINITY))
    for chunks in eval(sys.argv[2]):
        try:
            print("stored", files.put(chunks))
        except FilesUnavailable as error:
            print("refused", error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    files.put([bytes(200_000)])
    print([len(b"".join(files.read(file_id))) for file_id in sorted(files.ids(), key=lambda one: one != kept)])
"""


@pytest.mark.parametrize("chunks", ["[[bytes(200_000)]]", "[[bytes(100_000)] * 2]", "[[bytes(149_999), b'ab']]"])
def test_a_disk_that_fills_in_the_middle_of_a_write_refuses_the_file_and_keeps_no_part_of_it(tmp_path, chunks):
    """The operating system takes a part of the last write and says so only by its count."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    told = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FULL_DISK), str(tmp_path / "files"), chunks],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.splitlines()
    assert told == ["refused the disk did not take a file: File too large", "[6, 200000]"]


def test_a_folder_that_cannot_be_written_says_that_nothing_was_stored(files):
    shelf = files.folder
    shelf.rmdir()
    shelf.touch()
    with pytest.raises(FilesUnavailable, match="Not a directory"):
        files.put([b"x"])


def test_a_disk_that_cannot_be_read_is_not_an_absent_file(files):
    file_id = files.put([b"x"])
    path = files.folder / file_id[:2] / file_id
    path.unlink()
    path.mkdir()
    with pytest.raises(FilesUnavailable, match="the disk did not give a file: Is a directory"):
        files.read(file_id)

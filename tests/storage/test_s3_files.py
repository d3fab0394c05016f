"""Files in an S3-compatible store: as in a folder, and never a guess about what the store has taken."""

import os
import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest

from storage.files import FileAbsent, FilesUnavailable, LocalFiles
from storage.s3_files import PART, S3Files
from storage.sealed_files import seal_chunks, unseal_chunks
from tests.object_store import object_store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with object_store(tmp_path_factory.mktemp("objects")) as running:
        yield running


@pytest.fixture
def files(store):
    return store.files(f"s3://cases/{os.urandom(4).hex()}")


def megabytes(count):
    for number in range(count):
        yield bytes([number % 251]) * 1024 * 1024


@pytest.mark.parametrize("size", [0, 1, 300_000, PART - 1, PART, PART + 1, 3 * PART + 17])
def test_a_file_of_any_size_comes_back_as_it_was(files, size):
    content = (os.urandom(1024) * (size // 1024 + 1))[:size]
    file_id = files.put(content[start : start + 100_000] for start in range(0, size, 100_000))
    assert b"".join(files.read(file_id)) == content


def test_each_file_has_an_id_of_its_own_and_is_listed(files):
    put = {files.put([b"one"]), files.put([b"one"]), files.put([b"two"])}
    assert len(put) == 3
    assert set(files.ids()) == put


def test_a_removed_file_is_gone_and_removing_it_again_is_no_error(files):
    file_id = files.put([b"x"])
    files.delete(file_id)
    files.delete(file_id)
    assert list(files.ids()) == []
    with pytest.raises(FileAbsent):
        files.read(file_id)


@pytest.mark.parametrize("name", ["", "../secret", "a" * 31, "A" * 32, "0" * 32])
def test_what_is_not_kept_is_absent_at_once(files, name):
    with pytest.raises(FileAbsent):
        files.read(name)


def test_one_folder_of_a_bucket_does_not_show_in_another(store, files):
    file_id = files.put([b"x"])
    other = store.files("s3://cases/elsewhere")
    assert file_id not in set(other.ids())
    with pytest.raises(FileAbsent):
        other.read(file_id)


def test_a_restored_file_gets_its_own_id_back(files):
    files.put([b"x"], "ab" * 16)
    files.put([b"x"], "ab" * 16)
    assert list(files.ids()) == ["ab" * 16]


def test_only_old_files_are_listed_when_asked_for(files):
    file_id = files.put([b"x"])
    now = datetime.now(UTC)
    assert list(files.ids(before=now - timedelta(hours=1))) == []
    assert list(files.ids(before=now + timedelta(hours=1))) == [file_id]


def test_a_large_file_is_sent_and_read_in_parts_and_never_whole_in_memory(files):
    key = os.urandom(32)
    tracemalloc.start()
    file_id = files.put(seal_chunks(key, megabytes(120), "p"))
    size = sum(len(piece) for piece in unseal_chunks(key, files.read(file_id), "p"))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == 120 * 1024 * 1024
    assert peak < 40 * 1024 * 1024


def test_a_file_whose_source_breaks_off_is_not_kept_and_the_source_s_own_error_is_told(files):
    def broken(count):
        yield from megabytes(count)
        raise FilesUnavailable("the spool did not give a file")

    for count in (1, 30):
        with pytest.raises(FilesUnavailable, match="the spool did not give"):
            files.put(broken(count))
    assert list(files.ids()) == []


def test_a_store_that_is_away_is_said_soon_and_works_again_by_itself(tmp_path):
    with object_store(tmp_path) as running:
        files = running.files()
        file_id = files.put([b"x"])
        running.stop()
        begun = datetime.now(UTC)
        for act in (lambda: files.put([b"y"]), lambda: files.read(file_id), lambda: list(files.ids()), files.check):
            with pytest.raises(FilesUnavailable) as told:
                act()
            assert "127.0.0.1" not in str(told.value)
        assert datetime.now(UTC) - begun < timedelta(seconds=60)
        running.start()
        assert b"".join(files.read(file_id)) == b"x"
        files.check()


def test_a_wrong_secret_is_a_store_that_cannot_be_used(store):
    with pytest.raises(FilesUnavailable):
        store.files(secret="wrong").put([b"x"])


def test_a_bucket_that_is_not_there_cannot_be_used(store):
    with pytest.raises(FilesUnavailable):
        store.files("s3://nowhere/files").check()


def test_the_check_leaves_nothing_behind(files):
    files.check()
    assert list(files.ids()) == []


def test_a_folder_moved_into_a_bucket_serves_as_it_is(store, tmp_path):
    local = LocalFiles(tmp_path / "files")
    file_id = local.put([b"moved by hand"])
    shelf = store.folder / "cases" / "moved" / file_id[:2]
    shelf.mkdir(parents=True)
    (shelf / file_id).write_bytes((local.folder / file_id[:2] / file_id).read_bytes())
    assert b"".join(store.files("s3://cases/moved").read(file_id)) == b"moved by hand"


def test_no_secret_shows_when_files_are_printed(files):
    assert "invented-secret" not in repr(files) + repr(vars(files))
    assert isinstance(files, S3Files)

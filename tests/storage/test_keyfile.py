"""The files that hold the master key and the intake keys."""

import base64
import os
import stat
import threading

import pytest

from storage.keyfile import BadKeyFile, make_key_file, read_intake_file, read_key_file, write_intake_file
from storage.sealing import new_key

PLACE = "submissions.envelope:1//uuid:1"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys" / "master.key"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_run_makes_a_key_file_that_its_owner_alone_can_read(path):
    make_key_file(path)
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700


def test_a_careless_umask_does_not_open_the_key_file_to_others(path):
    before = os.umask(0)
    try:
        make_key_file(path)
    finally:
        os.umask(before)
    assert mode(path) == 0o600


def test_the_key_file_warns_whoever_opens_it(path):
    make_key_file(path)
    assert path.read_text().startswith("# Whoever holds this file and the database reads every case.")


def test_a_key_file_gives_the_same_ring_each_time_it_is_read(path):
    make_key_file(path)
    envelope = read_key_file(path).envelope(b"d" * 32, PLACE)
    assert read_key_file(path).open_envelope(envelope, PLACE) == b"d" * 32


def test_two_installations_have_different_keys(tmp_path):
    make_key_file(tmp_path / "a")
    make_key_file(tmp_path / "b")
    assert read_key_file(tmp_path / "a").audit_key != read_key_file(tmp_path / "b").audit_key


def test_an_existing_key_file_is_never_written_over(path):
    make_key_file(path)
    before = path.read_bytes()
    make_key_file(path)
    assert path.read_bytes() == before


def test_two_that_start_at_once_agree_on_one_key_and_neither_reads_half_a_file(path):
    held, barrier = [], threading.Barrier(8)

    def start():
        barrier.wait()
        make_key_file(path)
        held.append(read_key_file(path).audit_key)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(held) == 8
    assert len(set(held)) == 1
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_a_disk_that_fills_while_the_key_is_written_leaves_no_damaged_key_file(path, monkeypatch):
    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        make_key_file(path)
    assert list(path.parent.iterdir()) == []


def test_a_missing_key_file_is_named_with_what_to_do(path):
    with pytest.raises(BadKeyFile, match=r"master\.key does not exist\. .*FIELDCASE_KEY_FILE"):
        read_key_file(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no fieldcase-master-key"),
        (b"# only a comment\n", "holds no fieldcase-master-key"),
        (b"something else\n", "holds no fieldcase-master-key"),
        (b"fieldcase-intake-key-1 AAAA AAAA AAAA\n", "holds no fieldcase-master-key"),
        (b"fieldcase-master-key-1\n", "is damaged"),
        (b"fieldcase-master-key-1 AAAA\n", "is damaged"),
        (b"fieldcase-master-key-1 not base64!\n", "is damaged"),
        (b"fieldcase-master-key-1 " + base64.b64encode(bytes(31)), "is damaged"),
        (b"fieldcase-master-key-1 " + base64.b64encode(bytes(33)), "is damaged"),
        ("fieldcase-master-key-1 ñ\n".encode(), "cannot be read"),
        (bytes(range(256)), "cannot be read"),
    ],
)
def test_a_key_file_that_cannot_be_used_says_so_and_how_to_mend_it(tmp_path, content, words):
    path = tmp_path / "master.key"
    path.write_bytes(content)
    with pytest.raises(BadKeyFile, match=words) as caught:
        read_key_file(path)
    assert str(path) in str(caught.value)


def test_what_the_error_says_holds_nothing_of_the_key(tmp_path):
    path, key = tmp_path / "master.key", base64.b64encode(new_key()).decode()
    path.write_text(f"fieldcase-master-key-1 {key}x\n")
    with pytest.raises(BadKeyFile) as caught:
        read_key_file(path)
    assert key not in str(caught.value)


def test_a_folder_in_place_of_a_key_file_is_told_apart(tmp_path):
    with pytest.raises(BadKeyFile, match="cannot be read: IsADirectoryError"):
        read_key_file(tmp_path)


def test_an_intake_node_reads_the_file_that_was_written_for_it(tmp_path, keys):
    path = tmp_path / "intake.key"
    write_intake_file(path, keys)
    held = read_intake_file(path)
    assert held == keys.intake
    assert keys.open_envelope(held.envelope(b"d" * 32, PLACE), PLACE) == b"d" * 32
    assert mode(path) == 0o600


def test_an_intake_file_written_over_one_that_others_could_read_is_closed_to_them(tmp_path, keys):
    path = tmp_path / "intake.key"
    path.touch(mode=0o644)
    write_intake_file(path, keys)
    assert mode(path) == 0o600


def test_an_intake_file_does_not_hold_the_master_key(tmp_path, keys):
    path = tmp_path / "intake.key"
    write_intake_file(path, keys)
    with pytest.raises(BadKeyFile, match="holds no fieldcase-master-key"):
        read_key_file(path)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("fieldcase-intake-key-1 AAAA AAAA AAAA", "is damaged"),
        ("fieldcase-intake-key-1 AAAA", "is damaged"),
        ("fieldcase-intake-key-1 ! ! !", "is damaged"),
        ("fieldcase-master-key-1 AAAA", "holds no fieldcase-intake-key-1"),
        ("", "holds no fieldcase-intake-key-1"),
    ],
)
def test_a_damaged_intake_file_says_how_to_write_it_again(tmp_path, line, words):
    path = tmp_path / "intake.key"
    path.write_text(line)
    with pytest.raises(BadKeyFile, match=f"{words}.*fieldcase key intake"):
        read_intake_file(path)

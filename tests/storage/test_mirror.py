"""Receipts on another disk: whole before the answer, once for the same post, readable by the key's holder alone."""

import io
import os
from datetime import UTC, datetime, timedelta

import pytest

from storage.container import open_container
from storage.files import FilesUnavailable
from storage.frames import BadArchive
from storage.mirror import KIND, Mirror, read_receipt
from storage.sealing import Keyring, KeyUnknown
from submissions.mirrored import IN_MEMORY, read_post, write_post
from submissions.parts import Upload

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
FACTS = {"project": 1, "form": "small", "device": 7, "install_id": "collect:x", "app_version": None}
NAME = "Ana Ejemplo Inventada"
XML = f"<data><name>{NAME}</name></data>".encode()


@pytest.fixture
def mirror(tmp_path):
    return Mirror(tmp_path / "mirror")


def post(*files: tuple[str, bytes], xml: bytes = XML):
    uploads = [Upload(name, "image/jpeg", io.BytesIO(content)) for name, content in files]
    return write_post(FACTS, xml, uploads)


def read(keys, path):
    header, contents = open_container(keys, KIND, read_receipt(path))
    return header, read_post(contents)


def test_a_receipt_gives_the_post_back_as_it_came(mirror, keys):
    large = os.urandom(1024) * (IN_MEMORY // 1024 * 3)
    path = mirror.keep(keys, post(("a.jpg", b"small"), ("b.mp4", large), ("c.bin", b"")), now=NOON)
    header, posted = read(keys, path)
    assert header["received_at"] == NOON.isoformat()
    assert (posted.facts, posted.xml) == (FACTS, XML)
    told = []
    for upload in posted.uploads:
        upload.stream.seek(0)
        told.append((upload.name, upload.content_type, upload.stream.read()))
    assert told == [("a.jpg", "image/jpeg", b"small"), ("b.mp4", "image/jpeg", large), ("c.bin", "image/jpeg", b"")]


def test_a_receipt_shows_nothing_to_whoever_has_the_disk(mirror, keys):
    path = mirror.keep(keys, post(("foto-de-ana.jpg", b"bytes of an invented photo")), now=NOON)
    for shown in (path.read_bytes(), str(path).encode()):
        for name in (NAME.encode(), b"foto-de-ana", b"invented photo", b"small", b"collect:x"):
            assert name not in shown
    with pytest.raises(KeyUnknown):
        open_container(Keyring.of(bytes(32)), KIND, read_receipt(path))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_the_same_post_again_is_one_receipt_and_other_bytes_are_another(mirror, keys):
    first = mirror.keep(keys, post(("a.jpg", b"one")), now=NOON)
    held = first.read_bytes()
    assert mirror.keep(keys, post(("a.jpg", b"one")), now=NOON + timedelta(minutes=5)) == first
    assert first.read_bytes() == held
    others = {mirror.keep(keys, post(("a.jpg", b"two")), now=NOON), mirror.keep(keys, post(xml=b"<data/>"), now=NOON)}
    assert len({first, *others}) == len(mirror.receipts()) == 3


def test_a_node_that_only_takes_in_writes_receipts(mirror, keys):
    assert read(keys, mirror.keep(keys.intake, post(), now=NOON))[1].xml == XML


def test_receipts_come_back_in_the_order_of_their_arrival(mirror, keys):
    times = [NOON + timedelta(hours=hour) for hour in (30, 2, 11, 0)]
    paths = [mirror.keep(keys, post(xml=str(number).encode()), now=time) for number, time in enumerate(times)]
    assert mirror.receipts() == [path for _time, path in sorted(zip(times, paths, strict=True))]


def test_receipts_that_a_backup_covers_go_and_the_others_stay(mirror, keys):
    old = mirror.keep(keys, post(xml=b"1"), now=NOON - timedelta(days=3))
    new = mirror.keep(keys, post(xml=b"2"), now=NOON)
    assert mirror.prune(before=NOON - timedelta(days=1)) == 1
    assert mirror.receipts() == [new]
    assert not old.parent.exists()
    assert mirror.prune(before=NOON + timedelta(days=2)) == 1
    assert list(mirror.folder.iterdir()) == []


@pytest.mark.parametrize("step", ["fsync", "rename"])
def test_a_disk_that_does_not_take_it_is_said_and_nothing_half_written_is_left(mirror, keys, monkeypatch, step):
    mirror.keep(keys, post(xml=b"1"), now=NOON)

    def fails(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, fails)
    with pytest.raises(FilesUnavailable, match="No space"):
        mirror.keep(keys, post(xml=b"2"), now=NOON)
    monkeypatch.undo()
    (day,) = mirror.folder.iterdir()
    assert len(list(day.iterdir())) == len(mirror.receipts()) == 1


def test_a_mirror_that_is_not_mounted_is_said(tmp_path, keys):
    (tmp_path / "file").write_text("in the way")
    for act in (lambda mirror: mirror.check(), lambda mirror: mirror.keep(keys, post(), now=NOON)):
        with pytest.raises(FilesUnavailable):
            act(Mirror(tmp_path / "file" / "mirror"))
    assert Mirror(tmp_path / "nowhere").receipts() == []


def test_every_byte_is_synced_before_the_receipt_has_its_name(mirror, keys, monkeypatch):
    steps, fsync, rename = [], os.fsync, os.rename
    monkeypatch.setattr(os, "fsync", lambda handle: (steps.append("sync"), fsync(handle)))
    monkeypatch.setattr(os, "rename", lambda *names: (steps.append("name"), rename(*names)))
    mirror.keep(keys, post(xml=b"1"), now=NOON)
    assert steps[-3:] == ["sync", "name", "sync"]


def test_a_cut_receipt_is_told(keys):
    whole = list(post(("a.jpg", b"one")))
    for cut in range(len(whole)):
        with pytest.raises(BadArchive):
            read_post(whole[:cut])

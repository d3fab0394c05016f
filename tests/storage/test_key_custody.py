"""The master key is copied, written on paper, put under a passphrase and changed, and everything sealed still opens."""

import base64
import os

import pytest

from storage.keyfile import (
    BadKeyFile,
    KeyFile,
    NeedsPassphrase,
    load_key_file,
    make_key_file,
    read_key_file,
    replace_key_file,
)
from storage.paper import BadWords, from_lines, read_line, to_lines
from storage.passphrase import WrongPassphrase
from storage.sealing import Keyring, KeyUnknown, MasterKey, SealBroken, derive, key_id_of, new_key, seal

PLACE = "root_keys.wrapped:a"
PASSPHRASE = "four unrelated invented words"


@pytest.fixture
def ring() -> Keyring:
    return Keyring.of(MasterKey.new())


@pytest.fixture(scope="module")
def protected() -> KeyFile:
    return KeyFile.of(Keyring.of(MasterKey.grown(b"s" * 32)), PASSPHRASE)


# ---- a changed key


def test_what_was_sealed_before_the_key_was_changed_still_opens(ring):
    root, envelope = ring.wrap(b"r" * 32, PLACE), ring.envelope(b"d" * 32, PLACE)
    for changed in (Keyring.of(ring.master.rotated()), Keyring.of(ring.master.rotated().rotated())):
        assert changed.unwrap(root, PLACE) == b"r" * 32
        assert changed.open_envelope(envelope, PLACE) == b"d" * 32


def test_a_changed_key_seals_so_that_the_key_before_opens_nothing(ring):
    changed = Keyring.of(ring.master.rotated())
    for sealed, open_ in (
        (changed.wrap(new_key(), PLACE), ring.unwrap),
        (changed.envelope(new_key(), PLACE), ring.open_envelope),
    ):
        with pytest.raises(KeyUnknown, match="Copy the newest key file"):
            open_(sealed, PLACE)
        assert key_id_of(sealed) == changed.key_id != ring.key_id


def test_fingerprints_trail_blind_indexes_and_case_codes_outlive_a_changed_key(ring):
    changed = Keyring.of(ring.master.rotated())
    assert changed.public != ring.public
    assert changed.wrapping_key != ring.wrapping_key
    for name in ("fingerprint_key", "audit_key", "blind_key", "code_key"):
        assert getattr(changed, name) == getattr(ring, name)


def test_the_anchor_follows_from_the_first_seed_and_does_not_give_it_away(ring):
    held = ring.master
    assert held.anchor == derive(held.seeds[0], "anchor") != held.seeds[0]


def test_what_the_first_key_files_sealed_opens_without_naming_its_key():
    old = Keyring.of(b"m" * 32)
    changed = Keyring.of(old.master.rotated())
    wrapped = seal(old.wrapping_key, b"r" * 32, PLACE)  # as it was written before keys had ids
    assert key_id_of(wrapped) == ""
    assert changed.unwrap(wrapped, PLACE) == b"r" * 32
    assert not changed.is_current(wrapped)
    with pytest.raises(SealBroken):
        Keyring.of(b"n" * 32).unwrap(wrapped, PLACE)


# ---- the file


def test_a_key_file_of_the_first_kind_is_still_read(tmp_path):
    path = tmp_path / "master.key"
    path.write_text(f"fieldcase-master-key-1 {base64.b64encode(b'm' * 32).decode()}\n")
    assert read_key_file(path) == Keyring.of(b"m" * 32)


def test_a_changed_key_is_read_back_from_its_file(tmp_path, ring):
    path = tmp_path / "master.key"
    changed = Keyring.of(ring.master.rotated())
    replace_key_file(path, KeyFile.of(changed))
    assert read_key_file(path).master == changed.master
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_file_that_lost_a_part_is_refused_rather_than_read_as_an_older_key(tmp_path, ring):
    path = tmp_path / "master.key"
    name, packed = KeyFile(ring.master.rotated()).to_text().split("\n")[1].split()
    whole = base64.b64decode(packed)
    for damaged in (whole[:-32], whole[:-1], whole[:64], bytes(32) + whole[32:], whole + bytes(32)):
        path.write_text(f"{name} {base64.b64encode(damaged).decode()}\n")
        with pytest.raises(BadKeyFile, match="is damaged"):
            read_key_file(path)


@pytest.mark.parametrize("step", ["open", "write", "fsync", "rename"])
def test_a_key_file_is_whole_at_every_moment_of_its_change(tmp_path, monkeypatch, ring, step):
    path = tmp_path / "keys" / "master.key"
    make_key_file(path)
    before = path.read_bytes()

    def fails(*_arguments, **_named):
        raise OSError(28, "No space left on device")

    place = os if step != "write" else None
    if place is None:
        monkeypatch.setattr("storage.keyfile._write", fails)
    else:
        monkeypatch.setattr(place, step, fails)
    with pytest.raises(OSError, match="No space"):
        replace_key_file(path, KeyFile(ring.master))
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [found.name for found in path.parent.iterdir()] == [path.name]


# ---- the passphrase


def test_a_passphrase_is_needed_to_open_what_is_stored_and_not_to_take_in(tmp_path, protected):
    path = tmp_path / "master.key"
    replace_key_file(path, protected)
    held, open_ring = load_key_file(path), Keyring.of(MasterKey.grown(b"s" * 32))
    assert held.protected
    assert held.intake == open_ring.intake
    with pytest.raises(NeedsPassphrase, match="fieldcase key unlock"):
        held.ring()
    with pytest.raises(WrongPassphrase):
        held.ring(PASSPHRASE + "!")
    assert held.ring(PASSPHRASE) == open_ring


def test_a_protected_file_holds_no_seed_and_no_anchor(protected):
    text = protected.to_text()
    master = MasterKey.grown(b"s" * 32)
    for secret in (master.anchor, *master.seeds, PASSPHRASE.encode()):
        for shape in (secret.hex(), base64.b64encode(secret).decode()[:-4], repr(secret)):
            assert shape not in text
            assert shape not in repr(protected)


def test_the_intake_part_of_a_protected_file_cannot_be_exchanged(protected):
    other = KeyFile.of(Keyring.of(b"o" * 32)).intake.to_text()
    words = protected.to_text().split()
    forged = " ".join(words[-7:-3]) + " " + other
    from storage.keyfile import parse_key

    with pytest.raises(WrongPassphrase):
        parse_key(forged, "the key file").ring(PASSPHRASE)


def test_a_passphrase_can_be_changed_and_taken_away(protected):
    again = protected.with_passphrase("another one, invented too", was=PASSPHRASE)
    with pytest.raises(WrongPassphrase):
        again.ring(PASSPHRASE)
    assert again.with_passphrase(None, was="another one, invented too").ring() == protected.ring(PASSPHRASE)
    with pytest.raises(NeedsPassphrase):
        protected.with_passphrase("another one, invented too")


@pytest.mark.parametrize("cost", ["0:65536:4", "3:99999999:4", "3:65536", "x:y:z", "3:65536:1000"])
def test_a_protected_file_whose_cost_cannot_be_is_damaged(tmp_path, protected, cost):
    path, text = tmp_path / "master.key", protected.to_text()
    held = next(word for word in text.split() if word.count(":") == 2)
    path.write_text(text.replace(held, cost))
    with pytest.raises(BadKeyFile, match="is damaged"):
        load_key_file(path)


# ---- on paper


@pytest.mark.parametrize(
    "master",
    [
        MasterKey.new(),
        MasterKey.new().rotated().rotated(),
        MasterKey(b"m" * 32, (b"m" * 32,)),
        MasterKey(b"m" * 32, (b"m" * 32,)).rotated(),
    ],
    ids=["new", "changed twice", "of the first kind", "of the first kind, changed"],
)
def test_a_key_written_on_paper_is_the_same_when_it_is_typed_in_again(master):
    lines = to_lines(master)
    assert len(lines) == 6 * len(master.seeds)
    assert from_lines(lines) == master
    assert from_lines([f" {number:2}.  {line.upper()} ." for number, line in enumerate(lines, start=1)]) == master


def test_a_slip_is_told_by_its_line(ring):
    lines = to_lines(ring.master)
    words = lines[3].split()
    words[1] = "bado" if words[1] != "bado" else "timi"
    with pytest.raises(BadWords, match="Line 4 has a slip"):
        from_lines([*lines[:3], " ".join(words), *lines[4:]])


def test_lines_in_another_order_are_told(ring):
    lines = to_lines(ring.master)
    with pytest.raises(BadWords, match="Line 1 has a slip"):
        from_lines([lines[1], lines[0], *lines[2:]])


def test_lines_of_two_keys_do_not_pass_for_one(ring):
    lines, others = to_lines(ring.master), to_lines(MasterKey.new())
    with pytest.raises(BadWords, match="Lines 1 to 6 do not belong together"):
        from_lines([*lines[:3], *others[3:]])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("bado timi", "Line 1 has 2 words instead of 5"),
        ("bado timi hello sare tako", "“hello” is no word of a key"),
        ("bado timi badou sare tako", "“badou” is no word of a key"),
        ("", "Line 1 has 0 words"),
    ],
)
def test_what_is_no_line_of_a_key_is_told(line, words):
    with pytest.raises(BadWords, match=words):
        read_line(0, line)


def test_a_sheet_with_a_line_missing_is_told(ring):
    with pytest.raises(BadWords, match="A key has 6 lines"):
        from_lines(to_lines(ring.master)[:-1])


def test_almost_every_slip_of_one_letter_shows_in_its_line(ring):
    line = to_lines(ring.master)[0]
    unseen = 0
    for at, letter in enumerate(line):
        for other in "bdfgjklmnprstwyzaeio":
            if letter not in (" ", other):
                try:
                    read_line(0, line[:at] + other + line[at + 1 :])
                except BadWords:
                    continue
                unseen += 1
    assert unseen <= 3  # of some 300; the check of six lines together finds those too

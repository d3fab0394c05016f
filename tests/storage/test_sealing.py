"""What is sealed opens at its own place, under its own key, unchanged, and nowhere else."""

import pytest

from storage.sealing import (
    IntakeKeys,
    Keyring,
    KeysLocked,
    SealBroken,
    derive,
    keys_of,
    new_key,
    seal,
    unseal,
)

PLACE = "assertions.sealed:7"
WORDS = b"Ana Ejemplo, a made-up name"


def test_a_sealed_value_opens_at_its_place_and_does_not_show_what_it_holds():
    key = new_key()
    sealed = seal(key, WORDS, PLACE)
    assert unseal(key, sealed, PLACE) == WORDS
    assert WORDS not in sealed
    assert WORDS[:8] not in sealed


def test_the_same_value_sealed_twice_looks_different():
    key = new_key()
    assert seal(key, WORDS, PLACE) != seal(key, WORDS, PLACE)


def test_an_empty_value_can_be_sealed():
    key = new_key()
    assert unseal(key, seal(key, b"", PLACE), PLACE) == b""


def test_a_sealed_value_does_not_open_at_another_place():
    key = new_key()
    with pytest.raises(SealBroken, match=r"assertions\.sealed:8"):
        unseal(key, seal(key, WORDS, PLACE), "assertions.sealed:8")


def test_a_sealed_value_does_not_open_under_another_key():
    with pytest.raises(SealBroken):
        unseal(new_key(), seal(new_key(), WORDS, PLACE), PLACE)


def test_a_sealed_value_with_any_byte_changed_does_not_open():
    key = new_key()
    sealed = seal(key, WORDS, PLACE)
    for number in range(len(sealed)):
        changed = bytearray(sealed)
        changed[number] ^= 1
        with pytest.raises(SealBroken):
            unseal(key, bytes(changed), PLACE)


@pytest.mark.parametrize("length", [0, 1, 5, 13, 20, 28])
def test_a_sealed_value_that_was_cut_does_not_open(length):
    key = new_key()
    with pytest.raises(SealBroken):
        unseal(key, seal(key, WORDS, PLACE)[:length], PLACE)


def test_what_the_error_says_holds_the_place_and_nothing_of_the_value(keys):
    key = new_key()
    sealed = seal(key, WORDS, PLACE)[:-1]
    with pytest.raises(SealBroken) as caught:
        unseal(key, sealed, PLACE)
    assert str(caught.value) == PLACE


def test_intake_seals_a_data_key_that_only_the_whole_ring_opens(keys):
    data_key = new_key()
    envelope = keys.intake.envelope(data_key, "submissions.envelope:1//uuid:1")
    assert keys.open_envelope(envelope, "submissions.envelope:1//uuid:1") == data_key
    assert data_key not in envelope
    assert not hasattr(keys.intake, "open_envelope")


def test_an_envelope_does_not_open_at_another_place(keys):
    envelope = keys.envelope(new_key(), "submissions.envelope:1//uuid:1")
    with pytest.raises(SealBroken):
        keys.open_envelope(envelope, "submissions.envelope:1//uuid:2")


def test_an_envelope_does_not_open_with_another_master_key(keys):
    envelope = keys.envelope(new_key(), PLACE)
    with pytest.raises(SealBroken):
        Keyring.of(bytes(32)).open_envelope(envelope, PLACE)


def test_an_envelope_with_any_byte_changed_does_not_open(keys):
    envelope = keys.envelope(new_key(), PLACE)
    for number in range(len(envelope)):
        changed = bytearray(envelope)
        changed[number] ^= 1
        with pytest.raises(SealBroken):
            keys.open_envelope(bytes(changed), PLACE)


@pytest.mark.parametrize("length", [0, 1, 20, 33, 40])
def test_an_envelope_that_was_cut_does_not_open(keys, length):
    with pytest.raises(SealBroken):
        keys.open_envelope(keys.envelope(new_key(), PLACE)[:length], PLACE)


def test_the_ring_of_a_master_key_is_the_same_after_a_restart():
    envelope = Keyring.of(b"k" * 32).envelope(b"d" * 32, PLACE)
    assert Keyring.of(b"k" * 32).open_envelope(envelope, PLACE) == b"d" * 32
    assert Keyring.of(b"k" * 32).fingerprint(b"x") == Keyring.of(b"k" * 32).fingerprint(b"x")


def test_every_purpose_has_a_key_of_its_own(keys):
    held = {
        keys.public,
        keys.fingerprint_key,
        keys.audit_key,
        keys.private.private_bytes_raw(),
        keys.wrapping_key,
        keys.blind_key,
        keys.code_key,
        bytes(range(32)),
    }
    assert len(held) == 8
    assert derive(b"k" * 32, "one") != derive(b"k" * 32, "other")


def test_a_root_key_is_wrapped_for_its_place(keys):
    root = new_key()
    wrapped = keys.wrap(root, "root_keys.wrapped:a")
    assert keys.unwrap(wrapped, "root_keys.wrapped:a") == root
    with pytest.raises(SealBroken):
        keys.unwrap(wrapped, "root_keys.wrapped:b")


def test_equal_bytes_have_equal_fingerprints_which_differ_from_installation_to_installation(keys):
    other = Keyring.of(bytes(32))
    assert keys.fingerprint(WORDS) == keys.intake.fingerprint(WORDS)
    assert keys.fingerprint(WORDS) != keys.fingerprint(WORDS + b" ")
    assert keys.fingerprint(WORDS) != other.fingerprint(WORDS)
    assert len(keys.fingerprint(b"")) == 64


def test_a_blind_index_tells_one_field_from_another(keys):
    assert keys.blind("person.phone", "555") == keys.blind("person.phone", "555")
    assert keys.blind("person.phone", "555") != keys.blind("person.alias", "555")
    assert keys.blind("person.phone", "555") != keys.fingerprint(b"555")


def test_the_intake_part_of_a_ring_survives_being_written_and_read(keys):
    assert IntakeKeys.from_text(keys.intake.to_text()) == keys.intake


def test_the_intake_part_holds_nothing_that_opens_what_is_stored(keys):
    text = repr(keys.intake) + keys.intake.to_text()
    for secret in (keys.private.private_bytes_raw(), keys.wrapping_key, keys.blind_key, keys.code_key):
        assert secret.hex() not in text
    assert not isinstance(keys.intake, Keyring)


def test_no_secret_shows_when_a_ring_is_printed(keys):
    for secret in (keys.fingerprint_key, keys.audit_key, keys.wrapping_key, keys.blind_key, keys.code_key):
        assert repr(secret) not in repr(keys)
        assert repr(secret) not in repr(keys.intake)


@pytest.mark.parametrize("text", ["", "a b", "a b c", "YQ== YQ== YQ==", "!!! !!! !!!", "YQ== YQ== YQ== YQ=="])
def test_a_line_that_holds_no_intake_keys_is_refused(text):
    with pytest.raises(ValueError):
        IntakeKeys.from_text(text)


def test_an_intake_only_node_is_told_that_the_keys_are_locked(session, keys):
    assert keys_of(session) is keys
    session.info["keys"] = keys.intake
    with pytest.raises(KeysLocked, match="key file"):
        keys_of(session)

"""Large files sealed in chunks: nothing can be changed, moved, repeated or left out."""

import pytest

from storage.sealed_files import PLAIN_CHUNK, PREFIX_BYTES, TAG_BYTES, seal_chunks, unseal_chunks
from storage.sealing import SealBroken, new_key

PLACE = "attachments.file:1"
HEAD, SEALED = 1 + PREFIX_BYTES, PLAIN_CHUNK + TAG_BYTES
KEY = new_key()


def sealed(plain, place=PLACE):
    return b"".join(seal_chunks(KEY, [plain], place))


def opened(whole, place=PLACE, key=KEY, size=100_000):
    pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
    return b"".join(unseal_chunks(key, pieces, place))


def pattern(length):
    return (bytes(range(251)) * (length // 251 + 1))[:length]


def parts(whole):
    """The head and the sealed chunks."""
    body = whole[HEAD:]
    return whole[:HEAD], [body[start : start + SEALED] for start in range(0, len(body), SEALED)]


@pytest.mark.parametrize("length", [0, 1, PLAIN_CHUNK - 1, PLAIN_CHUNK, PLAIN_CHUNK + 1, 2 * PLAIN_CHUNK, 2_500_000])
def test_a_file_of_any_length_comes_back_as_it_was(length):
    plain = pattern(length)
    assert opened(sealed(plain)) == plain


@pytest.mark.parametrize("size", [1, 7, 8, 9, 4096, 10_000_000])
def test_it_does_not_matter_in_which_pieces_a_sealed_file_is_read(size):
    plain = pattern(5000 if size < 10 else PLAIN_CHUNK + 5000)
    assert opened(sealed(plain), size=size) == plain


def test_it_does_not_matter_in_which_pieces_a_file_is_sealed():
    plain = pattern(PLAIN_CHUNK + 100)
    pieces = [plain[start : start + 1000] for start in range(0, len(plain), 1000)]
    whole = b"".join(seal_chunks(KEY, [b"", *pieces, b""], PLACE))
    assert opened(whole) == plain
    assert len(whole) == len(sealed(plain))


def test_an_exact_multiple_of_a_chunk_ends_without_an_empty_chunk():
    assert len(sealed(pattern(2 * PLAIN_CHUNK))) == HEAD + 2 * SEALED


def test_a_sealed_file_does_not_show_what_it_holds():
    assert b"Ana Ejemplo" not in sealed(b"Ana Ejemplo, a made-up name" * 100)


def test_a_sealed_file_does_not_open_at_another_place_or_under_another_key():
    whole = sealed(b"x" * 100)
    with pytest.raises(SealBroken):
        opened(whole, place="attachments.file:2")
    with pytest.raises(SealBroken):
        opened(whole, key=new_key())


@pytest.mark.parametrize(
    "cut",
    [0, 1, 7, HEAD, HEAD + 1, HEAD + TAG_BYTES, HEAD + SEALED, HEAD + SEALED - 1, HEAD + 2 * SEALED, -1],
)
def test_a_sealed_file_that_was_cut_anywhere_does_not_open(cut):
    with pytest.raises(SealBroken):
        opened(sealed(pattern(3 * PLAIN_CHUNK))[:cut])


def test_a_sealed_file_with_something_added_does_not_open():
    whole = sealed(pattern(PLAIN_CHUNK))
    for extra in (b"\0", bytes(TAG_BYTES), bytes(SEALED)):
        with pytest.raises(SealBroken):
            opened(whole + extra)


@pytest.mark.parametrize(
    "order",
    [[1, 0, 2], [0, 0, 1, 2], [0, 2], [0, 1], [1, 2], [0, 1, 1, 2], [0, 1, 2, 2], [2], [0, 1, 2, 0]],
    ids=str,
)
def test_chunks_that_were_swapped_repeated_or_left_out_do_not_open(order):
    head, chunks = parts(sealed(pattern(3 * PLAIN_CHUNK)))
    with pytest.raises(SealBroken):
        opened(head + b"".join(chunks[number] for number in order))


def test_a_chunk_of_another_file_under_the_same_key_does_not_fit():
    head, chunks = parts(sealed(pattern(2 * PLAIN_CHUNK)))
    _head, others = parts(sealed(pattern(2 * PLAIN_CHUNK)))
    with pytest.raises(SealBroken):
        opened(head + others[0] + chunks[1])


@pytest.mark.parametrize("place", [0, 1, 5, HEAD, HEAD + 50, HEAD + SEALED + 3, -1])
def test_a_changed_byte_anywhere_is_seen(place):
    whole = bytearray(sealed(pattern(2 * PLAIN_CHUNK)))
    whole[place] ^= 1
    with pytest.raises(SealBroken):
        opened(bytes(whole))


def test_a_changed_chunk_is_seen_before_it_is_given_out():
    whole = bytearray(sealed(pattern(3 * PLAIN_CHUNK)))
    whole[HEAD + SEALED + 3] ^= 1
    given = unseal_chunks(KEY, [bytes(whole)], PLACE)
    assert next(given) == pattern(PLAIN_CHUNK)
    with pytest.raises(SealBroken, match=r"attachments\.file:1: chunk 1"):
        next(given)

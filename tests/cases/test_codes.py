import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.codes import ALPHABET, PAYLOADS, NotACaseCode, check_character, is_code, make_code, normalise

codes = st.integers(min_value=0, max_value=PAYLOADS - 1).map(make_code)
PLACES = (4, 5, 6, 7, 9)


@given(codes)
def test_every_code_made_is_a_code(code: str):
    assert is_code(code)
    assert code == f"TIP-{code[4:8]}-{check_character(code[4:8])}"


@given(codes, st.sampled_from(PLACES), st.sampled_from(ALPHABET))
def test_one_wrong_character_always_shows(code: str, place: int, character: str):
    slip = code[:place] + character + code[place + 1 :]
    assert is_code(slip) == (slip == code)


@given(codes, st.sampled_from([(4, 5), (5, 6), (6, 7), (7, 9)]))
def test_two_neighbours_swapped_always_show(code: str, places: tuple[int, int]):
    first, second = places
    characters = list(code)
    characters[first], characters[second] = characters[second], characters[first]
    slip = "".join(characters)
    assert is_code(slip) == (slip == code)


def test_a_payload_gives_the_same_code_as_number_and_as_bytes():
    assert make_code(123_456) == make_code((123_456).to_bytes(8, "big"))
    assert make_code(PAYLOADS + 5) == make_code(5)


def test_more_than_four_of_five_payloads_have_a_code_of_their_own():
    assert len({make_code(payload) for payload in range(0, PAYLOADS, 37)}) > PAYLOADS / 37 * 0.8


@pytest.mark.parametrize("typed", ["TIP-7K3Q-9", "tip-7k3q-9", " TIP 7K3Q 9 ", "7k3q9", "TIP–7K3Q–9"])
def test_a_code_is_understood_however_it_is_typed(typed: str):
    assert normalise(typed) == "TIP-7K3Q-9"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("TIP-7K3O-9", "the letter O"),
        ("TIP-7K30-9", "the digit 0"),
        ("TIP-I7K3-9", "the letter I"),
        ("TIP-1K3Q-9", "the digit 1"),
        ("TIP-7K3Q", "looks like TIP-7K3Q-9"),
        ("", "looks like TIP-7K3Q-9"),
        ("TIP-7KÄQ-9", "looks like TIP-7K3Q-9"),
        ("TIP-K73Q-9", "two are swapped"),
    ],
)
def test_what_is_no_code_is_refused_with_what_to_look_at(typed: str, told: str):
    with pytest.raises(NotACaseCode, match=told):
        normalise(typed)


@pytest.mark.parametrize("typed", ["tip-7k3q-9", "TIP-7K3Q-8", "XTIP-7K3Q-9", "TIP-7K3Q-9\n", "TIP7K3Q9"])
def test_only_the_written_form_is_a_code(typed: str):
    assert not is_code(typed)


def test_a_middle_without_a_check_character_is_told():
    lonely = next(
        four
        for four in (a + b + "22" for a in ALPHABET for b in ALPHABET)
        if not any(is_code(f"TIP-{four}-{check}") for check in ALPHABET)
    )
    with pytest.raises(NotACaseCode, match=lonely):
        check_character(lonely)
    with pytest.raises(NotACaseCode, match="four characters"):
        check_character("7K3")

"""Case codes such as TIP-7K3Q-9: spoken, written on paper and typed on a tablet without slipping into another case.

Read a code's characters as digits of the alphabet below, and the code as a number in base 4: it is right when 37
divides that number. As 37 is prime and larger than the alphabet, one wrong character and a swap of two neighbours
always show.
"""

import re

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
PREFIX = "TIP"
BASE, MODULUS = 4, 37
PAYLOADS = len(ALPHABET) ** 4
SHAPE = re.compile(rf"{PREFIX}-([{ALPHABET}]{{4}})-([{ALPHABET}])")
_LOOK_ALIKES = {"O": "the letter O", "0": "the digit 0", "I": "the letter I", "1": "the digit 1"}


class NotACaseCode(ValueError):
    """This is not a case code; the message says what to look at again."""


def make_code(payload: bytes | int) -> str:
    """The code of a payload, best a random one; where no check character fits, the next payload's that has one."""
    number = int.from_bytes(payload, "big") if isinstance(payload, bytes) else payload
    while True:
        four = _four(number % PAYLOADS)
        check = _check_value(four)
        if check < len(ALPHABET):
            return f"{PREFIX}-{four}-{ALPHABET[check]}"
        number += 1


def check_character(four: str) -> str:
    """The last character of the code whose middle is `four`; raises NotACaseCode when no code has that middle."""
    if len(four) != 4 or any(character not in ALPHABET for character in four):
        raise NotACaseCode(f"The middle of a case code has four characters of {ALPHABET}.")
    check = _check_value(four)
    if check >= len(ALPHABET):
        raise NotACaseCode(f"No case code has {four} in the middle.")
    return ALPHABET[check]


def is_code(text: str) -> bool:
    """Whether this is a case code exactly as it is written, check character included."""
    match = SHAPE.fullmatch(text)
    return match is not None and _sum(match[1] + match[2]) % MODULUS == 0


def normalise(text: str) -> str:
    """The code a person meant by small letters, blanks or missing dashes; raises NotACaseCode, saying why."""
    typed = re.sub(r"[\s\-‐-―_.]", "", text).upper().removeprefix(PREFIX)
    for character, words in _LOOK_ALIKES.items():
        if character in typed:
            raise NotACaseCode(f"Case codes never hold {words}. Look at the code again.")
    if len(typed) != 5 or any(character not in ALPHABET for character in typed):
        raise NotACaseCode("A case code looks like TIP-7K3Q-9: four characters, then one more.")
    if _sum(typed) % MODULUS:
        raise NotACaseCode("The last character does not fit the others. One is wrong or two are swapped.")
    return f"{PREFIX}-{typed[:4]}-{typed[4]}"


def _four(number: int) -> str:
    characters = []
    for _ in range(4):
        number, digit = divmod(number, len(ALPHABET))
        characters.append(ALPHABET[digit])
    return "".join(reversed(characters))


def _sum(characters: str) -> int:
    total = 0
    for character in characters:
        total = total * BASE + ALPHABET.index(character)
    return total


def _check_value(four: str) -> int:
    return -_sum(four) * BASE % MODULUS

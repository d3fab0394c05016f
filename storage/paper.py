"""A master key written on paper: pronounceable words in lines that each carry their own check.

A word is two syllables, each a consonant and a vowel, and says 12 bits; nobody needs a list to read one. Four words
hold six bytes of the key, the fifth checks them, so that whoever types a sheet in is told which line has the slip.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence

from storage.sealing import KEY_BYTES, MasterKey

CONSONANTS, VOWELS = "bdfgjklmnprstwyz", "aeio"
SYLLABLES = tuple(consonant + vowel for consonant in CONSONANTS for vowel in VOWELS)
WORD = re.compile(r"[a-z]+")
WORDS_IN_LINE, LINES = 5, 6
LINE_BYTES, CHECK_BYTES = 6, 3
FIRST, GROWN, LATER = 1, 2, 3  # what a block holds: a seed that is the anchor too, one it follows from, a later one


class BadWords(Exception):
    """The words are not those of a key; the text names the line."""


def to_lines(master: MasterKey) -> list[str]:
    """The key as lines of five words; six lines a seed."""
    kind = FIRST if master.anchor == master.seeds[0] else GROWN
    blocks = [(kind if number == 0 else LATER, seed) for number, seed in enumerate(master.seeds)]
    return [line for number, (what, seed) in enumerate(blocks) for line in _block(number, bytes([what]) + seed)]


def from_lines(lines: Sequence[str]) -> MasterKey:
    """The key that the lines hold; raises BadWords."""
    if not lines or len(lines) % LINES:
        raise BadWords(f"A key has {LINES} lines, or a multiple of it; these are {len(lines)}.")
    content = b"".join(read_line(number, line) for number, line in enumerate(lines))
    blocks = list(_cut(content, LINE_BYTES * LINES))
    for number, block in enumerate(blocks):
        if _check(block[:-CHECK_BYTES], CHECK_BYTES) != block[-CHECK_BYTES:] or (block[0] == LATER) != (number > 0):
            raise BadWords(f"Lines {number * LINES + 1} to {(number + 1) * LINES} do not belong together.")
    seeds = tuple(block[1 : 1 + KEY_BYTES] for block in blocks)
    return MasterKey(seeds[0] if blocks[0][0] == FIRST else MasterKey.grown(seeds[0]).anchor, seeds)


def read_line(number: int, line: str) -> bytes:
    """The six bytes of a line, counted from 0; digits, dots and capital letters do not matter. Raises BadWords."""
    words = WORD.findall(line.lower())
    if len(words) != WORDS_IN_LINE:
        raise BadWords(f"Line {number + 1} has {len(words)} words instead of {WORDS_IN_LINE}.")
    *held, check = (_number(word, number) for word in words)
    whole = 0
    for value in held:
        whole = whole << 12 | value
    content = whole.to_bytes(LINE_BYTES, "big")
    if check != _line_check(number, content):
        raise BadWords(f"Line {number + 1} has a slip: compare its words with the sheet, and its place too.")
    return content


def _block(number: int, content: bytes) -> Iterator[str]:
    for at, part in enumerate(_cut(content + _check(content, CHECK_BYTES), LINE_BYTES), start=number * LINES):
        whole = int.from_bytes(part, "big")
        values = [whole >> shift & 0xFFF for shift in (36, 24, 12, 0)]
        yield " ".join(_word(value) for value in (*values, _line_check(at, part)))


def _word(value: int) -> str:
    return SYLLABLES[value >> 6] + SYLLABLES[value & 0x3F]


def _number(word: str, line: int) -> int:
    first, second = word[:2], word[2:]
    if first not in SYLLABLES or second not in SYLLABLES:
        raise BadWords(f"Line {line + 1}: “{word}” is no word of a key. Words are like bado or timi.")
    return SYLLABLES.index(first) << 6 | SYLLABLES.index(second)


def _line_check(number: int, content: bytes) -> int:
    return int.from_bytes(_check(number.to_bytes(2, "big") + content, 2), "big") & 0xFFF


def _check(content: bytes, size: int) -> bytes:
    return hashlib.sha256(b"fieldcase words" + content).digest()[:size]


def _cut(content: bytes, size: int) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))

"""An OData expression cut into its smallest parts."""

import re
from dataclasses import dataclass
from enum import Enum

from server.api.odata.faults import unparseable

LONGEST = 4_000  # characters
MOST = 100  # parts that mean something: operators, parentheses, fields, functions and literals


class Kind(Enum):
    """What a part of an expression is."""

    OPEN = r"\("
    CLOSE = r"\)"
    COMMA = r","
    # A blank before an offset is a plus that was not escaped in the address.
    MOMENT = r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?(?:Z|[-+ ]\d\d:\d\d)?)?(?![\w:.-])"
    NUMBER = r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])"
    TEXT = r"'(?:[^']|'')*'"
    NAME = r"\$?[^\W\d][\w.-]*(?:/[^\W\d][\w.-]*)*"


TOKEN = re.compile(r"\s*(?:" + "|".join(f"(?P<{kind.name}>{kind.value})" for kind in Kind) + r")", re.ASCII)


@dataclass(frozen=True)
class Token:
    """A part of an expression, and where it begins."""

    kind: Kind
    text: str
    at: int


def tokens_of(text: str) -> list[Token]:
    """The parts in their order; raises Problem for what is none, and for an expression that is too long."""
    if len(text) > LONGEST:
        raise unparseable(f"it has more than {LONGEST} characters")
    if "\0" in text:
        raise unparseable("it holds a character that no value can have")
    found: list[Token] = []
    at = 0
    while text[at:].strip():
        match = TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise unparseable(f"what stands at character {len(text) - len(text[at:].lstrip()) + 1} means nothing here")
        found.append(Token(Kind[match.lastgroup], match[match.lastgroup], match.start(match.lastgroup)))
        at = match.end()
        if len(found) > MOST:
            raise unparseable(f"it has more than {MOST} parts")
    if not found:
        raise unparseable("it is empty")
    return found

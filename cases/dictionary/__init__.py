"""What a case can hold, as data: `load()` gives the dictionary that ships."""

from functools import cache
from pathlib import Path

from cases.dictionary.model import Dictionary, Field, Indicator, RecordKind
from cases.dictionary.reading import BadDictionary, read_dictionary
from cases.dictionary.values import NotAValue, Value, read_value

FOLDER = Path(__file__).parent


@cache
def load() -> Dictionary:
    """The dictionary that ships with Fieldcase."""
    return read_dictionary(FOLDER)


DICTIONARY = load()

__all__ = [
    "DICTIONARY",
    "BadDictionary",
    "Dictionary",
    "Field",
    "Indicator",
    "NotAValue",
    "RecordKind",
    "Value",
    "load",
    "read_dictionary",
    "read_value",
]

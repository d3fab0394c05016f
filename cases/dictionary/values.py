"""Words of an answer turned into the value of a field, and refused when they cannot be one."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

from cases.dictionary.model import Dictionary, Field

YES = frozenset({"yes", "true", "1", "ok"})
NO = frozenset({"no", "false", "0"})
Value = str | int | bool | list[str]
"""What an assertion keeps, always plain JSON: dates, moments and decimals as text, codes as a list."""


class NotAValue(ValueError):
    """This answer cannot be a value of the field; the message names field and rule, never the answer."""


def read_value(field: Field, text: str, dictionary: Dictionary) -> Value:
    """The value of a field that an answer's text gives; raises NotAValue."""
    words = text.strip()
    if not words:
        raise NotAValue(f"{field.name} takes {field.type}; the answer is empty")
    if field.type in ("code", "codes"):
        return _codes(field, words, dictionary)
    try:
        value = _plain(field.type, words)
    except (ValueError, ArithmeticError) as error:
        raise NotAValue(f"{field.name} takes {field.type}; the answer is none") from error
    if field.pattern and not re.fullmatch(field.pattern, words):
        raise NotAValue(f"{field.name} takes text of a fixed shape; the answer has another")
    return value


def _codes(field: Field, words: str, dictionary: Dictionary) -> Value:
    given = list(dict.fromkeys(words.split())) if field.type == "codes" else [words]
    known = dictionary.codes(field.codes)
    if not given or any(code not in known for code in given):
        raise NotAValue(f"{field.name} takes codes of the list {field.codes}; the answer holds another")
    return given if field.type == "codes" else given[0]


def _plain(kind: str, words: str) -> Value:
    match kind:
        case "integer":
            return _integer(words)
        case "decimal":
            return format(_number(words), "f")
        case "boolean":
            return _boolean(words)
        case "date":
            return date.fromisoformat(_fitting(_DATE, words)[:10]).isoformat()
        case "datetime":
            return _moment(words)
        case "geopoint":
            return _point(words)
        case _:
            return words


_DATE = re.compile(r"\d{4}-\d\d-\d\d(T.*)?")
_NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d{0,18})?([eE][+-]?\d{1,2})?")


def _fitting(shape: re.Pattern[str], words: str) -> str:
    if not shape.fullmatch(words):
        raise ValueError
    return words


def _number(words: str) -> Decimal:
    return Decimal(_fitting(_NUMBER, words))


def _integer(words: str) -> int:
    number = _number(words)
    if number != int(number):
        raise ValueError
    return int(number)


def _boolean(words: str) -> bool:
    if words.lower() not in YES | NO:
        raise ValueError
    return words.lower() in YES


def _moment(words: str) -> str:
    """ISO 8601 in UTC; a moment without a zone and a bare date are taken as UTC."""
    moment = datetime.fromisoformat(words)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _point(words: str) -> str:
    """Latitude and longitude in degrees, then altitude and accuracy in metres where given."""
    numbers = [float(_number(number)) for number in words.split()]
    if not 2 <= len(numbers) <= 4 or not (abs(numbers[0]) <= 90 and abs(numbers[1]) <= 180):
        raise ValueError
    return " ".join(words.split())

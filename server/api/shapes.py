"""The base of every shape that goes in or out, and the kinds of value that stand in them."""

import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import marshmallow as ma

MISSING, UNKNOWN, NULL, TYPE = "missing", "unknown", "null", "type"
"""What the parser is told in place of words; it makes a numbered problem of each."""


class Shape(ma.Schema):
    """An object whose fields are known; others are refused."""

    class Meta:
        unknown = ma.RAISE

    error_messages = {"unknown": UNKNOWN, "type": TYPE}  # noqa: RUF012  The base class declares it so.


class _Strict(ma.fields.Field[Any]):
    expected = "a value"
    default_error_messages = {"required": MISSING, "null": NULL, "invalid": TYPE}  # noqa: RUF012


class Text(_Strict, ma.fields.String):
    """A string that can be stored: no NUL and no half of a character."""

    expected = "a string"
    default_error_messages = {"invalid": TYPE, "invalid_utf8": TYPE}  # noqa: RUF012

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if any(unicodedata.category(one) == "Cs" or one == "\0" for one in text):
            raise ma.ValidationError("It holds characters that cannot be stored.")
        return text


class Whole(_Strict, ma.fields.Integer):
    """A whole number as JSON Schema has it: 3.0 is one; 2.5, "3" and true are none. In addresses it is a string."""

    expected = "a whole number"
    default_error_messages = {"invalid": TYPE, "too_large": TYPE}  # noqa: RUF012

    def __init__(self, *, in_address: bool = False, **more: Any) -> None:
        super().__init__(**more)
        self.in_address = in_address

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        if self.in_address:
            digits = str(value).removeprefix("-")
            if not (digits.isascii() and digits.isdecimal() and len(digits) < 20):
                raise self.make_error("invalid")
            return int(str(value))
        if isinstance(value, bool | str) or (isinstance(value, float) and not value.is_integer()):
            raise self.make_error("invalid")
        return int(super()._deserialize(value, attr, data, **kwargs))


class Flag(_Strict, ma.fields.Boolean):
    """True or false; in addresses `true` and `false`, in letters of any size."""

    expected = "true or false"
    default_error_messages = {"invalid": TYPE}  # noqa: RUF012

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in {"true", "false"}:
            return value.lower() == "true"
        raise self.make_error("invalid")


class Moment(_Strict, ma.fields.DateTime):
    """A moment in UTC with milliseconds and Z (ISO 8601)."""

    expected = "a moment like 2026-05-03T12:00:00.000Z"
    default_error_messages = {"invalid": TYPE, "invalid_awareness": TYPE, "format": TYPE}  # noqa: RUF012

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return iso(value)


class Day(_Strict, ma.fields.Date):
    """A day (ISO 8601)."""

    expected = "a day like 2026-05-03"
    default_error_messages = {"invalid": TYPE, "format": TYPE}  # noqa: RUF012


class Word(Text):
    """One of a few words."""

    def __init__(self, words: Mapping[str, Any] | tuple[str, ...], **more: Any) -> None:
        super().__init__(validate=ma.validate.OneOf(list(words), error="It must be one of {choices}."), **more)


def listed(inner: Any, **more: Any) -> Any:
    """An array of a shape or of values."""
    field = ma.fields.Nested(inner) if isinstance(inner, type) else inner
    return ma.fields.List(field, **more)


def nested(shape: type[ma.Schema], **more: Any) -> Any:
    """An object inside an object."""
    return ma.fields.Nested(shape, **more)


def anything(**more: Any) -> Any:
    """A JSON value of any kind."""
    return ma.fields.Raw(**more)


def mapping(values: Any = None, **more: Any) -> Any:
    """An object whose names are not known beforehand."""
    return ma.fields.Dict(keys=ma.fields.String(), values=values, **more)


def iso(moment: datetime | None) -> str | None:
    """The moment in UTC with milliseconds and Z (ISO 8601)."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plain(value: Any) -> Any:
    """What JSON has no kind for, as it is written here."""
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


class Success(Shape):
    """It was done."""

    success = Flag(required=True)


DONE = {"success": True}


class Fault(Shape):
    """What every refusal looks like."""

    code = ma.fields.Float(
        required=True, metadata={"description": "ODK Central's number; the whole part is the status"}
    )
    message = Text(required=True)
    details = mapping(required=True)

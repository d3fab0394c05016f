"""What scripts send, read strictly; every fault becomes a numbered problem."""

import json
import math
from typing import Any, NoReturn

import marshmallow as ma
from flask import Request, request
from webargs.flaskparser import FlaskParser

from server.api.problems import Problem, missing, unexpected, unreadable, wrong_type, wrong_value
from server.api.shapes import MISSING, NULL, TYPE, UNKNOWN

LARGEST_JSON = 250_000  # bytes
JSON_TYPE = "application/json"


class Parser(FlaskParser):
    """Reads JSON bodies and query strings by their shapes."""

    DEFAULT_VALIDATION_STATUS = 400

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        """The body as JSON, {} when there is none; raises Problem."""
        return read_json(req)

    def handle_error(self, error: ma.ValidationError, req: Request, schema: ma.Schema, **_more: Any) -> NoReturn:
        """The first fault is told, by its field."""
        _location, faults = next(iter(error.messages_dict.items()))
        if isinstance(faults, list):
            faults = {"_schema": faults}
        needed = [field.data_key or name for name, field in schema.fields.items() if field.required]
        if len(needed) > 1 and [MISSING] in faults.values():
            raise missing(*needed)
        name, found = next(iter(faults.items()))
        raise _fault(name, found, schema)


def read_json(req: Request | None = None) -> Any:
    """The body as JSON; raises Problem for one that is too large, of another type, or not strictly JSON."""
    req = req or request
    req.max_content_length = LARGEST_JSON
    content = req.get_data()
    if not content and not req.headers.get("Content-Type"):
        return {}
    if not req.is_json:
        raise Problem("415.1", f"Send JSON, with the header Content-Type: {JSON_TYPE}.", expected=JSON_TYPE)
    try:
        return json.loads(
            content.decode("utf-8"), object_pairs_hook=_object, parse_constant=_constant, parse_float=_number
        )
    except (ValueError, RecursionError) as error:
        raise unreadable("The body is not JSON in UTF-8.") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return held


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _fault(name: str, found: Any, schema: ma.Schema) -> Problem:
    while isinstance(found, dict):  # a fault inside a nested object or a list
        inner, found = next(iter(found.items()))
        name = f"{name}.{inner}"
    first = str(found[0])
    if first == MISSING:
        return missing(name)
    if first == UNKNOWN:
        return unexpected(name[:200])
    if first in {TYPE, NULL}:
        field = next((one for key, one in schema.fields.items() if (one.data_key or key) == name), None)
        return wrong_type("body" if name == "_schema" else name, getattr(field, "expected", "an object"))
    return wrong_value(name, first)

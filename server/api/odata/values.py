"""Answers as OData values: numbers, places and moments instead of texts; None where a text is none of its type."""

import math
import re
from collections.abc import Callable
from typing import Any

from submissions.answers import INTEGER, NUMBER

Convert = Callable[[str], Any]
SHORT_OFFSET = re.compile(r"[+-]\d\d$")
EDM = {
    "int": "Edm.Int64",
    "decimal": "Edm.Decimal",
    "boolean": "Edm.Boolean",
    "date": "Edm.Date",
    "dateTime": "Edm.DateTimeOffset",
    "geopoint": "Edm.GeographyPoint",
    "geotrace": "Edm.GeographyLineString",
    "geoshape": "Edm.GeographyPolygon",
}
"""OData's word for ODK's types; all others are Edm.String."""

OF_QUESTION = {
    "integer": "int",
    "range": "decimal",
    "start": "dateTime",
    "end": "dateTime",
    "today": "date",
    "start-geopoint": "geopoint",
    "background-geopoint": "geopoint",
    **{name: name for name in EDM},
}
"""ODK's type of what answers to a question hold."""


def converter(kind: str, *, wkt: bool) -> Convert | None:
    """What turns a text of this ODK type into a value; None for those that stay texts."""
    if wkt and kind in WKT:
        return WKT[kind]
    return CONVERTERS.get(kind)


def _int(text: str) -> int | None:
    return int(text) if INTEGER.fullmatch(text.strip()) else None


def _decimal(text: str) -> float | None:
    number = float(text) if NUMBER.fullmatch(text.strip()) else math.inf
    return number if math.isfinite(number) else None


def _boolean(text: str) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower())


def _moment(text: str) -> str:
    return f"{text}:00" if SHORT_OFFSET.search(text) else text


def _point(text: str) -> dict[str, Any] | None:
    found = _place(text)
    if found is None:
        return None
    return {"type": "Point", "coordinates": found[0], "properties": {"accuracy": found[1]}}


def _line(text: str) -> dict[str, Any] | None:
    found = _places(text)
    if found is None or len(found) < 2:
        return None
    return {"type": "LineString", "coordinates": [one[0] for one in found], "properties": _accuracies(found)}


def _area(text: str) -> dict[str, Any] | None:
    found = _places(text)
    if found is None or len(found) < 3:
        return None
    return {"type": "Polygon", "coordinates": [[one[0] for one in found]], "properties": _accuracies(found)}


def _wkt_point(text: str) -> str | None:
    found = _place(text)
    return None if found is None else f"POINT ({_said(found)})"


def _wkt_line(text: str) -> str | None:
    found = _places(text)
    return None if found is None or len(found) < 2 else f"LINESTRING ({','.join(map(_said, found))})"


def _wkt_area(text: str) -> str | None:
    found = _places(text)
    return None if found is None or len(found) < 3 else f"POLYGON (({','.join(map(_said, found))}))"


Place = tuple[list[float], float | None]
"""Longitude, latitude and perhaps altitude, and the accuracy in metres."""


def _place(text: str) -> Place | None:
    """Of latitude, longitude, altitude and accuracy, which is how ODK writes them."""
    numbers = [_decimal(word) for word in text.split()]
    if not 2 <= len(numbers) <= 4:
        return None
    latitude, longitude, *more = numbers
    if latitude is None or longitude is None:
        return None
    altitude = more[0] if more else None
    coordinates = [longitude, latitude] if altitude is None else [longitude, latitude, altitude]
    return coordinates, more[1] if len(more) > 1 else None


def _places(text: str) -> list[Place] | None:
    found = [_place(one) for one in text.split(";") if one.strip()]
    places = [one for one in found if one is not None]
    return places if len(places) == len(found) else None


def _accuracies(places: list[Place]) -> dict[str, Any]:
    return {"accuracy": [place[1] for place in places]}


def _said(place: Place) -> str:
    return " ".join(f"{number:.15g}" for number in place[0])


CONVERTERS: dict[str, Convert] = {
    "int": _int,
    "decimal": _decimal,
    "boolean": _boolean,
    "dateTime": _moment,
    "geopoint": _point,
    "geotrace": _line,
    "geoshape": _area,
}
WKT: dict[str, Convert] = {"geopoint": _wkt_point, "geotrace": _wkt_line, "geoshape": _wkt_area}

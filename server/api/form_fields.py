"""The groups and questions of a form as a flat list, as ODK Central tells them."""

import re
from collections.abc import Iterator
from typing import Any

from forms.library import definition_of
from forms.tables import FormVersion
from server.api.shapes import Flag, Shape, Text
from xlsforms.questions import FormDefinition

BINARY = frozenset({"image", "audio", "video", "file", "background-audio", "audit"})
TYPES = {
    "integer": "int",
    "range": "decimal",
    "start": "dateTime",
    "end": "dateTime",
    "today": "date",
    **{kind: kind for kind in ("decimal", "date", "time", "dateTime", "boolean", "geopoint", "geotrace", "geoshape")},
    **dict.fromkeys(BINARY, "binary"),
}
"""ODK's word for the question's type, and the type of what its answer holds; all others are strings."""


class FieldShape(Shape):
    """A group, a repeat or a question."""

    path = Text(required=True)
    name = Text(required=True)
    type = Text(required=True)
    binary = Flag(required=True, allow_none=True)
    selectMultiple = Flag(required=True, allow_none=True)  # noqa: N815


def fields_of(version: FormVersion, *, odata: bool) -> list[dict[str, Any]]:
    """Each group of a version before what stands in it; with `odata`, names are made identifiers."""
    return fields_in(definition_of(version), odata=odata)


def fields_in(definition: FormDefinition, *, odata: bool) -> list[dict[str, Any]]:
    """The same of a definition."""
    rows = list(_walk(definition))
    if odata:
        for row in rows:
            row["path"] = "/".join(identifier(step) if step else "" for step in row["path"].split("/"))
            row["name"] = identifier(row["name"])
    return rows


def identifier(name: str) -> str:
    """The name as OData takes it: letters, digits and underscores, no digit first."""
    held = re.sub(r"[^A-Za-z0-9_]+", "_", name)
    return held if re.match(r"[A-Za-z_]", name) else f"_{held}"


def _walk(definition: FormDefinition) -> Iterator[dict[str, Any]]:
    repeats = {group.path for group in definition.groups if group.repeat}
    told: set[str] = set()
    for question in definition.questions:
        steps = question.path.strip("/").split("/")
        for depth in range(2, len(steps)):
            above = "/" + "/".join(steps[:depth])
            if above not in told:
                told.add(above)
                yield _row(above, "repeat" if above in repeats else "structure")
        yield _row(
            question.path,
            TYPES.get(question.type, "string"),
            binary=True if question.type in BINARY else None,
            multiple=True if question.type == "select_multiple" else None,
        )


def _row(path: str, kind: str, *, binary: bool | None = None, multiple: bool | None = None) -> dict[str, Any]:
    below = path.strip("/").split("/")[1:]
    return {
        "path": "/" + "/".join(below),
        "name": below[-1],
        "type": kind,
        "binary": binary,
        "selectMultiple": multiple,
    }

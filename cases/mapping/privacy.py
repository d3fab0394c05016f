"""What stands readable on a tablet may not say who a person is: entities, names of filled forms, last-saved answers."""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cases.dictionary.model import Field
from cases.mapping.fields import Fed
from xlsforms.columns import EXPRESSIONS, View, view
from xlsforms.findings import Finding, Place, error, warning
from xlsforms.outline import Item, outline
from xlsforms.sheets import Workbook

REFERENCE = re.compile(r"\$\{\s*(last-saved#)?\s*([^{}\s]+)\s*\}")
LAST_SAVED = re.compile(r"\$\{\s*last-saved#([^{}\s]+)\s*\}")
# A question that is only compared or counted gives away no more than a yes or no.
COMPARED = re.compile(
    r"\$\{[^{}]*\}\s*(?:!=|<=|>=|=|<|>)|(?:!=|<=|>=|=|<|>)\s*\$\{[^{}]*\}"
    r"|\b(?:selected|count-selected|string-length|regex|not|boolean|count)\s*\(\s*\$\{[^{}]*\}"
)
FREE = frozenset({"text", "string", "barcode", "geopoint", "geotrace", "geoshape", "image", "audio", "video", "file"})
KINDS = {
    "health": "@class-health",
    "narrative": "@class-narrative",
    "identity": "@class-identity",
    "contact": "@class-contact",
    "location": "@class-location",
    "suspect": "@class-suspect",
}
READABLE = {"entities": ("label", "entity_id"), "settings": ("instance_name",)}


@dataclass(frozen=True)
class Tainted:
    """An answer that says something about a person: the mapped question that it comes from, and its field."""

    name: str
    field: Field


def privacy(workbook: Workbook, fed: tuple[Fed, ...], case_form: str) -> Iterator[Finding]:
    """All findings about answers that would stand readable on a tablet, or be asked before consent."""
    yield from _identity_before_consent(fed, case_form)
    told = outline(workbook)
    items = {item.name: item for item in told.items if item.name and not item.begins}
    tainted = _tainted(told.survey, items, {thing.row.name: thing.field for thing in fed})
    mapped = {thing.row.name for thing in fed}
    for item in items.values() if workbook.sheet("entities") else ():
        if told.survey.get(item.row, "save_to"):
            place = told.survey.place(item.row, "save_to")
            yield from _readable(item.name, place, "entity", tainted, items, mapped)
    for name, columns in READABLE.items():
        sheet = view(workbook, name)
        for row, column, text in sheet.cells(*columns):
            where = "entity" if name == "entities" else "instance-name"
            for used in _copied(text):
                yield from _readable(used, sheet.sheet.place(row, column.header), where, tainted, items, mapped)
    yield from _last_saved(told.survey, tainted)


def _identity_before_consent(fed: tuple[Fed, ...], case_form: str) -> Iterator[Finding]:
    if case_form != "screening":
        return
    agreed = False
    for thing in fed:
        agreed = agreed or thing.field.record == "consent"
        if thing.field.cls in ("identity", "contact") and not agreed:
            yield error("identity-before-consent", thing.row.place("case_field"), field=thing.field.name)


def _copied(text: str) -> list[str]:
    """The questions whose answers a text or an expression hands on, not those it only compares."""
    return [match[2] for match in REFERENCE.finditer(COMPARED.sub(" ", text)) if not match[1]]


def _tainted(survey: View, items: Mapping[str, Item], fields: Mapping[str, Field]) -> dict[str, Tainted]:
    """The questions and calculations that hold personal answers; a field that stands in clear ends the trail."""
    tainted = {name: Tainted(name, field) for name, field in fields.items() if field.sealed}
    used_by: dict[str, list[str]] = {}
    for name, item in items.items():
        if name not in fields:
            for used in _copied(f"{survey.get(item.row, 'calculation')} {survey.get(item.row, 'default')}"):
                used_by.setdefault(used, []).append(name)
    waiting = deque(tainted)
    while waiting:
        used = waiting.popleft()
        for name in used_by.get(used, ()):
            if name not in tainted:
                tainted[name] = tainted[used]
                waiting.append(name)
    return tainted


def _readable(
    name: str,
    place: Place,
    where: str,
    tainted: Mapping[str, Tainted],
    items: Mapping[str, Item],
    mapped: set[str],
) -> Iterator[Finding]:
    if found := tainted.get(name):
        via = name if found.name != name else None
        facts = {"name": found.name, "field": found.field.name, "kind": KINDS[found.field.cls], "via": via}
        if where == "entity":
            yield error("entity-personal-data", place, **facts)
        else:
            yield error("instance-name-personal-data", place, **facts)
    elif name in items and items[name].type.kind in FREE and name not in mapped:
        if where == "entity":
            yield warning("entity-free-text", place, name=name)
        else:
            yield warning("instance-name-free-text", place, name=name)


def _last_saved(survey: View, tainted: Mapping[str, Tainted]) -> Iterator[Finding]:
    for row, column, text in survey.cells(*EXPRESSIONS):
        for match in LAST_SAVED.finditer(text):
            if found := tainted.get(match[1]):
                place = survey.sheet.place(row, column.header)
                facts = {"name": found.name, "field": found.field.name, "kind": KINDS[found.field.cls]}
                yield error("last-saved-personal-data", place, **facts)

"""Rules about entities: the sheet `entities` and the column `save_to` (entities specification 2024.1 and 2025.1)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from xlsforms.columns import View, view
from xlsforms.findings import Finding, error
from xlsforms.limits import Limits
from xlsforms.outline import Item, outline
from xlsforms.sheets import Row, Workbook
from xlsforms.wording import closest, near

COLUMNS = ("list_name", "dataset", "label", "entity_id", "create_if", "update_if", "repeat")
TAKEN = ("name", "label")  # what every entity has by itself
NAME = re.compile(r"[^\W\d][\w.-]*")
REFERENCE = re.compile(r"\$\{\s*([^{}\s]+)\s*\}")


@dataclass(frozen=True)
class Declared:
    """One row of the sheet entities."""

    row: Row
    name: str
    repeat: str  # the repeat that it names, "" when it names none


def declarations(workbook: Workbook) -> tuple[Declared, ...]:
    """The entity lists that the workbook declares, in order."""
    sheet = view(workbook, "entities")
    return tuple(
        Declared(row, list_name(sheet, row), _bare(sheet.get(row, "repeat")))
        for row in sheet.sheet.rows
        if any(plain in COLUMNS for plain in (column.name for column in sheet.columns if column.header in row.values))
    )


def list_name(sheet: View, row: Row) -> str:
    """The list that a row of entities declares, under its old column too."""
    return sheet.get(row, "list_name") or sheet.get(row, "dataset")


def of_list(cell: str, declared: tuple[Declared, ...]) -> tuple[str, str]:
    """The list and property that a cell of save_to means; the list is "" when it says none and there are several."""
    prefix, hash_, rest = cell.partition("#")
    if hash_:
        return prefix, rest
    return (declared[0].name if len(declared) == 1 else ""), cell


def entity_lists(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """What is wrong with the sheet entities."""
    sheet, seen = view(workbook, "entities"), dict[str, Row]()
    for column in sheet.columns:
        if column.name not in COLUMNS:
            yield error("entities-unknown-column", sheet.head(column), near=closest(column.name, COLUMNS))
    for declared in declarations(workbook):
        yield from _list_name(sheet, declared, seen)
        yield from _whether(sheet, declared)
        yield from _repeat(workbook, sheet, declared)


def _list_name(sheet: View, declared: Declared, seen: dict[str, Row]) -> Iterator[Finding]:
    place = sheet.place(declared.row, "list_name" if sheet.sheet.has("list_name") else "dataset")
    if not declared.name:
        yield error("entity-list-missing", place)
    elif declared.name in seen:
        yield error("entity-list-twice", place, row=seen[declared.name].number)
    elif declared.name.startswith("__"):
        yield error("entity-name-underscores", place)
    elif "." in declared.name:
        yield error("entity-name-period", place)
    elif not NAME.fullmatch(declared.name):
        yield error("ill-formed-name", place)
    seen.setdefault(declared.name, declared.row)


def _whether(sheet: View, declared: Declared) -> Iterator[Finding]:
    """A list that is made needs a label, one that is changed needs to say which entity."""
    given = {name: bool(sheet.get(declared.row, name)) for name in ("label", "entity_id", "create_if", "update_if")}
    if given["update_if"] and not given["entity_id"]:
        yield error("entity-update-without-id", sheet.place(declared.row, "update_if"), list=declared.name)
    elif given["entity_id"] and given["create_if"] and not given["update_if"]:
        yield error("entity-create-with-id", sheet.place(declared.row, "create_if"), list=declared.name)
    elif not given["entity_id"] and not given["label"]:
        yield error("entity-label-missing", sheet.place(declared.row, "label"), list=declared.name)


def _repeat(workbook: Workbook, sheet: View, declared: Declared) -> Iterator[Finding]:
    repeats = [item.name for item in outline(workbook).items if item.type.block == "repeat"]
    if declared.repeat and declared.repeat not in repeats:
        place = sheet.place(declared.row, "repeat")
        yield error("unknown-repeat", place, name=declared.repeat, **near(declared.repeat, repeats))


def saved_properties(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """What is wrong with the column save_to."""
    told, declared = outline(workbook), declarations(workbook)
    used: dict[tuple[str, str], Row] = {}
    homes: dict[str, str] = {each.name: each.repeat for each in declared if each.repeat}
    for item in told.items:
        if cell := told.survey.get(item.row, "save_to"):
            place = told.survey.place(item.row, "save_to")
            finding = _declared_list(cell, place, item, declared) or _property(cell, place, declared)
            name, saved = of_list(cell, declared)
            finding = finding or _used_before(name, saved, place, used) or _home(name, place, item, homes)
            used.setdefault((name, saved), item.row)
            if finding:
                yield finding


def _declared_list(cell: str, place: tuple[str, ...], item: Item, declared: tuple[Declared, ...]) -> Finding | None:
    names = [each.name for each in declared]
    prefix, hash_, _rest = cell.partition("#")
    if not declared:
        return error("save-to-without-entities", place)
    if item.begins:
        return error("save-to-on-group", place)
    if cell.count("#") > 1:
        return error("save-to-two-marks", place)
    if hash_ and prefix not in names:
        return error("save-to-unknown-list", place, name=prefix, **near(prefix, names))
    if not hash_ and len(declared) > 1:
        return error("save-to-without-list", place, name=cell, lists=", ".join(names))
    return None


def _property(cell: str, place: tuple[str, ...], declared: tuple[Declared, ...]) -> Finding | None:
    saved = of_list(cell, declared)[1]
    if saved.lower() in TAKEN:
        return error("save-to-reserved", place)
    if saved.startswith("__"):
        return error("entity-name-underscores", place)
    if not NAME.fullmatch(saved):
        return error("ill-formed-name", place)
    return None


def _used_before(name: str, saved: str, place: tuple[str, ...], used: Mapping[tuple[str, str], Row]) -> Finding | None:
    if (name, saved) not in used:
        return None
    return error("save-to-twice", place, property=saved, row=used[name, saved].number)


def _home(name: str, place: tuple[str, ...], item: Item, homes: dict[str, str]) -> Finding | None:
    """All properties of a list stand in one repeat, or all outside repeats."""
    repeat = item.repeats[-1].name if item.repeats else ""
    home = homes.setdefault(name, repeat)
    if home == repeat:
        return None
    facts = {"list": name, "repeat": repeat or None, "home": home or None}
    return error("save-to-in-other-repeat", place, **facts)


def _bare(cell: str) -> str:
    match = REFERENCE.fullmatch(cell.strip())
    return match[1] if match else cell.strip()

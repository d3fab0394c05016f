"""Rules about names of questions and groups."""

import re
import unicodedata
from collections.abc import Iterator

from xlsforms.columns import setting
from xlsforms.findings import Finding, error, warning
from xlsforms.limits import Limits
from xlsforms.outline import Item, Outline, outline
from xlsforms.sheets import Workbook

FIRST = (
    r"A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f\u2c00-\u2fef"
    r"\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
NAME = re.compile(rf"[{FIRST}][{FIRST}\-.0-9\u00b7\u0300-\u036f\u203f\u2040]*")
NAMELESS = frozenset({"note", "audit", "setting"})
LONGEST = 128  # characters; longer ones break the column names of most tools of analysis
META = "meta"
ROOT = "data"


def missing(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A row that needs a name and has none; a note gets one from pyxform."""
    found = outline(workbook)
    if not any(column.name == "name" for column in found.survey.columns):
        return
    for item in found.items:
        if item.type.text and not item.name and item.type.kind not in NAMELESS:
            yield error("name-missing", found.survey.place(item.row, "name"))


def ill_formed(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A name that cannot be the name of an XML element, with one that could."""
    found = outline(workbook)
    for item in found.items:
        if item.name and item.type.kind not in ("setting", "audit") and not NAME.fullmatch(item.name):
            yield error("ill-formed-name", found.survey.place(item.row, "name"), near=_usable(item.name))
        elif len(item.name) > LONGEST:
            yield warning("name-too-long", found.survey.place(item.row, "name"), most=LONGEST)


def of_form(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A name of the form's own first element, in settings, that cannot be one."""
    given, place = setting(workbook, "name")
    if given and not NAME.fullmatch(given):
        yield error("ill-formed-name", place, near=_usable(given))


def duplicate(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """The same name twice in one group, or twice but for capitals."""
    found = outline(workbook)
    seen: dict[tuple[Item | None, str], Item] = {}
    lower: dict[tuple[Item | None, str], Item] = {}
    for item in found.items:
        if not item.name or item.type.kind in ("setting", "audit"):
            continue
        exact, folded = (item.parent, item.name), (item.parent, item.name.lower())
        place = found.survey.place(item.row, "name")
        if exact in seen:
            yield error("duplicate-name", place, first=_cell(found, seen[exact]))
        elif folded in lower:
            yield warning("name-differs-by-case", place, first=_cell(found, lower[folded]))
        seen.setdefault(exact, item)
        lower.setdefault(folded, item)


def reserved(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """Names that ODK itself uses."""
    found = outline(workbook)
    repeats: dict[str, Item] = {}
    for item in found.items:
        place = found.survey.place(item.row, "name")
        if item.name == META and not (item.begins and item.type.block == "group"):
            yield error("reserved-name", place)
        elif item.type.block == "repeat" and item.name == ROOT:
            yield error("repeat-named-like-form", place)
        elif item.type.block == "repeat" and item.name in repeats and repeats[item.name].parent is not item.parent:
            yield error("duplicate-repeat-name", place, first=_cell(found, repeats[item.name]))
        elif item.type.kind == "audit" and item.name not in ("", "audit"):
            yield error("audit-named", place)
        if item.type.block == "repeat":
            repeats.setdefault(item.name, item)


def _cell(found: Outline, item: Item) -> str:
    return found.survey.place(item.row, "name").cell


def _usable(name: str) -> str | None:
    """The name as it could be written."""
    ascii_ = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    usable = re.sub(r"_+", "_", re.sub(r"[^\w.-]", "_", ascii_)).strip("_.-")
    usable = f"_{usable}" if usable[:1].isdigit() else usable
    return usable if NAME.fullmatch(usable) else None

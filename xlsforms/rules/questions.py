"""Rules about what stands beside a question: its trigger, its appearance, or_other, and what a form has once."""

import re
from collections.abc import Iterator

from xlsforms.findings import Finding, error, warning
from xlsforms.languages import languages
from xlsforms.limits import Limits
from xlsforms.outline import Item, outline
from xlsforms.question_types import BEGINS
from xlsforms.rules.names import NAME
from xlsforms.sheets import Workbook
from xlsforms.wording import closest

REFERENCE = re.compile(r"\$\{([^}]*)\}")
APPEARANCES: dict[str, frozenset[str]] = {
    "text": frozenset({"multiline", "numbers", "url", "masked", "thousands-sep", "printer", "ex:", "signature"}),
    "integer": frozenset({"thousands-sep", "counter", "bearing", "masked", "ex:"}),
    "decimal": frozenset({"thousands-sep", "bearing", "masked", "ex:"}),
    "select": frozenset(
        {"minimal", "autocomplete", "search", "search()", "quick", "quickcompact", "compact", "columns", "columns-pack"}
        | {"columns-flex", "columns-1", "columns-2", "columns-3", "columns-4", "columns-5", "no-buttons", "likert"}
        | {"image-map", "map", "label", "list", "list-nolabel", "horizontal", "horizontal-compact", "table-list"}
        | {"dynamic-advanced", "dynamic_advanced", "one-by-one", "randomized", "placement-map"}
    ),
    "range": frozenset({"vertical", "picker", "rating", "no-ticks", "distress", "masked"}),
    "date": frozenset(
        {"no-calendar", "month-year", "year", "ethiopian", "coptic", "islamic", "bikram-sambat", "myanmar", "persian"}
        | {"buddhist"}
    ),
    "image": frozenset({"new", "new-front", "new-rear", "annotate", "draw", "signature", "selfie", "ex:"}),
    "media": frozenset({"new", "new-front", "new-rear", "selfie", "ex:"}),
    "geo": frozenset({"maps", "placement-map", "streets", "satellite", "terrain", "hide-input"}),
    "barcode": frozenset({"front"}),
    "block": frozenset({"field-list", "table-list", "compact", "grid", "pages", "ex:", "minimal"}),
    "acknowledge": frozenset({"label", "minimal", "no-buttons"}),
}
FAMILY = {
    **dict.fromkeys(("text", "integer", "decimal", "range", "barcode", "acknowledge"), ""),
    **dict.fromkeys(("date", "dateTime", "time"), "date"),
    **dict.fromkeys(("select_one", "select_multiple", "rank"), "select"),
    "image": "image",
    **dict.fromkeys(("audio", "video", "file"), "media"),
    **dict.fromkeys(("geopoint", "geotrace", "geoshape"), "geo"),
    BEGINS: "block",
}
NUMBERED = re.compile(r"w\d+|(?:columns|compact|quickcompact|autocomplete)[-_](?:\d+|chars)")
ALL = frozenset().union(*APPEARANCES.values())


def triggers(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A trigger that names no question, or none written as `${name}`, or the row itself."""
    found = outline(workbook)
    questions = {item.name: item for item in found.questions if item.name}
    for row, column, text in found.survey.cells("trigger"):
        place, own = found.survey.sheet.place(row, column.header), found.survey.get(row, "name")
        for part in [part.strip() for part in text.split(",")]:
            match = REFERENCE.fullmatch(part)
            name = match[1] if match else part.strip("${} ")
            if match is None or not NAME.fullmatch(name):
                yield error("malformed-reference", place, text=part, near=closest(name, questions))
            elif name == own:
                yield warning("trigger-itself", place, q=name)
            elif name not in questions:
                if name not in found.by_name:
                    yield error("unknown-reference", place, q=name, near=closest(name, questions))
                else:
                    yield error("trigger-not-a-question", place, q=name)


def background(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A background-geopoint without a trigger, or with a calculation."""
    found = outline(workbook)
    for item in found.questions:
        if item.type.kind == "background-geopoint":
            if not found.survey.get(item.row, "trigger"):
                yield error("trigger-missing", found.survey.place(item.row, "trigger"))
            if found.survey.get(item.row, "calculation"):
                yield error("calculation-unused", found.survey.place(item.row, "calculation"), type=item.type.kind)


def appearances(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A misspelt appearance, or one that questions of this type do not have: passed over without a word."""
    found = outline(workbook)
    for item in found.items:
        text = found.survey.get(item.row, "appearance")
        for word in text.split() if text and "(" not in text and "${" not in text else ():
            if finding := _appearance(found.survey.place(item.row, "appearance"), item, word.lower()):
                yield finding


def _appearance(place: tuple[str, ...], item: Item, word: str) -> Finding | None:
    if _known(word, ALL):
        kind = item.type.kind
        fitting = APPEARANCES.get(FAMILY.get(kind) or kind) if kind in FAMILY else None
        if fitting is not None and not _known(word, fitting):
            return warning("appearance-unfit", place, word=word, type=item.type.text)
        return None
    meant = closest(word, ALL, cutoff=0.7)
    return warning("unknown-appearance", place, word=word, near=meant) if meant and len(word) > 3 else None


def _known(word: str, known: frozenset[str]) -> bool:
    return word in known or (word.startswith("ex:") and "ex:" in known) or bool(NUMBERED.fullmatch(word))


def or_other(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """or_other in a form of several languages: what it adds stands in English alone."""
    found = outline(workbook)
    if len(languages(workbook)) > 1 or any(language for language in languages(workbook)):
        for item in found.questions:
            if item.type.or_other:
                yield warning("or-other", found.survey.place(item.row, "type"))


def audit_twice(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """Two rows that ask for what a form has once."""
    found = outline(workbook)
    first: dict[str, Item] = {}
    for item in found.questions:
        if item.type.kind in ("audit", "background-audio"):
            if other := first.get(item.type.kind):
                cell = found.survey.place(other.row, "type").cell
                yield error("type-once", found.survey.place(item.row, "type"), type=item.type.kind, first=cell)
            first.setdefault(item.type.kind, item)

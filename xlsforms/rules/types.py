"""Rules about the column `type`, and about what a row of some type needs beside it."""

from collections.abc import Iterator

from xlsforms.columns import MEDIA, TEXTS
from xlsforms.findings import Finding, error, info, warning
from xlsforms.limits import Limits
from xlsforms.outline import Item, Outline, outline
from xlsforms.question_types import BEGINS, SUGGESTED, meant_block, read_type
from xlsforms.sheets import Workbook
from xlsforms.wording import closest

SELECTS = ("select_one", "select_multiple", "rank", "select_one_from_file", "select_multiple_from_file")
# What designers of other tools write, and what XLSForm calls it.
ELSEWHERE = {
    "string": "text",
    "number": "integer",
    "numeric": "integer",
    "float": "decimal",
    "double": "decimal",
    "boolean": "acknowledge",
    "picture": "image",
    "photograph": "image",
    "signature": "image",
    "select": "select_one",
    "radio": "select_one",
    "dropdown": "select_one",
    "checkbox": "select_multiple",
    "multiselect": "select_multiple",
    "phone": "text",
    "textarea": "text",
    "section": "begin_group",
    "timestamp": "dateTime",
    "label": "note",
    "qrcode": "barcode",
    "slider": "range",
}
WITHOUT_PHOTO_SIZE = frozenset({"image", "photo", "add image prompt", "add photo prompt", "q image", "q picture"})


def type_missing(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A row with a name or a label and no type; one with neither is passed over by every tool."""
    found = outline(workbook)
    if not found.survey.sheet.has("type") and not any(column.name == "type" for column in found.survey.columns):
        return
    for item in found.items:
        if not item.type.text:
            said = item.name or _label(found, item)
            place = found.survey.place(item.row, "type")
            yield error("type-missing", place) if said else warning("row-skipped", place)


def unknown_type(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A type that XLSForm does not know, with the one that is meant."""
    found = outline(workbook)
    for row, column, text in found.survey.cells("type"):
        if read_type(text).kind == "unknown" and not text.startswith("#"):
            place = found.survey.sheet.place(row, column.header)
            yield error("unknown-type", place, quoted=text, near=_meant(text))


def list_not_named(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A select that names no list."""
    found = outline(workbook)
    for item in found.questions:
        if item.type.selects and not item.type.list_name:
            yield error("list-not-named", found.survey.place(item.row, "type"), kind=item.type.kind)


def calculation_missing(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A calculate without a calculation, which may also stand as an expression in its default."""
    found = outline(workbook)
    for item in found.questions:
        default = found.survey.get(item.row, "default")
        given = found.survey.get(item.row, "calculation") or "(" in default or "${" in default
        if item.type.kind == "calculate" and not given:
            yield error("calculation-missing", found.survey.place(item.row, "calculation"))


def calculation_on_group(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A calculation where there is no answer to calculate: tablets refuse the form."""
    found = outline(workbook)
    for item in found.items:
        if item.begins and found.survey.get(item.row, "calculation"):
            yield error("calculation-unused", found.survey.place(item.row, "calculation"), type=item.type.block)


def label_missing(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A question that would show nothing at all, and a repeat that does not say what is added."""
    found = outline(workbook)
    for item in found.items:
        place = found.survey.place(item.row, "label")
        if item.type.block == "repeat" and not (_label(found, item) or _shows(found, item, *MEDIA)):
            yield warning("repeat-without-label", place)
        elif item.type.shown and not found.survey.get(item.row, "calculation") and not _shows(found, item):
            yield error("label-missing", place, name=item.name or item.type.text)
        elif item.type.shown and not _label(found, item) and _shows(found, item, *MEDIA):
            yield info("label-blank-with-media", place, name=item.name or item.type.text)


def required_without_message(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """Something that must be answered, in a form that gives its reasons elsewhere and not here."""
    found = outline(workbook)
    if not any(column.name == "required_message" for column in found.survey.columns):
        return
    said = [item for item in found.questions if found.survey.get(item.row, "required_message")]
    for item in found.questions if said else ():
        if _says_yes(found, item, "required") and not found.survey.get(item.row, "required_message"):
            yield info("required-without-message", found.survey.place(item.row, "required_message"))


def required_note(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A demand for an answer where nobody can give one: the form could never be finished."""
    found = outline(workbook)
    for item in found.items:
        if not _says_yes(found, item, "required"):
            continue
        place = found.survey.place(item.row, "required")
        filled = any(found.survey.get(item.row, name) for name in ("calculation", "default", "trigger"))
        if item.type.kind == "note":
            yield error("required-never-answered", place, type=item.type.kind)
        elif _says_yes(found, item, "readonly") and not filled:
            yield warning("required-readonly", place, name=item.name)


def photo_size(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """Photos of any size."""
    found = outline(workbook)
    for item in found.questions:
        parameters = found.survey.get(item.row, "parameters")
        if (item.type.text in WITHOUT_PHOTO_SIZE) and "max-pixels" not in parameters:
            yield warning("image-without-max-pixels", found.survey.place(item.row, "parameters"))


def no_longer_supported(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """Types that tablets of today leave empty."""
    found = outline(workbook)
    for item in found.questions:
        if item.type.kind in ("simserial", "subscriberid"):
            yield warning("type-outdated", found.survey.place(item.row, "type"), type=item.type.kind)


def _meant(text: str) -> str | None:
    words = text.split()
    head = words[0].lower()
    if block := meant_block(text):
        return f"{'begin' if block[0] == BEGINS else 'end'}_{block[1]}"
    named = ELSEWHERE.get(text.lower()) or ELSEWHERE.get(head)
    if len(words) > 1 and (close := closest("_".join(words[:2]), SELECTS, cutoff=0.75)) and len(words) > 2:
        return " ".join([close, *words[2:]])
    if len(words) > 1 and (close := closest(head, SELECTS, cutoff=0.7)):
        return " ".join([close, *words[1:]])
    return named or closest("_".join(words), SUGGESTED) or closest(head, SUGGESTED, cutoff=0.7)


def _says_yes(found: Outline, item: Item, column: str) -> bool:
    return found.survey.get(item.row, column).lower() in ("yes", "true", "true()")


def _label(found: Outline, item: Item) -> str:
    return found.survey.get(item.row, "label")


def _shows(found: Outline, item: Item, *columns: str) -> bool:
    return any(found.survey.get(item.row, name) for name in columns or ("label", "hint", *TEXTS[:3], *MEDIA))

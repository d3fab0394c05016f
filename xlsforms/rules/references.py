"""Rules about `${name}`: written as ODK reads it, naming one question, and reaching it."""

import re
from collections.abc import Iterator

from xlsforms.columns import CASE_COLUMNS, EXPRESSIONS, MEDIA, TEXTS, View, view
from xlsforms.expressions import Cell, cells
from xlsforms.findings import Finding, Place, error, warning
from xlsforms.limits import Limits
from xlsforms.outline import Item, Outline, outline, switched_on
from xlsforms.rules.names import NAME
from xlsforms.sheets import CASE_SHEETS, Workbook
from xlsforms.wording import closest

CANDIDATE = re.compile(r"\$\{(?P<inner>[^}]*)\}|\$\{[^}]*$")
LAST_SAVED = "last-saved#"
BRACED = re.compile(r"(?<!\$)(?P<sign>[#%@]?\{)\s*(?P<name>[^\W\d][\w.-]*)\s*\}")
SIGNED = re.compile(r"\$\s*(?P<open>[(\[]?)\s*(?P<name>[^\W\d][\w.-]*)[)\]]?|\$\s+\{(?P<spaced>[^}]*)\}")
# Functions that take many values, and so may look into a repeat.
MANY = frozenset(
    {"sum", "count", "count-non-empty", "max", "min", "join", "concat", "indexed-repeat", "area", "enclosed-area"}
    | {"distance", "checklist", "weighted-checklist", "randomize", "jr:choice-name", "geofence", "boolean", "depend"}
)
NOT_READ = frozenset({"name", "trigger", *CASE_COLUMNS})  # Triggers have a rule of their own.
LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"")
NAMED_BY_ODK = frozenset({"instanceID", "instanceName"})


def unreadable(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A reference that is not closed, or holds more than a name."""
    found = outline(workbook)
    for place, text in _holding(workbook):
        for match in CANDIDATE.finditer(text):
            name = (match["inner"] or "").removeprefix(LAST_SAVED)
            if match["inner"] is None or not NAME.fullmatch(name):
                meant = closest(name.strip() or match[0][2:].strip(), found.by_name, cutoff=0.7)
                yield error("malformed-reference", place, said=None, text=match[0][:60], near=meant)


def unknown(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A reference to a name that is not there, or that several rows have."""
    found = outline(workbook)
    own = frozenset() if switched_on(workbook, "omit_instanceid") else NAMED_BY_ODK
    for place, text in _holding(workbook):
        for name in _names(text):
            if name not in found.by_name and name not in own:
                yield error("unknown-reference", place, q=name, near=closest(name, found.by_name))
            elif len(found.by_name.get(name, ())) > 1 and not _same_place(found.by_name[name]):
                yield error("ambiguous-reference", place, q=name, first=_rows(found.by_name[name]))


def without_braces(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """`$name`, `{name}` or `$(name)`: passed over in a text, and no expression at all."""
    found = outline(workbook)
    expressions = {cell.place.cell for cell in cells(workbook) if cell.place.sheet == found.survey.sheet.name}
    for place, text in _holding(workbook, anything=True):
        strict = place.cell in expressions and place.sheet == found.survey.sheet.name
        for written, name in _written(LITERAL.sub("", text) if strict else text):
            if strict or name in found.by_name:
                tell = error if strict else warning
                near = name if name in found.by_name else closest(name, found.by_name)
                yield tell("reference-without-braces", place, text=written, near=near)


def misread(expression: str) -> bool:
    """Whether these rules tell why the expression cannot be read: a reference in it is not written as one."""
    broken = any(
        not NAME.fullmatch((match["inner"] or "").removeprefix(LAST_SAVED)) for match in _candidates(expression)
    )
    return broken or any(_written(LITERAL.sub("", expression)))


def into_repeat(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """From outside a repeat, a question inside it has as many answers as there are rows."""
    found = outline(workbook)
    for cell in cells(workbook):
        expression = cell.read()
        for reference in expression.references if expression else ():
            inside = reference.filtered or reference.quoted or MANY.intersection(reference.inside)
            target = _one(found, reference.name)
            if target and not inside and (repeat := _beyond(cell, target)):
                yield error("reference-into-repeat", cell.place, q=reference.name, repeat=repeat.name)


def texts_into_repeat(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """The same in a label, hint or message."""
    found = outline(workbook)
    by_row = {item.row.number: item for item in found.items}
    for row, column, text in found.survey.cells(*TEXTS):
        item = by_row.get(row.number)
        for name in _names(text) if item and "${" in text else ():
            target, place = _one(found, name), found.survey.sheet.place(row, column.header)
            around = (*item.around, item) if item and item.begins else item.around if item else ()
            if target and (repeat := _outside(around, target)):
                yield warning("reference-into-repeat", place, q=name, repeat=repeat.name)


def bare_names(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A question's name without `${}`: it means an element inside this question, and is always empty."""
    found = outline(workbook)
    for cell in cells(workbook, *(name for name in EXPRESSIONS if name not in ("choice_filter", "default"))):
        expression = cell.read()
        for bare in expression.bare if expression else ():
            if bare.name in found.by_name and not bare.filtered:
                yield warning("name-without-braces", cell.place, name=bare.name)


def quoted(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A reference between quotes: the text is compared, and not the answer."""
    for cell in cells(workbook):
        expression = cell.read()
        for reference in expression.references if expression else ():
            if reference.quoted and not {"jr:choice-name", "pulldata", "instance"}.intersection(reference.inside):
                yield warning("reference-quoted", cell.place, q=reference.name)


def _holding(workbook: Workbook, *, anything: bool = False) -> Iterator[tuple[Place, str]]:
    """The cells in which pyxform reads references; `anything`: also those without any that is complete."""
    found = outline(workbook)
    wanted = [column for column in found.survey.columns if column.name not in NOT_READ]
    for row in found.survey.sheet.rows:  # pyxform reads those too that end a group, or are disabled.
        for column in wanted:
            text = row.values.get(column.header, "")
            if text and _may_refer(text, anything):
                yield found.survey.sheet.place(row, column.header), text
    for sheet, names in (("choices", ("label", *MEDIA)), ("settings", None), ("entities", None)):
        yield from _elsewhere(view(workbook, sheet), names, anything=anything)


def _may_refer(text: str, anything: bool) -> bool:
    return "${" in text or (anything and ("$" in text or "{" in text))


def _elsewhere(found: View, names: tuple[str, ...] | None, *, anything: bool) -> Iterator[tuple[Place, str]]:
    if found.sheet.name in CASE_SHEETS:
        return
    for row in found.sheet.rows:
        for column in found.columns:
            text = row.values.get(column.header, "")
            if (names is None or column.name in names) and _may_refer(text, anything):
                yield found.sheet.place(row, column.header), text


def _candidates(text: str) -> Iterator[re.Match[str]]:
    return CANDIDATE.finditer(text)


def _names(text: str) -> Iterator[str]:
    for match in CANDIDATE.finditer(text):
        name = (match["inner"] or "").removeprefix(LAST_SAVED)
        if NAME.fullmatch(name):
            yield name


def _written(text: str) -> Iterator[tuple[str, str]]:
    rest = CANDIDATE.sub(lambda found: " " * len(found[0]), text)
    for match in SIGNED.finditer(rest):
        yield match[0].strip(), (match["name"] or match["spaced"] or "").strip()
    for match in BRACED.finditer(SIGNED.sub("", rest)):
        yield match[0], match["name"]


def _one(found: Outline, name: str) -> Item | None:
    same = found.by_name.get(name, ())
    return same[0] if len(same) == 1 else None


def _same_place(same: tuple[Item, ...]) -> bool:
    """Whether they are doubles in one group, which another rule tells."""
    return len({id(item.parent) for item in same}) == 1


def _rows(same: tuple[Item, ...]) -> str:
    return ", ".join(str(item.row.number) for item in same[:6])


def _beyond(cell: Cell, target: Item) -> Item | None:
    """The repeat that holds the target and not this cell."""
    if cell.item is None:
        return target.repeats[-1] if target.repeats else None
    if cell.column == "choice_filter" and cell.item.type.from_answers:
        return None
    around = cell.item.around
    if cell.item.begins and cell.column not in ("repeat_count", "relevant"):
        around = (*around, cell.item)
    return _outside(around, target)


def _outside(around: tuple[Item, ...], target: Item) -> Item | None:
    return next((repeat for repeat in target.repeats if repeat not in around), None)

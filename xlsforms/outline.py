"""A workbook as its rules see it: the rows of the survey as they nest, its names, its lists and its languages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from xlsforms.columns import View, setting, view
from xlsforms.question_types import BEGINS, ENDS, QuestionType, meant_block, read_type
from xlsforms.sheets import Row, Workbook

YES = frozenset({"yes", "true", "true()", "1"})


@dataclass(frozen=True, eq=False)
class Item:
    """A row of the survey that begins or holds something."""

    row: Row
    type: QuestionType
    name: str
    around: tuple["Item", ...]  # the groups and repeats that are open here, the outermost first

    @property
    def begins(self) -> bool:
        """Whether it is a group, repeat or loop."""
        return self.type.kind == BEGINS

    @property
    def repeats(self) -> tuple["Item", ...]:
        """The repeats around it, the outermost first."""
        return tuple(each for each in self.around if each.type.block == "repeat")

    @property
    def parent(self) -> "Item | None":
        """The nearest group or repeat around it."""
        return self.around[-1] if self.around else None


@dataclass(frozen=True)
class Choice:
    """A row of a choice list."""

    row: Row
    name: str


@dataclass(frozen=True)
class Loose:
    """A row whose begin or end has no partner; `other` is the open block that an end meets instead of its own."""

    row: Row
    type: QuestionType
    name: str
    other: Item | None = None


@dataclass(frozen=True)
class Outline:
    """What the rules look up again and again."""

    survey: View
    choices: View
    items: tuple[Item, ...]
    loose: tuple[Loose, ...]
    lists: Mapping[str, tuple[Choice, ...]]
    external: Mapping[str, tuple[Choice, ...]]
    by_name: Mapping[str, tuple[Item, ...]] = field(default_factory=dict)

    @property
    def questions(self) -> Iterator[Item]:
        """The items that are no groups or repeats."""
        return (item for item in self.items if not item.begins)


_KNOWN: WeakKeyDictionary[Workbook, Outline] = WeakKeyDictionary()


def outline(workbook: Workbook) -> Outline:
    """The outline of this workbook, made once."""
    known = _KNOWN.get(workbook)
    if known is None:
        known = _KNOWN[workbook] = _read(workbook)
    return known


def _read(workbook: Workbook) -> Outline:
    survey, choices = view(workbook, "survey"), view(workbook, "choices")
    items, loose = _nest(survey)
    by_name: dict[str, list[Item]] = {}
    for item in items:
        if item.name and item.type.kind not in ("setting", "audit"):
            by_name.setdefault(item.name, []).append(item)
    named = {name: tuple(same) for name, same in by_name.items()}
    lists, external = _lists(choices), _lists(view(workbook, "external_choices"))
    return Outline(survey, choices, tuple(items), tuple(loose), lists, external, named)


Mark = tuple[str, str]  # BEGINS or ENDS, and the block
WEIGHED = 20  # ends of one survey that are weighed; a form with more has other troubles


def _nest(survey: View) -> tuple[list[Item], list[Loose]]:
    items, loose, around = list[Item](), list[Loose](), list[Item]()
    rows = [(row, _type(survey, row)) for row in survey.sheet.rows if not off(survey.get(row, "disabled"))]
    marks = [(type_.kind, type_.block) for _row, type_ in rows]
    weighed = 0
    for number, (row, type_) in enumerate(rows, 1):
        name = survey.get(row, "name")
        if type_.kind == ENDS:
            wrong = bool(around) and around[-1].type.block != type_.block
            weighed += wrong
            slip = wrong and weighed <= WEIGHED and _is_slip(type_.block, around, marks[number:])
            loose += _end(row, type_, name, around, slip=slip)
            continue
        item = Item(row, type_, name, tuple(around))
        items.append(item)
        if item.begins:
            around.append(item)
    loose += [Loose(item.row, item.type, item.name) for item in around]
    return items, loose


def _type(survey: View, row: Row) -> QuestionType:
    type_ = read_type(survey.get(row, "type"))
    meant = meant_block(type_.text) if type_.kind == "unknown" else None
    # It is told as unknown; what it must mean keeps the rows behind it in place.
    return QuestionType(type_.text, meant[0], meant[1]) if meant else type_


def _end(row: Row, type_: QuestionType, name: str, around: list[Item], *, slip: bool) -> list[Loose]:
    """What is wrong with this end; the blocks that it closes are no longer around."""
    at = next((at for at in range(len(around) - 1, -1, -1) if around[at].type.block == type_.block), None)
    if at is None or slip:
        return [Loose(row, type_, name, around.pop() if around else None)]
    left = [Loose(item.row, item.type, item.name) for item in around[at + 1 :]]
    del around[at:]
    return left


def _is_slip(block: str, around: list[Item], rest: list[Mark]) -> bool:
    """Whether more rows find their partner when this end is taken for that of the innermost block."""
    blocks = [item.type.block for item in around]
    if block not in blocks:
        return True
    at = len(blocks) - 1 - blocks[::-1].index(block)
    return 1 + _left(blocks[:-1], rest) < len(blocks) - 1 - at + _left(blocks[:at], rest)


def _left(blocks: list[str], rest: list[Mark]) -> int:
    """How many begins and ends stay without a partner."""
    left, around = 0, list(blocks)
    for kind, block in rest:
        if kind == BEGINS:
            around.append(block)
        elif kind == ENDS and block in around:
            while around.pop() != block:
                left += 1
        elif kind == ENDS:
            left += 1
            if around:
                around.pop()
    return left + len(around)


def _lists(sheet: View) -> dict[str, tuple[Choice, ...]]:
    lists: dict[str, list[Choice]] = {}
    for row in sheet.sheet.rows:
        lists.setdefault(sheet.get(row, "list_name"), []).append(Choice(row, sheet.get(row, "name")))
    return {name: tuple(choices) for name, choices in lists.items() if name}


def off(text: str) -> bool:
    """Whether a cell of the column disabled takes its row out."""
    return text.lower() in YES


def switched_on(workbook: Workbook, name: str) -> bool:
    """Whether the settings say yes to this."""
    return setting(workbook, name)[0].lower() in YES

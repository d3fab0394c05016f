"""Answers with the question each one answers, repeats kept."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import NamedTuple

from lxml import etree

from submissions.instance import Instance, local_name
from xlsforms.questions import FormDefinition, Question

Value = str | int | Decimal | date | datetime | time | tuple[str, ...]
Reader = Callable[[str], Value]

INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
POINT = re.compile(r"-?[0-9]+(\.[0-9]+)?( -?[0-9]+(\.[0-9]+)?){1,3}")
DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(T.*)?")


class Answer(NamedTuple):
    """One answer. `value` is None when the text is not of the question's type."""

    question: Question
    text: str
    value: Value | None
    position: tuple[int, ...]  # the row in each enclosing repeat, outermost first, from 1
    path: str  # XPath with positions, "/data/places[2]/place_from"

    def __repr__(self) -> str:
        return f"Answer({self.path})"


@dataclass
class _Node:
    """An element as the form knows it."""

    question: Question | None = None
    read: Reader | None = None
    repeat: bool = False
    below: "dict[str, _Node]" = field(default_factory=dict)


class AnswerReader:
    """Reads the answers of one version's submissions; made once, used for all of them."""

    def __init__(self, definition: FormDefinition) -> None:
        self._top = _Node()
        for question in definition.questions:
            node = self._node(question.path)
            node.question, node.read = question, READERS.get(question.type)
        for group in definition.groups:
            self._node(group.path).repeat = group.repeat

    def read(self, instance: Instance) -> tuple[Answer, ...]:
        """Every answer that is not empty, in the order of the XML; elements that are no question are passed over."""
        answers: list[Answer] = []
        # The first element's name is the tablet's; the form's own is what the paths begin with.
        for name in list(self._top.below)[:1]:
            _read(instance.root, self._top.below[name], f"/{name}", (), answers)
        return tuple(answers)

    def _node(self, path: str) -> _Node:
        node = self._top
        for name in path.split("/")[1:]:
            node = node.below.setdefault(name, _Node())
        return node


def read_answers(instance: Instance, definition: FormDefinition) -> tuple[Answer, ...]:
    """The answers of one submission, as AnswerReader reads them."""
    return AnswerReader(definition).read(instance)


def typed(question: Question, text: str) -> Value | None:
    """The text as a value of the question's type, None when it is not one (ODK XForms, data types)."""
    reader = READERS.get(question.type)
    return text if reader is None else _typed(reader, text)


def _typed(reader: Reader, text: str) -> Value | None:
    try:
        return reader(text)
    except ValueError:
        return None


def _read(element: etree._Element, node: _Node, place: str, position: tuple[int, ...], answers: list[Answer]) -> None:
    question, read = node.question, node.read
    if question is not None and not len(element):
        text = (element.text or "").strip()
        if text:
            value = text if read is None else _typed(read, text)
            answers.append(Answer(question, text, value, position, place))
        return
    seen: dict[str, int] = {}
    for child in element:
        tag = child.tag
        name = tag if tag in node.below else local_name(child)
        below = node.below.get(name)
        if below is None:
            continue
        if below.repeat:
            row = seen[name] = seen.get(name, 0) + 1
            _read(child, below, f"{place}/{name}[{row}]", (*position, row), answers)
        else:
            _read(child, below, f"{place}/{name}", position, answers)


def _read_datetime(text: str) -> datetime:
    """ISO 8601; a two-digit zone offset, as ODK writes some, counts as hours."""
    return datetime.fromisoformat(re.sub(r"([+-]\d\d)$", r"\1:00", text))


def _read_integer(text: str) -> int:
    if not INTEGER.fullmatch(text):
        raise ValueError("not a whole number")
    return int(text)


def _read_date(text: str) -> date:
    """A date; the time that some forms write behind it is passed over."""
    whole = DATE.fullmatch(text)
    if whole is None:
        raise ValueError("not a date")
    return date.fromisoformat(whole[1])


def _read_point(text: str) -> str:
    if not POINT.fullmatch(text):
        raise ValueError("not a point")
    return text


def _read_number(text: str) -> Decimal:
    if not NUMBER.fullmatch(text):
        raise ValueError("not a number")
    return Decimal(text)


READERS: dict[str, Reader] = {
    "integer": _read_integer,
    "range": _read_number,
    "decimal": _read_number,
    "date": _read_date,
    "today": _read_date,
    "dateTime": _read_datetime,
    "start": _read_datetime,
    "end": _read_datetime,
    "time": lambda text: time.fromisoformat(re.sub(r"([+-]\d\d)$", r"\1:00", text)),
    "select_multiple": lambda text: tuple(text.split()),
    "rank": lambda text: tuple(text.split()),
    "geopoint": _read_point,
}

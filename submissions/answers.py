"""Answers with the question each one answers, repeats kept."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal

from lxml import etree

from submissions.instance import Instance, local_name
from xlsforms.questions import FormDefinition, Question

Value = str | int | Decimal | date | datetime | time | tuple[str, ...]

INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
POINT = re.compile(r"-?[0-9]+(\.[0-9]+)?( -?[0-9]+(\.[0-9]+)?){1,3}")
DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(T.*)?")


@dataclass(frozen=True)
class Answer:
    """One answer. `value` is None when the text is not of the question's type."""

    question: Question
    text: str = field(repr=False)
    value: Value | None = field(repr=False)
    position: tuple[int, ...]  # the row in each enclosing repeat, outermost first, from 1
    path: str  # XPath with positions, "/data/places[2]/place_from"


def read_answers(instance: Instance, definition: FormDefinition) -> tuple[Answer, ...]:
    """Every answer that is not empty, in the order of the XML; elements that are no question are passed over."""
    questions = {question.path: question for question in definition.questions}
    repeats = frozenset(group.path for group in definition.groups if group.repeat)
    # The first element's name is the tablet's; the form's own is what the paths begin with.
    start = next((path.split("/")[1] for path in questions), local_name(instance.root))
    return tuple(_walk(instance.root, f"/{start}", f"/{start}", (), questions, repeats))


def typed(question: Question, text: str) -> Value | None:
    """The text as a value of the question's type, None when it is not one (ODK XForms, data types)."""
    reader = READERS.get(question.type)
    if reader is None:
        return text
    try:
        return reader(text)
    except ValueError:
        return None


def _walk(
    element: etree._Element,
    path: str,
    place: str,
    position: tuple[int, ...],
    questions: dict[str, Question],
    repeats: frozenset[str],
) -> Iterator[Answer]:
    question = questions.get(path)
    if question is not None and not len(element):
        text = (element.text or "").strip()
        if text:
            yield Answer(question, text, typed(question, text), position, place)
        return
    seen: Counter[str] = Counter()
    for child in element:
        name = local_name(child)
        child_path, child_place, child_position = f"{path}/{name}", f"{place}/{name}", position
        if child_path in repeats:
            seen[name] += 1
            child_place, child_position = f"{child_place}[{seen[name]}]", (*position, seen[name])
        yield from _walk(child, child_path, child_place, child_position, questions, repeats)


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


READERS: dict[str, Callable[[str], Value]] = {
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

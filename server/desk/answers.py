"""A submission's answers as the templates draw them, in one of the form's languages."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from server.desk.values import FILES, answer_value, form_language, in_words, language_code, language_name
from submissions.layout import Line, Part, lines_of
from xlsforms.questions import FormDefinition

FileAddress = Callable[[str], str | None]
"""Where the file of this name is, None while it is still on the tablet."""


@dataclass(frozen=True)
class Node:
    """A question, a group, or one row of a repeat."""

    kind: str
    label: str
    anchor: str = ""
    path: str = ""
    value: Any = field(default=None, repr=False)
    value_kind: str = "text"
    href: str | None = None
    asked: bool = True
    number: int = 0
    nodes: "tuple[Node, ...]" = ()


@dataclass(frozen=True)
class Tongue:
    """A language of the form, and the page in it."""

    code: str
    name: str
    url: str
    current: bool


@dataclass(frozen=True)
class Reading:
    """How answers are drawn: in which of the form's languages, and whether with what was not asked."""

    definition: FormDefinition
    language: str
    file_address: FileAddress
    unasked: bool = False


def nodes(parts: Iterable[Part], reading: Reading) -> tuple[Node, ...]:
    """The parts in the form's order; groups in which nothing was asked are left out with their questions."""
    drawn = (_node(part, reading) for part in parts)
    return tuple(node for node in drawn if node is not None)


def tongues(definition: FormDefinition, wanted: str, address: Callable[[str], str]) -> list[Tongue]:
    """The form's languages, the wanted one (or the form's own) being the current."""
    current = form_language(definition, wanted)
    return [
        Tongue(language_code(name), language_name(name), address(language_code(name)), name == current)
        for name in definition.languages
    ]


def not_asked(parts: Iterable[Part]) -> int:
    """How many questions the form did not ask."""
    return sum(1 for line in lines_of(parts) if line.text is None)


def anchor(place: str) -> str:
    """The id, in the page, of the answer at this place."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", place).strip("-")


def _node(part: Part, reading: Reading) -> Node | None:
    if isinstance(part, Line):
        return _question(part, reading) if part.text is not None or reading.unasked else None
    below = nodes(part.parts, reading)
    if not below:
        return None
    label = in_words(part.group.labels, reading.language, reading.definition)
    if part.group.repeat:
        return Node("repeat", label or part.group.path.rpartition("/")[2], number=part.number, nodes=below)
    return Node("group", label, nodes=below)


def _question(line: Line, reading: Reading) -> Node:
    question = line.question
    value, kind = answer_value(line, reading.language, reading.definition)
    return Node(
        "question",
        in_words(question.labels, reading.language, reading.definition) or question.name,
        anchor=anchor(line.place),
        path=line.place,
        value=value,
        value_kind=kind,
        href=reading.file_address(line.text or "") if question.type in FILES and line.text else None,
        asked=line.text is not None,
    )

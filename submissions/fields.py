"""A form's answers as tables: one for what is asked once, and one for each repeat."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from xlsforms.questions import FormDefinition, Question

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

Guard = Callable[[str], bool]
"""Whether a text may be given out."""


@dataclass(frozen=True)
class Outline:
    """One version of a form as somebody may read it.

    `order` are its questions as the XML has them, `readable` those whose answers may be given out: all when it is None,
    else each with the guard that its answers must pass.
    """

    definition: FormDefinition
    order: tuple[str, ...]
    readable: Mapping[str, Guard | None] | None = field(default=None, hash=False)

    @cached_property
    def repeats(self) -> tuple[str, ...]:
        """The paths of its repeats, below the first element, whose name says nothing."""
        return tuple(below(group.path) for group in self.definition.groups if group.repeat)

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """Everything that holds an answer, as the XML has it."""
        known = {question.path: question for question in self.definition.questions}
        paths = dict.fromkeys([*(path for path in self.order if path in known), *known])
        return tuple(known[path] for path in paths)

    def may_read(self, path: str) -> bool:
        """True when the answers to the question may be given out."""
        return self.readable is None or path in self.readable

    def guard(self, path: str) -> Guard | None:
        """What the answers to the question must pass, None for those given out as they are."""
        return None if self.readable is None else self.readable[path]


@dataclass(frozen=True)
class Field:
    """A column; `steps` lead to it from the row's element: the groups around it, then its own name."""

    path: str  # below the first element: "grp/age"
    steps: tuple[str, ...]
    type: str
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its own name."""
        return self.steps[-1]


@dataclass(frozen=True)
class Table:
    """The rows of a repeat, or the one row of each submission (`path` empty, no parent)."""

    path: str
    parent: int | None
    steps: tuple[str, ...]  # from the row around it
    fields: tuple[Field, ...]

    @property
    def name(self) -> str:
        """The repeat's own name."""
        return self.steps[-1] if self.steps else ""


def tables_of(outlines: Sequence[Outline]) -> tuple[Table, ...]:
    """The tables of the first version, with what the others have besides in its place; the outermost table first.

    Only what may be read is a column, and a repeat is a table only where it has one, or a table below it.
    """
    fields = _merged(tuple(_placed(outline)) for outline in outlines)
    repeats = _merged(tuple((path, path) for path in _depth_first(outline)) for outline in outlines)
    held: dict[str, list[Field]] = {"": [], **{path: [] for path in repeats}}
    for (table, _path), question in fields.items():
        held[table].append(_field(question, table))
    bare = all(outline.readable is None for outline in outlines)
    kept = ["", *(path for path in repeats if bare or any(held[one] for one in held if _within(one, path)))]
    return tuple(_table(path, kept, held[path]) for path in _nested(kept))


def below(path: str) -> str:
    """The XPath without its first element."""
    return path.lstrip("/").partition("/")[2]


def _placed(outline: Outline) -> Iterator[tuple[tuple[str, str], Question]]:
    """What may be read, by its table and path."""
    repeats = set(outline.repeats)
    for question in outline.questions:
        if outline.may_read(question.path):
            path = below(question.path)
            yield (_around(path, repeats), path), question


def _merged(versions: Iterable[Sequence[tuple[K, T]]]) -> dict[K, T]:
    """Everything by its name, what a later version has besides behind what stood before it there."""
    order: list[K] = []
    held: dict[K, T] = {}
    for version in versions:
        new = {name: thing for name, thing in version if name not in held}
        held |= new
        if len(new) == len(version):
            order += new
            continue
        place = 0
        for name, _thing in version:
            if name in new:
                order.insert(place, name)
            place = order.index(name) + 1
    return {name: held[name] for name in order}


def _depth_first(outline: Outline) -> list[str]:
    """The repeats in the order of their questions in the XML, outer ones first."""
    repeats = set(outline.repeats)
    found: dict[str, None] = {}
    for question in outline.questions:
        steps = below(question.path).split("/")
        found |= dict.fromkeys(
            path for path in ("/".join(steps[:depth]) for depth in range(1, len(steps))) if path in repeats
        )
    return [*found, *(path for path in outline.repeats if path not in found)]


def _nested(paths: Sequence[str]) -> list[str]:
    """Each path followed by those within it."""
    ordered: list[str] = []

    def visit(path: str) -> None:
        ordered.append(path)
        for one in paths:
            if one and one != path and _parent(one, paths) == path:
                visit(one)

    visit("")
    return ordered


def _parent(path: str, paths: Iterable[str]) -> str:
    return _around(path, set(paths))


def _around(path: str, repeats: set[str]) -> str:
    while path := path.rpartition("/")[0]:
        if path in repeats:
            return path
    return ""


def _within(path: str, outer: str) -> bool:
    return path == outer or path.startswith(f"{outer}/")


def _table(path: str, kept: Sequence[str], fields: Sequence[Field]) -> Table:
    if not path:
        return Table("", None, (), tuple(fields))
    parent = _parent(path, kept)
    return Table(path, _nested(kept).index(parent), _steps(path, parent), tuple(fields))


def _field(question: Question, table: str) -> Field:
    path = below(question.path)
    choices = tuple(choice.name for choice in question.choices) if question.type == "select_multiple" else ()
    return Field(path, _steps(path, table), question.type, choices)


def _steps(path: str, outer: str) -> tuple[str, ...]:
    return tuple(path.removeprefix(outer).strip("/").split("/"))

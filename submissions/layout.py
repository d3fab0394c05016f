"""A submission laid out as its form shows it: groups, the rows of repeats, and every question, asked or not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lxml import etree

from submissions.answers import Value, typed
from submissions.instance import Instance, local_name
from xlsforms.questions import FormDefinition, Group, Question

# What the tablet shows and takes an answer to; all else is worked out, or filled in by the tablet.
ON_SCREEN = frozenset(
    {
        *("text", "integer", "decimal", "range", "date", "time", "dateTime", "boolean", "barcode", "acknowledge"),
        *("select_one", "select_multiple", "rank", "geopoint", "geotrace", "geoshape"),
        *("image", "audio", "video", "file"),
    }
)


@dataclass(frozen=True)
class Line:
    """A question in its place. `text` is None when the form did not ask it, and empty when there is no answer."""

    question: Question
    place: str  # XPath with positions, "/data/places[2]/place_from"
    text: str | None = field(repr=False)

    @property
    def value(self) -> Value | None:
        """The answer as a value of the question's type; None when there is none, or when it is none."""
        return typed(self.question, self.text) if self.text else None


@dataclass(frozen=True)
class Section:
    """A group, or one row of a repeat (numbered from 1), with what stands in it."""

    group: Group
    number: int
    parts: tuple["Line | Section", ...]

    def lines(self) -> Iterator[Line]:
        """Every question below, in order."""
        yield from lines_of(self.parts)


Part = Line | Section


@dataclass
class _Node:
    group: Group | None
    parts: "list[_Node | Question]" = field(default_factory=list)


def lay_out(instance: Instance, definition: FormDefinition) -> tuple[Part, ...]:
    """Everything the tablet showed, in the form's order; a group that the form left out holds questions not asked."""
    shown = [question for question in definition.questions if question.type in ON_SCREEN]
    return _parts(_tree(definition, shown), instance.root, _start(definition, instance), _start(definition, instance))


def behind(instance: Instance, definition: FormDefinition) -> tuple[Line, ...]:
    """What was not asked but worked out, or filled in by the tablet, and holds something."""
    hidden = [question for question in definition.questions if question.type not in {*ON_SCREEN, "note"}]
    start = _start(definition, instance)
    found = lines_of(_parts(_tree(definition, hidden), instance.root, start, start))
    return tuple(line for line in found if line.text)


def lines_of(parts: Iterable[Part]) -> Iterator[Line]:
    """Every question among the parts and below them, in order."""
    for part in parts:
        if isinstance(part, Line):
            yield part
        else:
            yield from part.lines()


def _start(definition: FormDefinition, instance: Instance) -> str:
    """The first element's name is the tablet's; the form's own is what the paths begin with."""
    first = next((question.path.split("/")[1] for question in definition.questions), local_name(instance.root))
    return f"/{first}"


def _tree(definition: FormDefinition, questions: Iterable[Question]) -> _Node:
    """The questions under their groups, each group where its first question stands."""
    groups = {group.path: group for group in definition.groups}
    root = _Node(None)
    nodes = {"": root}

    def node_of(path: str) -> _Node:
        if path not in nodes:
            group = groups[path]
            nodes[path] = _Node(group)
            node_of(group.parent).parts.append(nodes[path])
        return nodes[path]

    for question in questions:
        node_of(question.group).parts.append(question)
    return root


def _parts(node: _Node, element: etree._Element | None, path: str, place: str) -> tuple[Part, ...]:
    """The node's parts as the element holds them; `path` is the element's, `place` the same with positions."""
    parts: list[Part] = []
    for part in node.parts:
        if isinstance(part, Question):
            found, where = _below(element, part.path, path, place)
            parts.append(Line(part, where, _text(found[0]) if found else None))
        else:
            parts += _sections(part, element, path, place)
    return tuple(parts)


def _sections(node: _Node, element: etree._Element | None, path: str, place: str) -> list[Part]:
    group = node.group
    if group is None:
        return []
    found, where = _below(element, group.path, path, place)
    if group.repeat:
        rows = enumerate(found, start=1)
        return [Section(group, number, _parts(node, row, group.path, f"{where}[{number}]")) for number, row in rows]
    return [Section(group, 0, _parts(node, found[0] if found else None, group.path, where))]


def _below(element: etree._Element | None, wanted: str, path: str, place: str) -> tuple[list[etree._Element], str]:
    """The elements at a path below this one, and that path with the positions known so far."""
    steps = wanted.removeprefix(path).strip("/").split("/")
    found = [] if element is None else [element]
    for step in steps:
        found = [child for one in found for child in one if local_name(child) == step]
    return found, "/".join([place, *steps])


def _text(element: etree._Element) -> str:
    return (element.text or "").strip() if not len(element) else ""

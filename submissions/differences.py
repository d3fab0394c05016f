"""What changed between two versions of a submission, question by question."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from lxml import etree

from submissions.instance import Instance, local_name
from xlsforms.questions import FormDefinition

Step = str | tuple[str, int]
"""A name, or a repeat's name with the place of its row, from 0."""

Tree = dict[str, Any]


@dataclass(frozen=True)
class Difference:
    """One place where two versions differ; `before` or `after` is None where it is not there."""

    path: tuple[Step, ...]
    before: Any = field(repr=False)
    after: Any = field(repr=False)


def differences(before: Instance, after: Instance, definition: FormDefinition | None) -> list[Difference]:
    """Every place where the answers differ, in the order of the earlier version.

    Rows of a repeat are compared with the rows they most look like; without a definition no repeat is known as one.
    """
    repeats = frozenset() if definition is None else _repeats(definition)
    return list(_compare(_tree(before.root, "", repeats), _tree(after.root, "", repeats), ()))


def _repeats(definition: FormDefinition) -> frozenset[str]:
    """Their paths without the first element, whose name is the tablet's own."""
    return frozenset(_below(group.path) for group in definition.groups if group.repeat)


def _below(path: str) -> str:
    return "/" + "/".join(path.strip("/").split("/")[1:])


def _tree(element: etree._Element, path: str, repeats: frozenset[str]) -> Tree:
    held: Tree = {}
    for child in element:
        name, below = local_name(child), f"{path}/{local_name(child)}"
        value: Any = _tree(child, below, repeats) if len(child) else child.text or ""
        if below in repeats:
            held.setdefault(name, []).append(value)
        else:
            held[name] = value
    return held


def _compare(before: Mapping[str, Any], after: Mapping[str, Any], path: tuple[Step, ...]) -> Iterator[Difference]:
    for name in [*before, *(name for name in after if name not in before)]:
        one, other = before.get(name), after.get(name)
        if isinstance(one, list) or isinstance(other, list):
            yield from _rows(_listed(one), _listed(other), path, name)
        else:
            yield from _value(one, other, (*path, name))


def _value(one: Any, other: Any, path: tuple[Step, ...]) -> Iterator[Difference]:
    if isinstance(one, dict) and isinstance(other, dict):
        yield from _compare(one, other, path)
    elif one != other:
        yield Difference(path, one, other)


def _rows(before: list[Any], after: list[Any], path: tuple[Step, ...], name: str) -> Iterator[Difference]:
    matcher = SequenceMatcher(None, [repr(row) for row in before], [repr(row) for row in after], autojunk=False)
    for kind, start, end, other_start, other_end in matcher.get_opcodes():
        if kind == "equal":
            continue
        both = min(end - start, other_end - other_start)
        for step in range(both):
            yield from _value(before[start + step], after[other_start + step], (*path, (name, start + step)))
        for at in range(start + both, end):
            yield Difference((*path, (name, at)), before[at], None)
        for at in range(other_start + both, other_end):
            yield Difference((*path, (name, at)), None, after[at])


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]

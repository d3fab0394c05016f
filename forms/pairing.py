"""Which question of one version is which of another, though it was renamed or moved."""

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from xlsforms.questions import FormDefinition, Group, Question

Part = TypeVar("Part", Group, Question)
STEP = re.compile(r"/[\w./-]*\w")


@dataclass(frozen=True)
class Pairs:
    """What belongs together, and what stands on one side alone."""

    groups: tuple[tuple[Group, Group], ...]
    groups_removed: tuple[Group, ...]
    groups_added: tuple[Group, ...]
    questions: tuple[tuple[Question, Question], ...]
    removed: tuple[Question, ...]
    added: tuple[Question, ...]
    root: tuple[str, str]

    def renamed(self, text: str) -> str:
        """An expression or path of the earlier side with the later side's names."""
        return STEP.sub(lambda found: self._later(found[0]), text)

    def _later(self, path: str) -> str:
        whole = self._names.get(path)
        if whole is not None:
            return whole
        around = path.rpartition("/")[0]
        return f"{self._later(around)}/{path.rpartition('/')[2]}" if around else path

    @cached_property
    def _names(self) -> dict[str, str]:
        """Later paths by earlier ones, of groups and of questions that were renamed."""
        groups = {old.path: new.path for old, new in self.groups}
        named = {old.path: new.path for old, new in self.questions if old.name != new.name}
        return {self.root[0]: self.root[1], **groups, **named}


def pair(
    before: FormDefinition, after: FormDefinition, fed_before: Mapping[str, str], fed_after: Mapping[str, str]
) -> Pairs:
    """Groups and questions of two versions, each with its like: by path, by name, by what it feeds, by its words."""
    groups, lost, new = _match(before.groups, after.groups, (_path, _words_of_group))
    by_target = _by_target(fed_before, fed_after)
    questions, removed, added = _match(before.questions, after.questions, (_path, _name, by_target, _words))
    return Pairs(groups, lost, new, questions, removed, added, (_root(before), _root(after)))


Likeness = Callable[[Part, bool], Hashable]
"""What must be equal on both sides; None where nothing can be said. True for the earlier side."""


def _match(
    before: Sequence[Part], after: Sequence[Part], likenesses: Sequence[Likeness[Part]]
) -> tuple[tuple[tuple[Part, Part], ...], tuple[Part, ...], tuple[Part, ...]]:
    left, right = list(before), list(after)
    found: dict[str, tuple[Part, Part]] = {}
    for likeness in likenesses:
        waiting: dict[Hashable, list[Part]] = {}
        for one in right:
            waiting.setdefault(likeness(one, False), []).append(one)
        for old in list(left):
            key = likeness(old, True)
            if key is not None and waiting.get(key):
                new = waiting[key].pop(0)
                found[new.path] = (old, new)
                left.remove(old)
                right.remove(new)
    pairs = tuple(found[one.path] for one in after if one.path in found)
    return pairs, tuple(left), tuple(right)


def _path(one: Group | Question, _earlier: bool) -> Hashable:
    return one.path.partition("/")[2].partition("/")[2]  # Whatever the first element is called.


def _name(one: Question, _earlier: bool) -> Hashable:
    return one.name


def _words(one: Question, _earlier: bool) -> Hashable:
    return (one.type, frozenset(one.labels.items())) if any(one.labels.values()) else None


def _words_of_group(one: Group, _earlier: bool) -> Hashable:
    return (one.repeat, frozenset(one.labels.items())) if any(one.labels.values()) else None


def _by_target(before: Mapping[str, str], after: Mapping[str, str]) -> Likeness[Question]:
    def likeness(one: Question, earlier: bool) -> Hashable:
        target = (before if earlier else after).get(one.path)
        return None if target is None else (one.type, target)

    return likeness


def _root(definition: FormDefinition) -> str:
    first = next((one.path for one in definition.questions), "/data/")
    return "/" + first.split("/")[1]

"""A form as its questions: what stays with each version of a form and explains its submissions."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

FORMAT = 1


@dataclass(frozen=True)
class Choice:
    name: str
    labels: dict[str, str]  # by language; under "" when the form has no translations


@dataclass(frozen=True)
class Question:
    """A leaf of the primary instance: a question, a calculation, or what the tablet fills in by itself."""

    path: str  # "/data/grp/age"
    name: str
    type: str  # ODK's word: text, integer, select_one, calculate, start, instanceID ...
    labels: dict[str, str]  # by language; `${name}` stands where the tablet shows an answer
    hints: dict[str, str]
    choices: tuple[Choice, ...]  # () also when the choices come from a file or from answers
    repeat: str  # path of the nearest repeat around it, "" when none
    group: str  # path of the nearest group or repeat around it, "" at the root
    required: bool
    relevant: str = ""
    constraint: str = ""
    calculation: str = ""


@dataclass(frozen=True)
class Group:
    path: str
    labels: dict[str, str]
    repeat: bool
    parent: str  # path of the group or repeat around it, "" at the root
    relevant: str = ""


@dataclass(frozen=True)
class FormDefinition:
    """What an XForm says of itself, its groups and questions in the order in which the tablet shows them."""

    form_id: str
    version: str
    title: str
    languages: tuple[str, ...]
    default_language: str
    groups: tuple[Group, ...]
    questions: tuple[Question, ...]
    media: tuple[str, ...]  # the files that the form names; last-saved is none of them

    def question(self, path: str) -> Question | None:
        """The question at this path; None when there is none."""
        return self._by_path.get(path)

    @cached_property
    def _by_path(self) -> dict[str, Question]:
        return {question.path: question for question in self.questions}

    def to_json(self) -> dict[str, Any]:
        """Plain JSON that `from_json` turns into an equal definition; a list of choices used often stands once."""
        lists: dict[tuple[tuple[str, tuple[tuple[str, str], ...]], ...], int] = {}
        questions = []
        for question in self.questions:
            key = tuple((choice.name, tuple(choice.labels.items())) for choice in question.choices)
            told = {field.name: getattr(question, field.name) for field in dataclasses.fields(question)}
            questions.append({**told, "choices": lists.setdefault(key, len(lists)) if key else None})
        return {
            "format": FORMAT,
            **{name: getattr(self, name) for name in ("form_id", "version", "title", "default_language")},
            "languages": list(self.languages),
            "media": list(self.media),
            "groups": [dataclasses.asdict(group) for group in self.groups],
            "lists": [[{"name": name, "labels": dict(labels)} for name, labels in choices] for choices in lists],
            "questions": questions,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """The definition that `to_json` told."""
        lists = [tuple(Choice(**choice) for choice in choices) for choices in told["lists"]]
        return cls(
            **{name: told[name] for name in ("form_id", "version", "title", "default_language")},
            languages=tuple(told["languages"]),
            media=tuple(told["media"]),
            groups=tuple(Group(**group) for group in told["groups"]),
            questions=tuple(
                Question(**{**question, "choices": () if question["choices"] is None else lists[question["choices"]]})
                for question in told["questions"]
            ),
        )

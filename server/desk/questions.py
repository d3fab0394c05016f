"""A form's questions as a list that a designer reads from top to bottom, with where each answer goes."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from cases.dictionary import DICTIONARY
from cases.mapping import Mapping as CaseMapping
from forms.library import mapping_of
from forms.tables import FormVersion
from server.desk.values import in_words
from server.desk.words import question_type
from submissions.layout import ON_SCREEN
from xlsforms import questions as xlsform
from xlsforms.questions import FormDefinition, Group


@dataclass(frozen=True)
class Question:
    """A question, a group or a repeat, with its depth in the form."""

    kind: str
    depth: int
    label: str
    name: str
    type: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    goes_to: str | None = None


def questions(definition: FormDefinition, language: str, goes_to: Mapping[str, str]) -> list[Question]:
    """Everything the tablet shows, in order, each group before its first question; then what leads into a case."""
    groups = {group.path: group for group in definition.groups}
    listed: list[Question] = []
    entered: set[str] = set()
    on_screen = [one for one in definition.questions if one.type in {*ON_SCREEN, "note"}]
    worked_out = [one for one in definition.questions if one.type not in {*ON_SCREEN, "note"} and one.path in goes_to]
    for one in on_screen:
        around = _around(one.group, groups)
        for depth, group in enumerate(around):
            if group.path not in entered:
                entered.add(group.path)
                kind = "repeat" if group.repeat else "group"
                label = in_words(group.labels, language, definition)
                listed.append(Question(kind, depth, label, group.path.rpartition("/")[2]))
        listed.append(_question(one, len(around), definition, language, goes_to))
    return listed + [_question(one, 0, definition, language, goes_to) for one in worked_out]


def targets(session: Session, version: FormVersion, language: str) -> dict[str, str]:
    """By the question's path, which field of the case record its answers go to, in words."""
    parts = mapping_of(session, version)
    if parts is None:
        return {}
    mapping = CaseMapping.from_json(parts)
    told: dict[str, list[str]] = {}
    for rule in mapping.fields:
        name = mapping.field_name(rule)
        words = f"{DICTIONARY.label(name.partition('.')[0], language)}: {DICTIONARY.label(name, language)}"
        told.setdefault(rule.question, []).append(words)
    return {path: "; ".join(words) for path, words in told.items()}


def _question(
    one: xlsform.Question, depth: int, definition: FormDefinition, language: str, goes_to: Mapping[str, str]
) -> Question:
    return Question(
        "question",
        depth,
        in_words(one.labels, language, definition),
        one.name,
        question_type(one.type),
        one.required,
        tuple(in_words(choice.labels, language, definition) or choice.name for choice in one.choices),
        goes_to.get(one.path),
    )


def _around(path: str, groups: Mapping[str, Group]) -> list[Group]:
    """The groups around a question that the tablet names, outermost first."""
    around: list[Group] = []
    while path:
        if groups[path].labels or groups[path].repeat:
            around.insert(0, groups[path])
        path = groups[path].parent
    return around

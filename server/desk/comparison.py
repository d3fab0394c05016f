"""What is different between two versions of a form, as a page draws it: question by question, before beside now."""

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from cases.dictionary import DICTIONARY
from forms.difference import Change, Difference, Kind, Side
from server.desk.values import form_language, in_words, language_name
from server.desk.words import question_type
from server.language import language
from xlsforms.questions import FormDefinition

WORDS = {
    Kind.QUESTION_REMOVED: _l("Removed"),
    Kind.QUESTION_RETYPED: _l("Kind of answer"),
    Kind.QUESTION_RENAMED: _l("Name"),
    Kind.QUESTION_MOVED: _l("Place"),
    Kind.QUESTION_ADDED: _l("New"),
    Kind.CHOICE_REMOVED: _l("Choice removed"),
    Kind.CHOICE_RENAMED: _l("Choice renamed"),
    Kind.CHOICE_ADDED: _l("Choice added"),
    Kind.MAPPING: _l("Goes to"),
    Kind.RECORDS: _l("Records of the case"),
    Kind.RELEVANT: _l("Asked when"),
    Kind.CONSTRAINT: _l("Accepted when"),
    Kind.REQUIRED: _l("Required"),
    Kind.CALCULATION: _l("Worked out as"),
    Kind.CHOICE_FILTER: _l("Choices offered when"),
    Kind.READ_ONLY: _l("Read only"),
    Kind.DEFAULT: _l("Filled in before"),
    Kind.SAVETO: _l("Saved on the tablet as"),
    Kind.CONSTRAINT_MESSAGE: _l("Words when not accepted"),
    Kind.REQUIRED_MESSAGE: _l("Words when left out"),
    Kind.LABEL: _l("Words"),
    Kind.HINT: _l("Hint"),
    Kind.GUIDANCE: _l("Guidance"),
    Kind.CHOICE_LABEL: _l("Words of a choice"),
    Kind.APPEARANCE: _l("Look"),
    Kind.PARAMETERS: _l("Other settings"),
    Kind.ORDER: _l("Order"),
    Kind.GROUP_REMOVED: _l("Group removed"),
    Kind.GROUP_RENAMED: _l("Group renamed"),
    Kind.GROUP_ADDED: _l("Group added"),
    Kind.GROUP_REPEAT: _l("Group or repeat"),
    Kind.LANGUAGE_REMOVED: _l("Language removed"),
    Kind.LANGUAGE_ADDED: _l("Language added"),
    Kind.TITLE: _l("Title"),
    Kind.FILE_REMOVED: _l("File removed"),
    Kind.FILE_CHANGED: _l("File changed"),
    Kind.FILE_ADDED: _l("File added"),
    Kind.OTHER: _l("Other things differ: compare the XForms"),
}
IN_WORDS = {"yes": _l("yes"), "no": _l("no"), "repeat": _l("repeated"), "group": _l("once")}
WHOLE_FORM = frozenset(
    {
        *(Kind.LANGUAGE_REMOVED, Kind.LANGUAGE_ADDED, Kind.TITLE, Kind.RECORDS),
        *(Kind.FILE_REMOVED, Kind.FILE_CHANGED, Kind.FILE_ADDED, Kind.OTHER),
        *(Kind.GROUP_REMOVED, Kind.GROUP_RENAMED, Kind.GROUP_ADDED, Kind.GROUP_REPEAT),
    }
)


def drawn(found: Difference, before: Side, after: Side) -> dict[str, Any]:
    """The changes as the template takes them: removed, changed and new questions, what is of the whole form, counts."""
    by_path: dict[str, list[Change]] = {}
    for change in found.changes:
        if change.kind not in WHOLE_FORM:
            by_path.setdefault(change.path, []).append(change)
    removed = [_card(path, [one], before.definition) for path, one in _only(found.changes, Kind.QUESTION_REMOVED)]
    added = [_card(path, [one], after.definition) for path, one in _only(found.changes, Kind.QUESTION_ADDED)]
    apart = {card["path"] for card in (*removed, *added)}
    changed = [_card(path, changes, after.definition) for path, changes in by_path.items() if path not in apart]
    order = {one.path: place for place, one in enumerate(after.definition.questions)}
    changed.sort(key=lambda card: order.get(card["path"], len(order)))
    return {
        "removed": removed,
        "changed": changed,
        "added": added,
        "form": [_row(one, after.definition) for one in found.changes if one.kind in WHOLE_FORM],
        "orphans": [_orphan(one, before.definition, after.definition) for one in found.orphans],
        "no_longer_fed": [DICTIONARY.label(name, language()) for name in found.no_longer_fed],
        "same": not found.changes,
    }


def _only(changes: Iterable[Change], kind: Kind) -> list[tuple[str, Change]]:
    return [(one.path, one) for one in changes if one.kind is kind]


def _card(path: str, changes: list[Change], definition: FormDefinition) -> dict[str, Any]:
    question = definition.question(path)
    name = path.rpartition("/")[2]
    label = "" if question is None else _label(question.labels, definition)
    group = next((one for one in definition.groups if one.path == path), None)
    if group is not None:
        label = _label(group.labels, definition)
    kind = "" if question is None else question_type(question.type)
    rows = [_row(one, definition) for one in changes]
    return {"path": path, "name": name, "label": label or name, "type": kind, "rows": rows}


def _row(one: Change, definition: FormDefinition) -> dict[str, Any]:
    what = str(WORDS[one.kind])
    if one.kind is Kind.CHOICE_LABEL:
        what = f"{what} “{one.choice}”"
    if one.language and one.kind not in {Kind.LANGUAGE_REMOVED, Kind.LANGUAGE_ADDED}:
        what = f"{what} ({language_name(one.language)})"
    if one.kind is Kind.RECORDS:
        what = f"{what}: {one.path}"
    before, after = (_value(one, side) for side in (one.before, one.after))
    return {"what": what, "before": before, "after": after, "orphans": one.orphans, "kind": one.kind.value}


def _value(one: Change, side: str) -> str:
    if one.kind is Kind.QUESTION_RETYPED:
        return question_type(side)
    if one.kind is Kind.READ_ONLY:
        return str(IN_WORDS["no"] if not side else IN_WORDS["yes"] if side == "true()" else side)
    if one.kind in {Kind.REQUIRED, Kind.GROUP_REPEAT}:
        return str(IN_WORDS.get(side, side))
    if one.kind in {Kind.LANGUAGE_ADDED, Kind.LANGUAGE_REMOVED} and side:
        return language_name(side)
    if one.kind in {Kind.CHOICE_REMOVED, Kind.CHOICE_ADDED} and side:
        return f"{side} ({one.choice})"
    return side


def _orphan(one: Change, before: FormDefinition, after: FormDefinition) -> str:
    definition = before if one.kind is Kind.QUESTION_REMOVED else after
    question = definition.question(one.path)
    label = ("" if question is None else _label(question.labels, definition)) or one.path.rpartition("/")[2]
    if one.kind is Kind.CHOICE_REMOVED:
        return str(_("“%(question)s”: the choice “%(choice)s”", question=label, choice=one.before or one.choice))
    return label


def _label(labels: dict[str, str], definition: FormDefinition) -> str:
    return in_words(labels, form_language(definition, language()), definition)

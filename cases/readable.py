"""Whose answers somebody may read, question by question: by the class of the field that a question feeds."""

from collections.abc import Callable, Mapping

from accounts.roles import Right, Viewer
from cases.dictionary import DICTIONARY, Dictionary, Field, NotAValue, read_value
from cases.dictionary.model import CLASSES
from cases.mapping import FieldRule
from cases.mapping import Mapping as CaseMapping

Guard = Callable[[str], bool]
CODED = "coded"
UNMAPPED = "identity"  # What feeds no field may say anything.


def reads_everything(viewer: Viewer) -> bool:
    """True for somebody who may read every class."""
    return all(_may_read(viewer, name) for name in CLASSES)


def readable_questions(
    mapping: CaseMapping | None, questions: tuple[str, ...], viewer: Viewer, dictionary: Dictionary = DICTIONARY
) -> Mapping[str, Guard | None]:
    """The questions (XPaths) whose answers the viewer may read, each with what an answer must pass.

    A question that feeds several fields needs the right to each of their classes. One that feeds a coded field gives
    out only what can be a value of that field: anything else was never meant to be there, and may be a name.
    """
    fed: dict[str, list[FieldRule]] = {question: [] for question in questions}
    for rule in mapping.fields if mapping else ():
        fed.setdefault(rule.question, []).append(rule)
    readable: dict[str, Guard | None] = {}
    for question in questions:
        fields = [dictionary.field(mapping.field_name(rule)) if mapping else None for rule in fed[question]]
        classes = {field.cls if field else UNMAPPED for field in fields} or {UNMAPPED}
        if all(_may_read(viewer, name) for name in classes):
            guards = [
                _guard(mapping, rule, field, dictionary)
                for rule, field in zip(fed[question], fields, strict=True)
                if mapping and field and field.cls == CODED
            ]
            readable[question] = _all(guards) if guards else None
    return readable


def _guard(mapping: CaseMapping, rule: FieldRule, field: Field, dictionary: Dictionary) -> Guard:
    def fits(text: str) -> bool:
        # The same steps as filing takes; a choice that stands for nothing was named by the form's author.
        codes = [mapping.code(rule, choice) for choice in text.split()] if rule.codes else [text.strip()]
        if not any(codes):
            return True
        try:
            read_value(field, " ".join(filter(None, codes)), dictionary)
        except NotAValue:
            return False
        return True

    return fits


def _all(guards: list[Guard]) -> Guard:
    return lambda text: all(guard(text) for guard in guards)


def _may_read(viewer: Viewer, name: str) -> bool:
    return viewer.may(Right(f"class.{name}"))

"""Answers and values of the record as a reader sees them: labels for codes, dates as dates."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _

from cases.dictionary import DICTIONARY, Field, Value
from submissions.layout import Line
from xlsforms.questions import FormDefinition, Question

FILES = frozenset({"image", "audio", "video", "file", "background-audio", "audit"})
MARKS = re.compile(r"<[^>]*>|\*\*|__|^#{1,6} ", re.MULTILINE)
REFERENCE = re.compile(r"\$\{([^}]*)\}")
Shown = tuple[Any, str]
"""A value as the templates take it, and its kind."""


def field_value(field: Field | None, value: Value, language: str) -> Shown:
    """A value of the record in words."""
    if field is None or value is None:
        return value, "text"
    if field.type == "boolean":
        return (_("Yes") if value else _("No")), "choice"
    if isinstance(value, list):
        return [DICTIONARY.label(code, language, codes=field.codes) for code in value], "choices"
    if field.type == "code":
        return DICTIONARY.label(str(value), language, codes=field.codes), "choice"
    if field.type == "date":
        return date.fromisoformat(str(value)), "date"
    if field.type == "datetime":
        return datetime.fromisoformat(str(value)), "datetime"
    return (place_words(str(value)), "place") if field.type == "geopoint" else (str(value), "text")


def answer_value(line: Line, language: str, definition: FormDefinition) -> Shown:
    """An answer in words, choices by their labels; what is not of the question's type is shown as it came."""
    question, value = line.question, line.value
    if line.text is None or line.text == "":
        return None, "text"
    if question.type in {"select_multiple", "rank"} and isinstance(value, tuple):
        return [choice_label(question, name, language, definition) for name in value], "choices"
    if question.type == "select_one":
        return choice_label(question, line.text, language, definition), "choice"
    if question.type == "acknowledge":
        return _("Read and confirmed"), "choice"
    if isinstance(value, datetime):
        return value, "datetime"
    if isinstance(value, date):
        return value, "date"
    if question.type in FILES:
        return line.text, "file"
    return (place_words(line.text), "place") if question.type == "geopoint" else (line.text, "text")


def choice_label(question: Question, name: str, language: str, definition: FormDefinition) -> str:
    """What the choice says; its name when the form has no words for it."""
    choice = next((one for one in question.choices if one.name == name), None)
    return (in_words(choice.labels, language, definition) if choice else "") or name


def in_words(labels: Mapping[str, str], language: str, definition: FormDefinition) -> str:
    """A label in the language, else in the form's own, else in any; without the tablet's marks."""
    for name in (language, definition.default_language, "", *labels):
        if labels.get(name):
            return REFERENCE.sub("…", MARKS.sub("", labels[name])).strip()
    return ""


def place_words(text: str) -> str:
    """'17.2514, -88.7690 (± 5 m)' of an ODK point."""
    numbers = text.split()
    if len(numbers) < 2:
        return text
    near = f" (± {float(numbers[3]):.0f} m)" if len(numbers) > 3 else ""
    return f"{numbers[0]}, {numbers[1]}{near}"


def language_code(name: str) -> str:
    """'en' of 'English (en)'; the name itself when it tells no code."""
    match = re.search(r"\(([A-Za-z-]{2,10})\)\s*$", name)
    return match[1] if match else name


def language_name(name: str) -> str:
    """'English' of 'English (en)'."""
    return re.sub(r"\s*\([A-Za-z-]{2,10}\)\s*$", "", name) or name


def form_language(definition: FormDefinition, wanted: str) -> str:
    """The form's language with this code, else the form's own."""
    named = (name for name in definition.languages if language_code(name) == wanted)
    return next(named, definition.default_language)

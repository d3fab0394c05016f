"""Why a submission is not filed, with its question and its field in words."""

import re
from dataclasses import dataclass

from sqlalchemy.orm import Session

from cases.dictionary import DICTIONARY
from server.desk.definitions import definition
from server.desk.values import form_language, in_words
from server.desk.words import reason_words
from server.language import language
from submissions.tables import Submission
from xlsforms.questions import FormDefinition

POSITION = re.compile(r"\[\d+\]")


@dataclass(frozen=True)
class Reason:
    """A sentence, and the label of the question that it is about, if it is about one."""

    words: str
    question: str = ""


def reason_of(session: Session, submission: Submission) -> Reason:
    """Why the submission is not filed; both are empty when nothing stands in its way."""
    told = submission.reason or {}
    path = POSITION.sub("", told.get("question", ""))
    label = _label(session, submission.version_id, path)
    return Reason(reason_words(told, question=label, field=field_words(told.get("rule", ""))), label)


def label_in(form: FormDefinition, path: str) -> str:
    """What the form asks at this path, or the question's name when it has no words for it."""
    question = form.question(path)
    words = in_words(question.labels, form_language(form, language()), form) if question else ""
    return words or path.rpartition("/")[2]


def field_words(name: str) -> str:
    """A field of the record with its record's kind, in words; the name itself when there is none such."""
    kind, _dot, _key = name.partition(".")
    if DICTIONARY.field(name) is None:
        return name
    return f"{DICTIONARY.label(kind, language())}: {DICTIONARY.label(name, language())}"


def _label(session: Session, version_id: int | None, path: str) -> str:
    return path if version_id is None or not path else label_in(definition(session, version_id), path)

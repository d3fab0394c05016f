"""Where each value of a case comes from, in words: the question, who was asked where and when, and the submission."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.roles import Viewer
from accounts.tables import Person
from cases.assertions import Said
from cases.caseload import CaseView, RecordView
from cases.dictionary import DICTIONARY
from cases.record import FieldView, Shown
from server.desk.answers import anchor
from server.desk.definitions import definition
from server.desk.reasons import POSITION
from server.desk.rows import Row, rows
from server.desk.values import field_value, form_language, in_words, language_code
from server.language import language
from submissions.inbox import list_submissions


@dataclass(frozen=True)
class Source:
    """A value and who said it first: a question of a submission, or a person at the desk; `also` said the same."""

    said_at: datetime
    question: str = ""
    question_lang: str = ""
    question_path: str = ""
    form: str = ""
    version: str = ""
    tablet: str = ""
    submission_url: str | None = None
    person: str = ""
    worked_out: bool = False
    value: Any = field(default=None, repr=False)
    kind: str = "text"
    also: "tuple[Source, ...]" = ()


@dataclass(frozen=True)
class Line:
    """One field of a record: what stands, what stood before, and what was only compared with it."""

    label: str
    conflict: bool
    sources: tuple[Source, ...]
    older: tuple[Source, ...]
    checks: tuple[Source, ...]


class Sources:
    """Knows the submissions that a case is made of, as far as the viewer may see them."""

    def __init__(self, session: Session, view: CaseView, rows: Mapping[int, Row]) -> None:
        self._session = session
        self._rows = rows
        self._held = {one.id: one for one in view.submissions}
        self._people = _people(session, view.records)

    def lines(self, record: RecordView) -> list[Line]:
        """The record's fields in words, each value with its sources."""
        return [self._line(name, shown) for name, shown in record.fields.items()]

    def _line(self, name: str, shown: FieldView) -> Line:
        label = DICTIONARY.label(name, language())
        return Line(
            label[:1].upper() + label[1:],
            shown.conflict,
            *(tuple(self._told(name, one) for one in group) for group in (shown.standing, shown.older, shown.checks)),
        )

    def _told(self, name: str, shown: Shown) -> Source:
        value, kind = field_value(DICTIONARY.field(name), shown.value, language())
        first, *others = (self._source(said) for said in shown.said)
        return replace(first, value=value, kind=kind, also=tuple(others))

    def _source(self, said: Said) -> Source:
        if said.submission_id is None:
            return Source(said.observed_at, person=self._people.get(said.person_id or 0, _("a colleague")))
        row = self._rows.get(said.submission_id)
        question, lang, asked = self._question(said)
        place = f"{row.url}#{anchor(said.question)}" if row else None
        return Source(
            said.observed_at,
            question=question,
            question_lang=lang,
            question_path=said.question,
            form=row.form if row else _("A questionnaire of another agency"),
            version=row.version if row else "",
            tablet=row.tablet if row else "",
            submission_url=place,
            worked_out=not asked,
        )

    def _question(self, said: Said) -> tuple[str, str, bool]:
        """The question in words, their language, and whether anybody was asked it."""
        held = self._held.get(said.submission_id or 0)
        name = said.question.rpartition("/")[2]
        if held is None or held.version_id is None:
            return name, "", True
        form = definition(self._session, held.version_id)
        question = form.question(POSITION.sub("", said.question))
        spoken = form_language(form, language())
        words = in_words(question.labels, spoken, form) if question else ""
        return words or name, language_code(spoken) if words else "", bool(words)


def rows_of(session: Session, view: CaseView, *, viewer: Viewer) -> dict[int, Row]:
    """The submissions that the case is made of, as far as the viewer may see them."""
    ids = [one.id for one in view.submissions]
    listed = list_submissions(session, viewer=viewer, ids=ids, limit=None) if ids else []
    return {one.id: one for one in rows(session, listed, viewer=viewer)}


def _people(session: Session, records: Iterable[RecordView]) -> dict[int, str]:
    ids = {
        said.person_id
        for record in records
        for shown in record.fields.values()
        for group in (shown.standing, shown.older, shown.checks)
        for one in group
        for said in one.said
        if said.person_id
    }
    found = session.execute(select(Person.id, Person.name).where(Person.id.in_(ids))) if ids else ()
    return {row.id: row.name for row in found}

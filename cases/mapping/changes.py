"""What a new version does to the mapping of the one before: answers that would no longer reach their field."""

from collections.abc import Iterator
from dataclasses import dataclass

from cases.mapping.model import FieldRule, Mapping
from cases.mapping.survey import SurveyRow, find_question
from xlsforms.definition import FormDefinition, Question
from xlsforms.findings import Finding, Place, info, warning
from xlsforms.wording import closest

# Warnings that compare with what tablets have now: a program that uploads the next version is told, not stopped.
LOST = frozenset({"mapped-question-removed", "mapped-question-retyped", "mapping-dropped"})
FEW = 300  # new questions among which a renamed one is looked for
ALIKE = frozenset({"select_one", "select_multiple", "rank"})  # Their choices can be compared.


@dataclass(frozen=True)
class Before:
    """The version that tablets have now: its questions and what they feed."""

    definition: FormDefinition
    mapping: Mapping | None


def changes(
    rows: tuple[SurveyRow, ...], definition: FormDefinition, fields: tuple[FieldRule, ...], before: Before
) -> Iterator[Finding]:
    """Each mapped question of the version before that is removed, retyped, mapped no longer or short of choices."""
    fed = {rule.question for rule in fields}
    known = {question.path for question in before.definition.questions}
    at = {row.question.path: row for row in rows if row.question}
    new = {row.question.name: row for row in rows if row.question and row.question.path not in known}
    for rule in before.mapping.fields if before.mapping else ():
        was = before.definition.question(rule.question)
        if was is not None and before.mapping is not None:
            field = before.mapping.field_name(rule)
            now = definition.question(rule.question) or find_question(definition, was.name)
            if now is None:
                yield from _removed(was, field, new, rows)
            else:
                yield from _changed(was, now, field, at.get(now.path), fed)


def _removed(was: Question, field: str, new: dict[str, SurveyRow], rows: tuple[SurveyRow, ...]) -> Iterator[Finding]:
    same = (name for name, row in new.items() if row.case_field.partition(".")[2] == field.partition(".")[2])
    renamed = next(same, None) or (closest(was.name, new) if len(new) <= FEW else None)
    place = new[renamed].place("name") if renamed else Place(rows[0].sheet.name if rows else "survey")
    yield warning("mapped-question-removed", place, name=was.name, field=field, near=renamed)


def _changed(was: Question, now: Question, field: str, row: SurveyRow | None, fed: set[str]) -> Iterator[Finding]:
    place = row.place("type") if row else Place("survey")
    if was.type != now.type:
        yield warning("mapped-question-retyped", place, name=now.name, field=field, before=was.type, now=now.type)
    elif now.type in ALIKE and was.choices and now.choices:
        kept = {choice.name for choice in now.choices}
        lost = [choice.name for choice in was.choices if choice.name not in kept]
        if lost:
            yield info("mapped-choices-removed", place, name=now.name, field=field, lost=", ".join(lost[:20]))
    if now.path not in fed:
        there = row.place("case_field") if row else place
        yield warning("mapping-dropped", there, name=now.name, field=field)

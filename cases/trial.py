"""What a submission would make of the record, tried without storing, making or looking up anything."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from dataclasses import field as kept
from datetime import datetime

from sqlalchemy.orm import Session

from cases.codes import NotACaseCode, normalise
from cases.dictionary import DICTIONARY, Value
from cases.mapping import Mapping, RecordAction
from cases.plan import NotFiled, Planned, Touched, plan
from cases.records import ENTITY
from cases.screened import KIND
from cases.screening import Screening
from cases.screening.answers import assess, planned_values
from cases.tasks import Due, Spoken, Waiting, due_tasks
from forms.library import definition_of, mapping_of
from forms.tables import FormDraft, FormVersion
from submissions.answers import read_answers
from submissions.instance import BadInstance, read_instance
from xlsforms.questions import FormDefinition

Tried = tuple[FormDefinition, Mapping | None]
"""A form that was compiled and checked, and what it feeds."""


@dataclass(frozen=True)
class TriedValue:
    """A value, with the question (a path with positions) that it came from."""

    field: str
    mode: str
    question: str
    value: Value = kept(repr=False)


@dataclass(frozen=True)
class TriedRecord:
    """A record that would be touched: its name in the form, its kind, and how the form comes by it.

    `action` is `new`, `find` or `find_or_propose`; `names` says that the answers name the record that is meant.
    """

    place: str
    kind: str
    action: str
    names: bool
    parent: str
    values: tuple[TriedValue, ...] = kept(repr=False)


@dataclass(frozen=True)
class Trial:
    """What a submission would make; `reason` says why it would be set aside instead, in the terms of filing."""

    mapped: bool
    records: tuple[TriedRecord, ...] = ()
    screenings: tuple[tuple[str, Screening], ...] = ()
    tasks: tuple[Due, ...] = ()
    reason: dict[str, str] | None = None

    @property
    def screening(self) -> Screening | None:
        """What the rules make of the most pressing screening."""
        return max((result for _place, result in self.screenings), key=lambda one: one.rank, default=None)


def try_submission(
    session: Session | None, form: FormVersion | FormDraft | Tried, xml: bytes, *, now: datetime
) -> Trial:
    """What these answers to a published form, a draft or a checked form would make, were they received now.

    Nothing is stored, no code or key is used up, and no case is looked up: whether a code that the answers name is
    one of a case is left open. `session` is needed for a published form alone. Raises BadInstance.
    """
    instance = read_instance(xml)
    definition, mapping = _parts(session, form)
    if instance.form_id != definition.form_id:
        raise BadInstance("another-form", f"These answers belong to the form {instance.form_id}, not to this one.")
    if instance.encrypted:
        raise BadInstance("encrypted", "These answers are encrypted by the tablet; only the server can open them.")
    if mapping is None:
        return Trial(mapped=False)
    try:
        touched = plan(mapping, read_answers(instance, definition), DICTIONARY)
        _require_names(touched)
    except NotFiled as refusal:
        return Trial(mapped=True, reason=refusal.reason)
    return _made(touched, now)


def _parts(session: Session | None, form: FormVersion | FormDraft | Tried) -> Tried:
    if isinstance(form, FormDraft):
        mapping = form.mapping
        return FormDefinition.from_json(form.definition), None if mapping is None else Mapping.from_json(mapping)
    if isinstance(form, FormVersion):
        if session is None:
            raise TypeError("a published form is read in a session")
        parts = mapping_of(session, form)
        return definition_of(form), None if parts is None else Mapping.from_json(parts)
    return form


def _require_names(touched: Sequence[Touched]) -> None:
    """Raises NotFiled where the answers should name a record and name none, as far as the answers alone can tell."""
    for one in touched:
        rule = one.rule
        if rule.action is RecordAction.FIND and rule.match and one.match is None:
            raise NotFiled("match-empty", question=rule.match, rule=rule.alias)
        if one.match is not None and rule.match and not ENTITY.fullmatch(one.match.text.strip()):
            try:
                normalise(one.match.text)
            except NotACaseCode as error:
                raise NotFiled("not-a-code", question=one.match.path, rule=rule.alias) from error


def _made(touched: Sequence[Touched], now: datetime) -> Trial:
    places = {(one.rule.alias, one.row) for one in touched}
    records = tuple(_record(one, places) for one in touched)
    spoken = [Spoken(one.place, one.rule.kind, planned_values(one.values)) for one in touched]
    screenings = tuple((one.place, assess(one.values)) for one in spoken if one.kind == KIND and one.values)
    waiting = [Waiting(place, result.urgency, now) for place, result in screenings]
    return Trial(True, records, screenings, due_tasks(spoken, waiting))


def _record(one: Touched, places: Iterable[tuple[str, tuple[int, ...]]]) -> TriedRecord:
    above = ((alias, row) for alias in one.line for row in (one.row, ()))
    alias, row = next((place for place in above if place in places), ("", ()))
    parent = "/".join([alias, *map(str, row)])
    values = tuple(map(_value, one.values))
    return TriedRecord(one.place, one.rule.kind, one.rule.action.value, one.match is not None, parent, values)


def _value(one: Planned) -> TriedValue:
    return TriedValue(one.field.name, one.mode.value, one.question, one.value)

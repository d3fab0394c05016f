"""What answers would make if they were filed, in the reader's words; no record is looked up and none is touched."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from cases.clocks import FIRST_REVIEW, clocks
from cases.dictionary import DICTIONARY
from cases.mapping import Mapping, RecordAction
from cases.plan import NotFiled, Planned, Touched, plan
from cases.screening import RULES, Screening
from cases.screening.answers import assess, planned_values
from forms.library import definition_of, mapping_of
from forms.tables import FormDraft, FormVersion
from server.desk.reasons import POSITION, field_words, label_in
from server.desk.values import field_value
from server.desk.words import reason_words
from server.language import language
from submissions.answers import read_answers
from submissions.instance import Instance
from xlsforms.questions import FormDefinition

Told = dict[str, Any]


def trial_of_version(session: Session, version: FormVersion, instance: Instance) -> Told:
    """What the answers would make with the version's present mapping."""
    return _trial(definition_of(version), mapping_of(session, version), instance)


def trial_of_draft(draft: FormDraft, instance: Instance) -> Told:
    """What the answers would make if the draft were published as it is."""
    return _trial(FormDefinition.from_json(draft.definition), draft.mapping, instance)


def _trial(definition: FormDefinition, parts: dict[str, Any] | None, instance: Instance) -> Told:
    told: Told = {"reason": "", "mapped": parts is not None, "screenings": [], "records": [], "tasks": []}
    if parts is None:
        return told
    try:
        touched = plan(Mapping.from_json(parts), read_answers(instance, definition), DICTIONARY)
        _require_matches(touched)
    except NotFiled as refusal:
        path = POSITION.sub("", refusal.reason["question"])
        label = label_in(definition, path) if path else ""
        told["reason"] = reason_words(refusal.reason, question=label, field=field_words(refusal.reason["rule"]))
        return told
    screened = [assess(planned_values(one.values)) for one in touched if one.rule.kind == "screening" and one.values]
    told["screenings"] = [_screening(one) for one in screened]
    told["records"] = _records(touched, definition)
    told["tasks"] = [_review(one) for one in screened] + [_task(one) for one in touched if one.rule.kind == "task"]
    return told


def _require_matches(touched: Sequence[Touched]) -> None:
    """Raises NotFiled where filing would, before it looks a record up."""
    for one in touched:
        if one.rule.action is RecordAction.FIND and one.rule.match and one.match is None:
            raise NotFiled("match-empty", question=one.rule.match, rule=one.rule.alias)


def _screening(one: Screening) -> Told:
    low, high = (
        DICTIONARY.label(name, language(), codes="screening_class") for name in (one.class_low, one.class_high)
    )
    both = low if low == high else _("at least: %(low)s; at most: %(high)s", low=low, high=high)
    reasons = one.reasons_in(language())
    return {"class": both, "urgency": one.urgency, "reasons": reasons, "unverified": one.unverified}


def _review(one: Screening) -> str:
    hours = int(clocks()[FIRST_REVIEW, one.urgency].total_seconds() // 3600)
    step = RULES.next_steps[one.class_low].get(language(), "")
    return " ".join(filter(None, [_("First review within %(hours)s hours.", hours=hours), step]))


def _task(one: Touched) -> str:
    """The kind of the task and when it is due, as far as the answers say."""
    values = {planned.field.name: planned for planned in one.values}
    said = [_plain(values[name]) for name in ("task.kind", "task.title", "task.due_on") if name in values]
    return ", ".join(said) or DICTIONARY.label("task", language())


def _plain(planned: Planned) -> str:
    shown, _kind = field_value(planned.field, planned.value, language())
    return ", ".join(map(str, shown)) if isinstance(shown, list) else str(shown)


def _records(touched: Sequence[Touched], definition: FormDefinition) -> list[Told]:
    totals, seen = Counter(one.rule.kind for one in touched), Counter[str]()
    told = []
    for one in touched:
        seen[one.rule.kind] += 1
        told.append(
            {
                "kind": DICTIONARY.label(one.rule.kind, language()),
                "number": seen[one.rule.kind] if totals[one.rule.kind] > 1 else None,
                "how": _how(one, definition),
                "fields": [_field(planned, definition) for planned in one.values],
            }
        )
    return told


def _how(one: Touched, definition: FormDefinition) -> str:
    rule = one.rule
    asked = label_in(definition, rule.match) if rule.match else ""
    if rule.action is RecordAction.NEW:
        return str(_("New"))
    if rule.action is RecordAction.FIND:
        return str(_("The one that “%(question)s” names", question=asked) if asked else _("The one that belongs to it"))
    if one.match is not None:
        return str(_("The one that “%(question)s” names, or a new one", question=asked))
    return str(_("New, proposed for somebody to confirm"))


def _field(planned: Planned, definition: FormDefinition) -> Told:
    value, kind = field_value(planned.field, planned.value, language())
    question = label_in(definition, POSITION.sub("", planned.question))
    return {
        "label": DICTIONARY.label(planned.field.name, language()),
        "value": value,
        "kind": kind,
        "question": question,
    }

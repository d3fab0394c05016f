"""What answers would make if they were filed, in the reader's words: `cases.trial`, drawn for a page."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from cases.clocks import due
from cases.dictionary import DICTIONARY
from cases.mapping import Mapping, RecordAction
from cases.trial import Trial, TriedRecord, TriedValue, try_submission
from forms.library import definition_of, mapping_of
from forms.tables import FormDraft, FormVersion
from server.desk.reasons import POSITION, field_words, label_in
from server.desk.screenings import in_tasks, shown
from server.desk.values import field_value
from server.desk.words import reason_words
from server.language import language
from submissions.instance import Instance
from xlsforms.questions import FormDefinition

Told = dict[str, Any]


def trial_of_version(session: Session, version: FormVersion, instance: Instance, *, now: datetime) -> Told:
    """What the answers would make with the version's present mapping."""
    return _told(
        try_submission(session, version, instance.xml, now=now),
        definition_of(version),
        mapping_of(session, version),
        now,
    )


def trial_of_draft(draft: FormDraft, instance: Instance, *, now: datetime) -> Told:
    """What the answers would make if the draft were published as it is."""
    trial = try_submission(None, draft, instance.xml, now=now)
    return _told(trial, FormDefinition.from_json(draft.definition), draft.mapping, now)


def _told(trial: Trial, definition: FormDefinition, parts: dict[str, Any] | None, now: datetime) -> Told:
    mapping = Mapping.from_json(parts) if parts is not None else None
    return {
        "reason": _reason(trial.reason, definition),
        "mapped": trial.mapped,
        "screenings": [
            shown(one, due=due(one.urgency, now), number=number if len(trial.screenings) > 1 else None)
            for number, (_place, one) in enumerate(trial.screenings, 1)
        ],
        "records": _records(trial.records, definition, mapping),
        "tasks": in_tasks(trial.tasks, now),
        "now": now,
    }


def _reason(reason: dict[str, str] | None, definition: FormDefinition) -> str:
    if reason is None:
        return ""
    path = POSITION.sub("", reason["question"])
    question = label_in(definition, path) if path else ""
    return reason_words(reason, question=question, field=field_words(reason["rule"]))


def _records(touched: Sequence[TriedRecord], definition: FormDefinition, mapping: Mapping | None) -> list[Told]:
    totals, seen = Counter(one.kind for one in touched), Counter[str]()
    told = []
    for one in touched:
        seen[one.kind] += 1
        told.append(
            {
                "kind": DICTIONARY.label(one.kind, language()),
                "number": seen[one.kind] if totals[one.kind] > 1 else None,
                "how": _how(one, definition, mapping),
                "fields": [_field(value, definition) for value in one.values],
            }
        )
    return told


def _how(one: TriedRecord, definition: FormDefinition, mapping: Mapping | None) -> str:
    rule = mapping.record(one.place.partition("/")[0]) if mapping else None
    asked = label_in(definition, rule.match) if rule is not None and rule.match else ""
    if one.action == RecordAction.NEW.value:
        return str(_("New"))
    if one.action == RecordAction.FIND.value:
        return str(_("The one that “%(question)s” names", question=asked) if asked else _("The one that belongs to it"))
    if one.names:
        return str(_("The one that “%(question)s” names, or a new one", question=asked))
    return str(_("New, proposed for somebody to confirm"))


def _field(one: TriedValue, definition: FormDefinition) -> Told:
    value, kind = field_value(DICTIONARY.field(one.field), one.value, language())
    path = POSITION.sub("", one.question)
    question = definition.question(path)
    return {
        "label": DICTIONARY.label(one.field, language()),
        "value": value,
        "kind": kind,
        "question": label_in(definition, path),
        "worked_out": question is not None and not question.labels,
    }

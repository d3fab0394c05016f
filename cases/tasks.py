"""What is due because the record says so: worked out by `tasks.csv` and `clocks.csv`, stored nowhere."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from cases.clocks import FIRST_REVIEW, due
from cases.dictionary import Value

FORM = "form"  # the rule's name of a task that a form asked for
CLOSED = frozenset({"done", "cancelled"})


@dataclass(frozen=True)
class Spoken:
    """A record with the values that stand in each of its fields."""

    place: str
    kind: str
    values: Mapping[str, Sequence[Value]]

    def says(self, field: str) -> list[str]:
        return [str(one) for one in self.values.get(field, ())]


@dataclass(frozen=True)
class Due:
    """Something to be done: by when, for which record, and the field and rule that it follows from."""

    task: str
    at: datetime | None = None
    on: date | None = None
    urgency: str = ""
    place: str = ""
    field: str = ""
    rule: str = ""


@dataclass(frozen=True)
class Waiting:
    """A screening that nobody has looked at yet."""

    place: str
    urgency: str
    since: datetime


@dataclass(frozen=True)
class _Rule:
    name: str
    task: str
    field: str
    when: str
    equals: str
    wait: timedelta
    newest: bool


def due_tasks(records: Iterable[Spoken], waiting: Iterable[Waiting] = ()) -> tuple[Due, ...]:
    """What is due, the earliest first: all that somebody asked for, and what follows from the rules once a day."""
    records = tuple(records)
    reviews = [
        Due(FIRST_REVIEW, at=due(one.urgency, one.since), urgency=one.urgency, place=one.place, rule=FIRST_REVIEW)
        for one in waiting
    ]
    asked = [task for one in records if one.kind == "task" for task in _asked(one)]
    ruled = [task for rule in _rules() for task in _ruled(rule, records)]
    once: dict[tuple[str, date | None, datetime | None, str], Due] = {}
    said = {(one.task, one.on) for one in asked}
    for one in (*asked, *(rule for rule in ruled if (rule.task, rule.on) not in said)):
        once.setdefault((one.task, one.on, one.at, one.place if one.rule == FORM else ""), one)
    return tuple(sorted((*reviews, *once.values()), key=_when))


def _asked(record: Spoken) -> list[Due]:
    """The task that a form or a person put into the record, unless it is done."""
    if not CLOSED.isdisjoint(record.says("task.status")):
        return []
    kind = next(iter(record.says("task.kind")), "other")
    at = next((datetime.fromisoformat(one) for one in record.says("task.due")), None)
    on = next((date.fromisoformat(one) for one in record.says("task.due_on")), None)
    urgency = next(iter(record.says("task.urgency")), "")
    return [Due(kind, at=at, on=on, urgency=urgency, place=record.place, field="task.kind", rule=FORM)]


def _ruled(rule: _Rule, records: Iterable[Spoken]) -> list[Due]:
    found = [
        Due(rule.task, on=date.fromisoformat(day) + rule.wait, place=one.place, field=rule.field, rule=rule.name)
        for one in records
        if not rule.when or rule.equals in one.says(rule.when)
        for day in one.says(rule.field)
    ]
    return found if not rule.newest else sorted(found, key=_when)[-1:]


def _when(one: Due) -> tuple[str, str, str]:
    """Without a day last; a day comes before its hours."""
    moment = one.at.isoformat() if one.at else one.on.isoformat() if one.on else "~"
    return (moment, one.task, one.place)


@cache
def _rules() -> tuple[_Rule, ...]:
    with Path(__file__).with_name("tasks.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_rule(row) for row in csv.DictReader(file, strict=True))


def _rule(row: dict[str, str]) -> _Rule:
    when, _is, equals = row["when"].partition("=")
    wait = timedelta(days=int(row["days"]))
    return _Rule(row["rule"], row["task"], row["field"], when, equals, wait, row["newest"] == "yes")

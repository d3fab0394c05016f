"""What a submission's answers say about which records, before any record is looked up; pure."""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cases.dictionary import Dictionary, Field, NotAValue, Value, read_value
from cases.mapping import FieldRule, Mapping, Mode, RecordAction, RecordRule
from submissions.answers import Answer

YES = frozenset({"1", "true", "yes"})


class NotFiled(Exception):
    """The answers cannot be filed as the mapping says; the reason names the question and the rule, never a value."""

    def __init__(self, code: str, *, question: str = "", rule: str = "") -> None:
        super().__init__(code)
        self.reason = {"code": code, "question": question, "rule": rule}


@dataclass(frozen=True)
class Planned:
    """A value that a question gives a field."""

    field: Field
    mode: Mode
    value: Value = dataclasses.field(repr=False)
    question: str = ""


@dataclass(frozen=True)
class Touched:
    """A record that the submission touches: its rule, the repeat's row that it comes from, and what it is told.

    It belongs to the first record of `line` (aliases) that is touched too, in its own row or outside the repeat.
    """

    rule: RecordRule
    row: tuple[int, ...]
    match: Answer | None
    values: tuple[Planned, ...]
    line: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The record's name within its submission."""
        return "/".join([self.rule.alias, *map(str, self.row)])


def plan(mapping: Mapping, answers: Sequence[Answer], dictionary: Dictionary) -> tuple[Touched, ...]:
    """Every record that the answers touch, parents before their children; raises NotFiled."""
    by_question: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        by_question[answer.question.path].append(answer)
    fed: dict[str, list[FieldRule]] = defaultdict(list)
    for rule in mapping.fields:
        fed[rule.record].append(rule)
    touched = []
    for record in _parents_first(mapping.records):
        if record.action is not RecordAction.NONE and _applies(record, by_question):
            touched += _touch(mapping, record, fed[record.alias], by_question, dictionary)
    return tuple(touched)


def _touch(
    mapping: Mapping,
    record: RecordRule,
    rules: Sequence[FieldRule],
    by_question: dict[str, list[Answer]],
    dictionary: Dictionary,
) -> list[Touched]:
    match = next(iter(by_question.get(record.match, ())), None) if record.match else None
    rows: dict[tuple[int, ...], list[Planned]] = defaultdict(list)
    if not record.repeat:
        rows[()] = []
    for rule in rules:
        for answer in by_question.get(rule.question, ()):
            row = answer.position if record.repeat else ()
            planned = _planned(mapping, rule, answer, dictionary)
            rows[row] += [] if planned is None else [planned]
    line = tuple(_line(mapping, record))
    found = [Touched(record, row, match, tuple(values), line) for row, values in sorted(rows.items())]
    return [one for one in found if one.values or record.action is not RecordAction.NEW]


def _line(mapping: Mapping, record: RecordRule) -> list[str]:
    """The record's parent, that one's parent, and so on."""
    line: list[str] = []
    above = mapping.record(record.link)
    while above is not None and above.alias not in line:
        line.append(above.alias)
        above = mapping.record(above.link)
    return line


def _planned(mapping: Mapping, rule: FieldRule, answer: Answer, dictionary: Dictionary) -> Planned | None:
    """The value for the rule's field; None when the chosen codes say nothing."""
    name = mapping.field_name(rule)
    known = dictionary.field(name)
    if known is None:
        raise NotFiled("unknown-field", question=answer.path, rule=name)
    codes = [mapping.code(rule, choice) for choice in answer.text.split()] if rule.codes else [answer.text]
    if not any(codes):
        return None
    try:
        return Planned(known, rule.mode, read_value(known, " ".join(filter(None, codes)), dictionary), answer.path)
    except NotAValue as error:
        raise NotFiled("not-a-value", question=answer.path, rule=name) from error


def _applies(record: RecordRule, by_question: dict[str, list[Answer]]) -> bool:
    if not record.when:
        return True
    return any(answer.text.strip().lower() in YES for answer in by_question.get(record.when, ()))


def _parents_first(records: Iterable[RecordRule]) -> list[RecordRule]:
    by_alias = {record.alias: record for record in records}
    ordered: dict[str, RecordRule] = {}

    def visit(record: RecordRule, below: frozenset[str]) -> None:
        if record.alias in ordered or record.alias in below:
            return
        parent = by_alias.get(record.link)
        if parent is not None:
            visit(parent, below | {record.alias})
        ordered[record.alias] = record

    for record in by_alias.values():
        visit(record, frozenset())
    return list(ordered.values())

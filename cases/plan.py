"""What a submission's answers say about which records, before any record is looked up; pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cases.dictionary import Dictionary, Field, NotAValue, Value, read_value
from cases.mapping import FieldRule, Mapping, Mode, RecordAction, RecordRule
from submissions.answers import Answer

YES = frozenset({"1", "true", "yes"})


class NotFiled(Exception):
    """The answers cannot be filed as the mapping says; the reason names the question and the rule, never a value."""

    def __init__(self, code: str, *, question: str = "", rule: str = "") -> None:
        super().__init__(code)
        self.reason = {"code": code, "question": question, "rule": rule}


class Planned(NamedTuple):
    """A value that a question gives a field."""

    field: Field
    mode: Mode
    value: Value
    question: str = ""

    def __repr__(self) -> str:
        return f"Planned({self.field.name}, {self.question})"


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
    return Planner(mapping, dictionary).plan(answers)


class Planner:
    """Plans the submissions of one mapping; made once, used for all of them."""

    def __init__(self, mapping: Mapping, dictionary: Dictionary) -> None:
        rules: dict[str, list[_Rule]] = defaultdict(list)
        for rule in mapping.fields:
            rules[rule.record].append(_Rule(mapping, rule, dictionary))
        self._records = [
            (record, tuple(_line(mapping, record)), rules[record.alias])
            for record in _parents_first(mapping.records)
            if record.action is not RecordAction.NONE
        ]

    def plan(self, answers: Sequence[Answer]) -> tuple[Touched, ...]:
        """Every record that the answers touch, parents before their children; raises NotFiled."""
        by_question: dict[str, list[Answer]] = defaultdict(list)
        for answer in answers:
            by_question[answer.question.path].append(answer)
        touched = []
        for record, line, rules in self._records:
            if _applies(record, by_question):
                touched += _touch(record, line, rules, by_question)
        return tuple(touched)


class _Rule:
    """A rule with all that is known of it before any answer."""

    def __init__(self, mapping: Mapping, rule: FieldRule, dictionary: Dictionary) -> None:
        self.question, self.mode, self.name = rule.question, rule.mode, mapping.field_name(rule)
        self._dictionary, self._field = dictionary, dictionary.field(self.name)
        self._codes = mapping.codes.get(rule.codes, {}) if rule.codes else None
        known = dictionary.codes(self._field.codes) if self._field and self._field.type == "code" else ()
        self._plain = {code: code for code in known} if self._codes is None else {}
        self._plain |= {choice: code for choice, code in (self._codes or {}).items() if code in known}

    def planned(self, answer: Answer) -> Planned | None:
        """The value for the rule's field; None when the chosen codes say nothing. Raises NotFiled."""
        if self._field is None:
            raise NotFiled("unknown-field", question=answer.path, rule=self.name)
        plain = self._plain.get(answer.text)
        if plain is not None:
            return Planned(self._field, self.mode, plain, answer.path)
        codes = [answer.text]
        if self._codes is not None:
            codes = [self._codes.get(choice, choice) for choice in answer.text.split()]
        if not any(codes):
            return None
        try:
            value = read_value(self._field, " ".join(filter(None, codes)), self._dictionary)
        except NotAValue as error:
            raise NotFiled("not-a-value", question=answer.path, rule=self.name) from error
        return Planned(self._field, self.mode, value, answer.path)


def _touch(
    record: RecordRule, line: tuple[str, ...], rules: Sequence[_Rule], by_question: dict[str, list[Answer]]
) -> list[Touched]:
    match = next(iter(by_question.get(record.match, ())), None) if record.match else None
    rows: dict[tuple[int, ...], list[Planned]] = {} if record.repeat else {(): []}
    for rule in rules:
        for answer in by_question.get(rule.question, ()):
            planned, row = rule.planned(answer), answer.position if record.repeat else ()
            rows.setdefault(row, []).extend(() if planned is None else (planned,))
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

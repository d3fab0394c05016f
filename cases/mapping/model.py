"""The mapping of a form as values: which records it touches, and which field each question feeds."""

import hashlib
import json
from collections.abc import Mapping as AnyMapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class RecordAction(StrEnum):
    """How a form comes by a record.

    NEW makes one, or one per row of `repeat`; there is none where no field got a value.
    FIND takes the one that `match` names, or without `match` the one that the linked record has; it must exist.
    FIND_OR_PROPOSE takes the one that `match` names, and proposes a new one when `match` is empty or names none.
    NONE declares a record that the form leaves alone.
    """

    NEW = "new"
    FIND = "find"
    FIND_OR_PROPOSE = "find_or_propose"
    NONE = "none"


class Mode(StrEnum):
    """How a value meets an older one; CHECK never writes and only shows whether they agree."""

    FILL = "fill"
    LATEST = "latest"
    ADD = "add"
    CHECK = "check"


@dataclass(frozen=True)
class RecordRule:
    """One record that the form touches; `match`, `when` and `repeat` are paths, `link` is the alias of its parent.

    An empty `when` means always; else the record is touched only where that question says 1 or true. `link` is never
    guessed when filing: the reader has put the usual parent there. Where the parent is not touched, its own parent
    takes its place, so that no value stands where nobody looks.
    """

    alias: str
    kind: str
    action: RecordAction
    match: str = ""
    when: str = ""
    repeat: str = ""
    link: str = ""


@dataclass(frozen=True)
class FieldRule:
    """One question and the field it feeds; `codes` is the key of `Mapping.codes` that its answers go through."""

    question: str
    record: str
    field: str
    mode: Mode
    codes: str = ""


@dataclass(frozen=True)
class Mapping:
    """What a form feeds; `version` follows from the parts alone."""

    case_form: str
    records: tuple[RecordRule, ...]
    fields: tuple[FieldRule, ...]
    codes: AnyMapping[str, AnyMapping[str, str]]
    version: str

    def record(self, alias: str) -> RecordRule | None:
        return next((rule for rule in self.records if rule.alias == alias), None)

    def field_name(self, rule: FieldRule) -> str:
        """The dictionary's name of the field that a rule feeds, whatever the record's alias."""
        record = self.record(rule.record)
        return f"{record.kind if record else rule.record}.{rule.field}"

    def code(self, rule: FieldRule, choice: str) -> str:
        """The code that a choice stands for: itself unless the workbook says otherwise, "" when it says nothing."""
        return self.codes.get(rule.codes, {}).get(choice, choice)

    def to_json(self) -> dict[str, Any]:
        return {**_parts(self.case_form, self.records, self.fields, self.codes), "version": self.version}

    @staticmethod
    def from_json(data: AnyMapping[str, Any]) -> "Mapping":
        records = tuple(RecordRule(**{**rule, "action": RecordAction(rule["action"])}) for rule in data["records"])
        fields = tuple(FieldRule(**{**rule, "mode": Mode(rule["mode"])}) for rule in data["fields"])
        return make_mapping(data["case_form"], records, fields, data["codes"])


def make_mapping(
    case_form: str,
    records: tuple[RecordRule, ...],
    fields: tuple[FieldRule, ...],
    codes: AnyMapping[str, AnyMapping[str, str]],
) -> Mapping:
    """The mapping of these parts, with the version that they have wherever they are written."""
    canonical = json.dumps(_parts(case_form, records, fields, codes), sort_keys=True, separators=(",", ":"))
    version = hashlib.sha256(canonical.encode()).hexdigest()[:16]
    return Mapping(case_form, records, fields, {name: dict(rows) for name, rows in codes.items()}, version)


def _parts(
    case_form: str,
    records: tuple[RecordRule, ...],
    fields: tuple[FieldRule, ...],
    codes: AnyMapping[str, AnyMapping[str, str]],
) -> dict[str, Any]:
    return {
        "case_form": case_form,
        "records": [asdict(rule) for rule in records],
        "fields": [asdict(rule) for rule in fields],
        "codes": {name: dict(rows) for name, rows in codes.items()},
    }

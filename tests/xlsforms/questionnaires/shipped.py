"""The questionnaires that ship, checked once for all tests of a process, and their scripted interviews."""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from cases.dictionary import DICTIONARY, Value
from cases.plan import plan
from cases.publishing import Checked, check_form
from submissions.answers import read_answers
from submissions.instance import read_instance

FOLDER = Path(__file__).parents[3] / "xlsforms" / "questionnaires"
MAPPED_BESIDE = {"htcds_xlsform": "htcds_mapping.csv"}  # Forms of others, kept as they were published.
OURS = tuple(sorted(path.stem for path in FOLDER.glob("*.xlsx") if path.stem not in MAPPED_BESIDE))
ALL = (*OURS, *MAPPED_BESIDE)
NAMED = re.compile(r"/(\w+)(?![\w/])")


@dataclass(frozen=True)
class Interview:
    """One scripted interview; a field that must not be told has the value None."""

    form: str
    name: str
    about: str
    answers: dict[str, Any] = field(repr=False)
    records: dict[str, dict[str, Any]] = field(repr=False)
    absent: tuple[str, ...] = field(repr=False)
    outcome: dict[str, str] = field(repr=False)  # class_low, class_high and urgency of a screening

    def __str__(self) -> str:
        return f"{self.form}-{self.name}"


def workbook_of(form: str) -> Path:
    return FOLDER / f"{form}.xlsx"


@cache
def shipped(form: str) -> Checked:
    """The questionnaire, compiled and its mapping read."""
    path, beside = workbook_of(form), MAPPED_BESIDE.get(form)
    mapping_csv = (beside, (FOLDER / beside).read_bytes()) if beside else None
    return check_form(path.read_bytes(), path.name, now=datetime(2026, 5, 3, tzinfo=UTC), mapping_csv=mapping_csv)


@cache
def interviews() -> tuple[Interview, ...]:
    paths = sorted((FOLDER / "interviews").glob("*/*.json"))
    return tuple(_interview(path, json.loads(path.read_text(encoding="utf-8"))) for path in paths)


def _interview(path: Path, told: dict[str, Any]) -> Interview:
    expected = told["expected"]
    outcome = {name: expected[name] for name in ("class_low", "class_high", "urgency") if name in expected}
    absent = tuple(expected.get("absent", ()))
    return Interview(path.parent.name, path.stem, told["about"], told["answers"], expected["records"], absent, outcome)


@cache
def opening(form: str) -> dict[str, Any]:
    """The answers of the form's longest interview to whatever decides which parts are asked."""
    longest = max((one for one in interviews() if one.form == form), key=lambda one: len(one.answers))
    definition = shipped(form).compiled.definition
    calculated = {question.name: question.calculation for question in definition.questions if question.calculation}
    decides = {question.name for question in definition.questions if question.required}
    asked = [thing.relevant for thing in (*definition.groups, *definition.questions)]
    while asked:
        for name in NAMED.findall(asked.pop()):
            if name not in decides:
                decides.add(name)
                asked.append(calculated.get(name, ""))
    return {name: answer for name, answer in longest.answers.items() if name in decides}


def said(form: str, xml: bytes) -> dict[str, dict[str, list[Value]]]:
    """What the answers in an instance assert: by record (`movement[2]` for a repeat's second row) and field."""
    checked = shipped(form)
    assert checked.compiled is not None
    assert checked.mapping is not None
    answers = read_answers(read_instance(xml), checked.compiled.definition)
    told: dict[str, dict[str, list[Value]]] = {}
    for touched in plan(checked.mapping, answers, DICTIONARY):
        fields = told.setdefault(touched.rule.alias + "".join(f"[{row}]" for row in touched.row), {})
        for planned in touched.values:
            fields.setdefault(planned.field.key, []).append(planned.value)
    return told


def kind_of(form: str, place: str) -> str:
    """The kind of the record that `said` names."""
    mapping = shipped(form).mapping
    assert mapping is not None
    return {rule.alias: rule.kind for rule in mapping.records}[place.partition("[")[0]]

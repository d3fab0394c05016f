"""The questionnaires that ship, checked once for all tests of a process, and their scripted interviews."""

import json
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
OURS = ("field_screening_adult", "follow_up_visit")
ALL = (*OURS, "htcds_xlsform")
MAPPED_BESIDE = {"htcds_xlsform": "htcds_mapping.csv"}


@dataclass(frozen=True)
class Interview:
    """One scripted interview."""

    form: str
    name: str
    about: str
    answers: dict[str, Any] = field(repr=False)
    records: dict[str, dict[str, Any]] = field(repr=False)
    absent: tuple[str, ...] = field(repr=False)

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


def interviews() -> list[Interview]:
    paths = sorted((FOLDER / "interviews").glob("*/*.json"))
    return [_interview(path, json.loads(path.read_text(encoding="utf-8"))) for path in paths]


def _interview(path: Path, told: dict[str, Any]) -> Interview:
    expected = told["expected"]
    absent = tuple(expected["absent"])
    return Interview(path.parent.name, path.stem, told["about"], told["answers"], expected["records"], absent)


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

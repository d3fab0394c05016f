"""Scripted interviews, filled by the engine inside ODK Collect, make the case records that they should."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.roles import OPERATOR_VIEWER
from audit.trail import OPERATOR
from cases.assertions import read_said
from cases.caseload import get_case, list_cases
from cases.mapping import RecordAction
from cases.publishing import publish_form
from cases.tables import Assertion, Record, Screened, Source
from storage.roots import root_key
from submissions.instance import read_instance
from submissions.tables import Submission
from tests.collect.javarosa import Filled, JavaRosa
from tests.conftest import DATABASES, NOON
from tests.make import Make
from tests.xlsforms.questionnaires.shipped import FOLDER
from tests.xlsforms.questionnaires.shipped import shipped as checked

INTERVIEWS = sorted((FOLDER / "interviews").glob("*/*.json"))
CLASS = ("class_low", "class_high", "urgency")
# Every interview on one database, and one of each form on the other.
TRIED = [
    (path, kind)
    for kind in DATABASES
    for path in (INTERVIEWS if kind == DATABASES[0] else {one.parent.name: one for one in INTERVIEWS}.values())
]
NAMED = [f"{path.parent.name}-{path.stem}-{kind}" for path, kind in TRIED]
OPENS_A_CASE = FOLDER / "interviews/field_screening_adult/4_strong_signs.json"


def fill(javarosa: JavaRosa, path: Path, **more: Any) -> Filled:
    form = checked(path.parent.name)
    assert form.compiled is not None
    return javarosa.fill(form.compiled.xform, answers={**json.loads(path.read_text())["answers"], **more})


def file(make: Make, form: str, filled: Filled) -> Submission:
    publish_form(make.session, checked(form), project_id=1, media=[], files=make.files, actor=OPERATOR, now=NOON)
    compiled = checked(form).compiled
    assert compiled is not None
    return make.filed(read_instance(filled.xml), make.offered(compiled.definition.form_id))


def takes_a_case(form: str) -> bool:
    mapping = checked(form).mapping
    assert mapping is not None
    return any(rule.kind == "case" and rule.action is RecordAction.FIND for rule in mapping.records)


def told(session: Session, submission: Submission, form: str) -> dict[str, dict[str, Any]]:
    """What a submission said, by the alias of the record (with the row of a repeat) and the field."""
    mapping = checked(form).mapping
    assert mapping is not None
    rules = {rule.kind: rule for rule in mapping.records if rule.action is RecordAction.FIND}
    values: dict[str, dict[str, Any]] = defaultdict(dict)
    for record in session.scalars(select(Record)):
        query = select(Assertion).where(Assertion.record_id == record.id, Source.submission_id == submission.id)
        key = root_key(session, record.root_id)
        _before, _instance, place = record.key.partition(f"{submission.instance_id}/")
        alias, _slash, row = (place or rules[record.kind].alias if place or record.kind in rules else "").partition("/")
        for said in read_said(session, query, key):
            values[f"{alias}[{row}]" if row else alias][said.field.partition(".")[2]] = said.value
    return values


def checked_kind(form: str, alias: str) -> str:
    """The kind of record that an alias of the form stands for."""
    mapping = checked(form).mapping
    assert mapping is not None
    rule = mapping.record(alias.partition("[")[0])
    return rule.kind if rule else ""


def screened(session: Session, submission: Submission) -> dict[str, str]:
    """Class and urgency of the screening that a submission told of."""
    query = select(Screened).join(Assertion, Assertion.record_id == Screened.record_id)
    query = query.join(Source, Source.id == Assertion.source_id).where(Source.submission_id == submission.id)
    (one,) = session.scalars(query).unique()
    return {name: getattr(one, name) for name in CLASS}


@pytest.mark.parametrize("path, database_kind", TRIED, ids=NAMED, indirect=["database_kind"])
def test_an_interview_makes_the_record_that_its_script_expects(
    session: Session, make: Make, javarosa: JavaRosa, path: Path
) -> None:
    form = path.parent.name
    more = {}
    if takes_a_case(form):
        file(make, "field_screening_adult", fill(javarosa, OPENS_A_CASE))
        more["case_code"] = list_cases(session, viewer=OPERATOR_VIEWER)[0].case.code.lower()
    submission = file(make, form, fill(javarosa, path, **more))

    assert submission.filing == "filed", submission.reason
    found = told(session, submission, form)
    expected = json.loads(path.read_text())["expected"]
    for alias, fields in expected["records"].items():
        assert {name: found[alias].get(name) for name in fields} == fields, alias
    assert not set(expected.get("absent", ())) & set(found)
    outcome = {name: expected[name] for name in CLASS if name in expected}
    assert bool(outcome) == ("screening" in {checked_kind(form, alias) for alias in found}), "say class and urgency"
    if outcome:
        assert screened(session, submission) | outcome == screened(session, submission)


def test_every_value_of_a_case_says_which_question_of_which_submission_it_came_from(
    session: Session, make: Make, javarosa: JavaRosa
) -> None:
    filled = fill(javarosa, OPENS_A_CASE)
    file(make, "field_screening_adult", filled)
    case = list_cases(session, viewer=OPERATOR_VIEWER)[0].case

    view = get_case(session, case.code, viewer=OPERATOR_VIEWER, now=NOON)

    said = [
        one
        for record in view.records
        for field in record.fields.values()
        for shown in field.standing
        for one in shown.said
    ]
    assert len(said) > 40
    assert {one.instance_id for one in said} == {filled.instance_id}
    assert all(one.question.startswith("/data/") for one in said)
    assert view.submissions[0].instance_id == filled.instance_id


def test_a_follow_up_with_a_mistyped_code_is_set_aside_and_names_the_question_but_not_the_code(
    session: Session, make: Make, javarosa: JavaRosa
) -> None:
    visit = FOLDER / "interviews/follow_up_visit/1_going_well.json"

    submission = file(make, "follow_up_visit", fill(javarosa, visit, case_code="TIP-7K3Q-9"))

    assert submission.filing == "set aside"
    assert submission.reason is not None
    assert submission.reason["code"] == "no-such-case"
    assert submission.reason["question"].endswith("/case_ref")
    assert "7K3Q" not in json.dumps(submission.reason)

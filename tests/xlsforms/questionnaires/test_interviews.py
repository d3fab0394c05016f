import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.projects import get_project
from audit.trail import OPERATOR
from cases.caseload import CaseView, get_case
from cases.codes import make_code
from cases.publishing import publish_form
from cases.screening.answers import assess
from cases.tables import Case
from submissions.instance import read_instance
from submissions.tables import Filing
from tests.collect.javarosa import FormRefused, JavaRosa
from tests.make import Make
from tests.xlsforms.questionnaires.shipped import Interview, interviews, kind_of, said, shipped

NOW = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
SCRIPTS = {str(script): script for script in interviews()}
CHILD = SCRIPTS["child_screening-2_all_is_well"]
STRONG = SCRIPTS["field_screening_adult-4_strong_signs"]
VISIT = SCRIPTS["follow_up_visit-1_going_well"]
SAFE = {"alone": "yes", "private": "yes", "dangers": "none", "under_18": "no", "safe_to_talk": "yes"}


def fill(javarosa: JavaRosa, script: Interview, **other: Any) -> bytes:
    return javarosa.fill(shipped(script.form).compiled.xform, {**script.answers, **other}).xml


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=str)
def test_an_interview_says_what_it_must_and_nothing_more(javarosa: JavaRosa, script: Interview):
    told = said(script.form, fill(javarosa, script))
    for record, fields in script.records.items():
        expected = {name: None if value is None else [value] for name, value in fields.items()}
        assert {name: told[record].get(name) for name in fields} == expected, record
    assert [record for record in script.absent if told.get(record)] == []
    if script.outcome:
        found = assess({f"screening.{key}": values for key, values in told["screening"].items()})
        assert {name: getattr(found, name) for name in script.outcome} == script.outcome


@pytest.mark.parametrize(
    ("gate", "answer"), [("alone", "no"), ("private", "unsure"), ("safe_to_talk", "no"), ("dangers", "exploiter_near")]
)
def test_nothing_is_asked_of_a_person_before_it_is_safe(javarosa: JavaRosa, gate: str, answer: str):
    answers = {"agency": "police", "district": "cayo", "place_kind": "bar", **SAFE, gate: answer}
    if gate in ("alone", "private"):
        del answers["safe_to_talk"]
    xform = shipped("field_screening_adult").compiled.xform
    told = said("field_screening_adult", javarosa.fill(xform, answers).xml)
    assert told["screening"]["outcome"] == ["not_safe"]
    assert told["task"]["kind"] == ["safety_check"]
    with pytest.raises(FormRefused) as refused:
        javarosa.fill(xform, {**answers, "ok_to_ask": "yes"})
    assert refused.value.kind == "unasked"


@pytest.mark.parametrize("change", [{"wants_contact": "no"}, {"wants_contact": "not_now"}, {"may_keep": "no"}])
def test_a_name_is_asked_only_of_who_wants_to_be_contacted_and_lets_us_keep_it(
    javarosa: JavaRosa, change: dict[str, str]
):
    answers = {**STRONG.answers, **change}
    if "wants_contact" in change:
        del answers["may_keep"]
    xform = shipped("field_screening_adult").compiled.xform
    with pytest.raises(FormRefused) as refused:
        javarosa.fill(xform, answers)
    assert refused.value.kind == "unasked"
    names = list(answers)
    held_back = names[names.index("used_name") : names.index("stopped_early")]
    kept = {name: answer for name, answer in answers.items() if name not in held_back}
    told = said("field_screening_adult", javarosa.fill(xform, kept).xml)
    assert not {"person", "case", "contact_point", "movement[1]"} & told.keys()
    assert told["screening"]["wants_followup"] == [False]


def test_an_adults_form_takes_nobody_under_18(javarosa: JavaRosa):
    with pytest.raises(FormRefused) as refused:
        fill(javarosa, STRONG, age_years=17)
    assert refused.value.kind == "constraint"


@pytest.mark.parametrize("age", [18, 20, 21, 23, 24, 26, 27, 29, 30, 38, 39, 47, 48, 110])
def test_the_age_band_is_the_one_that_the_age_lies_in(javarosa: JavaRosa, age: int):
    (band,) = said("field_screening_adult", fill(javarosa, STRONG, age_years=age))["screening"]["age_band"]
    low, _, high = str(band).partition("_")
    assert int(low) <= age <= (110 if high == "plus" else int(high))


@pytest.mark.parametrize("zone", ["UTC", "America/Belize", "Pacific/Auckland"])
def test_a_call_back_is_due_three_days_after_the_talk_wherever_the_tablet_is(javarosa: JavaRosa, zone: str):
    xform = shipped("field_screening_adult").compiled.xform
    told = said("field_screening_adult", javarosa.fill(xform, STRONG.answers, device={"time_zone": zone}).xml)
    talked = date.fromisoformat(str(told["screening"]["date"][0]))
    assert told["task"]["due_on"] == [(talked + timedelta(days=3)).isoformat()]


# What in a talk with a child is telling of harm, in the order of the form.
HARM = (
    *(
        "heard_home",
        "made_begging",
        "heard_work",
        "images_asked",
        "heard_friends",
        "heard_moved",
        "afraid",
        "threatened",
    ),
    *("family_threatened", "hurt_by", "made_unlawful", "made_marry", "made_body", "heard_fears"),
)
STOPPED = {"goes_back": "unsure", "safe_place": "no", "reached": "no"}


@pytest.mark.parametrize("harm", HARM)
def test_a_child_who_tells_of_harm_is_asked_nothing_more(javarosa: JavaRosa, harm: str):
    xform = shipped("child_screening").compiled.xform
    answers = {**CHILD.answers, harm: "yes"}
    with pytest.raises(FormRefused) as refused:
        javarosa.fill(xform, answers)
    assert refused.value.kind == "unasked"
    names = list(answers)
    before = names[: names.index(harm) + 1]
    after = ("needs", "medicine", "wants_contact", "suicide_talk", "concern", "left_with", "given")
    kept = {name: answers[name] for name in (*before, *after)}
    told = said("child_screening", javarosa.fill(xform, {**kept, **STOPPED}).xml)
    assert told["screening"]["flag.child_told_harm"] == ["present"]
    assert told["screening"]["outcome"] == ["stopped"]
    assert told["referral"]["body"] == ["human_services"]
    assert told["task"]["kind"] == ["safety_check"]
    assert assess({f"screening.{key}": values for key, values in told["screening"].items()}).urgency == "P1"


@pytest.mark.parametrize("change", [{"guardian_safe": "no"}, {"guardian_safe": "unsure"}, {"ok_to_ask": "no"}])
def test_a_child_is_asked_only_if_it_agrees_and_a_guardian_only_if_that_is_safe(
    javarosa: JavaRosa, change: dict[str, str]
):
    with pytest.raises(FormRefused) as refused:
        fill(javarosa, CHILD, **change)
    assert refused.value.kind == "unasked"
    expected = "guardian_reach" if "ok_to_ask" in change else "guardian_agrees"
    assert refused.value.path.endswith(expected)


@pytest.mark.parametrize("answer", ["no", "not_reached"])
def test_without_an_adult_who_agrees_a_child_is_kept_company_and_asked_nothing(javarosa: JavaRosa, answer: str):
    script = SCRIPTS["child_screening-5_nobody_to_agree"]
    told = said(script.form, fill(javarosa, script, official_agrees=answer))
    assert told["screening"]["outcome"] == ["partly"]
    with pytest.raises(FormRefused) as refused:
        fill(javarosa, script, official_agrees=answer, sleeps="family")
    assert refused.value.kind == "unasked"


def test_a_caller_who_cannot_talk_is_asked_only_where_help_should_go(javarosa: JavaRosa):
    script = SCRIPTS["tip_off-2_cannot_talk"]
    for more in ({"caller_kind": "public"}, {"seen": "Somebody"}, {"people_count": 3}, {"may_ring": "yes"}):
        with pytest.raises(FormRefused) as refused:
            fill(javarosa, script, **more)
        assert refused.value.kind == "unasked"


def test_a_report_makes_no_record_of_a_person(javarosa: JavaRosa):
    kinds = {rule.kind for rule in shipped("tip_off").mapping.records}
    assert kinds == {"incident", "perpetrator", "task"}
    told = said("tip_off", fill(javarosa, SCRIPTS["tip_off-4_two_who_give_orders"]))
    assert [kind_of("tip_off", place) for place in told].count("perpetrator") == 2


@pytest.mark.parametrize(
    ("how_soon", "danger", "children", "level", "days"),
    [("week", "yes", "no", "P1", 0), ("week", "no", "yes", "P2", 1), ("days", "no", "no", "P3", 3)],
)
def test_a_report_is_looked_at_as_soon_as_the_danger_and_the_children_in_it_demand(
    javarosa: JavaRosa, how_soon: str, danger: str, children: str, level: str, days: int
):
    script = SCRIPTS["tip_off-1_neighbour"]
    before = datetime.now(UTC).date()
    told = said(script.form, fill(javarosa, script, how_soon=how_soon, danger_now=danger, children=children))
    assert told["incident"]["urgency"] == told["task"]["urgency"] == [level]
    due = date.fromisoformat(str(told["task"]["due_on"][0]))
    assert before <= due - timedelta(days) <= datetime.now(UTC).date()


def code_sent(javarosa: JavaRosa, code: str) -> str:
    """The case code that the tablet sends when this one is typed."""
    answers = {"case_code": code, "visit_date": "2026-03-14", "channel": "phone", "reached": "no"}
    filled = javarosa.fill(shipped("follow_up_visit").compiled.xform, answers)
    return re.search(r"<case_ref>(.*)</case_ref>", filled.xml.decode())[1]


def test_the_tablet_takes_every_case_code_that_the_server_makes(javarosa: JavaRosa):
    for payload in (0, 1, 31, 32, 99_991, 524_287, 1_000_003, 1_048_575):
        code = make_code(payload)
        assert code_sent(javarosa, code) == code
        assert code_sent(javarosa, code.lower()) == code


@pytest.mark.parametrize(
    "slip", ["TIP-7K3Q-8", "TIP-K73Q-9", "TIP-7KQ3-9", "TIP-7K39-Q", "TIP-7K3O-9", "TIP-7K3Q9", "7K3Q-9", "TIP-7K3Q-9 "]
)
def test_the_tablet_refuses_a_slip_in_a_case_code(javarosa: JavaRosa, slip: str):
    with pytest.raises(FormRefused) as refused:
        code_sent(javarosa, slip)
    assert refused.value.kind == "constraint"


def values(view: CaseView) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for record in view.records:
        for name, field in record.fields.items():
            found.setdefault(name, []).extend(shown.value for shown in field.standing)
    return found


def file_script(javarosa: JavaRosa, make: Make, session: Session, script: Interview, **other: Any) -> str:
    """The filing state of an interview that a tablet sent, with its form published before."""
    checked, project = shipped(script.form), get_project(session)
    publish_form(session, checked, project_id=project.id, media=(), files=make.files, actor=OPERATOR, now=NOW)
    form = make.offered(checked.compiled.definition.form_id)
    submission = make.filed(read_instance(fill(javarosa, script, **other)), form)
    assert submission.reason is None
    return submission.filing


def test_a_talk_becomes_a_case_and_a_visit_finds_it_by_its_code(javarosa: JavaRosa, make: Make, session: Session):
    assert file_script(javarosa, make, session, STRONG) == Filing.FILED.value
    code = session.scalars(select(Case.code)).one()
    assert file_script(javarosa, make, session, VISIT, case_code=code) == Filing.FILED.value
    found = values(get_case(session, code, viewer=make.viewer("manager"), now=NOW))
    assert found["person.alias"] == ["Luna (invented)"]
    assert found["contact_point.value"] == ["+501 000 0000 (invented)"]
    assert found["screening.indicator.des_debt"] == ["present"]
    assert sorted(found["movement.date"]) == ["2026-01-10", "2026-02-01"]
    assert sorted(found["consent.purpose"]) == ["contact_again", "interview", "interview", "store", "store"]
    assert found["visit.outcome"] == ["met"]
    assert found["visit.wish"] == ["To finish the sewing course."]
    assert sorted(found["service.type"]) == ["legal", "mental_health"]
    assert found["case.district"] == ["cayo"]
    assert found["case.next_due"] == ["2026-03-16"]
    assert sorted(found["task.kind"]) == ["call_back", "follow_up_visit"]


def test_a_talk_without_follow_up_is_filed_and_makes_no_case(javarosa: JavaRosa, make: Make, session: Session):
    script = SCRIPTS["field_screening_adult-6_refuses_many"]
    assert file_script(javarosa, make, session, script) == Filing.FILED.value
    assert session.scalars(select(Case)).all() == []


def test_the_data_standards_form_becomes_a_case(javarosa: JavaRosa, make: Make, session: Session):
    script = SCRIPTS["htcds_xlsform-1_referred_in"]
    assert file_script(javarosa, make, session, script) == Filing.FILED.value
    code = session.scalars(select(Case.code)).one()
    found = values(get_case(session, code, viewer=make.viewer("manager"), now=NOW))
    assert found["person.first_name"] == ["Ximena"]
    assert found["exploitation.methods_of_control"] == [["DebtBondage", "WithholdsDocuments"]]
    assert found["decision.status"] == ["PossibleVictimOfTrafficking"]

"""What a test submission would make, tried without storing anything."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from cases.records import record_id
from cases.tables import Assertion, Case, Record, Screened, Source
from cases.tasks import Spoken, Waiting, due_tasks
from cases.trial import try_submission
from forms.tables import FormVersion
from storage.database import Base
from storage.roots import root_key
from submissions.instance import BadInstance
from tests.cases.books import FOLLOW, SCREEN, SIGNS, STRONG, WHO, book, follow_up, screening, signs
from tests.conftest import NOON
from tests.make import checked


def counts(session):
    return {
        table.name: session.scalar(select(func.count()).select_from(table)) for table in Base.metadata.sorted_tables
    }


def version_of(session, form):
    return session.scalars(select(FormVersion).where(FormVersion.form_pk == form.id)).one()


def test_a_trial_says_records_values_class_and_tasks_and_stores_nothing(session, make):
    form = make.form(SIGNS)
    instance = signs(make, form, STRONG)
    before = counts(session)
    trial = try_submission(session, version_of(session, form), instance.xml, now=NOON)
    assert counts(session) == before
    assert trial.mapped
    assert trial.reason is None
    assert [(one.place, one.kind, one.action, one.names, one.parent) for one in trial.records] == [
        ("person", "person", "find_or_propose", True, ""),
        ("case", "case", "find_or_propose", True, "person"),
        ("screening", "screening", "new", False, "case"),
    ]
    told = {one.field: (one.value, one.question) for one in trial.records[2].values}
    assert told["screening.indicator.des_debt"] == ("present", "/data/debt")
    assert (trial.screening.class_low, trial.screening.urgency) == ("strong", "P2")
    (review,) = trial.tasks
    assert (review.task, review.at, review.urgency) == ("first_review", NOON + timedelta(hours=24), "P2")


def test_a_trial_says_the_same_as_filing_does(session, make):
    form = make.form(SIGNS)
    instance = signs(make, form, STRONG | {"hurt": "present", "job": "unknown"})
    trial = try_submission(session, version_of(session, form), instance.xml, now=NOON)
    make.filed(instance, form)
    row = session.scalars(select(Screened)).one()
    result = trial.screening
    assert (row.class_low, row.class_high, row.urgency) == (result.class_low, result.class_high, result.urgency)
    filed = session.execute(select(Assertion.field, Assertion.question, Assertion.mode).join(Source)).all()
    assert sorted(map(tuple, filed)) == sorted(
        (one.field, one.question, one.mode) for record in trial.records for one in record.values
    )
    assert {one.kind for one in trial.records} == set(session.scalars(select(Record.kind)))


def test_a_trial_of_a_repeat_names_each_row_and_its_parent(session, make):
    form = make.form(SCREEN)
    trip = "<trip><stop>A</stop><remark>a</remark></trip><trip><remark>b</remark></trip>"
    trial = try_submission(session, version_of(session, form), screening(make, form, more=trip).xml, now=NOON)
    parents = {one.place: one.parent for one in trial.records}
    assert parents == {
        "person": "", "case": "person", "screening": "case", "movement/1": "case", "note/1": "movement/1",
        "note/2": "case",
    }  # fmt: skip


def test_a_form_that_was_only_checked_can_be_tried_without_a_session(make):
    workbook = checked(SIGNS, NOON)
    form = make.form(SIGNS)
    tried = (workbook.compiled.definition, workbook.mapping)
    assert try_submission(None, tried, signs(make, form, STRONG).xml, now=NOON).screening.class_low == "strong"
    assert not try_submission(None, (tried[0], None), signs(make, form, STRONG).xml, now=NOON).mapped


@pytest.mark.parametrize(
    ("who", "code"), [("", "match-empty"), ("TIP-2222-9", "not-a-code"), ("nobody at all", "not-a-code")]
)
def test_what_would_be_set_aside_names_the_question_and_never_the_answer(session, make, who, code):
    form = make.form(FOLLOW)
    trial = try_submission(session, version_of(session, form), follow_up(make, form, who=who).xml, now=NOON)
    assert trial.reason["code"] == code
    assert trial.reason["question"] == "/data/who"
    assert who not in trial.reason.values() or not who
    assert (trial.records, trial.tasks, trial.screening) == ((), (), None)


def test_a_value_that_the_field_does_not_take_is_told_as_filing_would(session, make):
    form = make.form(SIGNS)
    instance = signs(make, form, {"debt": "perhaps"})
    trial = try_submission(session, version_of(session, form), instance.xml, now=NOON)
    assert trial.reason == make.filed(instance, form).reason


def test_a_trial_never_looks_a_case_up(session, make):
    """A designer learns from it neither whether a case exists nor what it holds."""
    form, known = make.form(FOLLOW), make.form(SIGNS)
    make.filed(signs(make, known, STRONG), known)
    code = session.scalars(select(Case.code)).one()
    absent = "TIP-2222-2" if code != "TIP-2222-2" else "TIP-4444-4"
    version = version_of(session, form)
    trials = [try_submission(session, version, follow_up(make, form, who=one).xml, now=NOON) for one in (code, absent)]
    assert trials[0] == trials[1]
    assert all(record.names for record in trials[0].records[:2])
    assert root_key(session, record_id("case", f"entity:{WHO.removeprefix('uuid:')}"))


def test_answers_of_another_form_are_refused(session, make):
    form, other = make.form(SIGNS), make.form(SCREEN)
    with pytest.raises(BadInstance, match="belong to the form screen"):
        try_submission(session, version_of(session, form), screening(make, other).xml, now=NOON)


def test_tasks_follow_from_what_the_record_says_and_from_nothing_else(session, make):
    form = make.form(
        book(
            survey=[
                "start | start | | | |",
                "date | next | Next | | case.next_due |",
                "date | until | Until | | consent.until |",
                "select_one answer | agreed | Agreed | | consent.answer |",
                "date | sent | Sent | | referral.date |",
                "select_one state | state | State | | referral.status |",
                "select_one kind | kind | Kind | | task.kind |",
                "date | by | By | | task.due_on |",
            ],
            choices=[
                "answer | given | Yes", "answer | refused | No", "state | sent | Sent", "state | done | Done",
                "kind | call_back | Call back",
            ],
            settings=["Tasks | tasks | 1 | other"],
            case_records=["case | find_or_propose | | | |", "consent | new | | | | case", "referral | new | | | | case",
                          "task | new | | | | case"],
        )
    )  # fmt: skip
    version = version_of(session, form)

    def tried(answers):
        xml = make.instance(form, "".join(f"<{name}>{value}</{name}>" for name, value in answers.items())).xml
        return [(one.task, one.on, one.rule) for one in try_submission(session, version, xml, now=NOON).tasks]

    given = {"next": "2026-06-01", "until": "2027-01-01", "agreed": "given", "sent": "2026-05-03", "state": "sent"}
    asked = {"kind": "call_back", "by": "2026-05-04"}
    assert tried(given | asked) == [
        ("call_back", date(2026, 5, 4), "form"),
        ("referral_check", date(2026, 5, 6), "referral_unanswered"),
        ("follow_up_visit", date(2026, 6, 1), "next_due"),
        ("consent_renewal", date(2027, 1, 1), "consent_ends"),
    ]
    assert tried(given | {"agreed": "refused", "state": "done"}) == [("follow_up_visit", date(2026, 6, 1), "next_due")]
    assert tried({"sent": "2026-05-03"}) == []


def test_the_same_task_for_the_same_day_is_said_once_and_the_newest_plan_counts():
    visits = [Spoken(f"visit/{day}", "visit", {"visit.next_on": [f"2026-06-{day}"]}) for day in ("01", "09", "05")]
    case = Spoken("case", "case", {"case.next_due": ["2026-06-09"]})
    (visit,) = due_tasks([*visits, case])
    assert (visit.task, visit.on, visit.field) == ("follow_up_visit", date(2026, 6, 9), "case.next_due")
    done = Spoken("task", "task", {"task.kind": ["call_back"], "task.status": ["done"]})
    assert due_tasks([done]) == ()
    hours = [f"2026-06-09T{hour}:00:00.000Z" for hour in ("09", "15")]
    calls = [Spoken(one, "task", {"task.kind": ["call_back"], "task.due": [one]}) for one in hours]
    assert [one.place for one in due_tasks([*calls, case])] == ["case", *hours]
    days = [Spoken(one, "task", {"task.kind": ["call_back"], "task.due_on": ["2026-06-09"]}) for one in "ab"]
    assert [one.place for one in due_tasks(days)] == ["a", "b"]
    urgent = due_tasks([case], [Waiting("screening", "P1", NOON)])
    assert [one.task for one in urgent] == ["first_review", "follow_up_visit"]

"""A stored submission becomes assertions exactly once, or says why not."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

import cases.writing
from accounts.roles import OPERATOR_VIEWER
from audit.trail import OPERATOR, Action, AuditEntry
from cases.caseload import get_case
from cases.filing import file_next, file_one
from cases.plan import Planner
from cases.publishing import publish_form
from cases.releasing import release_held
from cases.tables import Assertion, Case, Record, RecordLink, Source
from forms.library import find_version, get_form
from storage.database import DatabaseUnavailable
from storage.roots import destroy_root
from storage.sealing import KeysLocked
from submissions.inbox import refile
from submissions.opening import open_xml
from submissions.tables import Filing, Submission
from tests.cases.books import FOLLOW, RISKS, SCREEN, book, follow_up, screening
from tests.make import YES, Make, checked

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
SECRET = "Ana Ejemplo Inventada"


def counting(session):
    """How many assertions count."""
    query = select(func.count()).select_from(Assertion).join(Source, Source.id == Assertion.source_id)
    return session.scalar(query.where(Source.replaced_at.is_(None)))


def how_many(session, table):
    return session.scalar(select(func.count()).select_from(table))


def standing(session, submission):
    """What counts of a submission: field, and value where it is in clear."""
    query = select(Assertion.field, Assertion.value).join(Source, Source.id == Assertion.source_id)
    rows = session.execute(query.where(Source.submission_id == submission.id, Source.replaced_at.is_(None)))
    return dict(rows.all())


def the_case(session):
    code = session.scalars(select(Case.code)).one()
    return get_case(session, code, viewer=OPERATOR_VIEWER, now=NOON)


def fields(view, kind):
    return [one.fields for one in view.records if one.kind == kind]


@pytest.fixture
def screen(make):
    return make.form(SCREEN)


@pytest.fixture
def follow(make):
    return make.form(FOLLOW)


def test_answers_become_values_of_the_records_that_the_mapping_names(session, make, screen):
    submission = make.filed(screening(make, screen), screen)
    assert (submission.filing, submission.reason, submission.filed_at) == (Filing.FILED.value, None, NOON)
    view = the_case(session)
    person, case = fields(view, "person")[0], fields(view, "case")[0]
    assert (person["person.alias"].value, person["person.birthdate"].value) == ("Invented", "1990-01-31")
    assert case["case.risk_level"].value == "low"
    assert fields(view, "screening")[0]["screening.place"].value == "Invented town"


def test_every_value_says_which_question_of_which_submission_it_came_from(session, make, screen):
    instance = screening(make, screen, more="<trip><stop>A</stop></trip><trip><stop>B</stop></trip>")
    submission = make.filed(instance, screen)
    told = {
        (shown.value, say.question, say.instance_id, say.submission_id)
        for one in the_case(session).records
        for field in one.fields.values()
        for shown in field.standing
        for say in shown.said
    }
    source = (instance.instance_id, submission.id)
    assert told == {
        ("Invented", "/data/alias", *source),
        ("1990-01-31", "/data/born", *source),
        ("low", "/data/risk", *source),
        ("Invented town", "/data/place", *source),
        ("A", "/data/trip[1]/stop", *source),
        ("B", "/data/trip[2]/stop", *source),
    }


def test_a_proposed_case_stands_in_intake_with_a_code_until_somebody_confirms_it(session, make, screen):
    make.filed(screening(make, screen), screen)
    case = session.scalars(select(Case)).one()
    assert (case.stage, case.proposed, case.access_class) == ("intake", True, "open_team")
    assert case.code.startswith("TIP-")
    assert case.agency_id == make.tablet().agency_id
    assert case.opened_on == NOON.date()


def test_a_case_belongs_to_the_agency_of_the_tablet_that_sent_it(session, make, screen):
    other = make.agency()
    make.filed(screening(make, screen), screen, device=make.device(agency=other))
    assert session.scalars(select(Case.agency_id)).one() == other.id


def test_nothing_but_coded_values_stands_in_clear(session, make, screen):
    make.filed(screening(make, screen, answers={"alias": SECRET, "place": SECRET}), screen)
    rows = session.execute(select(Assertion.field, Assertion.value, Assertion.sealed)).all()
    clear = {row.field: row.value for row in rows if row.sealed is None}
    assert clear == {"case.risk_level": "low"}
    assert all(row.value is None for row in rows if row.sealed is not None)
    assert SECRET.encode() not in b"".join(row.sealed for row in rows if row.sealed is not None)


def test_rows_of_a_repeat_make_a_record_each_and_what_belongs_to_a_row_stays_with_it(session, make, screen):
    rows = "".join(f"<trip><stop>{name}</stop><remark>{name.lower()}</remark></trip>" for name in "ABC")
    make.filed(screening(make, screen, more=rows), screen)
    view = the_case(session)
    movements = {one.id: one.fields["movement.place"].value for one in view.records if one.kind == "movement"}
    notes = {one.id: one.fields["note.text"].value for one in view.records if one.kind == "note"}
    links = session.execute(select(RecordLink.record_id, RecordLink.parent_id)).all()
    pairs = {(notes[child], movements[parent]) for child, parent in links if child in notes}
    assert pairs == {("a", "A"), ("b", "B"), ("c", "C")}


def test_what_belongs_to_a_row_that_said_nothing_belongs_to_the_case_and_is_not_lost(session, make, screen):
    make.filed(screening(make, screen, more="<trip><remark>alone</remark></trip>"), screen)
    assert [one["note.text"].value for one in fields(the_case(session), "note")] == ["alone"]


def test_a_choice_that_says_nothing_leaves_no_value(session, make, screen):
    submission = make.filed(screening(make, screen, answers={"risk": "skip"}), screen)
    assert submission.filing == Filing.FILED.value
    assert "case.risk_level" not in standing(session, submission)


def test_a_record_under_a_condition_is_touched_only_where_the_condition_holds(session, make):
    form = make.form()
    submission = make.filed(make.instance(form, "<wants>no</wants><alias>Invented</alias>"), form)
    assert submission.filing == Filing.FILED.value
    assert how_many(session, Record) == 0
    make.filed(make.instance(form, YES), form)
    assert sorted(session.scalars(select(Record.kind))) == ["case", "consent", "person"]


def test_filing_a_filed_submission_again_changes_nothing_but_its_sources(session, make, screen):
    submission = make.filed(screening(make, screen), screen)
    before = (counting(session), how_many(session, Record), standing(session, submission))
    for _ in range(3):
        file_one(session, submission, now=NOON)
    assert (counting(session), how_many(session, Record), standing(session, submission)) == before
    assert how_many(session, Case) == 1


def test_a_follow_up_that_names_the_person_joins_the_case(session, make, screen, follow):
    make.filed(screening(make, screen), screen)
    make.filed(follow_up(make, follow, answers={"risk": "high", "born": "1990-01-31"}), follow)
    view = the_case(session)
    assert fields(view, "case")[0]["case.risk_level"].value == "high"
    assert fields(view, "visit")[0]["visit.note"].value == "Invented note"
    birth = fields(view, "person")[0]["person.birthdate"]
    assert [shown.value for shown in birth.checks] == ["1990-01-31"]
    assert len(view.submissions) == 2


def test_a_follow_up_that_comes_before_its_screening_waits_and_is_filed_by_itself(session, make, screen, follow):
    late = make.filed(follow_up(make, follow), follow)
    assert late.filing == Filing.HELD.value
    assert late.reason["code"] == "waits-for-record"
    assert release_held(session, now=NOON) == 0
    make.filed(screening(make, screen), screen)
    make.file_all()
    assert {one.filing for one in session.scalars(select(Submission))} == {Filing.FILED.value}
    assert len(fields(the_case(session), "visit")) == 1


def test_a_correction_takes_the_place_of_what_it_corrects(session, make, screen):
    first = screening(make, screen, answers={"alias": "Wrong"})
    second = screening(make, screen, corrects=first.instance_id, answers={"alias": "Right", "born": ""})
    make.filed(first, screen)
    make.filed(second, screen)
    person = fields(the_case(session), "person")[0]
    assert [shown.value for shown in person["person.alias"].standing] == ["Right"]
    assert "person.birthdate" not in person
    assert make.submission(first).superseded_by == make.submission(second).id
    assert how_many(session, Case) == 1


def test_the_corrected_submission_stays_as_it_was_sent(session, make, screen):
    first = screening(make, screen)
    make.filed(first, screen)
    make.filed(screening(make, screen, corrects=first.instance_id), screen)
    assert open_xml(session, make.submission(first)) == first.xml


def test_a_correction_waits_for_what_it_corrects(session, make, screen):
    first = screening(make, screen)
    second = screening(make, screen, corrects=first.instance_id, answers={"alias": "Right"})
    third = screening(make, screen, corrects=second.instance_id, answers={"alias": "Last"})
    for instance in (third, second):
        assert make.filed(instance, screen).filing == Filing.HELD.value
    assert make.submission(second).reason == {"code": "waits-for-parent", "parent": first.instance_id}
    make.receive(first, screen)
    make.file_all()
    aliases = fields(the_case(session), "person")[0]["person.alias"]
    assert [shown.value for shown in aliases.standing] == ["Last"]
    assert how_many(session, Case) == 1


def test_what_was_corrected_and_is_sent_again_does_not_come_back(session, make, screen):
    first = screening(make, screen, answers={"alias": "Wrong"})
    make.filed(first, screen)
    make.filed(screening(make, screen, corrects=first.instance_id, answers={"alias": "Right"}), screen)
    make.receive(first, screen)
    make.file_all()
    file_one(session, make.submission(first), now=NOON)
    aliases = fields(the_case(session), "person")[0]["person.alias"]
    assert [shown.value for shown in aliases.standing] == ["Right"]


def test_a_second_correction_of_the_same_answers_needs_a_person(session, make, screen):
    first = screening(make, screen)
    make.filed(first, screen)
    make.filed(screening(make, screen, corrects=first.instance_id), screen)
    other = make.filed(screening(make, screen, corrects=first.instance_id), screen)
    assert (other.filing, other.reason["code"]) == (Filing.SET_ASIDE.value, "already-corrected")


def test_an_answer_that_says_it_corrects_itself_needs_a_person(session, make, screen):
    own = screening(make, screen, instance_id="uuid:own", corrects="uuid:own")
    submission = make.filed(own, screen)
    assert (submission.filing, submission.reason["code"]) == (Filing.SET_ASIDE.value, "edit-of-itself")


def test_corrections_in_a_circle_wait_and_stop_nothing_else(session, make, screen):
    for one, other in (("uuid:a", "uuid:b"), ("uuid:b", "uuid:a")):
        make.receive(screening(make, screen, instance_id=one, corrects=other), screen)
    make.receive(screening(make, screen), screen)
    make.file_all()
    states = {one.instance_id: one.filing for one in session.scalars(select(Submission))}
    assert sorted(states.values()) == ["filed", "held", "held"]


def test_a_form_that_feeds_no_case_is_kept_and_says_so(session, make):
    form = make.plain()
    submission = make.filed(make.instance(form), form)
    assert submission.filing == Filing.NOT_MAPPED.value
    refile(session, submission, actor=OPERATOR, now=NOON)
    file_one(session, submission, now=NOON)
    assert make.session.get(Submission, submission.id).filing == Filing.NOT_MAPPED.value


BROKEN = [
    ("born", "not-a-date", "not-a-value", "/data/born", "person.birthdate"),
    ("risk", "enormous", "not-a-value", "/data/risk", "case.risk_level"),
]


@pytest.mark.parametrize(("name", "answer", "code", "question", "rule"), BROKEN)
def test_an_answer_that_does_not_fit_sets_aside_and_names_question_and_rule_and_never_the_answer(
    session, make, screen, name, answer, code, question, rule, caplog
):
    submission = make.filed(screening(make, screen, answers={name: answer, "alias": SECRET}), screen)
    assert submission.filing == Filing.SET_ASIDE.value
    assert submission.reason == {"code": code, "question": question, "rule": rule}
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == Action.SUBMISSION_SET_ASIDE.value)).one()
    assert entry.facts == {"code": code}
    for told in (str(submission.reason), str(entry.facts), caplog.text):
        assert answer not in told
        assert SECRET not in told
    assert how_many(session, Record) == 0
    assert how_many(session, Case) == 0


def test_a_set_aside_row_of_a_repeat_is_named_with_its_place(session, make):
    form = make.form(
        book(
            survey=["begin_repeat | trip | Trip | | |", "date | on | On | | movement.date |", "end_repeat | | | | |"],
            settings=["Trips | trips | 1 | other"],
            case_records=["case | find_or_propose | | | |", "movement | new | | | trip | case"],
        )
    )
    rows = "<trip><on>2026-05-01</on></trip><trip><on>never</on></trip>"
    submission = make.filed(make.instance(form, rows), form)
    assert submission.reason == {"code": "not-a-value", "question": "/data/trip[2]/on", "rule": "movement.date"}


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        ("", {"code": "match-empty", "question": "/data/who", "rule": "person"}),
        ("hello", {"code": "not-a-code", "question": "/data/who", "rule": "person"}),
        ("TIP-2222-2", {"code": "no-such-case", "question": "/data/who", "rule": "person"}),
    ],
)
def test_a_follow_up_that_names_nobody_is_set_aside(session, make, follow, who, reason):
    submission = make.filed(follow_up(make, follow, who=who), follow)
    assert submission.filing == Filing.SET_ASIDE.value
    assert submission.reason["code"] in {reason["code"], "not-a-code"}
    assert {name: submission.reason[name] for name in ("question", "rule")} == {
        name: reason[name] for name in ("question", "rule")
    }


def test_a_follow_up_may_name_the_case_by_its_code_as_people_write_it(session, make, screen, follow):
    make.filed(screening(make, screen), screen)
    code = session.scalars(select(Case.code)).one()
    for typed in (code, code.lower(), code.replace("-", " "), code.removeprefix("TIP-")):
        assert make.filed(follow_up(make, follow, who=typed), follow).filing == Filing.FILED.value
    assert len(fields(the_case(session), "visit")) == 4


def test_once_the_mapping_is_mended_what_was_set_aside_is_filed_again(session, make, files):
    wrong = book(
        survey=["text | age | Age | | person.alias | add", "text | born | Born | | person.birthdate |"],
        settings=["Wrong | wrong | 1 | other"],
        case_records=["person | find_or_propose | | | |", "case | find_or_propose | | | | person"],
    ).replace("text | born", "date | born")
    form = make.form(wrong)
    submission = make.filed(make.instance(form, "<age>30</age><born>soon</born>"), form)
    assert submission.filing == Filing.SET_ASIDE.value
    repaired = checked(wrong.replace("person.birthdate", ""), NOON)
    version = publish_form(
        session, repaired, project_id=make.tablet().project_id, media=(), files=files, actor=OPERATOR, now=NOON
    )
    refile(session, submission, actor=OPERATOR, now=NOON)
    assert session.get(Submission, submission.id).filing == Filing.PENDING.value
    file_one(session, submission, now=NOON)
    assert (submission.filing, submission.reason) == (Filing.FILED.value, None)
    source = session.scalars(select(Source)).one()
    assert source.mapping_version == version.mapping_version
    assert fields(the_case(session), "person")[0]["person.alias"].value == "30"


def test_a_mended_mapping_replays_a_filed_submission_and_the_old_reading_is_kept(session, make, files, screen):
    submission = make.filed(screening(make, screen), screen)
    codes = "".join(f"\n| | risk | {choice} | {code} |" for choice, code in (("low", "P4"), ("high", "P2")))
    text = SCREEN.replace("case.risk_level", "case.urgency") + codes + "\n| | risk | imminent | P1 |"
    repaired = checked(text, NOON)
    assert not repaired.refused, repaired.findings
    publish_form(
        session, repaired, project_id=make.tablet().project_id, media=(), files=files, actor=OPERATOR, now=NOON
    )
    session.expire_all()
    file_one(session, submission, now=NOON)
    case = fields(the_case(session), "case")[0]
    assert {name: view.value for name, view in case.items()} == {"case.urgency": "P4"}
    assert how_many(session, Source) == 2


def test_a_surprise_while_filing_sets_this_submission_aside_and_leaves_the_others_alone(
    session, make, screen, monkeypatch, caplog
):
    real = Planner.plan

    def failing(planner, answers):
        if any(answer.text == "Broken" for answer in answers):
            raise ZeroDivisionError(SECRET)
        return real(planner, answers)

    monkeypatch.setattr(Planner, "plan", failing)
    good = make.filed(screening(make, screen), screen)
    with caplog.at_level(logging.CRITICAL):
        bad = make.filed(screening(make, screen, answers={"alias": "Broken"}), screen)
    after = make.filed(screening(make, screen), screen)
    assert [one.filing for one in (good, bad, after)] == ["filed", "set aside", "filed"]
    assert bad.reason == {"code": "unexpected"}
    assert open_xml(session, bad)
    assert len(fields(the_case(session), "screening")) == 2


def test_a_submission_that_was_changed_where_it_lies_is_set_aside(session, make, screen):
    instance = screening(make, screen)
    make.receive(instance, screen)
    session.execute(update(Submission).values(sealed_xml=b"\x01" + bytes(60)))
    file_one(session, make.submission(instance), now=NOON)
    assert make.submission(instance).reason == {"code": "seal-broken"}


def test_what_speaks_of_an_erased_record_is_set_aside(session, make, screen, follow):
    make.filed(screening(make, screen), screen)
    case = session.scalars(select(Case)).one()
    destroy_root(session, case.record_id, now=NOON)
    later = make.filed(follow_up(make, follow), follow)
    assert (later.filing, later.reason) == (Filing.SET_ASIDE.value, {"code": "record-erased"})
    again = make.filed(screening(make, screen), screen)
    assert again.reason == {"code": "record-erased"}


def test_a_node_without_the_key_file_files_nothing_and_sets_nothing_aside(session, make, screen, keys):
    instance = screening(make, screen)
    make.receive(instance, screen)
    session.info["keys"] = keys.intake
    with pytest.raises(KeysLocked):
        file_one(session, make.submission(instance), now=NOON)
    assert make.submission(instance).filing == Filing.PENDING.value


def test_filing_leaves_its_traces(session, make, screen):
    submission = make.filed(screening(make, screen), screen)
    case = session.scalars(select(Case)).one()
    query = select(AuditEntry.action, AuditEntry.subject, AuditEntry.facts).order_by(AuditEntry.id)
    told = [tuple(row) for row in session.execute(query)][-2:]
    assert told == [
        (Action.CASE_PROPOSED.value, f"case:{case.record_id}", {"submission": submission.id}),
        (Action.SUBMISSION_FILED.value, f"submission:{submission.id}", {"records": 3}),
    ]


OBSERVED = book(
    survey=[
        *(f"{kind} | {kind} | | | |" for kind in ("start", "end", "today")),
        "select_one risk | risk | Risk | | case.risk_level | latest",
    ],
    choices=RISKS[:3],
    settings=["Observed | observed | 1 | other"],
    case_records=["case | find_or_propose | | | |"],
)


@pytest.mark.parametrize(
    ("kind", "claim", "observed"),
    [
        ("start", "2026-05-01T18:00:00.000-06:00", datetime(2026, 5, 2, 0, 0, tzinfo=UTC)),
        ("end", "2026-05-01T18:00:00Z", datetime(2026, 5, 1, 18, 0, tzinfo=UTC)),
        ("today", "2026-05-01", datetime(2026, 5, 1, 0, 0, tzinfo=UTC)),
        ("start", "1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("start", "0001-01-01T00:00:00+14:00", NOON),
        ("start", "yesterday", NOON),
        ("start", "", NOON),
    ],
)
def test_values_are_dated_by_what_the_tablet_claims_or_by_their_receipt(session, make, kind, claim, observed):
    form = make.form(OBSERVED)
    make.filed(make.instance(form, f"<{kind}>{claim}</{kind}><risk>low</risk>"), form)
    assert session.scalars(select(Source.observed_at)).one() == observed


def test_what_lists_know_of_a_case_follows_its_corrections(session, make):
    form = make.form(
        book(
            survey=[
                "select_one place | district | District | | case.district |",
                "date | on | On | | case.opened_on |",
            ],
            choices=["place | cayo | Cayo", "place | toledo | Toledo"],
            settings=["Place | place | 1 | other"],
            case_records=["case | find_or_propose | | | |"],
        )
    )
    first = make.instance(form, "<district>cayo</district><on>2026-04-01</on>")
    make.filed(first, form)
    case = session.scalars(select(Case)).one()
    assert (case.district, str(case.opened_on)) == ("cayo", "2026-04-01")
    second = make.instance(form, "<district>toledo</district>", corrects=first.instance_id)
    make.filed(second, form)
    session.refresh(case)
    assert (case.district, case.opened_on) == ("toledo", NOON.date())
    make.filed(make.instance(form, "", corrects=second.instance_id), form)
    session.refresh(case)
    assert case.district is None


def test_a_submission_of_thousands_of_rows_is_filed(session, make, screen):
    """More records than a database takes values in one statement."""
    rows = "".join(f"<trip><stop>{number}</stop></trip>" for number in range(2000))
    submission = make.filed(screening(make, screen, more=rows), screen)
    assert submission.filing == Filing.FILED.value
    assert how_many(session, Record) == 2003


# The queue.


def receive_all(database, files, count):
    with database.begin() as session:
        make = Make(session, files, NOON)
        form = make.form(SCREEN)
        for number in range(count):
            who = f"aaaaaaaa-0000-4000-8000-{number:012d}"
            make.receive(screening(make, form, who=who), form)


def states(database):
    with database.read() as session:
        return list(session.scalars(select(Submission.filing).order_by(Submission.id)))


def test_the_queue_is_filed_oldest_first_one_transaction_each(database, files):
    receive_all(database, files, 3)
    for filed in range(1, 4):
        assert file_next(database, now=NOON)
        assert states(database) == ["filed"] * filed + ["pending"] * (3 - filed)
    assert not file_next(database, now=NOON)


def test_a_queue_may_be_filed_many_at_once(database, files):
    receive_all(database, files, 5)
    file_next(database, now=NOON, at_once=100)
    assert states(database) == ["filed"] * 5


def test_filed_together_or_one_by_one_the_record_says_the_same(database, files):
    said = []
    for number, at_once in enumerate((1, 2)):
        who = f"aaaaaaaa-0000-4000-8000-{number:012d}"
        with database.begin() as session:
            make = Make(session, files, NOON)
            form = make.form(SCREEN) if number == 0 else make.offered("screen")
            make.receive(screening(make, form, who=who, more="<trip><stop>A</stop></trip>"), form)
            make.receive(screening(make, form, who=who, answers={"risk": "high", "place": "Elsewhere"}), form)
        while file_next(database, now=NOON, at_once=at_once):
            continue
        with database.begin() as session:
            code = session.scalars(select(Case.code).join(Record, Record.id == Case.record_id).order_by(Record.key))
            view = get_case(session, code.all()[number], viewer=OPERATOR_VIEWER, now=NOON)
        assert [one.filing for one in view.submissions] == ["filed", "filed"]
        fields = [(one.kind, field) for one in view.records for field in one.fields.values()]
        said.append(sorted((kind, field.field, str([one.value for one in field.standing])) for kind, field in fields))
    assert said[0] == said[1]
    assert ("case", "case.risk_level", "['high']") in said[0]


def test_of_many_at_once_the_one_that_cannot_be_filed_is_set_aside_alone(database, files, caplog):
    with database.begin() as session:
        make = Make(session, files, NOON)
        form = make.form(SCREEN)
        for number in range(4):
            who = f"aaaaaaaa-0000-4000-8000-{number:012d}"
            born = "never" if number == 2 else "1990-01-31"
            make.receive(screening(make, form, who=who, answers={"born": born}), form)
    file_next(database, now=NOON, at_once=100)
    assert states(database) == ["filed", "filed", "set aside", "filed"]
    assert "filed one by one: NotFiled" in caplog.text
    with database.read() as session:
        assert how_many(session, Case) == 3
        assert session.scalars(select(Submission.reason).where(Submission.filing == "set aside")).one() == {
            "code": "not-a-value",
            "question": "/data/born",
            "rule": "person.birthdate",
        }


def test_of_many_at_once_the_later_ones_find_what_the_earlier_ones_made(database, files):
    with database.begin() as session:
        make = Make(session, files, NOON)
        screen, follow = make.form(SCREEN), make.form(FOLLOW)
        make.receive(screening(make, screen), screen)
        make.receive(screening(make, screen), screen)
        make.receive(follow_up(make, follow), follow)
    file_next(database, now=NOON, at_once=100)
    assert states(database) == ["filed"] * 3
    with database.read() as session:
        assert how_many(session, Case) == 1
        assert how_many(session, Source) == 3


def test_a_database_that_fails_in_the_middle_leaves_all_pending_as_they_were(database, files, monkeypatch):
    receive_all(database, files, 3)
    real, calls = cases.writing.move_to_roots, []

    def failing(session, *args, **more):
        calls.append(1)
        if len(calls) == 1:
            session.execute(select(func.no_such_function()))
        return real(session, *args, **more)

    monkeypatch.setattr(cases.writing, "move_to_roots", failing)
    if database.embedded:  # SQLite calls this an operational error, PostgreSQL one of programming.
        with pytest.raises(DatabaseUnavailable):
            file_next(database, now=NOON, at_once=100)
        assert states(database) == ["pending"] * 3
    monkeypatch.setattr(cases.writing, "move_to_roots", real)
    file_next(database, now=NOON, at_once=100)
    assert states(database) == ["filed"] * 3


def test_the_version_named_in_the_answers_is_the_one_that_reads_them(session, make):
    first = make.form(SCREEN)
    instance = screening(make, first)
    make.form(SCREEN.replace("person.alias", "person.other_names"), version="2")
    make.filed(instance, make.offered("screen"))
    version = find_version(session, get_form(session, make.tablet().project_id, "screen"), "1")
    assert session.scalars(select(Source.mapping_version)).one() == version.mapping_version
    assert "person.alias" in fields(the_case(session), "person")[0]


def test_received_a_day_later_the_record_is_dated_by_the_answers(session, make, screen):
    make.filed(screening(make, screen), screen, now=NOON + timedelta(days=1))
    assert session.scalars(select(Source.observed_at)).one() == datetime(2026, 5, 1, 15, 0, tzinfo=UTC)

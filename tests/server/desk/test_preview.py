"""Drafts and versions tried in the browser: what the answers would make, and that nothing real is touched."""

from sqlalchemy import func, select

from accounts.projects import get_project
from audit.trail import OPERATOR
from cases.drafting import Upload, draft_form
from cases.tables import Record
from server.desk.form_page import POLICY
from submissions.draft_tables import DraftAttachment, DraftSubmission
from submissions.tables import Submission
from tests.server.desk.office import SAID, checked, words, workbook
from tests.server.desk.test_filling import instance, post, shown

TRY = "/form-versions/1/preview"
DRAFT = "/forms/talk/draft/preview"


def draft(office):
    """The talk as a draft."""
    content = workbook()
    with office.make() as make:
        where = {"project_id": get_project(make.session).id, "actor": OPERATOR, "now": make.now}
        draft_form(make.session, checked(content), Upload("talk.md", content.encode()), **where)


def count(office, *tables):
    with office.database.read() as session:
        return [session.scalar(select(func.count()).select_from(table)) for table in tables]


def made(answer):
    """What the panel says, without its tags."""
    assert answer.status_code == 200, answer.text

    class Panel:
        text = answer.json["html"]

    return words(Panel)


def test_a_version_that_is_tried_tells_the_records_and_stores_nothing(office):
    office.publish()
    desk = office.desk("designer")
    told = shown(desk.get(TRY))
    assert told["send"] == TRY
    panel = made(post(desk, instance(), to=TRY))
    assert "Nothing of this is stored, and no case was touched" in panel
    assert "Person New, proposed for somebody to confirm" in panel
    assert "Zora (invented) Name you want to use" in panel
    assert "3 February 1999 When were you born?" in panel
    assert "Consent New" in panel
    assert count(office, Submission, DraftSubmission, Record) == [0, 0, 0]


def test_a_draft_that_is_tried_keeps_a_test_submission_and_touches_no_case(office):
    draft(office)
    desk = office.desk("designer")
    assert shown(desk.get(DRAFT))["words"]["Send"] == "Send as a test"
    answers = [post(desk, instance(), to=DRAFT, files=[("1.jpg", b"photo")]) for _ in range(2)]
    assert "kept among the draft's test submissions; no case was touched" in made(answers[0])
    assert answers[0].json == answers[1].json  # Sent again, it is kept once.
    assert count(office, Submission, DraftSubmission, DraftAttachment, Record) == [0, 1, 1, 0]
    page = desk.get("/forms/talk/draft/tests/1")
    assert "Zora (invented)" in page.text
    assert 'href="/forms/talk/draft/tests/1/trial"' in page.text
    assert "Zora (invented) Name you want to use" in words(desk.get("/forms/talk/draft/tests/1/trial"))


def test_what_would_be_set_aside_is_said_with_its_question_and_field(office):
    office.publish()
    panel = made(post(office.desk("designer"), instance(SAID.replace("1999-02-03", "long ago")), to=TRY))
    assert "They would be set aside" in panel
    assert "The answer to “When were you born?” does not fit “Person: Date of birth”" in panel
    assert "long ago" not in panel


def test_a_form_that_feeds_no_case_and_answers_that_touch_none_are_said_to(office):
    office.publish()
    with office.make() as make:
        make.plain()
    desk = office.desk("designer")
    assert "make no case" in made(post(desk, instance("", form="plain"), to="/form-versions/2/preview"))
    assert "touch no record" in made(post(desk, instance("<wants>no</wants><followup>0</followup>"), to=TRY))


def test_a_screening_tells_its_class_its_urgency_and_why(office):
    survey = [
        "select_one yn | locked | Are your papers kept? | ¿Le quitan los papeles? | | screening.indicator.coe_documents"
    ]
    codes = ["yn | yes | present", "yn | no | absent"]
    records = ["screening | new | | | |"]
    office.publish(workbook(survey=survey, case_records=records, case_codes=codes))
    for language, reviewed in (("en", "First review"), ("es", "Primera revisión")):
        panel = made(post(office.desk("designer", language=language), instance("<locked>yes</locked>"), to=TRY))
        assert reviewed in panel
        assert "P4" in panel


def test_where_answers_go_is_told_to_nobody_else(office):
    office.publish()
    draft(office)
    for role in ("officer", "administrator", "analyst", "auditor"):
        desk = office.desk(role)
        for path in (TRY, DRAFT):
            assert desk.get(path).status_code == 403, (role, path)
            assert post(desk, instance(), to=path).status_code == 403, (role, path)
    assert count(office, DraftSubmission) == [0]


def test_drafts_are_for_designers_and_versions_for_caseworkers_too(office):
    office.publish()
    draft(office)
    desk = office.desk("caseworker")
    assert desk.get(TRY).status_code == 200
    assert desk.get(DRAFT).status_code == 403
    designer = office.desk("designer")
    assert designer.get("/form-versions/9/preview").status_code == 404
    assert designer.get("/forms/nothing/draft/preview").status_code == 404
    assert post(designer, instance(form="another"), to=TRY).status_code == 404
    assert post(designer, instance(), to=TRY, token="another").status_code == 403
    assert post(designer, instance(), to=DRAFT, token="").status_code == 403


def test_a_draft_s_form_and_files_are_fetched_by_its_designers_alone(office):
    draft(office)
    desk = office.desk("designer")
    page = desk.get(DRAFT)
    assert "wasm-unsafe-eval" in page.headers["Content-Security-Policy"]
    assert POLICY.partition("'nonce")[0] in page.headers["Content-Security-Policy"]
    address = shown(page)["xform"]
    assert desk.get(address).headers["Cache-Control"] == "no-store"
    assert office.desk("caseworker").get(address).status_code == 403
    for name in ("nothing.csv", "..%2f..%2fmaster.key", "%2e%2e"):
        assert desk.get(f"/forms/talk/draft/files/{name}").status_code == 404, name

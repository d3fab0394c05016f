"""Drafts at the desk: kept, compared, tried, proposed, published, thrown away."""

import io
import re

from sqlalchemy import func, select

from audit.trail import OPERATOR
from forms.drafts import find_draft
from forms.proposals import propose
from server.runtime import clock
from server.tablet.post import XML_PART
from submissions.tables import Submission
from tests.server.desk.office import SAID, SECOND, Office, words, workbook


def test_a_draft_shows_what_it_changes_before_it_is_published(office):
    office.publish()
    office.receive()
    office.draft()
    desk = office.desk("designer")
    page = words(desk.get("/forms/talk/draft"))
    assert "1 question removed, 3 changed, 1 new" in page
    assert "Name you want to use nick What On tablets now Draft Name alias nick" in page
    assert "New ones come no longer for: Who keeps them? “Which papers are kept?”: the choice “Identity card”" in page
    assert "No question feeds these fields of the case record any more: Date of birth" in page
    assert "1 open case has answers from this form" in page


def test_a_draft_is_tried_with_its_code_and_read_apart_from_everything_real(office):
    office.draft(workbook())
    desk = office.desk("designer")
    page = desk.get("/forms/talk/draft/tablet")
    address = re.search(r"/v1/test/[0-9a-f]{64}/projects/1/forms/talk/draft", page.text)[0]
    answers = f'<data id="talk" version="1">{SAID}<meta><instanceID>uuid:one</instanceID></meta></data>'
    part = {XML_PART: (io.BytesIO(answers.encode()), "x.xml", "text/xml"), "a.jpg": (io.BytesIO(b"invented"), "a.jpg")}
    tablet = office.stranger().client
    assert tablet.post(f"{address}/submission", data=part, content_type="multipart/form-data").status_code == 201
    office.file_all()
    with office.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Submission)) == 0
    draft = desk.get("/forms/talk/draft")
    assert "1 test submission goes with the draft when it is published." in words(draft)
    test = desk.get(re.search(r'href="(/forms/talk/draft/tests/\d+)"', draft.text)[1])
    assert "Name you want to use Zora (invented)" in words(test)
    assert "a.jpg" in words(test)
    file = desk.get(re.search(r'href="(/forms/talk/draft/tests/\d+/files/\w+)"', test.text)[1])
    assert file.data == b"invented"
    assert desk.get(re.search(r'href="(/forms/talk/draft/tests/\d+/xml)"', test.text)[1]).data == answers.encode()
    assert len(office.trail("submission.read")) == 2
    assert office.desk("caseworker").get("/forms/talk/draft").status_code == 403
    assert "new code" in words(desk.follow(desk.post("/forms/talk/draft/tablet")))
    assert tablet.get(f"{address}/formList").status_code == 401


def test_files_that_a_draft_names_are_sent_replaced_and_taken_away(office):
    pictured = (
        "| survey |\n| | type | name | label | media::image |\n| | text | a | What is this? | place.png |\n"
        "| settings |\n| | form_title | form_id | version |\n| | Pictured | pictured | 1 |\n"
    )
    office.draft(pictured)
    desk = office.desk("designer")
    place = "/forms/pictured/draft"
    assert "1 file missing" in words(desk.get(place))
    assert "Choose the files that are missing" in words(desk.post(f"{place}/publish", version="1"))
    assert desk.post(f"{place}/files", media=(io.BytesIO(b"x"), "other.png")).status_code == 400
    page = desk.follow(desk.post(f"{place}/files", media=(io.BytesIO(b"first"), "place.png")))
    assert "1 file is beside the draft" in words(page)
    assert desk.get(f"{place}/files/place.png").data == b"first"
    desk.post(f"{place}/files/remove", name="place.png")
    assert desk.get(f"{place}/files/place.png").status_code == 404
    desk.post(f"{place}/files", media=(io.BytesIO(b"second"), "place.png"))
    written = sorted(office.files.ids())
    assert "The form is published" in words(desk.follow(desk.post(f"{place}/publish", version="1")))
    assert sorted(office.files.ids()) == written, "the file beside the draft is the version's"
    assert [entry.facts["name"] for entry in office.trail("form.draft_file")] == ["place.png", "place.png"]
    assert [entry.facts["name"] for entry in office.trail("form.draft_file_taken")] == ["place.png"]


def test_a_draft_is_thrown_away_after_a_warning_and_what_is_published_stays(office):
    office.publish()
    office.draft()
    desk = office.desk("designer")
    assert "There is a draft" in words(desk.get("/forms/talk"))
    assert "What is published stays as it is" in words(desk.get("/forms/talk/draft/discard"))
    assert "The draft is discarded" in words(desk.follow(desk.post("/forms/talk/draft/discard")))
    assert desk.get("/forms/talk/draft").status_code == 404
    assert "Open, feeds cases" in words(desk.get("/forms/talk"))


def test_where_publishing_takes_two_people_one_proposes_and_another_publishes_or_sends_back(database, files, tmp_path):
    office = Office(database, files, tmp_path, {"two_person_publish": True})
    office.draft()
    first, second = office.desk("designer"), office.desk("manager")
    place = "/forms/talk/draft"
    assert "Publishing takes two people here" in words(first.get(place))
    assert first.post(f"{place}/publish", version="2").status_code == 409
    assert "It is proposed" in words(first.follow(first.post(f"{place}/propose", version="2")))
    looked = mark(second.get(place))
    own = words(first.get(place))
    assert "It waits for a second person" in own
    assert "Approve" not in own
    assert first.post(f"{place}/publish").status_code == 409
    sent_back = second.post(f"{place}/return", word="Ask for the age first.")
    assert "no longer proposed" in words(second.follow(sent_back))
    assert "Ask for the age first." in words(first.get(place))
    assert second.post(f"{place}/publish").status_code == 409
    first.post(f"{place}/propose", version="2")
    assert "Approve and publish" in words(second.get(place))
    assert second.post(f"{place}/publish").status_code == 409, "it must be said what was looked at"
    refused = second.post(f"{place}/publish", seen=looked)
    assert refused.status_code == 409
    assert "The draft was changed while you looked at it" in words(refused)
    assert "The form is published" in words(second.follow(second.post(f"{place}/publish", seen=mark(refused))))
    (entry,) = office.trail("form.publish")
    assert entry.actor == f"person:{second.person_id}"
    (_first, proposal) = office.trail("form.propose")
    assert entry.facts["proposed_by"] == proposal.actor == f"person:{first.person_id}"
    assert entry.facts["draft"] == proposal.subject
    assert office.trail("form.discard") == []


def test_a_draft_of_the_time_before_drafts_kept_what_was_compiled_is_published_too(office):
    office.draft()
    with office.database.begin() as session:
        find_draft(session, 1, "talk").findings = None
    desk = office.desk("designer")
    assert "The form is published" in words(desk.follow(desk.post("/forms/talk/draft/publish", version="5")))
    (entry,) = office.trail("form.publish")
    assert entry.facts["draft"] == office.trail("form.draft")[0].subject
    assert desk.get("/forms/talk/versions/5").status_code == 200


def mark(answer):
    """What the page's buttons say was looked at."""
    return re.search(r'name="seen" value="(\w+)"', answer.text)[1]


def test_the_switch_for_editing_changes_a_draft_and_ends_its_proposal(database, files, tmp_path):
    office = Office(database, files, tmp_path, {"two_person_publish": True})
    office.publish()
    office.draft()
    first, second = office.desk("designer"), office.desk("manager")
    place = "/forms/talk/draft"
    first.post(f"{place}/propose", version="")
    looked = mark(second.get(place))
    first.post("/form-editable/talk", editable="yes")
    assert b'client-editable="true"' in second.get(f"{place}/xform").data
    assert second.post(f"{place}/publish", seen=looked).status_code == 409
    first.post("/form-editable/talk", editable="no")
    shown = second.get(f"{place}/xform").data
    assert b"client-editable" not in shown
    first.post(f"{place}/propose", version="")
    assert second.post(f"{place}/publish", seen=mark(second.get(place))).status_code == 303
    assert second.get("/form-versions/2/xform").data == shown


def test_where_one_person_publishes_a_proposal_holds_nobody_up(office):
    office.draft()
    desk = office.desk("designer")
    with office.database.begin() as session:
        propose(session, find_draft(session, 1, "talk"), actor=OPERATOR, now=clock())
    page = words(desk.get("/forms/talk/draft"))
    assert "Publish this draft" in page
    assert "second person" not in page


def test_another_draft_than_the_one_on_the_screen_is_not_published(office):
    office.draft(workbook())
    desk = office.desk("designer")
    looked = mark(desk.get("/forms/talk/draft"))
    office.draft(SECOND)
    assert desk.post("/forms/talk/draft/publish", version="2", seen=looked).status_code == 409
    assert office.trail("form.publish") == []

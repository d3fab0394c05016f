import io
import re
from pathlib import Path

import pytest

from tests.server.desk.office import SECOND, TALK, words, workbook

SHIPPED = Path(__file__).parents[3] / "xlsforms/questionnaires"


def upload(desk, markdown=None, *, name="talk.md", act="publish", path="/publish", **files):
    chosen = {"workbook": (io.BytesIO((markdown or workbook()).encode()), name), **files}
    return desk.post(path, act=act, **chosen)


def version_of(page):
    """The version name that is put in for publishing."""
    return re.search(r'name="version"[^>]*value="([^"]*)"|value="([^"]*)"[^>]*name="version"', page.text)[1]


def test_a_workbook_becomes_a_form_with_its_questions_and_where_they_go(office):
    desk = office.desk("manager")
    page = desk.follow(upload(desk))
    text = words(page)
    assert "The form is published" in text
    assert "Open, feeds cases" in text
    assert "When were you born? Answer Date Goes to Person: Date of birth" in text
    assert "Which papers are kept? Answer Several choices 2 choices Passport Identity card" in text
    assert "Repeats" in text
    assert [one.action for one in office.trail("form.publish")] == ["form.publish"]


def test_the_questions_are_shown_in_the_other_language_on_demand(office):
    office.publish()
    assert "¿Cuándo nació?" in office.desk("manager").get("/forms/talk?lang=es").text
    assert "¿Cuándo nació?" in office.desk("manager", language="es").get("/forms/talk").text
    assert "Fecha de nacimiento" in office.desk("manager", language="es").get("/forms/talk").text


def test_checking_publishes_nothing(office):
    desk = office.desk("designer")
    answer = upload(desk, act="check")
    assert answer.status_code == 200
    assert "This form can be published" in words(answer)
    assert "No form is published yet" in words(desk.get("/forms"))
    token = re.search(r'name="check" value="(\w+)"', answer.text)[1]
    assert "This form can be published" in words(desk.get(f"/checks/{token}"))
    assert office.desk("designer").get(f"/checks/{token}").status_code == 404
    page = desk.follow(desk.post("/publish", act="draft", check=token))
    assert "It is kept as a draft" in words(page)
    assert "Not published yet" in words(page)


def test_a_form_with_a_draft_is_published_from_its_draft_which_is_left_standing_nowhere(office):
    office.draft(workbook())
    desk = office.desk("designer")
    page = desk.follow(upload(desk, act="publish"))
    assert "Nothing was published yet. Look at what changes, then publish below." in words(page)
    desk.post("/forms/talk/draft/publish", seen=re.search(r'name="seen" value="(\w+)"', page.text)[1])
    assert desk.get("/forms/talk").status_code == 200
    assert desk.get("/forms/talk/draft").status_code == 404


def test_every_fault_is_told_at_once_with_its_cell(office):
    desk = office.desk("designer")
    broken = workbook(
        survey=[
            "select_one nowhere | wants | May we? | ¿? | | consent.answr",
            *TALK["survey"][1:3],
            "calculate | followup | | | 1 |",
        ]
    )
    answer = upload(desk, broken)
    assert answer.status_code == 400
    assert "Nothing was published" in words(answer)
    assert "survey!" in words(answer)
    assert "Traceback" not in answer.text
    assert words(answer).index("Errors (") < words(answer).index("select_one nowhere")
    spanish = office.desk("designer", language="es")
    assert "No se publicó nada" in words(upload(spanish, broken))
    marked = desk.get(re.search(r'href="(/checks/\w+/marked)"', answer.text)[1])
    assert marked.data[:2] == b"PK"
    assert "attachment" in marked.headers["Content-Disposition"]
    assert "No form is published yet" in words(desk.get("/forms"))


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.xlsx", b"not a workbook"), ("x.docx", b"PK\x03\x04"), ("x.xml", b"<html/>"), ("x.md", b"")],
)
def test_what_is_no_form_is_refused_in_words(office, name, content):
    desk = office.desk("designer")
    answer = desk.post("/publish", act="publish", workbook=(io.BytesIO(content), name))
    assert answer.status_code == 400
    assert "Error:" in words(answer) or "Nothing was published" in words(answer)


def test_nothing_chosen_is_said_at_its_field(office):
    desk = office.desk("designer")
    answer = desk.post("/publish", act="publish", workbook=(io.BytesIO(b""), ""))
    assert answer.status_code == 400
    assert 'href="#workbook"' in answer.text


def test_a_version_is_published_once(office):
    desk = office.desk("designer")
    upload(desk)
    assert "Version 1 of this form was published before" in words(upload(desk, act="check"))
    again = upload(desk, workbook(survey=[TALK["survey"][0].replace("May we", "Might we"), *TALK["survey"][1:]]))
    page = words(desk.follow(again))
    assert "Nothing was published yet" in page
    assert "Version 1 was published before; another name is put in" in page
    refused = desk.post("/forms/talk/draft/publish", version="1")
    assert refused.status_code == 409
    assert "published before" in words(refused)
    assert "The form is published" in words(desk.follow(desk.post("/forms/talk/draft/publish", version="2")))


def test_files_that_the_form_shows_must_come_with_it(office):
    with_picture = (
        "| survey |\n| | type | name | label | media::image |\n| | text | a | What is this? | place.png |\n"
        "| settings |\n| | form_title | form_id | version |\n| | Pictured | pictured | 1 |\n"
    )
    desk = office.desk("designer")
    told = words(upload(desk, with_picture, act="check"))
    assert "The file 'place.png' is named and does not come with the form." in told
    missing = upload(desk, with_picture)
    assert missing.status_code == 400
    assert "place.png" in words(missing)
    assert 'href="#media"' in missing.text
    page = desk.follow(upload(desk, with_picture, media=(io.BytesIO(b"\x89PNG invented"), "place.png")))
    assert "place.png" in words(page)
    address = (
        page.text.partition("/media/")[0].rpartition('"')[2]
        + "/media/"
        + page.text.partition("/media/")[2].partition('"')[0]
    )
    answer = desk.get(address)
    assert answer.data == b"\x89PNG invented"
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_a_mapping_file_mends_the_version_that_tablets_hold(office):
    desk = office.desk("manager")
    files = {
        "workbook": (SHIPPED / "htcds_xlsform.xlsx").read_bytes(),
        "mapping": (SHIPPED / "htcds_mapping.csv").read_bytes(),
    }
    first = desk.post("/publish", act="publish", workbook=(io.BytesIO(files["workbook"]), "htcds_xlsform.xlsx"))
    assert "Open, stored only" in words(desk.follow(first))
    second = desk.post(
        "/publish",
        act="publish",
        workbook=(io.BytesIO(files["workbook"]), "htcds_xlsform.xlsx"),
        mapping=(io.BytesIO(files["mapping"]), "htcds_mapping.csv"),
    )
    draft = desk.follow(second)
    assert "Goes to" in words(draft)
    page = words(desk.follow(desk.post(f"{second.headers['Location']}/publish", version=version_of(draft))))
    assert "The case mapping of this version is mended" in page
    assert "Open, feeds cases" in page


def test_an_xform_written_elsewhere_is_published_byte_for_byte(office):
    desk = office.desk("manager")
    office.publish()
    xform = desk.get("/form-versions/1/xform").data
    other = xform.replace(b'id="talk"', b'id="elsewhere"')
    answer = desk.post("/publish", act="publish", workbook=(io.BytesIO(other), "elsewhere.xml"))
    assert answer.status_code == 303
    assert desk.get("/form-versions/2/xform").data == other
    assert desk.get("/form-versions/2/workbook").status_code == 404


def test_the_workbook_and_where_answers_go_are_for_those_whose_work_it_is(office):
    desk = office.desk("manager")
    upload(desk)
    officer = office.desk("officer")
    assert desk.get("/form-versions/1/workbook").data.decode() == workbook()
    assert officer.get("/form-versions/1/workbook").status_code == 403
    assert officer.get("/form-versions/1/xform").status_code == 200
    assert "Person: Date of birth" in desk.get("/forms/talk").text
    assert "Person: Date of birth" not in officer.get("/forms/talk").text


def test_a_form_is_closed_run_out_and_opened_again(office):
    office.publish()
    office.receive()
    desk = office.desk("manager")
    before = words(desk.get("/form-state/talk/closing"))
    assert "1 tablet is enrolled and drops the form at its next contact. 1 of them has sent it before" in before
    assert "1 open case has answers from this form" in before
    assert office.desk("officer").get("/form-state/talk/closed").status_code == 403
    for state, said in (("closing", "no longer offered"), ("closed", "is closed"), ("open", "The form is open")):
        page = desk.follow(desk.post("/form-state/talk", state=state))
        assert said in words(page)
    assert office.desk("officer").post("/form-state/talk", state="closed").status_code == 403


def test_an_upload_beyond_the_limit_gets_a_page_that_says_so(office):
    desk = office.desk("manager")
    told = {"CONTENT_LENGTH": str(41 * 1024 * 1024), "CONTENT_TYPE": "multipart/form-data; boundary=b"}
    answer = desk.client.post("/publish", environ_overrides=told)
    assert answer.status_code == 413
    assert "too large" in words(answer)


def test_those_who_may_not_publish_find_no_way_to(office):
    desk = office.desk("caseworker")
    assert "Publish a form" not in words(desk.get("/forms"))
    assert desk.get("/publish").status_code == 403
    assert upload(desk).status_code == 403


def test_tablets_may_edit_what_they_sent_from_the_next_version_on(office):
    office.publish()
    desk = office.desk("designer")
    before = desk.get("/form-versions/1/xform").data
    assert b"client-editable" not in before
    page = words(desk.follow(desk.post("/form-editable/talk", editable="yes")))
    assert "From its next version on, tablets may edit what they sent" in page
    assert desk.get("/form-versions/1/xform").data == before
    office.publish(SECOND)
    assert b'client-editable="true"' in desk.get("/form-versions/2/xform").data
    assert b'auto-delete="false"' in desk.get("/form-versions/2/xform").data
    assert "cannot edit" in words(desk.follow(desk.post("/form-editable/talk", editable="no")))
    assert [entry.facts["editable"] for entry in office.trail("form.editable")] == [True, False]
    assert office.desk("officer").post("/form-editable/talk", editable="yes").status_code == 403


def test_every_version_has_a_page_and_can_be_offered_again_under_another_name(office):
    office.publish()
    office.publish(SECOND)
    desk = office.desk("designer")
    page = words(desk.get("/forms/talk/versions/2"))
    assert "1 question removed, 3 changed, 1 new" in page
    assert "On tablets now" in page
    first = words(desk.get("/forms/talk/versions/1"))
    assert "It is the first version of this form" in first
    assert "1 question removed" in words(desk.get("/forms/talk/versions/1?against=2"))
    assert desk.get("/forms/talk/versions/7").status_code == 404
    draft = desk.follow(desk.post("/forms/talk/versions/1/draft"))
    assert "Version 1 was published before; another name is put in" in words(draft)
    assert "The form is published" in words(desk.follow(desk.post("/forms/talk/draft/publish", version="3")))
    assert "No question" not in words(desk.get("/forms/talk/versions/3?against=1"))
    assert "Both are the same" in words(desk.get("/forms/talk/versions/3?against=1"))
    assert office.desk("officer").get("/forms/talk/versions/2").status_code == 200

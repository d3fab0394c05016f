"""Forms filled in and corrected at the desk: who may, what the page lets in, and what became of what was sent."""

import io
import json
import re
from html import unescape

from sqlalchemy import select

from cases.tables import Case
from server.desk.form_page import POLICY
from submissions.tables import Attachment, Submission
from tests.server.desk.office import SAID, words, workbook

ABSENT = "TIP-2222-2"
BY_CODE = workbook(
    survey=[
        "text | which | Which case? | ¿Qué caso? | |",
        "date | next | Next visit | Próxima visita | | case.next_due",
    ],
    settings=["Invented visit | next | 1 | other"],
    case_records=["case | find | ${which} | | |"],
    case_codes=[],
)
PHOTO = "<papers><held/><who/><photo>1.jpg</photo></papers>"


def instance(answers=SAID, *, form="talk", version="1", number=1, corrects=""):
    deprecated = f"<deprecatedID>{corrects}</deprecatedID>" if corrects else ""
    named = f"uuid:00000000-0000-4000-8000-{number:012d}"
    meta = f"<meta><instanceID>{named}</instanceID>{deprecated}</meta>"
    return f'<data id="{form}" version="{version}">{answers}{meta}</data>'


def post(desk, xml, *, to="/fill/talk", token=None, files=()):
    """What the page sends: the answers and the files, the token in a header."""
    parts = {"xml_submission_file": (io.BytesIO(xml.encode()), "xml_submission_file", "text/xml")}
    parts |= {name: (io.BytesIO(content), name, "image/jpeg") for name, content in files}
    headers = {"Accept": "application/json", "X-CSRF-Token": desk.csrf if token is None else token}
    return desk.client.post(to, data=parts, content_type="multipart/form-data", headers=headers)


def shown(page):
    """What the page tells the form that it shows."""
    return json.loads(unescape(re.search(r"data-form='([^']+)'", page.text)[1]))


def codes(office):
    with office.database.read() as session:
        return list(session.scalars(select(Case.code)))


def rows(office):
    with office.database.read() as session:
        return list(session.scalars(select(Submission).order_by(Submission.id)))


def test_what_is_sent_is_kept_filed_and_led_to(office):
    office.publish()
    desk = office.desk("caseworker")
    answer = post(desk, instance())
    assert answer.status_code == 200
    page = desk.get(answer.json["next"])
    (held,) = rows(office)
    assert (held.person_id, held.device_id, held.filing) == (desk.person_id, None, "filed")
    assert held.app_version == "Fieldcase desk"
    assert "Your answers are received and safe" in words(page)
    assert f'href="/submissions/{held.id}"' in page.text
    code = re.search(r'href="/cases/(TIP-\w{4}-\w)"', page.text)[1]
    assert "Zora (invented)" in desk.get(f"/cases/{code}").text
    assert [one.actor for one in office.trail("submission.receive")] == [f"person:{desk.person_id}"]


def test_what_is_sent_again_is_held_once(office):
    office.publish()
    desk = office.desk("caseworker")
    answers = [post(desk, instance(SAID + PHOTO), files=[("1.jpg", b"photo")]).json for _ in range(2)]
    assert answers[0] == answers[1]
    with office.database.read() as session:
        (file,) = session.scalars(select(Attachment))
    assert len(rows(office)) == 1
    assert file.received_at is not None
    assert "1 file here" in words(desk.get(answers[0]["next"]))


def test_other_answers_under_the_same_number_overwrite_nothing(office):
    office.publish()
    desk = office.desk("caseworker")
    post(desk, instance())
    answer = post(desk, instance(SAID.replace("Zora", "Maya")))
    assert [one.filing for one in rows(office)] == ["filed", "conflict"]
    assert "Two versions differ" in words(desk.get(answer.json["next"]))


def test_an_officer_sends_and_hears_what_became_of_it_but_reads_nothing(office):
    office.publish()
    desk = office.desk("officer")
    assert desk.get("/fill/talk").status_code == 200
    page = desk.get(post(desk, instance()).json["next"])
    assert "Filed" in words(page)
    assert "/submissions/" not in page.text
    assert "/cases/" not in page.text
    assert office.desk("officer").get("/sent/1").status_code == 404  # It is another's.
    assert office.desk("supervisor").get("/sent/1").status_code == 200


def test_nobody_learns_by_sending_answers_which_cases_there_are_elsewhere(office):
    """Of a form that names its case by a code, only those hear who may see that case."""
    office.publish()
    office.receive(agency=office.agency("Another agency"))
    (code,) = codes(office)
    office.publish(BY_CODE)

    def heard(desk, number, text):
        xml = instance(f"<which>{text}</which><next>2026-06-01</next>", form="next", number=number)
        page = words(desk.get(post(desk, xml, to="/fill/next").json["next"]))
        return re.sub(r"Set aside \d+ ", "", page.partition("Received ")[0])  # The navigation counts what waits.

    for number, role in enumerate(("officer", "caseworker")):
        desk = office.desk(role)
        there, absent, no_code = (heard(desk, number * 3 + at, text) for at, text in enumerate((code, ABSENT, "x")))
        assert there == absent == no_code
        assert "Which case it belongs to is not told here: a person must look at it." in there
        assert code not in there
    assert [one.filing for one in rows(office)][1:] == ["filed", "set aside", "set aside"] * 2
    supervisor = office.desk("supervisor")
    page = heard(supervisor, 8, code)
    assert "Filed" in page
    assert f"Open case {code}" in page
    assert "is of no case here" in heard(supervisor, 9, ABSENT)


def test_who_may_not_send_answers_is_offered_and_allowed_nothing(office):
    office.publish()
    submission = office.receive()
    for role in ("designer", "administrator", "analyst", "auditor"):
        desk = office.desk(role)
        for path in ("/fill/talk", "/sent/1", f"/submissions/{submission}/correct"):
            assert desk.get(path).status_code == 403, (role, path)
        assert post(desk, instance()).status_code == 403
        assert post(desk, instance(), to=f"/submissions/{submission}/correct").status_code == 403
        assert "Fill in here" not in desk.get("/forms/talk").text
    assert len(rows(office)) == 1


def test_a_stranger_is_asked_to_sign_in_and_keeps_what_was_typed(office):
    office.publish()
    desk = office.stranger()
    assert desk.get("/fill/talk").status_code == 401
    answer = post(desk, instance())
    assert answer.status_code == 401
    assert answer.json["message"].startswith("You were signed out meanwhile. Your answers are still in this window")


def test_nothing_is_taken_without_the_token_or_from_another_site(office):
    office.publish()
    office.receive()
    desk = office.desk("caseworker")
    for to in ("/fill/talk", "/submissions/1/correct"):
        assert post(desk, instance(), to=to, token="").status_code == 403
        assert post(desk, instance(), to=to, token="another").status_code == 403
        answer = desk.client.post(to, headers={"X-CSRF-Token": desk.csrf, "Origin": "https://elsewhere.example.org"})
        assert answer.status_code == 403
    assert len(rows(office)) == 1


def test_the_token_of_the_next_session_is_told_to_a_page_that_outlived_its_own(office):
    desk = office.desk("caseworker")
    assert desk.get("/form-token").json == {"csrf": desk.csrf, "person": desk.person_id}
    office.publish()
    assert shown(desk.get("/fill/talk"))["person"] == desk.person_id != office.desk("officer").person_id
    assert office.stranger().get("/form-token").status_code == 401


def test_the_page_alone_may_run_what_the_form_needs(office):
    office.publish()
    desk = office.desk("caseworker")
    page = desk.get("/fill/talk")
    policy = page.headers["Content-Security-Policy"]
    nonce = re.search(r"'nonce-([\w-]{22})'", policy)[1]
    assert policy == POLICY.format(nonce=nonce)
    assert page.headers["Cache-Control"] == "no-store"
    inline = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", page.text)
    assert inline == [f' type="importmap" nonce="{nonce}"']
    assert nonce not in desk.get("/fill/talk").text
    for other in ("/forms/talk", "/forms", "/sent/1"):
        assert "unsafe" not in desk.get(other).headers["Content-Security-Policy"], other


def test_everything_that_the_page_names_is_fetched_with_the_session_and_not_kept(office):
    with office.make() as make:
        make.plain(media=(("place.png", b"a picture"),))
    desk = office.desk("caseworker")
    told = shown(desk.get("/fill/plain"))
    assert set(told["media"]) == {"place.png"}
    for address in (told["xform"], told["media"]["place.png"], told["token"]):
        answer = desk.get(address, buffered=True)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store"), address
        assert office.stranger().get(address).status_code == 401
    assert desk.get(told["media"]["place.png"]).data == b"a picture"
    folder = told["media"]["place.png"].rpartition("/")[0]
    for path in ("0", "999", "../xform", "..%2fxform", "place.png", "%2e%2e/%2e%2e/etc/passwd"):
        assert desk.get(f"{folder}/{path}").status_code == 404, path
    assert desk.get(folder.replace("/form-versions/1/", "/form-versions/2/") + "/1").status_code == 404


def test_the_form_speaks_the_reader_s_language_and_so_do_its_buttons(office):
    office.publish()
    told = shown(office.desk("caseworker", language="es").get("/fill/talk"))
    assert told["language"] == "es"
    assert told["words"]["Send"] == "Enviar"
    assert told["words"]["Remove"] == "Quitar"


def test_a_form_that_is_not_open_is_not_filled_in_and_what_was_typed_before_is_kept(office):
    office.publish()
    desk = office.desk("manager")
    desk.post("/form-state/talk", state="closed")
    assert desk.get("/fill/talk").status_code == 409
    assert desk.get("/fill/nothing").status_code == 404
    page = desk.get(post(desk, instance()).json["next"])
    assert "On hold" in words(page)
    assert "Its form is closed" in words(page)


def test_what_is_no_filled_in_form_is_refused_in_words(office):
    office.publish()
    desk = office.desk("caseworker")
    for xml, status in (
        ("<data", 400),
        ("<!DOCTYPE data []><data id='talk' version='1'/>", 400),
        (instance(form="another"), 404),
        (instance(corrects="uuid:other"), 409),
    ):
        answer = post(desk, xml)
        assert answer.status_code == status, xml
        assert answer.json["message"].endswith("Your answers are still in this window; send them again from here.")
    assert rows(office) == []


def test_a_correction_takes_the_place_of_what_it_corrects(office):
    office.publish()
    first = office.receive()
    desk = office.desk("caseworker")
    assert f'href="/submissions/{first}/correct"' in desk.get(f"/submissions/{first}").text
    told = shown(desk.get(f"/submissions/{first}/correct"))
    original = desk.get(told["instance"]).text
    named = re.search(r"<instanceID>(.+?)</instanceID>", original)[1]
    xml = instance(SAID.replace("Zora", "Maya"), corrects=named)
    answers = [post(desk, xml, to=told["send"]) for _ in range(2)]
    assert answers[0].json == answers[1].json  # The second is the same, sent again.
    assert [one.filing for one in rows(office)] == ["filed", "filed"]
    code = re.search(r'href="/cases/(TIP-\w{4}-\w)"', desk.get(answers[0].json["next"]).text)[1]
    record = desk.get(f"/cases/{code}").text
    assert "Maya (invented)" in record
    assert "Zora (invented)" not in record
    assert "Correct in the office" not in desk.get(f"/submissions/{first}").text
    assert desk.get(f"/submissions/{first}/correct").status_code == 409
    second = rows(office)[1].id
    assert f'href="/submissions/{second}"' in desk.get(f"/submissions/{first}").text
    assert f'href="/submissions/{first}"' in desk.get(f"/submissions/{second}").text
    late = post(desk, instance(SAID, number=2, corrects=named), to=told["send"])
    assert late.status_code == 409
    assert "newer ones stand already" in late.json["message"]
    assert len(rows(office)) == 2


def test_a_correction_names_what_it_corrects_and_nothing_of_others_is_corrected(office):
    office.publish()
    there = office.agency("Another agency")
    own, other = office.receive(), office.receive(agency=there)
    desk = office.desk("caseworker")
    ids = {one.id: one.instance_id for one in rows(office)}
    assert desk.get(f"/submissions/{other}/correct").status_code == 404
    to = f"/submissions/{other}/correct"
    assert post(desk, instance(corrects=ids[other]), to=to).status_code == 404
    assert post(desk, instance(corrects=ids[other]), to=f"/submissions/{own}/correct").status_code == 409
    assert post(desk, instance(), to=f"/submissions/{own}/correct").status_code == 409
    assert len(rows(office)) == 2

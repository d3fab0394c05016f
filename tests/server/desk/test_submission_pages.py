import io

import pytest
from sqlalchemy import select

from submissions.parts import Upload
from submissions.tables import Submission
from tests.server.desk.office import SAID, TALK, words

FULL = (
    "<wants>yes</wants><alias>Zora (invented)</alias><born>1999-02-03</born>"
    "<papers><held>passport id</held><who/><photo>1.jpg</photo></papers>"
    "<stays><town>Corozal</town></stays><stays><town>Orange Walk</town></stays><followup>1</followup>"
)


def photo(content=b"\xff\xd8 not really a photo", name="1.jpg", kind="image/jpeg"):
    return Upload(name, kind, io.BytesIO(content))


def test_answers_stand_under_their_questions_in_the_language_of_the_reader(office):
    office.publish()
    submission = office.receive(FULL)
    english = words(office.desk("caseworker").get(f"/submissions/{submission}"))
    spanish = words(office.desk("caseworker", language="es").get(f"/submissions/{submission}"))
    assert "May we contact you? Yes" in english
    assert "Your papers Which papers are kept? Passport Identity card Who keeps them? No answer" in english
    assert "Place 1 Which town? Corozal Place 2 Which town? Orange Walk" in english
    assert "When were you born? 3 February 1999" in english
    assert "¿Podemos contactarle? Sí" in spanish
    assert "¿Qué papeles le quitan? Pasaporte Cédula" in spanish


def test_the_other_language_of_the_form_is_one_click_away(office):
    office.publish()
    submission = office.receive(FULL)
    desk = office.desk("caseworker")
    assert f'href="/submissions/{submission}?lang=es"' in desk.get(f"/submissions/{submission}").text
    page = words(desk.get(f"/submissions/{submission}?lang=es"))
    assert "¿Podemos contactarle? Sí" in page
    assert "Received" in page


def test_what_the_form_did_not_ask_is_counted_and_shown_on_demand(office):
    office.publish()
    submission = office.receive(SAID)  # No group, no repeat.
    desk = office.desk("caseworker")
    short, whole = desk.get(f"/submissions/{submission}"), desk.get(f"/submissions/{submission}?all=")
    assert "3 questions were not asked" in words(short)
    assert "Who keeps them?" not in short.text
    assert "Who keeps them? Not asked" in words(whole)


def test_a_submission_of_another_agency_is_not_there(office):
    office.publish()
    there = office.agency("Another agency")
    own, other = office.receive(), office.receive(agency=there)
    desk, far = office.desk("caseworker"), office.desk("caseworker", agency=there)
    everywhere = office.desk("supervisor")
    absent = desk.get("/submissions/999999")
    for path in (f"/submissions/{other}", f"/submissions/{other}/xml"):
        answer = desk.get(path)
        assert answer.status_code == absent.status_code == 404
        assert words(answer) == words(absent)
    assert desk.post(f"/submissions/{other}/refile").status_code == 404
    assert f'"/submissions/{other}"' not in desk.get("/submissions").text
    assert f'"/submissions/{own}"' in desk.get("/submissions").text
    assert far.get(f"/submissions/{other}").status_code == 200
    assert {everywhere.get(f"/submissions/{one}").status_code for one in (own, other)} == {200}


def test_those_who_run_the_system_see_that_it_came_but_no_answer(office):
    office.publish()
    submission = office.receive(FULL, photo())
    for role in ("administrator", "auditor"):
        desk = office.desk(role)
        page = desk.get(f"/submissions/{submission}")
        assert page.status_code == 200
        assert "Zora" not in page.text
        assert "1.jpg" not in page.text
        assert "Your work does not include reading answers" in words(page)
        assert desk.get(f"/submissions/{submission}/xml").status_code == 403
    assert office.trail("submission.read") == []


def test_officers_and_analysts_see_no_submission(office):
    office.publish()
    submission = office.receive()
    for role in ("officer", "analyst", "designer"):
        assert office.desk(role).get("/submissions").status_code == 403
        assert office.desk(role).get(f"/submissions/{submission}").status_code == 403


def test_reading_leaves_a_trace_with_the_page(office):
    office.publish()
    submission = office.receive(FULL, photo())
    desk = office.desk("caseworker")
    desk.get(f"/submissions/{submission}")
    desk.get(f"/submissions/{submission}/xml")
    read = office.trail("submission.read")
    assert [(one.actor, one.subject) for one in read] == [(f"person:{desk.person_id}", f"submission:{submission}")] * 2
    assert read[1].facts == {"original": True}


def test_the_xml_is_given_out_as_it_came_and_run_by_nobody(office):
    office.publish()
    submission = office.receive(FULL)
    answer = office.desk("caseworker").get(f"/submissions/{submission}/xml")
    assert FULL.encode() in answer.data
    assert answer.data.startswith(b"<data id=")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def file_address(page):
    return page.text.partition(' href="/submissions/')[0] and next(
        part.partition('"')[0] for part in page.text.split('href="') if "/files/" in part.partition('"')[0]
    )


@pytest.mark.parametrize(
    ("name", "claimed", "given"),
    [
        ("1.jpg", "image/jpeg", "image/jpeg"),
        ("1.jpg", "text/html", "application/octet-stream"),
        ("1.jpg", "image/svg+xml", "application/octet-stream"),
    ],
)
def test_a_file_comes_as_it_was_sent_and_is_never_run(office, name, claimed, given):
    office.publish()
    content = b"<script>alert(1)</script>" * 30_000
    submission = office.receive(FULL, photo(content, name, claimed))
    desk = office.desk("caseworker")
    page = desk.get(f"/submissions/{submission}")
    answer = desk.get(file_address(page))
    assert answer.data == content
    assert answer.headers["Content-Type"] == given
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"] == f"attachment; filename={name}"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert [one.subject for one in office.trail("attachment.read")] == [f"submission:{submission}"]


def test_a_file_that_is_still_on_the_tablet_is_said_to_be(office):
    office.publish()
    page = office.desk("caseworker").get(f"/submissions/{office.receive(FULL)}")
    assert "0 of 1 files here" in words(page)
    assert "Still on the tablet" in words(page)


def test_a_file_of_one_submission_is_not_found_under_another(office):
    office.publish()
    first, second = office.receive(FULL, photo()), office.receive(FULL, photo(b"another"))
    desk = office.desk("caseworker")
    address = file_address(desk.get(f"/submissions/{first}"))
    assert desk.get(address.replace(f"/submissions/{first}/", f"/submissions/{second}/")).status_code == 404


def test_lists_are_read_page_by_page_in_both_directions(office):
    office.publish()
    ids = [office.receive("<wants>no</wants>") for _ in range(53)]
    desk = office.desk("caseworker")

    def listed(path):
        page = desk.get(path).text
        return [one for one in ids if f'href="/submissions/{one}"' in page], page

    newest, page = listed("/submissions")
    assert newest == ids[3:]
    older, page = listed(f"/submissions?before={newest[0]}")
    assert older == ids[:3]
    assert "Older" not in page.partition("<main")[2]
    again, page = listed(f"/submissions?after={older[-1]}")
    assert again == newest


def test_lists_are_filtered_by_form_state_and_tablet(office):
    office.publish()
    filed, aside = office.receive(), office.receive(SAID.replace("1999-02-03", "never"))
    desk = office.desk("caseworker")
    assert f'"/submissions/{aside}"' in desk.get("/submissions?filing=set+aside").text
    assert f'"/submissions/{filed}"' not in desk.get("/submissions?filing=set+aside").text
    assert f'"/submissions/{filed}"' in desk.get("/submissions?form=talk").text
    assert "Nothing fits" in words(desk.get("/submissions?tablet=No+such+tablet"))
    assert "Nothing has come in yet" not in words(desk.get("/submissions?filing=held"))


def test_a_held_submission_says_what_it_waits_for(office):
    office.publish()
    with office.make() as make:
        offered = make.offered("talk")
        make.receive(make.instance(offered, SAID, version="9"), offered)
    page = office.desk("caseworker").get("/submissions/1")
    assert "Its version of the form is not published here" in words(page)
    assert "File again" not in page.text


def test_two_versions_under_one_id_lead_to_each_other(office):
    office.publish()
    with office.make() as make:
        offered, device = make.offered("talk"), make.device()
        for name in ("Zora", "Maya"):
            instance = make.instance(offered, SAID.replace("Zora", name), instance_id="uuid:one")
            make.receive(instance, offered, device=device)
        first, second = make.session.scalars(select(Submission.id).order_by(Submission.id))
    page = office.desk("caseworker").get(f"/submissions/{second}")
    assert "different answers" in words(page)
    assert f'href="/submissions/{first}"' in page.text
    assert "File again" not in page.text


def test_a_form_whose_labels_hold_markup_shows_plain_words(office):
    from tests.server.desk.office import workbook

    survey = [TALK["survey"][0].replace("May we contact you?", '**May we** <b onclick="x">contact</b> ${alias}?')]
    office.publish(workbook(survey=survey + TALK["survey"][1:]))
    page = office.desk("caseworker").get(f"/submissions/{office.receive(FULL)}")
    assert "May we contact …?" in words(page)
    assert "onclick" not in page.text

import pytest

from tests.server.desk.office import SAID, TALK, words, workbook

WRONG = SAID.replace("1999-02-03", "the rainy season")
CODES = TALK["case_codes"]
UNMAPPED_BIRTH = [row.replace(" | person.birthdate", " | ") for row in TALK["survey"]]


def test_the_reason_names_question_and_field_in_the_readers_words_and_never_the_answer(office):
    office.publish()
    submission = office.receive(WRONG)
    english, spanish = office.desk("caseworker"), office.desk("caseworker", language="es")
    for path in ("/set-aside", f"/submissions/{submission}"):
        assert "The answer to “When were you born?” does not fit “Person: Date of birth”" in words(english.get(path))
        assert "¿Cuándo nació?" in words(spanish.get(path))
        assert "Persona: Fecha de nacimiento" in words(spanish.get(path))
    assert "rainy" not in english.get("/set-aside").text


def test_one_submission_is_filed_again_after_its_mapping_was_mended(office):
    office.publish()
    submission = office.receive(WRONG)
    desk = office.desk("caseworker")
    still = desk.follow(desk.post(f"/submissions/{submission}/refile"))
    assert "still set aside" in words(still)
    office.publish(workbook(survey=UNMAPPED_BIRTH))
    page = desk.follow(desk.post(f"/submissions/{submission}/refile"))
    assert "It was filed again" in words(page)
    assert office.filing(submission) == "filed"
    assert "Nothing is set aside" in words(desk.get("/set-aside"))
    assert len(office.trail("submission.refile")) == 2


def test_all_of_one_reason_are_filed_again_together(office):
    office.publish()
    wrong = [office.receive(WRONG) for _ in range(12)]
    desk = office.desk("caseworker")
    page = desk.get("/set-aside")
    assert "12 submissions" in words(page)
    assert "The newest 10 of 12 are shown" in words(page)
    office.publish(workbook(survey=UNMAPPED_BIRTH))
    address = page.text.partition('action="/set-aside/refile')[2].partition('"')[0].replace("&amp;", "&")
    answer = desk.follow(desk.post(f"/set-aside/refile{address}"))
    assert "12 submissions are filed again" in words(answer)
    assert {office.filing(one) for one in wrong} == {"filed"}


def test_what_was_stored_only_can_be_filed_once_its_form_has_a_mapping(office):
    bare = workbook(
        survey=[row.rpartition("|")[0] + "|" for row in TALK["survey"]],
        case_records=[],
        case_codes=[],
        settings=["Invented talk | talk | 1 |"],
    )
    office.publish(bare)
    submission = office.receive()
    desk = office.desk("caseworker")
    assert office.filing(submission) == "not mapped"
    assert "File again" not in desk.get(f"/submissions/{submission}").text
    assert "Nothing is set aside" in words(desk.get("/set-aside"))
    office.publish()
    assert "Its form has a case mapping now" in words(desk.get("/set-aside"))
    desk.post(f"/submissions/{submission}/refile")
    assert office.filing(submission) == "filed"


def test_people_see_what_their_own_agency_has_set_aside(office):
    office.publish()
    there = office.agency("Another agency")
    submission = office.receive(WRONG, agency=there)
    assert f"/submissions/{submission}" not in office.desk("caseworker").get("/set-aside").text
    assert f"/submissions/{submission}" in office.desk("caseworker", agency=there).get("/set-aside").text
    assert f"/submissions/{submission}" in office.desk("supervisor").get("/set-aside").text


def test_auditors_look_and_change_nothing(office):
    office.publish()
    submission = office.receive(WRONG)
    desk = office.desk("auditor")
    assert "File again" not in desk.get("/set-aside").text
    assert desk.post(f"/submissions/{submission}/refile").status_code == 403
    assert desk.post("/set-aside/refile?form=talk&code=not-a-value").status_code == 403
    assert office.filing(submission) == "set aside"


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Its version of the form is not published here"), ("es", "versión del formulario")]
)
def test_what_waits_by_itself_stands_below_with_what_it_waits_for(office, language, said):
    office.publish()
    with office.make() as make:
        offered = make.offered("talk")
        make.receive(make.instance(offered, SAID, version="9"), offered)
    page = words(office.desk("caseworker", language=language).get("/set-aside"))
    assert said in page


def test_the_menu_counts_what_waits_for_a_person(office):
    office.publish()
    office.receive(WRONG)
    office.receive()
    desk = office.desk("caseworker")
    assert "Set aside 1" in words(desk.get("/cases"))
    assert "1 submission set aside" in words(desk.get("/"))


def test_every_reason_has_words_in_both_languages(office):
    from server.desk.words import REASONS, reason_words

    with office.app.test_request_context(headers={"Accept-Language": "en"}):
        english = {code: reason_words({"code": code}, question="Q", field="F") for code in REASONS}
    with office.app.test_request_context(headers={"Accept-Language": "es"}):
        spanish = {code: reason_words({"code": code}, question="Q", field="F") for code in REASONS}
    assert all(english.values())
    assert not [code for code in REASONS if english[code] == spanish[code]]


def test_every_reason_that_filing_gives_has_words():
    import re
    from pathlib import Path

    from server.desk.words import REASONS

    root = Path(__file__).parents[3]
    told = "".join(
        (root / name).read_text()
        for name in ("cases/filing.py", "cases/plan.py", "cases/records.py", "submissions/receive.py")
    )
    codes = set(re.findall(r'(?:NotFiled|Held)\("([a-z-]+)"', told)) | set(re.findall(r'"code": "([a-z-]+)"', told))
    assert len(codes) > 12
    assert codes <= set(REASONS)

import re

from accounts.roles import OPERATOR_VIEWER, RIGHTS, Right
from cases.caseload import list_cases
from cases.screening import RULES
from tests.cases.books import SIGNS, STRONG
from tests.server.desk.office import SAID, TALK, words, workbook

LATER = SAID.replace("1999-02-03", "1998-12-31")


def signed(office, answers, who="aaaaaaaa-0000-4000-8000-000000000001", band="24_26"):
    """The id of a submission of the form of signs, filed."""
    given = {"who": who, "known": "1" if who else "0", "band": band} | answers
    return office.receive("".join(f"<{name}>{value}</{name}>" for name, value in given.items() if value), form="signs")


def code_of(office):
    with office.database.read() as session:
        return list_cases(session, viewer=OPERATOR_VIEWER)[0].case.code


def test_every_value_stands_with_its_question_its_submission_and_the_tablet(office):
    office.publish()
    submission = office.receive()
    page = office.desk("caseworker").get(f"/cases/{code_of(office)}")
    text = words(page)
    assert "Date of birth 3 February 1999 When were you born? Invented talk, Tablet" in text
    assert "Name the person wants to use Zora (invented) Name you want to use Invented talk, Tablet" in text
    there = office.desk("caseworker").get(f"/submissions/{submission}").text
    anchor = page.text.partition(f'href="/submissions/{submission}#')[2].partition('"')[0]
    assert f'id="{anchor}"' in there


def test_a_case_speaks_spanish_to_who_reads_spanish(office):
    office.publish()
    office.receive()
    text = words(office.desk("caseworker", language="es").get(f"/cases/{code_of(office)}"))
    assert "Fecha de nacimiento 3 de febrero de 1999 ¿Cuándo nació? Invented talk" in text
    assert "Persona" in text


def test_a_case_says_how_urgent_it_is_and_why_in_the_readers_language(office):
    office.publish(SIGNS)
    signed(office, STRONG | {"hurt": "present"})
    text = words(office.desk("caseworker").get(f"/cases/{code_of(office)}"))
    assert "What the screening rules say P1, 59 minutes left Strong signs" in text
    assert "Urgent because serious injury" in text
    assert "Coercion at destination two strong: debt bondage; identity papers held" in text
    assert "The rules propose; a person decides." in text
    assert f"Worked out by the rules {RULES.version}" in text
    assert "What is due First review" in text
    spanish = words(office.desk("caseworker", language="es").get(f"/cases/{code_of(office)}"))
    assert "Coacción en el destino dos fuertes: servidumbre por deudas; otra persona tiene sus documentos" in spanish
    assert "Señales fuertes" in spanish


def test_two_calls_that_were_asked_for_are_both_due(office):
    office.publish(
        workbook(
            survey=[
                *TALK["survey"][:2],
                "begin_repeat | calls | Call | Llamada | |",
                "select_one kind | kind | Which? | ¿Cuál? | | task.kind",
                "dateTime | due | When? | ¿Cuándo? | | task.due",
                "end_repeat | | | | |",
                TALK["survey"][-1],
            ],
            choices=[*TALK["choices"][:2], "kind | call_back | Call back | Devolver la llamada"],
            case_records=[*TALK["case_records"], "task | new | | | calls | case"],
        )
    )
    hours = "".join(
        f"<calls><kind>call_back</kind><due>2026-05-03T{hour}:00:00.000-06:00</due></calls>" for hour in ("09", "15")
    )
    office.receive(f"<wants>yes</wants><alias>Zora (invented)</alias>{hours}<followup>1</followup>")
    text = words(office.desk("caseworker").get(f"/cases/{code_of(office)}")).partition("What is due")[2]
    due = text.partition("Person")[0]
    assert "Call back 3 May 2026, 09:00" in due
    assert "Call back 3 May 2026, 15:00" in due


def test_what_is_not_known_is_never_shown_as_no_sign_and_unverified_weights_say_so(office):
    office.publish(SIGNS)
    signed(office, dict.fromkeys(STRONG, "refused") | {"sexual": "unknown"})
    text = words(office.desk("caseworker").get(f"/cases/{code_of(office)}"))
    assert "Not clear yet Could be: Strong signs" in text
    assert "Not known; these questions decide" in text
    assert "No signs" not in text
    signed(office, {"column": "adult_sexual", "sexual": "present"}, who="aaaaaaaa-0000-4000-8000-000000000003")
    desk = office.desk("caseworker")
    (unverified,) = [page for page in map(words, cases_of(desk)) if "Unverified: nobody has checked" in page]
    assert "sexual acts" in unverified
    assert "could be: exploitation, no means seen (unverified)" in words(desk.get("/cases"))


def cases_of(desk):
    links = re.findall(r'href="(/cases/TIP-[^"]+)"', desk.get("/cases").text)
    return [desk.get(link) for link in dict.fromkeys(links)]


def test_a_screening_without_a_case_shows_its_result_with_its_submission(office):
    office.publish(SIGNS)
    submission = signed(office, STRONG | {"hurt": "present"}, who="")
    page = office.desk("caseworker").get(f"/submissions/{submission}")
    assert "P1, 59 minutes left Strong signs Urgent because serious injury" in words(page)
    assert "Strong signs" not in words(office.desk("administrator").get(f"/submissions/{submission}"))
    assert "Filed P1: now" in words(office.desk("caseworker").get("/submissions"))
    assert "P1" not in words(office.desk("administrator").get("/submissions"))


def test_a_reader_without_matters_of_health_sees_that_there_is_one_and_not_which(office, monkeypatch):
    office.publish(SIGNS)
    submission = signed(office, {"hurt": "present"})
    monkeypatch.setitem(RIGHTS, "caseworker", RIGHTS["caseworker"] - {Right.CLASS_HEALTH})
    desk = office.desk("caseworker")
    case = words(desk.get(f"/cases/{code_of(office)}"))
    assert "Urgent because a matter of health" in case
    assert "serious injury" not in case
    assert "Urgent because a matter of health" in words(desk.get(f"/submissions/{submission}"))


def test_the_list_has_the_most_urgent_first_or_what_changed_last(office):
    office.publish(SIGNS)
    told = [{"hurt": "present"}, {"court": "absent"}, STRONG]
    for number, answers in enumerate(told):
        signed(office, answers, who=f"aaaaaaaa-0000-4000-8000-{number:012d}")
    desk = office.desk("caseworker")
    order = re.findall(r"P\d(?=, )", words(desk.get("/cases")))
    assert order == ["P1", "P2", "P4"]
    assert re.findall(r"P\d(?=, )", words(desk.get("/cases?sort=changed"))) == ["P2", "P4", "P1"]
    assert re.findall(r"P\d(?=, )", words(desk.get("/cases?urgency=P4"))) == ["P4"]
    code = code_of(office)
    desk.post(f"/cases/{code}/confirm")
    assert "P2: within a day" in words(desk.get(f"/cases/{code}"))
    assert "First review" not in words(desk.get(f"/cases/{code}"))


def test_a_code_may_be_typed_as_it_is_spoken(office):
    office.publish()
    office.receive()
    code = code_of(office)
    desk = office.desk("caseworker")
    assert code in desk.get(f"/cases/{code.lower().replace('-', ' ')}").text
    assert desk.get("/cases/TIP-2222-3").status_code == 404


def test_opening_a_case_leaves_a_trace(office):
    office.publish()
    office.receive()
    desk, code = office.desk("caseworker"), code_of(office)
    desk.get(f"/cases/{code}")
    desk.get("/cases/TIP-2222-3")
    assert [(one.actor, one.facts["code"]) for one in office.trail("case.read")] == [(f"person:{desk.person_id}", code)]


def test_a_case_of_another_agency_is_not_there(office):
    office.publish()
    there = office.agency("Another agency")
    office.receive(agency=there)
    code = code_of(office)
    desk = office.desk("caseworker")
    assert words(desk.get(f"/cases/{code}")) == words(desk.get("/cases/TIP-2222-3"))
    assert desk.get(f"/cases/{code}").status_code == 404
    assert desk.post(f"/cases/{code}/confirm").status_code == 404
    assert code not in desk.get("/cases").text
    assert office.desk("caseworker", agency=there).get(f"/cases/{code}").status_code == 200


def test_the_roles_that_read_no_case_read_none(office):
    office.publish()
    office.receive()
    code = code_of(office)
    for role in ("administrator", "designer", "officer", "analyst", "auditor"):
        assert office.desk(role).get(f"/cases/{code}").status_code == 403
        assert office.desk(role).get("/cases").status_code == 403


def test_a_proposed_case_is_confirmed_by_one_button(office):
    office.publish()
    office.receive()
    desk, code = office.desk("caseworker"), code_of(office)
    assert "Confirm this case" in desk.get(f"/cases/{code}").text
    page = desk.follow(desk.post(f"/cases/{code}/confirm"))
    assert "The case is confirmed" in words(page)
    assert "Confirm this case" not in page.text
    assert "Review" in words(page)
    assert "The case is confirmed" not in words(desk.get(f"/cases/{code}"))
    assert code not in desk.get("/cases?proposed=yes").text
    assert code in desk.get("/cases?proposed=no&stage=review").text


def follow_up(office):
    """A second form that finds the case by its code and says another date of birth."""
    office.publish(
        workbook(
            survey=[
                "text | code | Case code | Código del caso | |",
                "date | born | Date of birth on the paper | Fecha en el papel | | person.birthdate",
            ],
            settings=["Second talk | second | 1 | other"],
            case_records=["case | find | ${code} | | |", "person | find | | | | case"],
            case_codes=[],
            choices=[],
        )
    )


def test_answers_that_differ_stand_side_by_side(office):
    office.publish()
    office.receive()
    code = code_of(office)
    follow_up(office)
    office.receive(f"<code>{code}</code><born>1998-12-31</born>", form="second")
    text = words(office.desk("caseworker").get(f"/cases/{code}"))
    assert "Answers differ" in text
    assert "3 February 1999 When were you born?" in text
    assert "31 December 1998 Date of birth on the paper" in text
    assert "In 1 place" in text


def test_sources_that_agree_stand_under_one_value(office):
    office.publish()
    office.receive()
    code = code_of(office)
    follow_up(office)
    office.receive(f"<code>{code}</code><born>1999-02-03</born>", form="second")
    text = words(office.desk("caseworker").get(f"/cases/{code}"))
    assert text.count("3 February 1999") == 1
    assert "When were you born? Invented talk" in text
    assert "Date of birth on the paper Second talk" in text
    assert "Answers differ" not in text


def test_what_another_agency_said_is_shown_without_its_submission(office):
    office.publish()
    office.receive()
    code = code_of(office)
    follow_up(office)
    other = office.receive(
        f"<code>{code}</code><born>1998-12-31</born>", form="second", agency=office.agency("Another agency")
    )
    page = office.desk("caseworker").get(f"/cases/{code}")
    assert "31 December 1998" in words(page)
    assert f"/submissions/{other}" not in page.text
    assert "1 more came from another agency" in words(page)


def test_lists_of_cases_name_nobody_and_are_read_page_by_page(office):
    office.publish()
    for number in range(52):
        office.receive(SAID.replace("Zora", f"Person{number}"))
    desk = office.desk("caseworker")

    def codes(page):
        return {part.partition('"')[0] for part in page.text.split('href="/cases/')[1:]}

    first = desk.get("/cases")
    assert "Person" not in first.text.partition("<main")[2]
    older = desk.get(
        first.text.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    )
    assert len(codes(first)) == 50
    assert len(codes(older)) == 2
    assert not codes(first) & codes(older)
    newer = desk.get(
        older.text.partition('rel="prev"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    )
    assert codes(newer) == codes(first)

"""Cases with the source of every value, what is set aside, and the trail."""

import json
import re

import pytest

from accounts.roles import RIGHTS, Right
from cases.screening import RULES
from tests.cases.books import SIGNS, STRONG, signs
from tests.server.api.scripts import SAID, P, fault

CASES = f"{P}/cases"
ASIDE = f"{P}/set-aside"


@pytest.fixture
def manager(place):
    place.publish()
    return place.script("manager")


def codes(answer):
    return [one["code"] for one in answer.get_json()]


def test_cases_are_listed_by_code_with_coded_values_alone(place, manager):
    place.receive()
    listed = manager.get(CASES)
    assert [set(one) for one in listed.get_json()] == [
        {"code", "stage", "proposed", "district", "opened_on", "agency", "changed_at", "owner"}
        | {"urgency", "due", "class_low", "class_high", "unverified", "reasons", "rule_set"}
    ]
    one = listed.get_json()[0]
    assert (one["urgency"], one["class_low"], one["reasons"]) == (None, None, [])
    assert (one["stage"], one["proposed"]) == ("intake", True)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", one["opened_on"])
    assert "Zora" not in listed.text
    assert len(place.trail("case.list")) == 1


def test_a_case_tells_every_value_with_its_source(place, manager):
    instance_id = place.instance_id(place.receive())
    code = codes(manager.get(CASES))[0]
    told = manager.get(f"{CASES}/{code}").get_json()
    alias = next(one for one in told["assertions"] if one["field"] == "person.alias")
    assert alias["value"] == "Zora (invented)"
    assert (alias["record"], alias["instance_id"], alias["question"]) == ("person", instance_id, "/data/alias")
    assert alias["record_id"] in {record["id"] for record in told["records"]}
    assert "person" not in alias
    assert [one["instance_id"] for one in told["submissions"]] == [instance_id]
    assert {record["record"] for record in told["records"]} >= {"case", "person", "consent"}
    assert manager.get(f"{CASES}/{code.lower()}").get_json()["code"] == code
    assert [entry.facts["code"] for entry in place.trail("case.read")] == [code] * 2


def test_long_lists_come_in_parts_that_lead_to_one_another(place, manager):
    for _ in range(5):
        place.receive()
    everything = codes(manager.get(CASES))
    assert len(set(everything)) == 5
    path, found = f"{CASES}?limit=2&proposed=true", []
    while path:
        answer = manager.get(path)
        found.append(codes(answer))
        link = re.fullmatch(r'<http://[^/]+([^>]+)>; rel="next"', answer.headers.get("Link", ""))
        path = link[1] if link else ""
    assert [len(part) for part in found] == [2, 2, 1]
    assert [code for part in found for code in part] == everything
    assert codes(manager.get(f"{CASES}?proposed=false")) == codes(manager.get(f"{CASES}?stage=closed")) == []


def test_a_case_says_how_urgent_it_is_and_why_and_lists_have_the_most_urgent_first(place, manager):
    with place.make() as make:
        form = make.form(SIGNS)
        told = [STRONG, {"hurt": "present"}, {"papers": "present", "job": "unknown"}]
        for number, answers in enumerate(told):
            make.filed(signs(make, form, answers, who=f"aaaaaaaa-0000-4000-8000-{number:012d}"), form)
    path, found = f"{CASES}?sort=urgency&limit=2", []
    while path:
        answer = manager.get(path)
        found += answer.get_json()
        link = re.fullmatch(r'<http://[^/]+([^>]+)>; rel="next"', answer.headers.get("Link", ""))
        path = link[1] if link else ""
    assert [one["urgency"] for one in found] == ["P1", "P2", "P3"]
    strong, unsure = found[1], found[2]
    assert (strong["class_low"], strong["class_high"], strong["rule_set"]) == ("strong", "strong", RULES.version)
    assert "Coercion at destination: two strong: debt bondage, identity papers held" in strong["reasons"]
    assert strong["due"] > strong["opened_on"]
    assert any("could be" in reason.lower() for reason in unsure["reasons"]) == (
        unsure["class_low"] != unsure["class_high"]
    )
    assert [one["code"] for one in manager.get(f"{CASES}?urgency=P1").get_json()] == [found[0]["code"]]
    assert "injury" not in json.dumps(found)

    case = manager.get(f"{CASES}/{strong['code']}").get_json()
    (screening,) = case["screenings"]
    assert screening["dimensions"] == ["D1", "D4", "D5"]
    (fields,) = [one["fields"] for one in case["records"] if one["record"] == "screening"]
    assert fields["screening.class_low"] == ["strong"]
    assert fields["screening.rule_set"] == [RULES.version]


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ("limit=0", 400.8),
        ("limit=10001", 400.8),
        ("limit=x", 400.11),
        ("proposed=perhaps", 400.11),
        ("before=nonsense", 400.8),
        ("before=%F0%9F%98%80", 400.8),
        ("before=MjAyNi0wNS0wMw", 400.8),
        ("stage=%00", 400.8),
        ("sort=name", 400.8),
        ("sort=urgency&before=MjAyNi0wNS0wM1QxMjowMDowMCswMDowMC94", 400.8),
    ],
)
def test_a_part_that_cannot_be_is_refused(manager, asked, number):
    assert fault(manager.get(f"{CASES}?{asked}")) == (400, number)


def test_a_case_that_one_may_not_see_looks_absent(place, manager):
    place.agency("Another agency")
    place.receive(agency="Another agency")
    theirs = codes(manager.get(CASES))[0]
    caseworker = place.script("caseworker")
    assert codes(caseworker.get(CASES)) == []
    answers = [caseworker.get(f"{CASES}/{code}") for code in (theirs, "TIP-2222-2", "nonsense", "%E2%80%8B")]
    answers += [place.script(role).get(f"{CASES}/{theirs}") for role in ("administrator", "analyst", "auditor")]
    assert {fault(answer) for answer in answers} == {(404, 404.1)}
    assert len({answer.get_data() for answer in answers}) == 1
    assert place.trail("case.read") == []
    assert fault(manager.get(f"/v1/projects/2/cases/{theirs}")) == (404, 404.1)
    assert fault(place.script("analyst").get(CASES)) == (403, 403.1)
    assert fault(manager.get("/v1/projects/2/cases")) == (404, 404.1)


def test_values_of_a_class_that_one_may_not_read_are_absent(place, manager, monkeypatch):
    place.receive()
    code = codes(manager.get(CASES))[0]
    monkeypatch.setitem(RIGHTS, "caseworker", RIGHTS["caseworker"] - {Right.CLASS_IDENTITY})
    answer = place.script("caseworker").get(f"{CASES}/{code}")
    assert "Zora" in manager.get(f"{CASES}/{code}").text
    assert "Zora" not in answer.text
    assert "person.alias" not in answer.text
    assert answer.get_json()["assertions"]


def test_what_is_set_aside_tells_the_reason_and_no_value(place, manager):
    place.receive(SAID.replace("1999-02-03", "Carnival"))
    place.receive()
    listed = manager.get(ASIDE)
    assert [set(one) for one in listed.get_json()] == [
        {"instance_id", "form_id", "version", "filing", "reason", "received_at", "device", "agency"}
    ]
    one = listed.get_json()[0]
    assert (one["filing"], one["form_id"]) == ("set aside", "talk")
    assert one["reason"]["question"] == "/data/born"
    assert "Carnival" not in listed.text
    assert manager.get(f"{ASIDE}?filing=conflict").get_json() == []
    assert len(manager.get(f"{ASIDE}?form_id=talk&limit=1").get_json()) == 1
    assert manager.get(f"{ASIDE}?form_id=other").get_json() == []
    assert fault(manager.get(f"{ASIDE}?filing=filed")) == (400, 400.8)
    assert fault(place.script("analyst").get(ASIDE)) == (403, 403.1)
    assert fault(manager.get("/v1/projects/2/set-aside")) == (404, 404.1)


def test_the_trail_is_told_to_auditors(place, manager):
    place.receive()
    code = codes(manager.get(CASES))[0]
    manager.get(f"{CASES}/{code}")
    auditor = place.script("auditor")
    told = auditor.get("/v1/audits").get_json()
    assert [one["action"] for one in told][:2] == ["session.start", "person.add"]
    assert {frozenset(one) for one in told} == {
        frozenset({"id", "actorId", "acteeId", "action", "details", "loggedAt", "notes"})
    }
    read = auditor.get("/v1/audits?action=case.read").get_json()
    assert [(one["actorId"], one["details"]["code"]) for one in read] == [(manager.person_id, code)]
    kinds = {one["action"] for one in auditor.get("/v1/audits?action=case").get_json()}
    assert kinds == {"case.read", "case.list", "case.propose"}
    assert [one["id"] for one in auditor.get("/v1/audits?limit=2&offset=1").get_json()] == [
        one["id"] for one in told[1:3]
    ]
    assert auditor.get("/v1/audits?end=2020-01-01T00:00:00Z").get_json() == []
    assert len(auditor.get("/v1/audits?start=2020-01-01T00:00:00%2B00:00").get_json()) == len(told)
    for asked in ("start=yesterday", "end=2020-01-01T00:00:00", "limit=-1", "action=%00"):
        assert fault(auditor.get(f"/v1/audits?{asked}"))[0] == 400
    for role in ("administrator", "manager", "supervisor", "caseworker"):
        assert fault(place.script(role).get("/v1/audits")) == (403, 403.1)

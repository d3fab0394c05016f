"""`fieldcase submission` and `fieldcase case`."""

import hashlib
import io
import re

import pytest

from cases.filing import file_one
from submissions.parts import Upload
from submissions.tables import Filing, Submission
from tests.make import SMALL_FORM

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
YES = "<wants>yes</wants><alias>Luz (invented)</alias><followup>1</followup>"
PICTURE = b"an invented picture"
WITH_PICTURE = SMALL_FORM.replace("| choices ", "| | image | photo | Photo | | | |\n| choices ", 1)


@pytest.fixture
def small(fieldcase):
    """The small form is published; the installation."""
    fieldcase.publish(WITH_PICTURE)
    return fieldcase


def send(fieldcase, answers: str, *uploads: Upload, number: int = 1, file: bool = True, version: str = "1") -> str:
    """The instance id of answers that came from a tablet, filed unless they shall wait."""
    with fieldcase.making() as make:
        form = make.offered("small")
        named = f"uuid:00000000-0000-4000-8000-{number:012d}"
        instance = make.instance(form, answers, instance_id=named, version=version)
        make.receive(instance, form, *uploads)
        if file:
            held = make.session.query(Submission).filter_by(instance_id=named).one()
            file_one(make.session, held, now=make.now)
        return named


def upload(name: str) -> Upload:
    return Upload(name, "image/jpeg", io.BytesIO(PICTURE))


def test_a_filed_submission_is_listed_with_its_case_and_files(small):
    send(small, f"{YES}<photo>a.jpg</photo>", upload("a.jpg"), upload("extra.txt"))
    (row,) = small.json("submission", "list")
    (case,) = small.json("case", "list")
    assert (row["form_id"], row["filing"], row["case"], row["version"]) == ("small", "filed", case["code"], "1")
    assert MOMENT.fullmatch(row["received_at"])
    assert MOMENT.fullmatch(row["filed_at"])
    digest = hashlib.sha256(PICTURE).hexdigest()
    files = [(one["name"], one["sha256"], one["received"]) for one in row["attachments"]]
    assert files == [("a.jpg", digest, True), ("extra.txt", digest, True)]


def test_a_file_that_has_not_come_is_listed_as_that(small):
    send(small, f"{YES}<photo>a.jpg</photo>")
    (row,) = small.json("submission", "list")
    assert row["attachments"] == [{"name": "a.jpg", "sha256": None, "received": False, "current": True}]
    assert "0 of 1" in small.run("submission", "list").stdout


def test_the_list_is_narrowed_by_form_state_and_number(small):
    for number in range(1, 5):
        send(small, YES, number=number, file=number < 3)
    states = [row["filing"] for row in small.json("submission", "list")]
    assert states == ["pending", "pending", "filed", "filed"]
    assert len(small.json("submission", "list", "--filing", "pending")) == 2
    assert len(small.json("submission", "list", "--filing", "pending", "--filing", "filed")) == 4
    assert len(small.json("submission", "list", "--limit", "3")) == 3
    assert small.json("submission", "list", "--form", "other") == []
    (pending, *_rest) = small.json("submission", "list", "--filing", "pending")
    assert (pending["filed_at"], pending["case"]) == (None, None)


def test_a_list_longer_than_a_page_is_whole(small, monkeypatch):
    from server.cli import submissions

    monkeypatch.setattr(submissions, "PAGE", 2)
    for number in range(1, 6):
        send(small, YES, number=number, file=False)
    ids = [row["instance_id"] for row in small.json("submission", "list")]
    assert [int(one[-3:]) for one in ids] == [5, 4, 3, 2, 1]
    assert len(small.json("submission", "list", "--limit", "3")) == 3


def set_aside(fieldcase, number: int = 1) -> str:
    """The instance id of a submission that was set aside for its reason."""
    named = send(fieldcase, YES, number=number, file=False)
    with fieldcase.making() as make:
        held = make.session.query(Submission).filter_by(instance_id=named).one()
        held.filing, held.reason = Filing.SET_ASIDE.value, {"code": "no-such-case", "question": "/data/code"}
    return named


def test_what_was_set_aside_says_why(small):
    set_aside(small)
    (row,) = small.json("submission", "list")
    assert (row["filing"], row["reason"]["code"]) == ("set aside", "no-such-case")
    assert "no-such-case /data/code" in small.run("submission", "list").stdout


def test_one_is_filed_again_by_its_id_and_all_by_all(small):
    first, second, third = (set_aside(small, number) for number in (1, 2, 3))
    one = small.json("submission", "refile", second)
    assert (one["refiled"], one["now"]) == (1, {"filed": 1})
    assert one["submissions"][0] | {"reason": None} == {
        "instance_id": second,
        "form_id": "small",
        "before": "set aside",
        "filing": "filed",
        "refiled": True,
        "reason": None,
    }
    assert small.json("submission", "refile", "--all")["refiled"] == 2
    rows = small.json("submission", "list")
    assert {row["instance_id"]: row["filing"] for row in rows} == dict.fromkeys((first, second, third), "filed")
    assert small.trail("submission.refile") == ["operator"] * 3
    assert len(small.json("case", "list")) == 3


def test_filing_again_twice_has_one_effect(small):
    named = set_aside(small)
    small.json("submission", "refile", named)
    again = small.json("submission", "refile", named)
    assert (again["refiled"], again["submissions"][0]["before"]) == (0, "filed")
    (case,) = small.json("case", "list")
    assert len(small.json("case", "show", case["code"])["submissions"]) == 1


def test_where_workers_file_it_waits_for_them(small):
    set_aside(small)
    assert small.json("submission", "refile", "--form", "small", FIELDCASE_FILING="worker")["now"] == {"pending": 1}


def test_filing_again_needs_to_know_what(small):
    assert small.run("submission", "refile").exit_code == 2
    unknown = small.run("submission", "refile", "uuid:nobody")
    assert (unknown.exit_code, unknown.stderr.count("\n")) == (1, 1)
    assert "uuid:nobody" in unknown.stderr
    assert small.json("submission", "refile", "--all") == {"refiled": 0, "now": {}, "submissions": []}


def test_a_case_is_shown_with_the_source_of_every_value(small):
    named = send(small, YES)
    (row,) = small.json("case", "list")
    assert {"code", "stage", "proposed", "district", "opened_on", "agency", "owner"} <= set(row)
    assert {"urgency", "class_low", "class_high", "reasons"} <= set(row)
    assert small.json("case", "list", "--sort", "urgency") == [row]
    assert (row["stage"], row["proposed"], row["agency"]) == ("intake", True, "Our agency")
    shown = small.json("case", "show", row["code"].lower().replace("-", " "))
    assert shown["code"] == row["code"]
    (alias,) = [one for one in shown["assertions"] if one["field"] == "person.alias"]
    assert (alias["value"], alias["record"], alias["standing"]) == ("Luz (invented)", "person", "standing")
    assert (alias["instance_id"], alias["question"]) == (named, "/data/alias")
    assert "person" not in alias
    kinds = {one["record"]: one for one in shown["records"]}
    assert kinds["person"]["id"] == alias["record_id"]
    assert kinds["person"]["fields"]["person.alias"] == ["Luz (invented)"]
    assert [one["instance_id"] for one in shown["submissions"]] == [named]
    assert shown["conflicts"] == []
    assert f"/data/alias of {named}" in small.run("case", "show", row["code"]).stdout


def test_reading_leaves_a_trace(small):
    send(small, YES)
    (row,) = small.json("case", "list")
    small.json("case", "show", row["code"])
    small.json("submission", "list")
    assert small.trail("case.list", "case.read", "submission.list") == ["operator"] * 3


def test_a_code_that_is_no_case_is_told(small):
    for code in ("TIP-2222-2", "nonsense", "TIP-OOOO-0"):
        result = small.run("case", "show", code)
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
        assert "There is no such case" in result.stderr

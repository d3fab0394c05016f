"""`fieldcase form`."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import need
from tests.make import SMALL_FORM

SHIPPED = Path("xlsforms/questionnaires").resolve()
CSV_FORM = "survey,type,name,label\n,text,place,Where did you sleep?\nsettings,form_id,version\n,plain,{version}\n"
FINDING = {"severity", "code", "sheet", "cell", "column", "value", "wrong", "mend", "message"}


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.md"
    path.write_text(SMALL_FORM)
    return str(path)


@pytest.fixture
def broken(tmp_path):
    path = tmp_path / "broken.md"
    path.write_text(SMALL_FORM.replace("${followup}", "${nobody}").replace("person.alias", "person.alias_name"))
    return str(path)


@pytest.fixture
def plain(tmp_path):
    path = tmp_path / "plain.csv"
    path.write_text(CSV_FORM.format(version=1))
    return str(path)


def test_a_published_form_is_listed_with_its_version(fieldcase, small):
    facts = fieldcase.json("form", "publish", small)
    assert (facts["form_id"], facts["version"], facts["mapped"]) == ("small", "1", True)
    (row,) = fieldcase.json("form", "list")
    assert {name: row[name] for name in ("form_id", "version", "title", "state", "mapped")} == {
        "form_id": "small",
        "version": "1",
        "title": "Small form",
        "state": "open",
        "mapped": True,
    }
    assert "Small form" in fieldcase.run("form", "list").stdout


def test_checking_says_what_to_mend_by_sheet_and_cell_and_stores_nothing(embedded, broken):
    result = embedded.run("form", "check", broken)
    assert result.exit_code == 1
    assert "case_records" in result.stdout
    assert result.stderr.startswith("Error: The form was refused")
    assert result.stderr.count("\n") == 1
    assert embedded.json("form", "list") == []


def test_findings_come_as_json_with_a_refusal(embedded, broken):
    for act in ("check", "publish"):
        result = embedded.run("form", act, broken, "--json")
        findings = json.loads(result.stdout)["findings"]
        assert result.exit_code == 1
        assert all(set(one) == FINDING for one in findings)
        assert any(one["severity"] == "error" and one["cell"] for one in findings)


def test_findings_come_in_spanish_where_the_office_or_the_terminal_says_so(embedded, broken):
    english, spanish = (
        json.loads(embedded.run("form", "check", broken, "--json", FIELDCASE_LANGUAGE=code).stdout)["findings"]
        for code in ("en", "es")
    )
    assert [one["code"] for one in english] == [one["code"] for one in spanish]
    assert all(one["mend"] != other["mend"] for one, other in zip(english, spanish, strict=True) if one["mend"])


def test_without_java_the_form_is_published_and_the_finding_says_that_it_was_not_tried(embedded, plain):
    findings = embedded.json("form", "publish", plain)["findings"]
    assert [one["severity"] for one in findings if one["code"] == "not-validated"] == ["info"]


def test_with_java_the_form_is_tried_as_a_tablet_would_open_it(embedded, plain):
    need(shutil.which("java"), "Java", "apt-get install default-jre-headless")
    findings = embedded.json("form", "publish", plain, PATH=os.environ["PATH"])["findings"]
    assert "not-validated" not in [one["code"] for one in findings]


def test_checking_needs_no_installation(bare, plain):
    result = bare.json("form", "check", plain)
    assert (result["refused"], result["mapped"], result["form_id"]) == (False, False, "plain")
    assert not bare.data.exists()


def test_a_file_that_is_no_workbook_is_a_finding(embedded, tmp_path):
    path = tmp_path / "holiday.xlsx"
    path.write_bytes(b"\xff\xd8\xff\xe0 a picture")
    result = embedded.run("form", "publish", str(path), "--json")
    assert result.exit_code == 1
    (finding,) = json.loads(result.stdout)["findings"]
    assert finding["severity"] == "error"
    assert "not a workbook" in finding["message"]


def test_a_version_is_published_once(embedded, plain):
    assert embedded.run("form", "publish", plain).exit_code == 0
    again = embedded.run("form", "publish", plain)
    assert again.exit_code == 1
    assert "Change `version`" in again.stderr
    Path(plain).write_text(CSV_FORM.format(version=2))
    assert embedded.run("form", "publish", plain).exit_code == 0
    assert [row["version"] for row in embedded.json("form", "list")] == ["2"]


def test_a_file_that_does_not_come_with_the_form_is_told_at_its_cell(embedded, tmp_path):
    form, other = tmp_path / "places.csv", tmp_path / "other.csv"
    form.write_text(
        "survey,type,name,label\n,select_one_from_file places.csv,place,Where?\nsettings,form_id\n,places\n"
    )
    other.write_text("name,label\na,A\n")
    for beside in ((), ("--media", str(other))):
        told = embedded.json("form", "check", str(form), *beside)["findings"]
        assert [(one["code"], one["cell"]) for one in told if one["severity"] == "warning"] == [("file-missing", "B2")]
    refused = embedded.run("form", "publish", str(form))
    assert (refused.exit_code, "places.csv" in refused.stderr) == (1, True)


def test_publishing_says_which_mapped_answers_would_no_longer_reach_their_field(embedded, small):
    embedded.json("form", "publish", small)
    Path(small).write_text(SMALL_FORM.replace("person.alias     | add", " | ").replace("| 1 ", "| 2 "))
    findings = embedded.json("form", "publish", small)["findings"]
    assert [(one["code"], one["severity"]) for one in findings if one["code"] == "mapping-dropped"] == [
        ("mapping-dropped", "warning")
    ]


def test_a_form_without_mapping_says_that_it_feeds_no_case(embedded, plain):
    assert "feed no case" in embedded.run("form", "publish", plain).stdout
    assert embedded.json("form", "list")[0]["mapped"] is False


def test_media_that_the_form_names_must_come_with_it(embedded, tmp_path):
    form, picture = tmp_path / "pictures.csv", tmp_path / "house.jpg"
    form.write_text(
        "survey,type,name,label,media::image\n,text,place,Where?,house.jpg\nsettings,form_id,version\n,pictures,1\n"
    )
    picture.write_bytes(b"a picture")
    missing = embedded.run("form", "publish", str(form))
    assert missing.exit_code == 1
    assert "house.jpg" in missing.stderr
    assert embedded.run("form", "publish", str(form), "--media", str(picture)).exit_code == 0
    unwanted = embedded.run("form", "publish", str(form), "--media", str(picture), "--media", str(form))
    assert unwanted.exit_code == 1
    assert "pictures.csv" in unwanted.stderr


def test_a_mapping_file_feeds_a_form_written_elsewhere(embedded):
    workbook, mapping = str(SHIPPED / "htcds_xlsform.xlsx"), str(SHIPPED / "htcds_mapping.csv")
    facts = embedded.json("form", "publish", workbook, "--mapping", mapping)
    assert facts["mapped"] is True
    assert embedded.json("form", "list")[0]["mapped"] is True


def test_an_xform_is_published_as_it_is(embedded, tmp_path):
    from xlsforms.compile import compile_form
    from xlsforms.workbook import read_workbook

    xform = tmp_path / "plain.xml"
    xform.write_bytes(compile_form(read_workbook(CSV_FORM.format(version=7).encode(), "plain.csv")).xform)
    facts = embedded.json("form", "publish", str(xform))
    assert (facts["form_id"], facts["version"]) == ("plain", "7")


def test_a_form_is_closed_and_opened_and_both_stand_in_the_trail(fieldcase, plain):
    fieldcase.run("form", "publish", plain)
    assert fieldcase.json("form", "close", "plain") == {"form_id": "plain", "state": "closed"}
    assert fieldcase.json("form", "list")[0]["state"] == "closed"
    drained = fieldcase.json("form", "close", "plain", "--when-drained")
    assert drained == {"form_id": "plain", "state": "closing"}
    assert fieldcase.json("form", "open", "plain") == {"form_id": "plain", "state": "open"}
    assert fieldcase.json("form", "list")[0]["state"] == "open"
    assert fieldcase.trail("form.publish", "form.close", "form.open") == ["operator"] * 4


def test_a_form_or_project_that_is_not_there_is_told_in_one_line(embedded, plain):
    for words in (["form", "close", "nobody"], ["form", "publish", plain, "--project", "9"]):
        result = embedded.run(*words)
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
        assert "There is no such" in result.stderr


def test_what_changes_is_told_before_and_while_a_version_is_published(embedded, small, tmp_path):
    embedded.json("form", "publish", small)
    later = tmp_path / "later.md"
    renamed = SMALL_FORM.replace("| alias    |", "| nick     |").replace("| 1 ", "| 2 ")
    later.write_text("\n".join(line for line in renamed.splitlines() if "| born " not in line))
    told = embedded.json("form", "diff", "small", "--file", str(later))
    assert [(one["kind"], one["path"]) for one in told["changes"]] == [
        ("question-removed", "/data/born"),
        ("question-renamed", "/data/nick"),
    ]
    assert (told["from"], told["fieldsNoLongerFed"]) == ("1", ["person.birthdate"])
    published = embedded.run("form", "publish", str(later), "--client-editable")
    assert "new ones come no longer for: /data/born" in published.stderr
    assert embedded.json("form", "diff", "small", "--old", "1", "--new", "2")["counts"] == told["counts"]
    assert "Both are the same" in embedded.run("form", "diff", "small", "--old", "2", "--new", "2").stdout
    assert "no draft" in embedded.run("form", "diff", "small").stderr

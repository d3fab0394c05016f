from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.conftest import need
from tests.xlsforms.books import OLD_EXCEL, book, xlsx
from xlsforms import validate
from xlsforms.compile import RefusedForm, compile_form, compile_xform, for_pyxform, version_at
from xlsforms.findings import Finding
from xlsforms.limits import Limits
from xlsforms.workbook import read_workbook

QUESTIONNAIRES = Path(__file__).parents[2] / "xlsforms" / "questionnaires"
JAVA = "apt install default-jre-headless"
MAPPED = """
| survey | | | | | |
| | type | name | label | case_field | case_mode |
| | text | alias | Name to use | person.alias | latest |
| | select_one yn | held | Papers held? | screening.indicator.x | |
| choices | | | | |
| | list_name | name | label | case_code |
| | yn | y | Yes | 1 |
| settings | | | | |
| | form_id | form_title | version | case_form |
| | mapped | Mapped | 7 | screening |
| case_records | | | |
| | record | action | when |
| | person | find_or_propose | |
| case_codes | | | |
| | list_name | choice | code |
| | yn | y | yes |
"""


@pytest.fixture(scope="module")
def java() -> None:
    need(validate.shutil.which("java"), "Java", JAVA)


def refused(tables: str, name: str = "form.md") -> tuple[Finding, ...]:
    with pytest.raises(RefusedForm) as refusal:
        compile_form(book(tables, name))
    return tuple(one for one in refusal.value.findings if one.severity != "info")


def places(findings: tuple[Finding, ...]) -> list[tuple[str, str, str]]:
    return [(finding.code, finding.sheet, finding.cell) for finding in findings]


def test_a_small_form_compiles_without_a_finding(java):
    compiled = compile_form(
        book("| survey | | | |\n| | type | name | label |\n| | text | a | A |", "small.md"), fallback_version="1"
    )
    assert [finding.code for finding in compiled.findings] == ["version-given"]
    assert compiled.xform.startswith(b"<?xml")
    assert (compiled.definition.form_id, compiled.definition.title, compiled.definition.version) == (
        "small",
        "small",
        "1",
    )


def test_the_case_mapping_stays_on_the_server(java):
    compiled = compile_form(book(MAPPED))
    assert compiled.findings == ()
    for secret in (b"case_", b"person.alias", b"screening", b"find_or_propose", b"latest"):
        assert secret not in compiled.xform


def test_a_version_in_the_workbook_outranks_the_one_given():
    assert compile_form(book(MAPPED), fallback_version="99").definition.version == "7"


def test_a_version_is_the_moment_in_utc():
    moment = datetime(2026, 5, 3, 8, 0, tzinfo=timezone(timedelta(hours=-6)))
    assert version_at(moment) == version_at(moment.astimezone(UTC)) == "20260503140000"


@pytest.mark.parametrize("name", ["form.xlsx", "form.csv", "form.xls"])
def test_every_kind_of_workbook_compiles(name):
    sheets = {"survey": [["type", "name", "label"], ["text", "a", "A"]], "settings": [["form_id"], ["kinds"]]}
    contents = {
        "form.xlsx": xlsx(sheets),
        "form.csv": b"survey,,,\n,type,name,label\n,text,a,A\nsettings,,,\n,form_id,,\n,kinds,,\n",
        "form.xls": OLD_EXCEL,
    }
    compiled = compile_form(read_workbook(contents[name], name))
    assert compiled.definition.form_id in ("kinds", "old_excel")
    assert compiled.definition.questions[0].type == "text"


def test_the_standards_own_form_compiles_and_takes_its_files_name(java):
    content = (QUESTIONNAIRES / "htcds_xlsform.xlsx").read_bytes()
    compiled = compile_form(read_workbook(content, "htcds_xlsform.xlsx"))
    assert (compiled.definition.form_id, compiled.definition.title) == ("htcds_xlsform", "htcds_xlsform")
    assert [finding.code for finding in compiled.findings] == ["title-missing"]
    assert len(compiled.definition.question("/data/prs_Citizenship").choices) > 200


def test_the_rows_that_pyxform_counts_are_those_of_the_file():
    workbook = read_workbook(b"\n\nsurvey,,,\n,type,name,label\n\n,text,a,A\n,text,a b,B\n", "form.csv")
    with pytest.raises(RefusedForm) as refusal:
        compile_form(workbook)
    assert places(refusal.value.findings) == [("ill-formed-name", "survey", "C7")]


def test_languages_that_nobody_has_begun_are_not_shown_to_pyxform():
    tables = """
        | survey | | | | | |
        | | type | name | label::English (en) | label::Garifuna (cab) | hint::English (en) |
        | | text | a | A | | h |
        """
    told = for_pyxform(book(tables))
    assert list(told["survey_header"][0]) == ["type", "name", "label::English (en)", "hint::English (en)"]
    assert compile_form(book(tables)).findings == compile_form(book(tables.replace("Garifuna (cab)", ""))).findings


HEAD = """
| survey | | | | | | | | |
| | type | name | label | relevant | constraint | calculation | choice_filter | required |
"""
CHOICES = "| choices | | | |\n| | list_name | name | label |\n| | yn | y | Y |\n| | yn | n | N |\n"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("| | txt | a | A | | | | | |", ("unknown-type", "A2")),
        ("| | select_one nope | a | A | | | | | |\n" + CHOICES, ("unknown-list", "A2")),
        ("| | select_one yn | a | A | | | | | |", ("choices-missing", "A2")),
        ("| | text | a b | A | | | | | |", ("ill-formed-name", "B2")),
        ("| | text | a | A | | | | | |\n| | text | a | A | | | | | |", ("duplicate-name", "B3")),
        ("| | text | a | A ${nope} | | | | | |", ("unknown-reference", "C2")),
        ("| | text | a | A | ${ a} = 1 | | | | |", ("malformed-reference", "D2")),
        ("| | text | a | | | | | | |", ("label-missing", "C2")),
        ("| | text | | A | | | | | |", ("name-missing", "B2")),
        ("| | calculate | a | | | | | | |", ("calculation-missing", "F2")),
        ("| | begin_group | g | G | | | | | |\n| | text | a | A | | | | | |", ("group-not-ended", "A2")),
        ("| | text | a | A | | | | | |\n| | end_repeat | | | | | | | |", ("group-not-begun", "A3")),
    ],
)
def test_what_pyxform_refuses_is_found_at_its_cell(rows, expected):
    (finding,) = refused(HEAD + rows)
    assert (finding.code, finding.cell) == expected
    assert finding.sheet == "survey"


def test_two_choices_of_one_name_are_both_told():
    findings = refused(
        HEAD + "| | select_one yn | a | A | | | | | |\n" + CHOICES + "| | yn | y | Y |\n| | yn | n | N |\n"
    )
    assert places(findings) == [("duplicate-choice", "choices", "B4"), ("duplicate-choice", "choices", "B5")]


def test_a_blank_in_a_choice_of_a_select_multiple_is_found_at_the_choice():
    findings = refused(HEAD + "| | select_multiple yn | a | A | | | | | |\n" + CHOICES + "| | yn | n o | N |\n")
    assert places(findings) == [("choice-with-space", "choices", "B4")]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("| | text | a | A | foo(( | | | | |", ("xpath-unreadable", "D2")),
        ("| | text | a | A | 1 = = 2 | | | | |", ("xpath-unreadable", "D2")),
        ("| | calculate | a | | | | concat('a' | | |", ("xpath-unreadable", "F2")),
        ("| | select_one yn | a | A | | | | foo( | |\n" + CHOICES, ("xpath-unreadable", "G2")),
        ("| | text | a | A | | | | | bar() |", ("unknown-function", "H2")),
        ("| | select_one yn | a | A | | | | foo(name) | |\n" + CHOICES, ("unknown-function", "G2")),
        ("| | text | a | A | | | | | |\n| | text | b | B | selected(1) | | | | |", ("wrong-arity", "D3")),
        (
            "| | begin_group | g | G | foo() | | | | |\n| | text | a | A | | | | | |\n| | end_group | | |",
            ("unknown-function", "D2"),
        ),
        ("| | calculate | x | | | | ${y} | | |\n| | calculate | y | | | | ${x} | | |", ("cycle", "F")),
    ],
)
def test_what_only_odk_validate_refuses_is_found_at_its_cell(java, rows, expected):
    (finding,) = refused(HEAD + rows)
    assert finding.code == expected[0]
    assert finding.cell.startswith(expected[1])
    assert "org.javarosa" not in finding.message
    assert "@" not in finding.message


def test_findings_of_rules_pyxform_and_odk_validate_come_together(java):
    findings = refused(
        HEAD
        + "| | image | a | A | foo(( | . = 1 | | | |\n"
        + "| settings | | |\n| | auto_send | form_title |\n| | yes | F |\n"
    )
    assert places(findings) == [
        ("xpath-unreadable", "survey", "D2"),
        ("server-owned-setting", "settings", "A2"),
        ("image-without-max-pixels", "survey", "A2"),
        ("constraint-without-message", "survey", "E2"),
    ]


def test_a_message_says_the_first_error_and_how_many_more():
    with pytest.raises(RefusedForm, match=r"^settings A2: The setting 'auto_send' .* \(and 1 more\)$"):
        compile_form(
            book(
                HEAD + "| | text | a | A | | | | | |\n| settings | | |\n| | auto_send | auto_delete |\n| | yes | yes |"
            )
        )


def test_without_java_a_form_compiles_and_says_that_it_was_not_tried(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    compiled = compile_form(book(MAPPED))
    assert [(finding.severity, finding.code) for finding in compiled.findings] == [("info", "not-validated")]
    assert "apt install" in compiled.findings[0].message


def test_a_form_of_too_many_questions_is_not_tried_and_says_so():
    compiled = compile_form(book(MAPPED), limits=Limits(validate_questions=1))
    assert [finding.code for finding in compiled.findings] == ["not-validated"]
    assert "so large" in compiled.findings[0].message


def test_a_java_that_does_not_start_is_no_fault_of_the_form(monkeypatch, tmp_path):
    broken = tmp_path / "java"
    broken.write_text("#!/bin/sh\necho 'Could not create the Java Virtual Machine' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert [finding.code for finding in compile_form(book(MAPPED)).findings] == ["not-validated"]


def test_external_choices_become_a_file_of_the_form():
    compiled = compile_form(
        book(
            """
            | survey | | | | |
            | | type | name | label | choice_filter |
            | | text | d | D | |
            | | select_one_external v | x | X | district=${d} |
            | external_choices | | | | |
            | | list_name | name | label | district |
            | | v | one | One | n |
            """
        )
    )
    assert b'"one"' in compiled.itemsets
    assert compiled.definition.media == ("itemsets.csv",)
    assert compiled.definition.question("/data/x").type == "select_one"


def test_an_xform_is_taken_as_it_is(java):
    content = compile_form(book(MAPPED)).xform
    compiled = compile_xform(content, "mapped.xml")
    assert compiled.xform == content
    assert compiled.findings == ()
    assert compiled.definition.form_id == "mapped"


def test_an_xform_that_no_tablet_could_open_is_refused(java):
    content = compile_form(book(MAPPED)).xform.replace(b'type="string"', b'type="string" relevant="foo(("', 1)
    with pytest.raises(RefusedForm) as refusal:
        compile_xform(content, "mapped.xml")
    assert places(refusal.value.findings) == [("xpath-unreadable", "", "")]


def test_an_xform_without_a_version_is_told():
    content = compile_form(book(MAPPED)).xform.replace(b' version="7"', b"")
    assert "version-missing" in [finding.code for finding in compile_xform(content, "x.xml").findings]


def test_a_label_without_its_text_is_told_without_javas_words(java):
    content = compile_form(book(MAPPED)).xform
    broken = content.replace(b"<label>Name to use</label>", b"<label ref=\"jr:itext('nope')\"/>")
    assert broken != content
    with pytest.raises(RefusedForm) as refusal:
        compile_xform(broken, "mapped.xml")
    (finding,) = refusal.value.findings
    assert finding.code == "odk-validate"
    assert "java" not in finding.message


@pytest.mark.parametrize(
    ("tables", "code"),
    [
        ("| survey |\n", "survey-missing"),
        ("| survey | | |\n| | type | name |\n", "no-questions"),
        ("| choices | | |\n| | list_name | name |\n| | a | b |\n", "survey-missing"),
        ("| survey | | |\n| | name | label |\n| | a | b |\n", "missing-column"),
        ("| survey | | |\n| | type | name |\n| | hidden | a |\n| settings | |\n| | case_form |\n| | other |\n", ""),
    ],
)
def test_a_workbook_that_lacks_something_is_told_so_in_words(tables, code):
    try:
        found = compile_form(book(tables)).findings
    except RefusedForm as refusal:
        found = refusal.findings
    assert {finding.code for finding in found if finding.severity == "error"} == ({code} if code else set())

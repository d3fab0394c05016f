"""Forms made to do harm: each is refused, quickly, in words, and names its cell where it has one."""

import importlib.util
import io
import json
import time
import zipfile
from pathlib import Path

import pytest

from tests.xlsforms.books import book, xlsx
from xlsforms import limited
from xlsforms.compile import RefusedForm, compile_form, compile_xform
from xlsforms.findings import Finding
from xlsforms.limited import ChildFailed, Reason, work
from xlsforms.limits import DEFAULT, MB, Limits
from xlsforms.rules import apply
from xlsforms.workbook import UnreadableWorkbook, read_workbook
from xlsforms.xform import resolve

HEAD = "| survey | | | | | |\n| | type | name | label | repeat_count | calculation |\n"
PLAIN = HEAD + "| | text | a | A | | |\n"


@pytest.fixture(autouse=True)
def without_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is refused here is refused without ODK Validate."""
    monkeypatch.setenv("PATH", str(tmp_path))


def refused(tables: str, **limits: Limits) -> tuple[Finding, ...]:
    with pytest.raises(RefusedForm) as refusal:
        compile_form(book(tables), **limits)
    return tuple(finding for finding in refusal.value.findings if finding.severity == "error")


def refused_xform(content: bytes, **limits: Limits) -> list[str]:
    with pytest.raises(RefusedForm) as refusal:
        compile_xform(content, "form.xml", **limits)
    return [finding.code for finding in refusal.value.findings if finding.severity == "error"]


def with_sheet(data: str) -> bytes:
    """An .xlsx file whose survey is this XML."""
    made = io.BytesIO()
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    with (
        zipfile.ZipFile(io.BytesIO(xlsx({"survey": [[]]}))) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for member in old.infolist():
            sheet = f'<worksheet xmlns="{namespace}">{data}</worksheet>'.encode()
            new.writestr(member, sheet if member.filename.endswith("sheet1.xml") else old.read(member))
    return made.getvalue()


@pytest.fixture(scope="module")
def good() -> bytes:
    return compile_form(book(PLAIN + "| settings | |\n| | form_id | version |\n| | good | 1 |")).xform


@pytest.mark.parametrize("setting", ["submission_url", "public_key", "auto_send", "auto_delete", "client_editable"])
def test_settings_that_the_server_owns_are_refused_with_the_reason(setting):
    (finding,) = refused(PLAIN + f"| settings | | |\n| | form_id | {setting} |\n| | f | https://evil.example |\n")
    assert (finding.code, finding.sheet, finding.cell) == ("server-owned-setting", "settings", "B2")
    assert "set by the server" in finding.message


@pytest.mark.parametrize(
    "attribute", ["action", "base64RsaPublicKey", "orx:auto-send", "orx:auto-delete", "odk:client-editable"]
)
def test_an_xform_may_not_say_where_and_when_answers_go(good, attribute):
    content = good.replace(b"<instance>", f'<submission {attribute}="x"/><instance>'.encode(), 1)
    assert refused_xform(content) == ["server-owned-setting"]


@pytest.mark.parametrize(
    ("rows", "cell"),
    [
        ("| | select_one_from_file ../../../etc/passwd.csv | b | B | | |", "A3"),
        ("| | select_multiple_from_file a/b.csv | b | B | | |", "A3"),
        ("| | calculate | b | | | pulldata('../../x', 'a', 'b', 'c') |", "E3"),
        ("| | text | b | B | | pulldata('/etc/x', 'a', 'b', 'c') |", "E3"),
    ],
)
def test_a_file_outside_the_form_is_refused_at_its_cell(rows, cell):
    findings = refused(PLAIN + rows)
    assert [(finding.code, finding.cell) for finding in findings] == [("unsafe-file-name", cell)]


@pytest.mark.parametrize(
    "name", ["../x.png", "a/x.png", "https://evil.example/x.png", ".hidden", "x\\y.png", "%2e%2e%2fx.png"]
)
def test_a_picture_outside_the_form_is_refused_at_its_cell(name):
    workbook = book(f"| survey | | | | |\n| | type | name | label | media::image |\n| | note | n | N | {name} |")
    findings = apply(workbook, DEFAULT)
    assert [(finding.code, finding.cell) for finding in findings] == [("unsafe-file-name", "D2")]


@pytest.mark.parametrize(
    "source",
    [
        "jr://file/../../etc/passwd",
        "jr://images/https://evil",
        "http://evil.example/x.xml",
        "file:///etc/passwd",
        "jr://x/y.csv",
    ],
)
def test_an_xform_may_not_point_out_of_its_own_files(good, source):
    content = good.replace(b"<bind", f'<instance id="i" src="{source}"/><bind'.encode(), 1)
    assert "unsafe-file-name" in refused_xform(content)


def test_five_hundred_groups_inside_each_other_are_refused_at_the_first_too_many():
    rows = "".join(f"| | begin_group | g{n} | G | | |\n" for n in range(500)) + "| | end_group | | | | |\n" * 500
    (finding,) = refused(HEAD + rows)
    assert (finding.code, finding.cell) == ("groups-too-deep", "A52")


def test_fifty_groups_inside_each_other_still_compile():
    rows = "".join(f"| | begin_group | g{n} | G | | |\n" for n in range(50)) + "| | text | a | A | | |\n"
    compiled = compile_form(book(HEAD + rows + "| | end_group | | | | |\n" * 50))
    assert compiled.definition.questions[0].path.count("/") == 52


def test_a_thousand_million_repeats_are_refused_at_the_cell():
    rows = "| | begin_repeat | r | R | 1000000000 | |\n| | text | b | B | | |\n| | end_repeat | | | | |\n"
    assert [(finding.code, finding.cell) for finding in refused(HEAD + rows)] == [("repeat-count", "D2")]


def test_a_calculation_that_counts_too_far_is_refused_at_the_cell():
    rows = "| | begin_repeat | r | R | ${n} | |\n| | text | b | B | | |\n| | end_repeat | | | | |\n"
    rows = "| | calculate | n | | | 9999 |\n" + rows
    assert [(finding.code, finding.cell) for finding in refused(HEAD + rows)] == [("repeat-count", "E2")]


@pytest.mark.parametrize(
    "form_id", ["a/b", "..", "a b", "x" * 65, "аdmin", "<script>"]
)  # The fifth begins in Cyrillic.
def test_a_form_id_that_could_not_stand_in_an_address_is_refused(form_id):
    (finding,) = refused(PLAIN + f"| settings | |\n| | form_id |\n| | {form_id} |\n")
    assert (finding.code, finding.cell) == ("form-id", "A2")


def test_a_form_that_omits_the_instance_id_is_refused():
    (finding,) = refused(PLAIN + "| settings | |\n| | form_id | omit_instanceID |\n| | f | yes |\n")
    assert (finding.code, finding.cell) == ("instance-id-missing", "B2")


def test_entities_in_an_xform_are_refused_and_never_expanded(good):
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    doctype = f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>'.encode()
    started = time.monotonic()
    assert refused_xform(good.replace(b"?>", b"?>" + doctype, 1).replace(b"<a/>", b"<a>&l9;</a>")) == [
        "unreadable-form"
    ]
    assert time.monotonic() - started < 5


def test_an_xform_of_a_million_elements_is_refused_before_it_is_parsed(good):
    assert refused_xform(good.replace(b"<a/>", b"<a/>" * 1_000_000)) == ["form-too-large"]
    assert refused_xform(good.replace(b"<a/>", b"<a>" + b" " * (6 * MB) + b"</a>")) == ["form-too-large"]


def test_two_hundred_thousand_rows_are_refused_quickly():
    row = '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>text</t></is></c><c r="B{0}"><v>{0}</v></c></row>'
    rows = "".join(row.format(number) for number in range(1, 200_001))
    content = with_sheet(f"<sheetData>{rows}</sheetData>")
    started = time.monotonic()
    with pytest.raises(UnreadableWorkbook, match="more than 5,000 rows"):
        read_workbook(content, "form.xlsx")
    assert time.monotonic() - started < 10


def test_a_row_that_no_spreadsheet_has_is_refused_before_the_rows_above_it_are_laid_out():
    content = with_sheet('<sheetData><row r="2147483648"><c r="A2147483648"><v>1</v></c></row></sheetData>')
    started = time.monotonic()
    with pytest.raises(UnreadableWorkbook):
        read_workbook(content, "form.xlsx")
    assert time.monotonic() - started < 15


@pytest.mark.parametrize("path", ["x" * 200_000, "[" * 200_000, "a.b-" * 50_000])
def test_a_path_without_end_is_read_once(path):
    started = time.process_time()
    resolve("/data", path)
    assert time.process_time() - started < 1


def test_a_workbook_that_takes_too_long_is_stopped_and_says_so():
    assert [finding.code for finding in refused(PLAIN, limits=Limits(wall_seconds=0.05))] == ["compile-time"]


def test_a_workbook_that_takes_too_much_memory_is_stopped_and_says_so():
    tables = PLAIN + "".join(f"| | text | q{n} | Question {n} | | |\n" for n in range(1_000))
    (finding,) = refused(tables, limits=Limits(memory_bytes=48 * MB))
    assert finding.code in ("compile-memory", "compile-crash")
    assert "Traceback" not in finding.message


def test_a_compiled_form_may_not_outgrow_the_answer():
    assert [finding.code for finding in refused(PLAIN, limits=Limits(output_bytes=500))] == ["compile-size"]


def test_odk_validate_is_stopped_too(monkeypatch, tmp_path):
    (tmp_path / "java").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "java").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    started = time.monotonic()
    compiled = compile_form(book(PLAIN), limits=Limits(validate_wall_seconds=0.5))
    assert [finding.code for finding in compiled.findings] == ["not-validated"]
    assert time.monotonic() - started < 20


def test_what_breaks_pyxform_is_told_without_its_traceback():
    with pytest.raises(ChildFailed) as failed:
        work("compile", json.dumps({"no_such_sheet": []}).encode(), DEFAULT)
    assert (failed.value.reason, failed.value.detail) == (Reason.CRASH, "TypeError")


def test_the_child_can_neither_connect_nor_start_programs():
    code = """
import sys, json
from xlsforms import child
child._confine({"memory_bytes": 2**29, "cpu_seconds": 5, "output_bytes": 2**20})
import socket, subprocess, os
def tried(act):
    try: act()
    except PermissionError: return "refused"
    return "done"
print(json.dumps([tried(lambda: socket.create_connection(("127.0.0.1", 9))), tried(lambda: subprocess.run(["true"])),
                  tried(lambda: os.system("true")), tried(os.fork)]))
"""
    import subprocess
    import sys

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert json.loads(said) == ["refused"] * 4


def test_the_limited_child_leaves_no_compiled_module_behind_that_its_limits_could_have_cut_off():
    left = Path(importlib.util.cache_from_source(str(Path(limited.__file__).with_name("grids.py"))))
    left.unlink(missing_ok=True)
    read_workbook(xlsx({"survey": [["type", "name", "label"], ["text", "place", "Where?"]]}), "form.xlsx")
    assert not left.exists()

import datetime
import io
import zipfile

import openpyxl
import pytest
from openpyxl.styles import Font, PatternFill

from tests.xlsforms.books import OLD_EXCEL, book, saved, xlsx
from xlsforms.workbook import UnreadableWorkbook, read_workbook

HEADER = ["type", "name", "label"]


def refusal(content: bytes, name: str = "form.xlsx") -> str:
    with pytest.raises(UnreadableWorkbook) as refused:
        read_workbook(content, name)
    return str(refused.value)


def zipped(members: dict[str, bytes], base: bytes = b"") -> bytes:
    buffer = io.BytesIO(base)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_numbers_dates_and_truth_read_as_excel_shows_them():
    values = [3.0, 0.1 + 0.2, True, datetime.datetime(2024, 1, 2), datetime.datetime(2024, 1, 2, 8, 30), " a\u00a0b "]
    workbook = read_workbook(xlsx({"survey": [list("abcdef"), values]}), "form.xlsx")
    assert list(workbook.sheets["survey"].rows[0].values.values()) == [
        *["3", "0.3", "TRUE", "2024-01-02", "2024-01-02T08:30:00", "a b"]
    ]


def test_blank_rows_are_skipped_and_numbers_kept_so_that_cells_can_be_named():
    rows = [["type", None, "name", "label"], ["text", None, "a"], [], [None, None, "b"]]
    sheet = read_workbook(xlsx({"Survey": rows}), "form.xlsx").sheet("survey")
    assert [row.number for row in sheet.rows] == [2, 4]
    assert sheet.cell(sheet.rows[1], "name") == "C4"
    assert sheet.cell(2, "label") == "D2"
    assert sheet.cell(2, "relevant") == "A2", "a column that is not there is named by its row"


def test_a_sheet_that_does_not_start_in_column_a_keeps_its_columns():
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "survey"
    sheet["C1"], sheet["D1"], sheet["D2"] = "type", "name", "x"
    read = read_workbook(saved(workbook), "form.xlsx").sheets["survey"]
    assert read.cell(read.rows[0], "name") == "D2"


def test_headers_are_found_whatever_their_case():
    row = book("| survey | | |\n| | Type | Case Field |\n| | text | person.alias |").sheets["survey"].rows[0]
    assert (row.get("type"), row.get("case_field"), row.get("relevant")) == ("text", "person.alias", "")


def test_an_old_excel_file_reads_like_a_new_one():
    workbook = read_workbook(OLD_EXCEL, "old.xls")
    survey = workbook.sheets["survey"]
    assert workbook.kind == "xls"
    assert [(row.number, row.get("name"), row.get("default")) for row in survey.rows] == [
        *[(2, "alias", ""), (4, "age", "18"), (5, "seen", "2024-01-02")]
    ]
    assert survey.cell(survey.rows[0], "case_field") == "E2"


def test_a_csv_holds_all_sheets_and_its_cells_are_those_of_the_file():
    text = "survey,,\r\n,type,name\r\n,text,a\r\n,,\r\n,text,b\r\nsettings,,\r\n,form_id,version\r\n,f,1\r\n"
    workbook = read_workbook(text.encode(), "form.csv")
    survey = workbook.sheets["survey"]
    assert [row.get("name") for row in survey.rows] == ["a", "b"]
    assert survey.cell(survey.rows[1], "name") == "C5"
    assert workbook.sheets["settings"].rows[0].get("form_id") == "f"


def test_a_csv_with_semicolons_reads_too():
    assert read_workbook(b"survey;;\n;type;name\n;text;a\n", "form.csv").sheets["survey"].rows[0].get("name") == "a"


def test_a_csv_in_an_old_code_page_is_refused_with_the_way_to_save_it():
    assert "CSV UTF-8" in refusal("survey,,\n,type,name\n,text,año\n".encode("cp1252"), "form.csv")


def test_markdown_tables_may_hold_bars_rules_and_remarks():
    workbook = book(
        r"""
        # a remark
        | survey |      |      |            |
        |--------|------|------|------------|
        |        | type | name | label      | # another
        |        | text | a    | this\|that |
        """
    )
    assert workbook.sheets["survey"].rows[0].values == {"type": "text", "name": "a", "label": "this|that"}


def test_the_only_sheet_of_a_workbook_is_its_survey():
    assert read_workbook(xlsx({"Sheet1": [HEADER, ["text", "a", "A"]]}), "form.xlsx").sheet("survey").name == "Sheet1"


def test_a_column_that_stands_twice_is_found_at_its_second_cell():
    (finding,) = book("| survey | | | |\n| | type | name | name |\n| | text | a | b |").findings
    assert (finding.code, finding.sheet, finding.cell) == ("duplicate-column", "survey", "C1")


def test_cells_that_are_only_coloured_or_blank_do_not_matter_however_far_down():
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "survey"
    sheet.append(HEADER)
    sheet.append(["text", "a", "A"])
    sheet["A1048576"].fill = PatternFill("solid", fgColor="FFFF00")
    sheet["XFD1048576"] = " "
    read = read_workbook(saved(workbook), "form.xlsx").sheets["survey"]
    assert [row.number for row in read.rows] == [2]
    assert read.header == tuple(HEADER)


def test_a_value_far_below_the_table_is_refused_with_its_row():
    workbook = openpyxl.Workbook()
    workbook.active.title = "survey"
    workbook.active["XFD1048576"] = "x"
    assert "row 1048576" in refusal(saved(workbook))


def test_a_sheet_of_notes_may_be_long():
    content = xlsx({"survey": [HEADER, ["text", "a", "A"]], "notes": ([n] for n in range(6_000))})
    assert len(read_workbook(content, "form.xlsx").sheets["notes"].rows) == 5_000


def test_more_rows_than_a_form_may_have_are_refused():
    content = xlsx({"survey": ([f"text{n}", f"q{n}", ""] for n in range(20_000))})
    assert "more than 5,000 rows" in refusal(content)


def test_a_workbook_that_is_too_large_says_how_to_shrink_it():
    assert "5 MB" in refusal(b"PK\x03\x04" + bytes(5 * 1024 * 1024))


def test_a_zip_bomb_is_refused_before_it_is_unpacked():
    bomb = zipped({"xl/worksheets/sheet9.xml": bytes(65 * 1024 * 1024)}, xlsx({"survey": [HEADER]}))
    assert len(bomb) < 200_000
    assert "64 MB are allowed" in refusal(bomb)


def test_a_zip_with_thousands_of_parts_is_refused():
    assert "parts" in refusal(zipped({f"x{n}": b"" for n in range(300)}, xlsx({"survey": [HEADER]})))


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "/etc/passwd", "xl\\..\\..\\x"])
def test_a_part_that_would_leave_its_folder_is_refused(name):
    assert "unsafe name" in refusal(zipped({name: b"x"}, xlsx({"survey": [HEADER]})))


def test_macros_are_refused():
    assert "macros" in refusal(zipped({"xl/vbaProject.bin": b"x"}, xlsx({"survey": [HEADER]})), "form.xlsm")


def test_a_password_is_named_as_the_reason():
    locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    assert "password" in refusal(locked)


def test_a_workbook_that_declares_entities_is_refused():
    evil = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><sst>&e;</sst>'
    assert "document type" in refusal(zipped({"xl/evil.xml": evil}, xlsx({"survey": [HEADER]})))


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "form.xlsx"),
        (b"%PDF-1.7 and so on", "form.xlsx"),
        (zipped({"hello.txt": b"hello"}), "form.xlsx"),
        (b"PK\x03\x04" + b"junk" * 100, "form.xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"junk" * 1000, "form.xls"),
        (b"just words", "form.md"),
        (b"a,b\n" + b'"' + b"x" * 200_000, "form.csv"),
    ],
)
def test_what_is_no_workbook_is_refused_in_a_sentence(content, name):
    assert refusal(content, name).endswith(".")


def test_a_file_that_cannot_be_read_says_so_in_spanish_too():
    with pytest.raises(UnreadableWorkbook) as refused:
        read_workbook(b"", "form.xlsx")
    assert refused.value.finding.said("es") == "El archivo está vacío. Elija otro."


def test_rows_that_were_only_formatted_are_mentioned():
    workbook = openpyxl.Workbook()
    workbook.active.title = "survey"
    workbook.active.append(["type", "name", "label"])
    workbook.active.append(["text", "a", "A"])
    workbook.active["A1048576"].font = Font(bold=True)
    (found,) = read_workbook(saved(workbook), "form.xlsx").findings
    assert (found.code, found.severity, found.cell) == ("rows-trimmed", "info", "A3")

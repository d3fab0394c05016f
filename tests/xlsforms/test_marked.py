"""The workbook back with its cells marked: what is told where, and that nothing else of it changes."""

import io
import zipfile

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

import xlsforms.marked
from tests.xlsforms.books import OLD_EXCEL, book, saved, xlsx
from xlsforms.findings import Finding, Severity
from xlsforms.limits import Limits
from xlsforms.marked import PARTS, CannotMark, marked_workbook
from xlsforms.marking import DROPPED, dropped
from xlsforms.workbook import read_workbook

WRONG = Finding(Severity.ERROR, "test", "survey", "A2", "type", "texxt", {"said": "No such type."})
LOOK = Finding(Severity.WARNING, "test", "survey", "A2", "type", "texxt", {"said": "Look here."})
FORMULA = Finding(Severity.WARNING, "test", "survey", "C2", "label", "=1+1", {"said": "=HYPERLINK(1)"})
NOWHERE = Finding(Severity.INFO, "test", facts={"said": "Just so."})
FOUND = (WRONG, LOOK, FORMULA, NOWHERE)


def original() -> bytes:
    """A workbook with what its author cares for: colours, a formula, a comment, a list, a width, merged cells."""
    made = openpyxl.load_workbook(
        io.BytesIO(xlsx({"survey": [["type", "name", "label"], ["texxt", "a", "A"]], "mine": [[1, "=A1+1"]]}))
    )
    survey = made["survey"]
    survey["B2"].fill = PatternFill("solid", start_color="00FF00")
    survey["A2"].comment = Comment("Ask Ana", "Ana")
    survey.column_dimensions["C"].width = 55
    survey.merge_cells("C2:D2")
    check = DataValidation(type="list", formula1='"text,note"')
    check.add("A2:A9")
    survey.add_data_validation(check)
    return saved(made)


@pytest.fixture(scope="module")
def marked():
    content = marked_workbook(read_workbook(original(), "form.xlsx"), FOUND, "es")
    return openpyxl.load_workbook(io.BytesIO(content))


def test_a_cell_is_coloured_by_its_worst_finding_and_commented_in_the_readers_language(marked):
    cell = marked["survey"]["A2"]
    assert cell.fill.start_color.rgb == "00F8CFCB"
    assert cell.comment.text == "Error: No such type.\n\nAviso: Look here.\n\n----- Ana -----\nAsk Ana"
    assert marked["survey"]["C2"].fill.start_color.rgb == "00FCE6B8"


def test_everything_else_stays_as_it_was(marked):
    survey = marked["survey"]
    assert marked.sheetnames == ["hallazgos", "survey", "mine"]
    assert survey["B2"].fill.start_color.rgb == "0000FF00"
    assert survey.column_dimensions["C"].width == 55
    assert [str(area) for area in survey.merged_cells.ranges] == ["C2:D2"]
    assert survey.data_validations.dataValidation[0].formula1 == '"text,note"'
    assert marked["mine"]["B1"].value == "=A1+1"
    assert [cell.value for cell in survey[2]][:3] == ["texxt", "a", "A"]


def test_one_more_sheet_lists_all_findings_with_links_to_their_cells(marked):
    rows = list(marked["hallazgos"].iter_rows(min_row=4))
    assert [cell.value for cell in rows[0]] == [
        *("Tipo", "Lugar", "Columna", "Lo que dice", "Qué está mal", "Cómo corregirlo", "Código")
    ]
    assert [row[1].value for row in rows[1:]] == ["survey A2", "survey A2", "survey C2", None]
    assert rows[1][1].hyperlink.location == "'survey'!A2"
    assert rows[4][1].hyperlink is None


def test_what_looks_like_a_formula_is_text(marked):
    value, said = (cell for cell in marked["hallazgos"][7][3:5])
    assert (value.value, value.data_type, value.quotePrefix) == ("=1+1", "s", True)
    assert (said.value, said.data_type) == ("=HYPERLINK(1)", "s")


def test_marks_of_an_earlier_check_go_and_the_authors_comments_stay(marked):
    again = marked_workbook(read_workbook(saved(marked), "form.xlsx"), (), "en")
    clean = openpyxl.load_workbook(io.BytesIO(again))
    assert clean.sheetnames == ["findings", "survey", "mine"]
    assert clean["findings"]["A1"].value == "Nothing: the workbook is good as it stands."
    assert clean["survey"]["C2"].comment is None
    assert clean["survey"]["C2"].fill.fill_type is None
    assert (clean["survey"]["A2"].comment.author, clean["survey"]["A2"].comment.text) == ("Ana", "Ask Ana")


def test_an_authors_comment_outlives_any_number_of_checks(marked):
    content = saved(marked)
    for _again in range(3):
        content = marked_workbook(read_workbook(content, "form.xlsx"), FOUND, "es")
    again = openpyxl.load_workbook(io.BytesIO(content))["survey"]["A2"]
    assert again.comment.text == marked["survey"]["A2"].comment.text


def test_a_colour_that_the_author_gave_a_marked_cell_stays():
    book = openpyxl.load_workbook(io.BytesIO(marked_workbook(read_workbook(original(), "form.xlsx"), FOUND)))
    book["survey"]["C2"].fill = PatternFill("solid", start_color="00FF00")
    again = marked_workbook(read_workbook(saved(book), "form.xlsx"), ())
    cell = openpyxl.load_workbook(io.BytesIO(again))["survey"]["C2"]
    assert (cell.comment, cell.fill.start_color.rgb) == (None, "0000FF00")


def test_the_serving_process_unpacks_nothing_and_has_words_for_each_part():
    assert set(PARTS) == {word for _pattern, word in DROPPED} | {"rules"}
    assert not hasattr(xlsforms.marked, "zipfile")


@pytest.mark.parametrize(
    ("workbook", "cell", "text"),
    [
        (book("| survey | type | name | label |\n| | texxt | a | =1+1 |\n"), "C2", "=1+1"),
        (read_workbook(b"survey,type,name\n,texxt,a\n", "form.csv"), "B2", "texxt"),
        (read_workbook(OLD_EXCEL, "form.xls"), "A1", "type"),
    ],
    ids=["md", "csv", "xls"],
)
def test_other_kinds_come_back_as_a_new_workbook_with_the_same_cells(workbook, cell, text):
    made = openpyxl.load_workbook(io.BytesIO(marked_workbook(workbook, [WRONG])))
    assert made.sheetnames[:2] == ["findings", "survey"]
    assert (made["survey"][cell].value, made["survey"][cell].data_type) == (text, "s")
    assert made["survey"]["A2"].comment
    assert workbook.name in made["findings"]["A2"].value


def test_a_lone_sheet_is_called_survey_so_that_the_copy_can_be_checked_again():
    lone = read_workbook(xlsx({"Sheet1": [["type", "name", "label"], ["text", "a", "A"]]}), "form.xlsx")
    found = Finding(Severity.ERROR, "test", "Sheet1", "A2", facts={"said": "So."})
    content = marked_workbook(lone, [found])
    assert openpyxl.load_workbook(io.BytesIO(content)).sheetnames == ["findings", "survey"]
    assert read_workbook(content, "form.xlsx").sheet("survey").rows[0].get("name") == "a"


def test_what_the_copy_cannot_hold_is_told_in_it():
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(original())) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        new.writestr("xl/media/image1.png", b"")
        new.writestr("xl/charts/chart1.xml", b"<c/>")
    content = buffer.getvalue()
    assert dropped(original()) == ()
    assert dropped(content) == ("pictures", "charts")
    made = openpyxl.load_workbook(io.BytesIO(marked_workbook(read_workbook(content, "form.xlsx"), [WRONG])))
    assert made["findings"]["A2"].value.startswith("This copy lacks what could not be kept: pictures, charts.")


def test_a_workbook_too_hard_to_write_is_refused_in_words():
    with pytest.raises(CannotMark, match="could not be written back"):
        marked_workbook(read_workbook(original(), "form.xlsx"), FOUND, limits=Limits(output_bytes=1_000))

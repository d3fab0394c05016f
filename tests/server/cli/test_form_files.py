"""`fieldcase form new`, `form print` and the marked workbook of `form check`."""

import openpyxl
import pytest
from click.testing import CliRunner

from server.cli import main
from tests.make import SMALL_FORM

LATER = SMALL_FORM.replace("| alias ", "| alias_2 ")


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.md").write_text(SMALL_FORM)

    def runner(*words: str):
        return CliRunner().invoke(main, ["form", *words])

    return runner


def test_a_starter_is_written_once_and_not_over_another_file(run, tmp_path):
    done = run("new", "--case-form", "other", "-o", "my_form.xlsx")
    assert done.exit_code == 0
    assert "fieldcase form check my_form.xlsx" in done.output
    assert openpyxl.load_workbook(tmp_path / "my_form.xlsx")["settings"]["F2"].value == "other"
    (tmp_path / "my_form.xlsx").write_bytes(b"mine")
    again = run("new", "--case-form", "other", "-o", "my_form.xlsx")
    assert again.exit_code == 1
    assert "is there already; choose another name, or add --force." in again.output
    assert (tmp_path / "my_form.xlsx").read_bytes() == b"mine"
    assert run("new", "--case-form", "other", "-o", "my_form.xlsx", "--force").exit_code == 0


def test_a_starter_is_an_excel_workbook(run):
    assert "does not end in .xlsx" in run("new", "--case-form", "other", "-o", "my_form.csv").output


def test_a_form_is_printed_as_a_page_that_loads_nothing(run, tmp_path):
    done = run("print", "small.md", "-o", "small.html")
    assert done.exit_code == 0, done.output
    page = (tmp_path / "small.html").read_text()
    assert "<h1" in page
    assert not any(word in page for word in ("src=", "http:", "https:", "<script", "@import", "<link"))
    assert "person.alias" not in page
    assert "does not end in .html" in run("print", "small.md", "-o", "small.pdf").output
    assert "is there already" in run("print", "small.md", "-o", "small.html").output


def test_a_checked_workbook_comes_back_marked_in_the_language_asked_for(run, tmp_path):
    (tmp_path / "bad.md").write_text(SMALL_FORM.replace("person.alias", "person.alais"))
    done = run("check", "bad.md", "--marked", "bad.xlsx", "--language", "es")
    assert done.exit_code == 1
    assert "¿Quiso decir 'person.alias'?" in done.output
    made = openpyxl.load_workbook(tmp_path / "bad.xlsx")
    comments = [cell.comment.text for row in made["survey"].iter_rows() for cell in row if cell.comment]
    assert any("¿Quiso decir 'person.alias'?" in comment for comment in comments)
    assert made["hallazgos"]["A1"].value == "Lo que hay que corregir en este libro"


def test_a_workbook_is_compared_with_the_version_before(run, tmp_path):
    (tmp_path / "later.md").write_text(LATER)
    done = run("check", "later.md", "--before", "small.md")
    assert done.exit_code == 0, done.output
    assert (
        "The question 'alias' fed person.alias in the version before and is gone. Is it 'alias_2' now?" in done.output
    )

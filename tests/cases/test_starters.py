"""Starter workbooks: each can be published as it stands, and shows a designer what may stand in its cells."""

import io
from datetime import date

import openpyxl
import pytest

from cases.dictionary import DICTIONARY
from cases.mapping import CASE_FORMS
from cases.publishing import check_form
from cases.starters import starter_workbook
from cases.starters.look import words_of_columns
from tests.conftest import NOON
from xlsforms.findings import Severity

DAY = date(2026, 5, 3)


@pytest.mark.parametrize("kind", CASE_FORMS)
def test_it_checks_without_a_warning_and_feeds_a_case(kind, monkeypatch):
    if kind not in ("screening", "identification"):  # Opening two as a tablet does is enough: they hold all there is.
        monkeypatch.setenv("FIELDCASE_JAVA", "none")
    checked = check_form(starter_workbook(kind, today=DAY), f"{kind}.xlsx", now=NOON)
    assert [one for one in checked.findings if one.severity is not Severity.INFO] == []
    assert checked.mapping is not None
    assert checked.mapping.case_form == kind
    assert checked.compiled.definition.languages == ("English (en)", "Español (es)")
    assert checked.compiled.definition.version == "2026050301"


@pytest.fixture(scope="module")
def book():
    return openpyxl.load_workbook(io.BytesIO(starter_workbook("screening", today=DAY)))


def fed_by_forms() -> set[str]:
    return {name for name, field in DICTIONARY.fields.items() if not field.computed}


def test_its_cells_offer_types_fields_and_modes(book):
    offered = {}
    for name in ("survey", "settings", "case_records"):
        sheet = book[name]
        for check in sheet.data_validations.dataValidation:
            column = sheet[f"{str(check.sqref).split(':')[0].rstrip('0123456789')}1"].value
            sheet_name, _, area = check.formula1.partition("!")
            offered[column] = {cell.value for row in book[sheet_name][area.replace("$", "")] for cell in row}
    assert fed_by_forms() < offered["case_field"]
    assert "screening.class_low" not in offered["case_field"]
    assert {"text", "select_one yn5", "select_multiple need_type", "begin_repeat"} <= offered["type"]
    assert offered["case_mode"] == {"fill", "latest", "add", "check", "new"}
    assert offered["action"] == {"new", "find", "find_or_propose", "none"}
    assert offered["case_form"] == set(CASE_FORMS)
    assert book["lists"].sheet_state == "hidden"


def test_it_lists_every_case_field_and_code_with_words_in_both_languages(book):
    fields = {row[0]: row for row in book["fields"].iter_rows(min_row=2, values_only=True)}
    assert set(fields) == fed_by_forms()
    alias = fields["person.alias"]
    labels = DICTIONARY.fields["person.alias"].labels
    assert (alias[1], alias[2], alias[3], alias[4]) == (labels["en"], labels["es"], "text", "identity")
    codes = {(row[0], row[1]) for row in book["codes"].iter_rows(min_row=2, values_only=True)}
    assert codes == {(name, code) for name, listed in DICTIONARY.lists.items() for code in listed}
    assert [cell.value for cell in book["help"][1]] == ["about", "English", "Español"]


def test_its_columns_are_wide_and_its_headers_stay_and_explain_themselves(book):
    for name in ("survey", "choices", "settings", "case_records", "case_codes"):
        sheet = book[name]
        assert sheet.freeze_panes
        for cell in sheet[1]:
            assert cell.font.bold
            assert cell.comment.text == words_of_columns()[name, cell.value]
            assert sheet.column_dimensions[cell.column_letter].width >= 10

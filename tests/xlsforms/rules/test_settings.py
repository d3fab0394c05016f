import pytest

from tests.xlsforms.rules.forms import findings, form, only, row, told
from xlsforms.findings import Severity
from xlsforms.published import Known, Published

Q = row("text", "q")
PUBLISHED = Known(published=Published({"field_screening": frozenset({"1", "2"}), "visit": frozenset({"1"})}))


def settings(**cells: str) -> list[dict[str, str]]:
    return [{"form_id": "f", "form_title": "F", "version": "9", **cells}]


@pytest.mark.parametrize(
    ("cells", "code", "column"),
    [
        ({"form_id": "my form"}, "form-id", "form_id"),
        ({"form_id": "a/b"}, "form-id", "form_id"),
        ({"form_id": "x" * 65}, "form-id", "form_id"),
        ({"form_title": ""}, "title-missing", "form_title"),
        ({"version": "May 3"}, "version-odd", "version"),
        ({"version": "3€"}, "version-odd", "version"),
        ({"allow_choice_duplicates": "maybe"}, "setting-value", "allow_choice_duplicates"),
        ({"style": "page"}, "setting-value", "style"),
        ({"name": "my data"}, "ill-formed-name", "name"),
        ({"style": "pages theme-grid"}, "", ""),
        ({"version": "v2026-05-03_b"}, "", ""),
        ({"public_key": "MII"}, "server-owned-setting", "public_key"),
        ({"submission_url": "https://example.org"}, "server-owned-setting", "submission_url"),
    ],
)
def test_a_setting_that_does_not_do_is_told_at_its_cell(cells, code, column):
    assert told(form(Q, settings=settings(**cells))) == ([(code, column, 2)] if code else [])


def test_settings_are_read_in_one_row():
    assert told(form(Q, settings=[*settings(), {"form_id": "g"}])) == [("settings-rows", "form_id", 3)]


def test_the_reason_is_told_in_the_readers_language():
    found = only(form(Q, settings=settings(auto_send="yes")))
    assert "when tablets send is a setting of the tablets" in found.wrong("en")
    assert "es un ajuste de las tabletas" in found.wrong("es")


@pytest.mark.parametrize(
    ("cells", "code", "column"),
    [
        ({"form_id": "visit", "version": "1"}, "version-used", "version"),
        ({"form_id": "visit", "version": "2"}, "", ""),
        ({"form_id": "field-screening"}, "form-id-resembles", "form_id"),
        ({"form_id": "Field_Screening"}, "form-id-resembles", "form_id"),
        ({"form_id": "fie1d_screening"}, "form-id-resembles", "form_id"),
        ({"form_id": "another"}, "", ""),
    ],
)
def test_what_is_published_already_is_compared(cells, code, column):
    assert told(form(Q, settings=settings(**cells)), PUBLISHED) == ([(code, column, 2)] if code else [])


def test_another_form_id_than_the_one_expected_is_told():
    known = Known(published=Published({"visit": frozenset({"1"})}, form_id="visit"))
    found = findings(form(Q, settings=settings(form_id="visits")), known)
    assert [(one.code, one.severity) for one in found] == [("form-id-changed", Severity.WARNING)]


# Languages.

ENGLISH, SPANISH = "label::English (en)", "label::Español (es)"


@pytest.mark.parametrize(
    ("default", "code"),
    [("English (en)", ""), ("English", "default-language-unknown"), ("Kriol (bzj)", "default-language-unknown")],
)
def test_the_default_language_is_one_of_the_form(default, code):
    rows = [{"type": "text", "name": "q", ENGLISH: "Q", SPANISH: "P"}]
    found = told(form(*rows, choices=[], settings=settings(default_language=default)))
    assert found == ([(code, "default_language", 2)] if code else [])


def test_several_languages_without_a_default_are_mentioned():
    rows = [{"type": "text", "name": "q", ENGLISH: "Q", SPANISH: "P"}]
    assert [code for code, _column, _row in told(form(*rows, choices=[]))] == ["default-language-missing"]


@pytest.mark.parametrize(
    ("header", "code"), [("hint::Englsh (en)", "language-misspelt"), ("hint::English(en)", "language-misspelt")]
)
def test_a_misspelt_language_would_be_one_more(header, code):
    rows = [{"type": "text", "name": "q", ENGLISH: "Q", "guidance_hint::English (en)": "G", header: "H"}]
    assert (code, header, 1) in told(form(*rows, choices=[], settings=settings(default_language="English (en)")))


def test_a_language_needs_its_code():
    rows = [{"type": "text", "name": "q", "label::English": "Q"}]
    assert told(form(*rows, choices=[])) == [("language-code", "label::English", 1)]

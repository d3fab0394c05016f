"""A published form on paper, at the desk."""

import re
from pathlib import Path

import pytest

from server.printing import style_source
from tests.server.desk.office import words
from tests.server.desk.test_look import barriers, too_wide


def test_a_version_is_printed_in_a_language_of_the_form_without_where_its_answers_go(office):
    office.publish()
    desk = office.desk("designer", language="es")
    page = desk.get("/forms/talk/1/print")
    assert page.status_code == 200
    assert "¿Podemos contactarle?" in words(page)
    assert "Marque todas las que correspondan" in words(page)
    assert "May we contact you?" in words(desk.get("/forms/talk/1/print?lang=en"))
    assert "person.alias" not in page.text
    assert not re.search(r"<script|\sstyle=|src=", page.text)
    assert f"style-src {style_source()};" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/forms/talk/2/print", "/forms/other/1/print"])
def test_what_is_not_there_is_not_printed(office, path):
    office.publish()
    assert office.desk("designer").get(path).status_code == 404


def test_only_who_may_read_forms_prints_them(office):
    office.publish()
    assert office.stranger().get("/forms/talk/1/print").status_code == 401


def test_the_page_shuts_nobody_out_on_a_phone(office, browser, tmp_path: Path):
    office.publish()
    saved = tmp_path / "page.html"
    saved.write_text(office.desk("designer").get("/forms/talk/1/print").text, encoding="utf-8")
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(saved.as_uri())
    assert barriers(page) == []
    assert too_wide(page) <= 0
    page.close()

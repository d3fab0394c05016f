"""A published form on paper, at the desk."""

import io
import re
from pathlib import Path

import pytest

from server.printing import style_source
from tests.server.desk.office import words
from tests.server.desk.test_look import barriers, too_wide


def test_a_version_is_printed_in_a_language_of_the_form_without_where_its_answers_go(office):
    office.publish()
    desk = office.desk("designer", language="es")
    page = desk.get("/forms/talk/print/1")
    assert page.status_code == 200
    assert "¿Podemos contactarle?" in words(page)
    assert "Marque todas las que correspondan" in words(page)
    assert "May we contact you?" in words(desk.get("/forms/talk/print/1?lang=en"))
    assert "person.alias" not in page.text
    assert not re.search(r"<script|\sstyle=|src=", page.text)
    assert f"style-src {style_source()};" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/forms/talk/print/2", "/forms/other/print/1"])
def test_what_is_not_there_is_not_printed(office, path):
    office.publish()
    assert office.desk("designer").get(path).status_code == 404


@pytest.mark.parametrize(("name", "address"), [("2026/05", "2026/05"), ("", "___")])
def test_a_version_with_a_stroke_or_without_a_name_is_printed_from_its_page(office, name, address):
    office.publish()
    desk = office.desk("manager")
    xform = desk.get("/form-versions/1/xform").text.replace('id="talk"', 'id="plain"')
    xform = xform.replace('version="1"', f'version="{name}"')
    desk.post("/publish", act="publish", workbook=(io.BytesIO(xform.encode()), "plain.xml"))
    assert f'href="/forms/plain/print/{address}"' in desk.get("/forms/plain").text
    assert "May we contact you?" in words(desk.get(f"/forms/plain/print/{address}"))


def test_only_who_may_read_forms_prints_them(office):
    office.publish()
    assert office.stranger().get("/forms/talk/print/1").status_code == 401


def test_the_page_shuts_nobody_out_on_a_phone(office, browser, tmp_path: Path):
    office.publish()
    saved = tmp_path / "page.html"
    saved.write_text(office.desk("designer").get("/forms/talk/print/1").text, encoding="utf-8")
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(saved.as_uri())
    assert barriers(page) == []
    assert too_wide(page) <= 0
    page.close()

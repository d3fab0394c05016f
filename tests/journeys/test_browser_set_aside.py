"""An answer that does not fit is set aside; the mapping is mended beside the same version; one button files it."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.collect.javarosa import JavaRosa
from tests.journeys.browsing import House, choose, sign_in

TALK = """
| survey   |               |           |                       |             |
|          | type          | name      | label                 | calculation |
|          | text          | operation | Code of the operation |             |
|          | text          | alias     | Name you want to use  |             |
|          | calculate     | open      |                       | 1           |
| settings |               |           |                       |
|          | form_title    | form_id   | version               |
|          | Invented talk | talk      | 1                     |
"""
FIRST = """sheet,name,case_field,record,action,when,link,case_form
settings,,,,,,,other
survey,operation,screening.operation,,,,,
survey,alias,person.alias,,,,,
case_records,,,person,find_or_propose,${open},,
case_records,,,case,find_or_propose,${open},person,
case_records,,,screening,new,${open},case,
"""
MENDED = FIRST.replace("survey,operation,screening.operation", "survey,operation,screening.place")


def publish(page: Page, house: House, workbook: Path, mapping: Path) -> None:
    page.goto(f"{house.address}/publish")
    choose(page, "Spreadsheet", workbook)
    choose(page, "Case mapping", mapping)
    page.get_by_role("button", name="Publish", exact=True).click()


def test_what_is_set_aside_is_filed_by_a_button_once_its_mapping_is_mended(
    house: House, open_page: Callable[..., Page], make_tablet, javarosa: JavaRosa, tmp_path: Path
):
    workbook, first, mended = tmp_path / "talk.md", tmp_path / "first.csv", tmp_path / "mended.csv"
    for path, text in ((workbook, TALK), (first, FIRST), (mended, MENDED)):
        path.write_text(text)
    house.add_person("ana@example.org", "manager")
    page = open_page()
    sign_in(page, house, "ana@example.org")
    publish(page, house, workbook, first)
    expect(page.get_by_text("The form is published. Tablets")).to_be_visible(timeout=60_000)

    tablet = make_tablet(house.command("device", "enrol", "Tablet 07")["settings_qr"])
    tablet.sync()
    for name in ("Zora (invented)", "Maya (invented)"):
        tablet.fill(javarosa, "talk", {"operation": "the blue boat", "alias": name})
    assert [outcome.sent for outcome in tablet.send()] == [True, True]

    page.get_by_role("link", name="Set aside").click()
    expect(page.get_by_role("heading", name="Code of the operation")).to_be_visible()
    expect(page.get_by_text("2 submissions")).to_be_visible()
    assert "blue boat" not in page.content()
    assert house.command("case", "list") in ([], {"cases": []})

    page.get_by_role("button", name="File again").first.click()
    expect(page.get_by_text("It was tried again and is still set aside")).to_be_visible()

    publish(page, house, workbook, mended)
    page.get_by_role("button", name="Publish this draft").click(timeout=60_000)
    expect(page.get_by_text("The case mapping of this version is mended")).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="Set aside").click()
    page.get_by_role("button", name="File all 2 again").click()
    expect(page.get_by_text("2 submissions are filed again")).to_be_visible()

    page.get_by_role("link", name="Cases").click()
    expect(page.locator("main table a", has_text=re.compile("TIP-"))).to_have_count(2)
    page.locator("main table a").first.click()
    expect(page.locator(".fc-record__row", has_text="Place")).to_contain_text("the blue boat")
    page.get_by_role("link", name="Set aside").click()
    expect(page.get_by_text("Nothing is set aside")).to_be_visible()
    assert {one["filing"] for one in house.command("submission", "list")} == {"filed"}

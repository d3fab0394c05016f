"""From the first link to a case whose every value tells where it came from: the browser, the tablet, the browser."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.collect.javarosa import JavaRosa
from tests.journeys.browsing import PASSWORD, House, choose, scan

SHIPPED = Path(__file__).resolve().parents[2] / "xlsforms/questionnaires"
INTERVIEW = json.loads((SHIPPED / "interviews/field_screening_adult/4_strong_signs.json").read_text())


def test_a_screening_on_a_tablet_becomes_a_case_that_tells_its_sources(
    house: House, open_page: Callable[..., Page], make_tablet, javarosa: JavaRosa
):
    page = open_page()

    page.goto(house.said["first_link"])
    page.get_by_label("Your name").fill("Ana Invented")
    page.get_by_label("Email address").fill("ana@example.org")
    page.get_by_label("Choose a password").fill(PASSWORD)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", name="Getting started")).to_be_visible()

    page.get_by_role("link", name="Publish a form").click()
    choose(page, "Spreadsheet", SHIPPED / "field_screening_adult.xlsx")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("The form is published. Tablets")).to_be_visible(timeout=60_000)

    page.get_by_role("link", name="Tablets").click()
    page.get_by_role("button", name="Enrol a tablet").click()
    page.get_by_label("Name").fill("Tablet 07")
    page.get_by_role("button", name="Show its QR code").click()
    tablet = make_tablet(scan(page))
    assert tablet.server_url.startswith(f"{house.address}/v1/key/")

    assert tablet.sync().downloaded == ["field_screening_adult"]
    tablet.fill(javarosa, "field_screening_adult", INTERVIEW["answers"])
    assert [outcome.sent for outcome in tablet.send()] == [True]

    page.get_by_role("button", name="The tablet is set up").click()
    expect(page.get_by_text("In use")).to_be_visible()
    page.get_by_role("link", name="Cases").click()
    code = page.locator("main table a").first.inner_text()
    assert re.fullmatch(r"TIP-[2-9A-Z]{4}-[2-9A-Z]", code)
    page.get_by_role("link", name=code).click()

    name = page.locator(".fc-record__row", has_text="Name the person wants to use")
    expect(name).to_contain_text(INTERVIEW["answers"]["used_name"])
    expect(name).to_contain_text("What name should we use?")
    expect(name).to_contain_text("Field conversation, adult, Tablet 07")
    for value in page.locator(".fc-sourced").all():
        assert value.locator(".fc-source__line a").get_attribute("href")
    assert page.locator(".fc-sourced").count() > 40

    name.get_by_role("link", name="Field conversation, adult").click()
    answer = page.locator(".fc-answers__row:target")
    expect(answer).to_contain_text("What name should we use?")
    expect(answer).to_contain_text(INTERVIEW["answers"]["used_name"])

    page.get_by_role("button", name=f"Open case {code}").click()
    page.get_by_role("button", name="Confirm this case").click()
    expect(page.get_by_text("The case is confirmed")).to_be_visible()
    expect(page.get_by_text("Proposed", exact=True)).to_have_count(0)
    assert house.command("case", "show", code)["code"] == code

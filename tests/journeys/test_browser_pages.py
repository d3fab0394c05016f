"""Every page of a desk that is in use: nothing shuts people out, nothing sticks out, no link leads nowhere."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.collect.javarosa import Attachment, JavaRosa
from tests.collect.tablet import Tablet
from tests.journeys.browsing import DESK, PHONE, House, barriers, sign_in, too_wide

SHIPPED = Path(__file__).resolve().parents[2] / "xlsforms/questionnaires"
TALK = """
| survey |  |  |  |  |  |  |
|  | type | name | label::English (en) | label::Español (es) | calculation | case_field |
|  | text | operation | Code of the operation | Código del operativo |  | screening.operation |
|  | image | photo | Photo of the place | Foto del lugar |  |  |
|  | begin_repeat | stays | Place | Lugar |  |  |
|  | text | town | Which town? | ¿Qué pueblo? |  |  |
|  | end_repeat |  |  |  |  |  |
| settings |  |  |  |
|  | form_title | form_id | version | case_form |
|  | Invented talk | talk | 1 | other |
| case_records |  |  |  |
|  | record | action | match | when | repeat | link |
|  | screening | new |  |  |  |  |
"""
DOWNLOADS = re.compile(r"/(xml|xform|workbook)$|/files/|/media/|^/assets/")
ONE_OF_EACH = re.compile(r"\d+|TIP-\w+-\w|(?<=/fill/)\w+")


@pytest.fixture(scope="session")
def lived_in(tmp_path_factory: pytest.TempPathFactory, javarosa: JavaRosa) -> Iterator[House]:
    """An installation with shipped forms, filled interviews, something set aside, people and a revoked tablet."""
    house = House(tmp_path_factory.mktemp("house"))
    house.start()
    talk = house.folder / "talk.md"
    talk.write_text(TALK)
    for form in (str(SHIPPED / "field_screening_adult.xlsx"), str(talk)):
        house.command("form", "publish", form)
    house.add_person("ana@example.org", "administrator", "manager")
    house.add_person("eva@example.org", "caseworker")
    for language in ("en", "es"):
        house.add_person(f"{language}@example.org", "administrator", "manager")
    house.command("device", "enrol", "Tablet 08")
    house.command("device", "revoke", "Tablet 08")
    with Tablet(house.folder / "tablet", seed=7) as tablet:
        tablet.scan(house.command("device", "enrol", "Tablet 07")["settings_qr"])
        tablet.sync()
        for script in ("4_strong_signs", "1_not_safe"):
            told = json.loads((SHIPPED / f"interviews/field_screening_adult/{script}.json").read_text())
            tablet.fill(javarosa, "field_screening_adult", told["answers"])
        for number in range(2):
            answers = {
                "operation": "no code",
                "photo": Attachment(size=20_000),
                "stays": [{"town": "Corozal"}] * number,
            }
            tablet.fill(javarosa, "talk", answers)
        assert all(outcome.sent for outcome in tablet.send())
    yield house
    house.stop()


@pytest.mark.parametrize(("language", "size"), [("en", DESK), ("es", PHONE)], ids=["english-desk", "spanish-phone"])
def test_every_page_that_links_lead_to_shuts_nobody_out(
    lived_in: House, open_page: Callable[..., Page], language: str, size: dict[str, int]
):
    page = open_page(size=size)
    sign_in(page, lived_in, f"{language}@example.org")
    page.evaluate("language => document.querySelector(`button[name=language][value=${language}]`)?.click()", language)
    expect(page.locator("html")).to_have_attribute("lang", language)
    seen, found, waiting = dict[str, str](), list[str](), ["/"]
    while waiting:
        path = waiting.pop(0)
        kind = ONE_OF_EACH.sub("N", path)
        if kind in seen:
            continue
        answer = page.goto(lived_in.address + path, wait_until="load")
        assert answer is not None
        seen[kind] = path
        found += [] if answer.status == 200 else [f"{path}: {answer.status}"]
        found += barriers(page) + too_wide(page)
        found += (
            [] if page.locator("h1").count() == 1 else [f"{path}: {page.locator('h1').count()} headings of the page"]
        )
        links = page.eval_on_selector_all(
            "a[href]", "links => links.map(link => link.getAttribute('href').split('#')[0])"
        )
        waiting += [link for link in links if link.startswith("/") and not DOWNLOADS.search(link)]
    assert found == []
    assert len(seen) > 25
    assert any(kind.startswith("/cases/N") for kind in seen)


def test_pages_that_come_after_a_form_shut_nobody_out(lived_in: House, open_page: Callable[..., Page]):
    page = open_page(size=PHONE)
    sign_in(page, lived_in, "ana@example.org")
    page.goto(f"{lived_in.address}/tablets/new")
    page.get_by_label("Name").fill("Tablet 09")
    page.get_by_role("button", name="Show its QR code").click()
    expect(page.locator(".fc-qr__code svg")).to_be_visible()
    assert barriers(page) + too_wide(page) == []
    page.goto(f"{lived_in.address}/people/2")
    page.get_by_role("button", name="Make a new link").click()
    expect(page.locator("#link")).to_be_visible()
    assert barriers(page) + too_wide(page) == []


def test_downloads_are_saved_and_never_shown(lived_in: House, open_page: Callable[..., Page]):
    page = open_page()
    sign_in(page, lived_in, "ana@example.org")
    page.goto(f"{lived_in.address}/submissions?form=talk")
    page.locator("main table a").first.click()
    with page.expect_download() as original:
        page.get_by_role("link", name="As the tablet sent it").click()
    assert original.value.suggested_filename.endswith(".xml")
    with page.expect_download() as photo:
        page.locator(".fc-files__name").first.click()
    assert photo.value.path().stat().st_size == 20_000


def test_lists_are_filtered_without_drawing_the_page_anew_and_without_scripts(lived_in: House, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, lived_in, "eva@example.org")
    page.goto(f"{lived_in.address}/submissions")
    page.get_by_label("State").select_option("set aside")
    page.get_by_role("button", name="Show").click()
    assert "filing=set+aside" in page.url or "filing=set%20aside" in page.url
    expect(page.locator("main table tbody tr")).to_have_count(2)
    context.close()
    scripted = browser.new_context().new_page()
    sign_in(scripted, lived_in, "eva@example.org")
    scripted.goto(f"{lived_in.address}/submissions")
    scripted.evaluate("window.same = true")
    scripted.get_by_label("State").select_option("set aside")
    scripted.get_by_role("button", name="Show").click()
    expect(scripted.locator("main table tbody tr")).to_have_count(2)
    assert scripted.evaluate("window.same") is True
    scripted.context.close()


def test_a_session_that_ended_meanwhile_asks_to_sign_in_and_goes_on(lived_in: House, browser):
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, lived_in, "eva@example.org")
    page.goto(f"{lived_in.address}/cases")
    context.clear_cookies()
    page.get_by_role("button", name="Show").click()  # By htmx, which alone cannot sign in.
    page.get_by_label("Email address").fill("eva@example.org")
    page.get_by_label("Password", exact=True).fill("four unrelated invented words")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Cases")).to_be_visible()
    context.close()

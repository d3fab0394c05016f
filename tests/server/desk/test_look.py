"""Each page in a browser: nothing that shuts people out, nothing that the policy refuses, nothing beside the phone."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.server.desk.pages import PAGES

# Error pages differ in their words alone, and these from pages that are looked at already.
ALIKE = {"forms/discard", "forms/proposed", "forms/tablet", "forms/test"}
LOOKED_AT = [name for name in PAGES if name not in ALIKE and not re.fullmatch(r"error/(?!429|500)\d+", name)]
WITH_AN_EMPTY_STATE = [
    "overview",
    "forms",
    "submissions",
    "cases",
    "cases/show",
    "set_aside",
    "tablets",
    "tablets/show",
]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
CONTROLS = ".govuk-button, .fc-menu__button, .govuk-service-navigation__toggle, .govuk-input, .govuk-select"


@pytest.fixture(scope="module")
def sheet(browser: Browser) -> Iterator[Page]:
    """One page of the browser, in which all of ours are looked at one after the other."""
    page = browser.new_page()
    yield page
    page.close()


@contextmanager
def opened(page: Page, address: str, size: dict[str, int]) -> Iterator[Page]:
    """The page at this address, and afterwards a look at whether the browser complained."""
    complaints: list[str] = []

    def said(message: Any) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    def answered(answer: Any) -> None:
        if answer.status >= 400:
            complaints.append(answer.url)

    def failed(error: Any) -> None:
        complaints.append(str(error))

    heard: dict[Any, Callable[[Any], None]] = {"console": said, "response": answered, "pageerror": failed}
    for event, listener in heard.items():
        page.on(event, listener)
    page.set_viewport_size(size)  # type: ignore[arg-type]
    answer = page.goto(address, wait_until="load")
    assert answer is not None
    assert answer.status == 200
    yield page
    for event, listener in heard.items():
        page.remove_listener(event, listener)
    assert complaints == []


def barriers(page: Page) -> list[str]:
    """What axe-core finds, one line each: the rule, what it says, and where."""
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {rule['help']}: {node['target']}" for rule in found for node in rule["nodes"]]


def too_wide(page: Page) -> int:
    """By how many pixels the page is wider than the screen."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def too_low(page: Page) -> list[str]:
    """The controls that a thumb would miss."""
    return list(
        page.evaluate(
            """selector => [...document.querySelectorAll(selector)]
                .filter(control => control.checkVisibility() && control.getBoundingClientRect().height < 44)
                .map(control => control.outerHTML.slice(0, 120))""",
            CONTROLS,
        )
    )


@pytest.mark.parametrize("name", LOOKED_AT)
def test_a_page_of_an_ordinary_day_shuts_nobody_out(sheet, pages_url, name):
    with opened(sheet, f"{pages_url}/look/normal/{name}?language=es", DESK) as page:
        assert barriers(page) == []
        assert page.locator("html").get_attribute("lang") == "es"
        assert page.locator("h1").count() == 1
    with opened(sheet, f"{pages_url}/look/normal/{name}?language=en", PHONE) as page:
        assert barriers(page) == []
        assert too_low(page) == []
        assert too_wide(page) == 0


@pytest.mark.parametrize("name", WITH_AN_EMPTY_STATE)
def test_a_page_with_nothing_on_it_says_so_and_shuts_nobody_out(sheet, pages_url, name):
    with opened(sheet, f"{pages_url}/look/empty/{name}?language=es", PHONE) as page:
        assert barriers(page) == []
        assert too_wide(page) == 0


@pytest.mark.parametrize("name", LOOKED_AT)
def test_an_overfull_page_stays_inside_the_screen(sheet, pages_url, name):
    with opened(sheet, f"{pages_url}/look/full/{name}?language=en", PHONE) as page:
        for size in (PHONE, DESK):
            page.set_viewport_size(size)
            assert too_wide(page) == 0
            assert too_low(page) == []


@pytest.mark.parametrize(
    "name", ["cases/show", "submissions/conflict", "people/new", "tablets/enrolled", "forms/checked"]
)
def test_an_overfull_page_shuts_nobody_out(sheet, pages_url, name):
    with opened(sheet, f"{pages_url}/look/full/{name}?language=en", DESK) as page:
        assert barriers(page) == []


def test_the_persons_menu_opens_and_closes_by_keyboard(sheet, pages_url):
    with opened(sheet, f"{pages_url}/look/normal/overview?language=en", DESK) as page:
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.get_by_role("button", name="Sign out").is_visible()
        assert barriers(page) == []
        page.keyboard.press("Escape")
        assert not page.get_by_role("button", name="Sign out").is_visible()


def test_a_phones_menu_opens(sheet, pages_url):
    with opened(sheet, f"{pages_url}/look/normal/cases?language=en", PHONE) as page:
        assert not page.get_by_role("link", name="Tablets").is_visible()
        page.get_by_role("button", name="Menu").click()
        assert page.get_by_role("link", name="Tablets").is_visible()
        assert barriers(page) == []


def test_filters_are_folded_on_a_phone_and_open_on_a_desk(sheet, pages_url):
    with opened(sheet, f"{pages_url}/look/normal/cases?language=en", PHONE) as page:
        assert not page.get_by_label("Stage").is_visible()
        page.get_by_text("Filter", exact=True).click()
        assert page.get_by_label("Stage").is_visible()
    with opened(sheet, f"{pages_url}/look/normal/cases?language=en", DESK) as page:
        assert page.get_by_label("Stage").is_visible()


def test_a_pages_words_and_links_stand_without_scripts(browser, pages_url):
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{pages_url}/look/normal/cases?language=en")
    assert page.get_by_role("link", name="Tablets").is_visible()
    assert page.get_by_label("Stage").is_visible()
    page.get_by_role("button", name="Show").click()
    assert "stage=" in page.url
    context.close()


def test_a_secret_can_be_copied_or_at_least_selected(sheet, pages_url):
    with opened(sheet, f"{pages_url}/look/normal/people/show?language=en", DESK) as page:
        page.get_by_role("button", name="Copy").click()
        assert page.evaluate("getSelection().toString()").startswith("https://desk.example.org/join/")


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_a_filter_draws_the_list_anew_inside_the_page(sheet, pages_url, size):
    with opened(sheet, f"{pages_url}/submissions?filing=filed", size) as page:
        page.evaluate("window.stillTheSamePage = true")
        page.get_by_label("State").select_option("set aside")
        page.get_by_role("button", name="Show").click()
        page.wait_for_url("**filing=set+aside**")
        page.get_by_role("row").nth(2).wait_for()
        assert page.get_by_role("row").count() == 1 + 2
        assert page.get_by_role("row", name="Filed").count() == 0
        assert page.evaluate("window.stillTheSamePage")
        page.get_by_role("link", name="Show all").click()
        page.get_by_role("row").nth(12).wait_for()
        page.go_back()
        page.wait_for_url("**filing=set+aside**")
        page.get_by_role("row").nth(2).wait_for()

"""A colleague is added by a link, works, and is shut out at once; and the whole way with the keyboard alone."""

import json
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys.browsing import PASSWORD, House, sign_in


def test_a_colleague_comes_by_a_link_and_is_shut_out_at_once(house: House, open_page: Callable[..., Page]):
    house.add_person("ana@example.org", "administrator", "manager")
    manager, colleague = open_page(), open_page(language="es")
    sign_in(manager, house, "ana@example.org")

    manager.get_by_role("link", name="People", exact=True).click()
    manager.get_by_role("button", name="Add a person").click()
    manager.get_by_label("Name").fill("Eva Invented")
    manager.get_by_label("Email address").fill("eva@example.org")
    manager.get_by_label("Caseworker").check()
    manager.get_by_role("button", name="Add and show the link").click()
    link = manager.locator("#link").inner_text()

    colleague.goto(link)
    expect(colleague.get_by_text("eva@example.org")).to_be_visible()
    colleague.get_by_label("Elija una contraseña").fill(PASSWORD)
    colleague.get_by_role("button", name="Comenzar").click()
    colleague.get_by_role("link", name="Casos", exact=True).click()
    expect(colleague.get_by_role("heading", name="Casos", exact=True)).to_be_visible()
    again = open_page()
    again.goto(f"{house.address}/sign-in")  # The link itself answers 404, which a browser complains of.
    assert again.request.get(link).status == 404

    manager.get_by_role("link", name="People", exact=True).click()
    manager.get_by_role("link", name="Eva Invented").click()
    manager.get_by_role("button", name="Disable this account").click()
    expect(manager.get_by_text("signed in on 1 device")).to_be_visible()
    manager.get_by_role("button", name="Disable the account").click()
    expect(manager.get_by_text("The account is disabled")).to_be_visible()

    assert colleague.request.get(f"{house.address}/cases").status == 401
    assert colleague.request.get(f"{house.address}/account").status == 401


def press_until(page: Page, words: str, *, key: str = "Tab", most: int = 80) -> None:
    """The keyboard is moved on until what has the focus says these words."""
    for _ in range(most):
        page.keyboard.press(key)
        said = page.evaluate(
            "(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim().replace(/\\s+/g, ' ')"
        )
        if said == words:
            seen = page.evaluate(
                "getComputedStyle(document.activeElement).outlineStyle + document.activeElement.className"
            )
            assert seen
            return
    raise AssertionError(f"the keyboard never came to {words!r}")


def test_the_way_from_signing_in_to_a_confirmed_case_needs_no_mouse(house: House, open_page: Callable[..., Page]):
    house.add_person("ana@example.org", "manager")
    talk = house.folder / "talk.md"
    talk.write_text(
        "| survey |\n| | type | name | label | calculation | case_field |\n"
        "| | text | alias | Name you want to use | | person.alias |\n| | calculate | open | | 1 | |\n"
        "| settings |\n| | form_title | form_id | version | case_form |\n| | Invented talk | talk | 1 | other |\n"
        "| case_records |\n| | record | action | match | when | repeat | link |\n"
        "| | person | find_or_propose | | ${open} | | |\n| | case | find_or_propose | | ${open} | | person |\n"
    )
    house.command("form", "publish", str(talk))
    url = house.command("device", "enrol", "Tablet 07")["server_url"]
    page = open_page()
    xml = (
        '<data id="talk" version="1"><alias>Zora (invented)</alias><open>1</open>'
        "<meta><instanceID>uuid:1</instanceID></meta></data>"
    )
    sent = {"name": "x.xml", "mimeType": "text/xml", "buffer": xml.encode()}
    assert page.request.post(f"{url}/submission", multipart={"xml_submission_file": sent}).status == 201

    page.goto(f"{house.address}/sign-in")
    press_until(page, "Email address")
    page.keyboard.type("ana@example.org")
    press_until(page, "Password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{house.address}/")
    press_until(page, "Skip to main content")
    press_until(page, "Cases")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases")
    code = page.locator("main table a").first.inner_text()
    press_until(page, code)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/cases/{code}")
    press_until(page, "Confirm this case")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The case is confirmed")).to_be_visible()
    press_until(page, "Ana Invented" if page.get_by_text("Ana Invented").count() else "Invented Person")
    page.keyboard.press("Enter")
    press_until(page, "Sign out")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in")
    assert json.dumps(page.context.cookies()) == "[]"

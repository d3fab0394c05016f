"""A form is tried as a draft, published, filled in at the office with a file, corrected, and read in its case."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.journeys.browsing import PHONE, House, barriers, choose, sign_in, too_wide

TALK = """
| survey |  |  |  |  |  |  |  |
|  | type | name | label::English (en) | label::Español (es) | calculation | case_field | required |
|  | select_one yn | wants | May we contact you? | ¿Podemos contactarle? |  | consent.answer | yes |
|  | text | alias | Name you want to use | Nombre que quiere usar |  | person.alias |  |
|  | select_one_from_file offices.csv | office | Which office? | ¿Qué oficina? |  |  |  |
|  | image | photo | Photo of the place | Foto del lugar |  |  |  |
|  | begin_repeat | stays | Place | Lugar |  |  |  |
|  | integer | months | How many months? | ¿Cuántos meses? |  |  |  |
|  | end_repeat |  |  |  |  |  |  |
|  | calculate | followup |  |  | if(${wants} = 'yes', 1, 0) |  |  |
| choices |  |  |  |  |
|  | list_name | name | label::English (en) | label::Español (es) |
|  | yn | yes | Yes | Sí |
|  | yn | no | No | No |
| settings |  |  |  |  |  |
|  | form_title | form_id | version | case_form | default_language |
|  | Invented talk | talk | 1 | other | English (en) |
| case_records |  |  |  |  |  |  |
|  | record | action | match | when | repeat | link |
|  | person | find_or_propose |  | ${followup} |  |  |
|  | case | find_or_propose |  | ${followup} |  | person |
|  | consent | new |  | ${followup} |  | case |
| case_codes |  |  |  |
|  | list_name | choice | code |
|  | yn | yes | given |
|  | yn | no | refused |
"""
SEND = ".odk-form .footer button"


def picture(folder: Path) -> Path:
    """A small photograph: one grey point."""
    path = folder / "place.png"
    path.write_bytes(
        bytes.fromhex(
            "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
            "53de0000000c4944415408d763686868000003040181a2d2f70000000049454e44ae426082"
        )
    )
    return path


def opened(page: Page, path: str) -> None:
    """The form is shown; nobody is shut out, nothing sticks out, and nothing was fetched from elsewhere."""
    page.goto(path)
    page.locator(".odk-form").wait_for()
    assert barriers(page) + too_wide(page) == []
    assert page.locator("h1").count() == 1


def test_nobody_sends_what_somebody_else_filled_in(house: House, open_page: Callable[..., Page]):
    for name in ("fay", "gus"):
        house.add_person(f"{name}@example.org", "caseworker")
    talk = house.folder / "plain.md"
    talk.write_text(TALK.replace("select_one_from_file offices.csv", "text"))
    house.command("form", "publish", str(talk))
    page = open_page().context.browser.new_context(locale="en").new_page()  # Refusals are written to its console.
    sign_in(page, house, "fay@example.org")
    opened(page, f"{house.address}/fill/talk")
    page.get_by_text("Yes", exact=True).click()
    page.get_by_label("Name you want to use").fill("Zora (invented)")
    page.context.clear_cookies()
    other = page.context.new_page()
    sign_in(other, house, "gus@example.org")
    page.locator(SEND).click()
    expect(page.locator("#form-alert")).to_contain_text("Somebody else is signed in now")
    expect(page.get_by_label("Name you want to use")).to_have_value("Zora (invented)")
    assert house.command("submission", "list") == []
    page.context.clear_cookies()
    sign_in(other, house, "fay@example.org")
    page.locator(SEND).click()
    expect(page.get_by_text("Your answers are received and safe.")).to_be_visible()
    page.context.close()


def test_a_form_is_tried_filled_in_with_a_file_corrected_and_read_in_its_case(
    house: House, open_page: Callable[..., Page]
):
    house.add_person("dora@example.org", "designer")
    house.add_person("eva@example.org", "caseworker")
    talk, offices = house.folder / "talk.md", house.folder / "offices.csv"
    talk.write_text(TALK)
    offices.write_text("name,label\nbze,Belize City\ncor,Corozal\n")

    designer = open_page()
    sign_in(designer, house, "dora@example.org")
    designer.goto(f"{house.address}/publish")
    choose(designer, "Spreadsheet", talk)
    choose(designer, "Pictures, sounds and lists", offices)
    designer.get_by_role("button", name="Keep as a draft").click()
    expect(designer.get_by_role("button", name="Try it here")).to_be_visible(timeout=60_000)
    opened(designer, f"{house.address}/forms/talk/draft/preview")
    designer.locator(SEND).click()
    expect(designer.get_by_text("1 question needs another look.")).to_be_visible()
    designer.get_by_text("Yes", exact=True).click()
    designer.get_by_label("Name you want to use").fill("Zora (invented)")
    designer.locator(SEND).click()
    panel = designer.locator("#form-result")
    expect(panel.get_by_role("heading", name="What these answers would make")).to_be_focused()
    expect(panel).to_contain_text("no case was touched")
    expect(panel.get_by_role("link", name="Open the test submission")).to_be_visible()
    expect(panel.locator(".fc-record__row", has_text="Zora (invented)")).to_contain_text("Name you want to use")
    designer.get_by_text("No", exact=True).click()
    expect(panel.get_by_text("The answers have changed since")).to_be_visible()
    designer.on("dialog", lambda dialog: dialog.accept())
    designer.get_by_role("link", name="Back to the draft").click()
    designer.get_by_role("button", name="Publish this draft").click()
    expect(designer.get_by_text("The form is published.")).to_be_visible()

    page = open_page(size=PHONE)
    sign_in(page, house, "eva@example.org")
    page.evaluate("document.querySelector('button[name=language][value=es]').click()")
    expect(page.locator("html")).to_have_attribute("lang", "es")
    elsewhere: list[str] = []
    page.on("request", lambda one: elsewhere.append(one.url) if house.address not in one.url else None)
    opened(page, f"{house.address}/fill/talk")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_text("Sí", exact=True).click()
    page.get_by_label("Nombre que quiere usar").fill("Maya (invented)")
    page.get_by_text("Corozal", exact=True).click()
    page.get_by_label("¿Cuántos meses?").press_sequentially("5")
    with page.expect_file_chooser() as window:
        page.get_by_role("button", name="Elegir una imagen").click()
    window.value.set_files(picture(house.folder))
    page.locator(".govuk-back-link").click()
    assert asked == ["beforeunload"]
    page.locator(SEND).click()
    expect(page.get_by_text("Sus respuestas se recibieron y están a salvo.")).to_be_visible()
    assert barriers(page) + too_wide(page) == []
    expect(page.get_by_text("Llegó 1 archivo")).to_be_visible()

    page.get_by_role("link", name="Sus respuestas como las muestra el formulario").click()
    page.get_by_role("button", name="Corregir en la oficina").click()
    expect(page.locator(".preview-captured-image img")).to_be_visible()
    name = page.get_by_label("Nombre que quiere usar")
    expect(name).to_have_value("Maya (invented)")
    name.fill("Luz (invented)")
    page.locator(SEND).click()
    page.get_by_role("button", name=re.compile("Abrir el caso TIP-")).click()
    expect(page.get_by_text("Luz (invented)")).to_be_visible()
    expect(page.get_by_text("Maya (invented)")).to_have_count(0)
    assert [one for one in elsewhere if not one.startswith(("blob:", "data:"))] == []
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]

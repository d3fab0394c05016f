"""A designer in a browser: a workbook is dropped, mended, kept as a draft, tried on a tablet, compared, published."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.journeys.browsing import House, barriers, choose, scan, sign_in, too_wide
from tests.server.desk.office import SECOND, TALK, workbook

DROP = """text => {
    const held = new DataTransfer();
    held.items.add(new File([text], "talk.md", { type: "text/markdown" }));
    for (const kind of ["dragover", "drop"]) {
        document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: held, bubbles: true, cancelable: true }));
    }
}"""


def test_a_dropped_workbook_is_mended_tried_compared_and_published(
    house: House, open_page: Callable[..., Page], make_tablet, tmp_path: Path
):
    house.add_person("dora@example.org", "designer")
    page = open_page()
    sign_in(page, house, "dora@example.org")
    page.get_by_role("link", name="Forms").click()
    page.get_by_role("button", name="Publish a form").click()

    wrong = [TALK["survey"][0].replace("select_one yn", "select_one yns"), *TALK["survey"][1:]]
    expect(page.get_by_role("button", name="Spreadsheet")).to_be_visible()  # Drawn by the scripts, which take drops.
    page.evaluate(DROP, workbook(survey=wrong, settings=["Invented talk | talk | 1 | others"]))
    expect(page.get_by_text("talk.md")).to_be_visible()
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("heading", name="What the check found")).to_be_visible(timeout=60_000)
    at_the_list = page.locator(".fc-finding", has_text="survey!A2")
    expect(at_the_list).to_contain_text("yns")
    expect(at_the_list).to_contain_text("Did you mean")
    page.get_by_label("settings (").check()
    expect(at_the_list).to_be_hidden()
    assert barriers(page) == []
    assert too_wide(page) == []

    mended = tmp_path / "talk.md"
    mended.write_text(workbook())
    choose(page, "Spreadsheet", mended)
    page.locator(".fc-upload").get_by_role("button", name="Keep as a draft").click()
    expect(page.get_by_text("It is kept as a draft")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("This form is new")).to_be_visible()

    page.get_by_role("button", name="Try it on a tablet").click()
    tablet = make_tablet(scan(page))
    assert "/v1/test/" in tablet.server_url
    assert tablet.sync().downloaded == ["talk"]
    page.get_by_role("button", name="Back to the draft").click()
    page.get_by_role("button", name="Publish this draft").click()
    expect(page.get_by_text("The form is published. Tablets")).to_be_visible()

    page.get_by_role("button", name="Publish a new version").click()
    mended.write_text(SECOND)
    choose(page, "Spreadsheet", mended)
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("Nothing was published yet. Look at what changes")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("heading", name="Answers that lose their place")).to_be_visible()
    renamed = page.locator(".fc-change", has_text="Name you want to use")
    expect(renamed.get_by_role("row", name="Name", exact=False).last).to_contain_text("nick")
    assert barriers(page) == []
    page.get_by_role("button", name="Publish this draft").click()
    expect(page.get_by_text("The form is published. Tablets")).to_be_visible()
    page.locator("#versions").get_by_role("link", name="2", exact=True).first.click()
    expect(page.get_by_text("1 question removed")).to_be_visible()

"""Invented data for the designer's pages: what a check found, a draft, what changes, a version, closing."""

from types import SimpleNamespace as Thing
from typing import Any

from server.desk.found import found_view
from tests.server.desk.samples import LANGUAGES_OF_FORM, NOW, answers, files, form, rows, some
from xlsforms.findings import error, info, warning

HOLES = [
    ["survey", "label", "English (en)", 58, 58],
    ["survey", "label", "Español (es)", 51, 58],
    ["survey", "hint", "English (en)", 12, 12],
    ["choices", "label", "Español (es)", 24, 24],
]


def found(load: str, *, refused: bool) -> dict[str, Any]:
    """Findings as the page takes them; with errors when the form was refused."""
    listed = [] if load == "empty" else [warning("translation-missing", ("survey", "D7", "label::Español (es)", ""))]
    listed += rows(load, lambda each: info("not-validated", ("", "", "", ""), reason="there is no Java"), 1)
    value = some(load, "${helth_problem} = 'yes'")
    places = (("choices", "C4", "label", value), ("survey", "F12", "relevant", value))
    made = error if refused else warning
    listed += rows(load, lambda each: made("unknown-reference", places[each % 2], q="helth", near="health"), 4)
    return found_view(listed, HOLES)


def check(load: str, *, refused: bool) -> dict[str, Any]:
    return {
        "form": None if refused else form(load, 1),
        "found": found(load, refused=refused),
        "checked": {
            "refused": refused,
            "title": some(load, "Field screening of adults"),
            "form_id": "tip",
            "version": "2026050302",
            "questions": 58,
            "mapped": True,
        },
        "token": "0" * 32,
        "marked_url": "/checks/0/marked",
        "errors": {},
    }


def row(load: str, what: str, before: str, after: str) -> dict[str, Any]:
    return {"what": what, "before": before, "after": some(load, after), "orphans": False, "kind": "label"}


def card(load: str, number: int) -> dict[str, Any]:
    label = some(load, ["Does someone else keep your papers?", "Where do you sleep?"][number % 2])
    lines = [
        row(load, "Words (English)", "Do they keep your papers?", "Does someone else keep your papers?"),
        row(load, "Asked when", "", "${docs_held} = 'yes'"),
    ]
    return {"path": f"/data/q{number}", "name": f"q{number}", "label": label, "type": "Choice of one", "rows": lines}


def difference(load: str) -> dict[str, Any]:
    if load == "empty":
        return {name: [] for name in ("removed", "changed", "added", "form", "orphans", "no_longer_fed")} | {
            "same": True
        }
    cards = [card(load, number) for number in range(2 if load == "normal" else 60)]
    return {
        "removed": cards[:1],
        "changed": cards,
        "added": cards[:2],
        "form": [row(load, "Title", "Screening", "Field screening"), row(load, "File added", "", "card.png")],
        "orphans": [some(load, "Where do you sleep?"), "“Papers”: the choice “Identity card”"],
        "no_longer_fed": ["Date of birth"],
        "same": False,
    }


REACH = Thing(
    open_cases=12, submissions=1204, waiting=3, files_missing=2, tablets=30, tablets_used=21, tablets_behind=4
)


def draft_facts(load: str) -> dict[str, Any]:
    return {
        "form_id": "tip_field_screening",
        "title": some(load, "Field screening of adults"),
        "version": "2026050302",
        "made_at": NOW,
        "made_by": some(load, "Ana Invented"),
        "filename": some(load, "field_screening_adult.xlsx"),
        "mapped": True,
        "url": "/forms/tip/draft",
    }


def draft(load: str, **proposal: Any) -> dict[str, Any]:
    listed = rows(load, lambda each: {"url": "#", "received_at": NOW, "version": "2", "app": some(load, "Collect")}, 2)
    slots = rows(load, lambda each: {"name": some(load, f"{each}.png"), "size": 9000, "href": "#" if each else None}, 2)
    asked = {"two": False, "proposed_at": None, "returned_at": None, "own": False, "may_approve": False}
    return {
        "draft": draft_facts(load),
        "files": slots[:40],
        "findings": [],
        "tests": listed[:60],
        "proposal": asked | {"proposed_by": "", "returned_by": "", "word": None} | proposal,
        "reach": REACH,
        "published": None if load == "empty" else {"version": "2026050301", "url": "#"},
        "difference": None if load == "empty" else difference(load),
        "taken": load == "full",
        "seen": "0" * 32,
        "version": "2026050302",
        "errors": {"version": "This version was published before."} if load == "full" else {},
    }


def version(load: str) -> dict[str, Any]:
    held = vars(form(load, 0)) | {"name": "2026050301"}
    return {
        "form": {"form_id": "tip", "title": some(load, "Field screening of adults"), "url": "#"},
        "version": held,
        "others": [] if load == "empty" else ["2026050202", "2026050101", ""],
        "against": None if load == "empty" else "2026050202",
        "difference": None if load == "empty" else difference(load),
        "media": files(load),
        "findings": [],
        "may_publish": True,
    }


def closing(load: str) -> dict[str, Any]:
    title = some(load, "Field screening of adults")
    state = "closed" if load == "full" else "closing"
    return {"form": {"form_id": "tip", "title": title, "url": "#"}, "state": state, "reach": REACH}


def test(load: str) -> dict[str, Any]:
    facts = {"received_at": NOW, "version": "2", "app": some(load, "Collect"), "instance_id": "uuid:1", "xml_url": "#"}
    return {
        "draft": draft_facts(load),
        "test": facts,
        "nodes": answers(load),
        "behind": [],
        "languages_of_form": LANGUAGES_OF_FORM,
        "lang": "en",
        "files": files(load),
    }


test.__test__ = False  # type: ignore[attr-defined]

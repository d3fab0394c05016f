"""Every page with the invented data it is given: `empty`, `normal` and `full`."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace as Thing
from typing import Any

import segno
from markupsafe import Markup

from tests.server.desk import form_samples
from tests.server.desk.samples import (
    LANGUAGES_OF_FORM,
    LONG,
    NOW,
    answers,
    case,
    event,
    files,
    finding,
    form,
    form_question,
    person,
    reason,
    record_fields,
    rows,
    screenings,
    some,
    submission,
    tablet,
    tasks,
)

View = dict[str, Any]
Page = tuple[str, Callable[[str], View]]
PLAIN_HTTP = (
    "This site is reached over plain http: what is typed here can be read on the way. Use it on this machine only."
)


def page(name: str, load: str) -> tuple[str, View]:
    """The template of a page and what it is given."""
    template, view = PAGES[name]
    return template, view(load)


def shell(name: str, load: str) -> View:
    """What the layout needs: a signed-in manager, except where nobody is signed in yet."""
    if name in OUTSIDE:
        return {"navigation": [], "reader": None, "banners": [PLAIN_HTTP] if load == "full" else []}
    texts = ["Overview", "Cases", "Submissions", "Set aside", "Forms", "Tablets", "People"]
    navigation = [
        Thing(
            text=text,
            href="#",
            current=name.startswith(text.lower().replace(" ", "_")),
            count=12 if text == "Set aside" else 0,
        )
        for text in texts
    ]
    name_of_reader = LONG if load == "full" else "Ana Invented"
    return {
        "navigation": navigation,
        "reader": Thing(name=name_of_reader, agency="Department of Human Services"),
        "banners": [PLAIN_HTTP] if load == "full" else [],
    }


def picture() -> Markup:
    code = segno.make("https://desk.example.org/v1/key/" + "x" * 64, micro=False)
    return Markup(code.svg_inline(omitsize=True, border=2))


def overview(load: str) -> View:
    number = {"empty": 0, "normal": 7, "full": 12_345}[load]
    tiles = [
        Thing(number=number, words="submissions in the last 7 days", href="#", due=False),
        Thing(number=number and 2, words="cases waiting to be confirmed", href="#", due=True),
        Thing(number=number, words="submissions set aside", href="#", due=True),
        Thing(number=number and 3, words="silent tablets", href="#", due=True),
    ]
    start = [
        Thing(done=True, title="Publish a form", text="A screening questionnaire is published already.", href="#"),
        Thing(
            done=False, title="Enrol a tablet", text="Scan a QR code once; the tablet then works on its own.", href="#"
        ),
        Thing(done=False, title="Add your colleagues", text="Each gets a link to choose a password.", href="#"),
    ]
    return {
        "now": NOW,
        "tiles": tiles,
        "start": start if load == "empty" else [],
        "latest": rows(load, lambda number: submission(load, number), 5),
        "proposed": rows(load, lambda number: case(load, number + 1), 2),
        "silent": rows(load, lambda number: tablet(load, number), 3),
    }


def chosen(load: str, **values: str) -> dict[str, str]:
    return values if load == "full" else dict.fromkeys(values, "")


PEOPLE_OPTIONS: View = {
    "agencies": [("1", "Department of Human Services"), ("2", "Immigration Department")],
    "roles": ["manager", "designer", "officer", "caseworker", "supervisor", "analyst", "auditor", "administrator"],
}


def wrong(load: str, **errors: str) -> dict[str, str]:
    return errors if load == "full" else {}


def error_page(status: int, **more: object) -> Page:
    return "error.html", lambda load: {"status": status, **more}


def submission_page(number: int) -> Page:
    return "submissions/show.html", lambda load: {
        "now": NOW,
        "screenings": screenings(load)[:1],
        "submission": submission(load, number),
        "nodes": answers(load),
        "languages_of_form": LANGUAGES_OF_FORM,
        "lang": "en",
        "files": files(load),
        "others": [Thing(url="#", received_at=NOW)] if number == 4 else [],
        "events": rows(load, lambda each: event(load, each), 4)[:60],
        "may_refile": True,
        "not_asked": 0 if load == "empty" else 17,
        "everything_url": "?everything=1",
        "behind": answers(load)[:1],
    }


OUTSIDE = {"sign_in", "first", "join", "password", "spent", "spent_first", "error/401"}
PAGES: dict[str, Page] = {
    "overview": ("overview.html", overview),
    "sign_in": (
        "sign_in.html",
        lambda load: {
            "values": {"email": "ana@example.org" if load == "full" else ""},
            "errors": wrong(load, email="The email address or the password is not right. Nothing else was changed."),
            "next": "/cases",
        },
    ),
    "first": (
        "first_person.html",
        lambda load: {
            "first": True,
            "token": "t",
            "values": {},
            "shortest": 12,
            "errors": wrong(load, name="Enter your name", password="Choose a password of at least 12 characters"),
        },
    ),
    "join": (
        "first_person.html",
        lambda load: {"first": False, "token": "t", "values": {}, "shortest": 12, "person": person(load, 1)},
    ),
    "password": (
        "password_link.html",
        lambda load: {"token": "t", "shortest": 12, "errors": wrong(load, password="This password is too short")},
    ),
    "spent": ("spent_link.html", lambda load: {"first": False}),
    "spent_first": ("spent_link.html", lambda load: {"first": True}),
    "forms": (
        "forms/list.html",
        lambda load: {
            "forms": rows(load, lambda each: form(load, each), 5),
            "drafts": [] if load == "empty" else [{**form_samples.draft_facts(load), "proposed": True}],
            "may_publish": True,
        },
    ),
    "forms/show": (
        "forms/show.html",
        lambda load: {
            "form": form(load, 1),
            "questions": rows(load, lambda each: form_question(load, each), 14),
            "media": files(load),
            "findings": rows(load, lambda each: finding(load, 3 * each + 1), 3)[:50],
            "versions": [form(load, each) for each in range(50 if load == "full" else 3)],
            "draft": None if load == "empty" else {**form_samples.draft_facts(load), "proposed": False},
            "offered": Thing(reach=form_samples.REACH, since=NOW, editable=load == "full"),
            "may_publish": True,
            "may_enrol": True,
        },
    ),
    "forms/new": ("forms/new.html", lambda load: {"form": None, "found": None, "checked": None, "errors": {}}),
    "forms/refused": ("forms/new.html", lambda load: form_samples.check(load, refused=True)),
    "forms/checked": ("forms/new.html", lambda load: form_samples.check(load, refused=False)),
    "forms/draft": ("forms/draft.html", form_samples.draft),
    "forms/proposed": (
        "forms/draft.html",
        lambda load: form_samples.draft(
            load, two=True, proposed_at=NOW, proposed_by=some(load, "Ana Invented"), may_approve=True
        ),
    ),
    "forms/version": ("forms/version.html", form_samples.version),
    "forms/closing": ("forms/close.html", form_samples.closing),
    "forms/discard": (
        "forms/discard.html",
        lambda load: {"draft": form_samples.draft_facts(load), "published": True, "tests": 2},
    ),
    "forms/tablet": (
        "forms/tablet.html",
        lambda load: {
            "draft": form_samples.draft_facts(load),
            "qr": None if load == "empty" else picture(),
            "server_url": "https://desk.example.org/v1/test/" + "x" * 64 + "/projects/1/forms/tip/draft",
        },
    ),
    "forms/test": ("forms/test.html", form_samples.test),
    "submissions": (
        "submissions/list.html",
        lambda load: {
            "submissions": rows(load, lambda each: submission(load, each), 12),
            "filters": chosen(load, form="screening", filing="filed", tablet="7"),
            "forms": [("screening", "Field screening of adults"), ("follow_up", some(load, "Follow-up visit"))],
            "tablets": [("7", "Tablet 07")],
            "newer": "?after=1" if load == "full" else None,
            "older": "?before=1" if load != "empty" else None,
            "any": load != "empty",
        },
    ),
    "submissions/nothing_fits": (
        "submissions/list.html",
        lambda load: {
            "submissions": [],
            "filters": {"form": "", "filing": "held"},
            "forms": [],
            "tablets": [],
            "any": True,
        },
    ),
    "submissions/filed": submission_page(0),
    "submissions/set_aside": submission_page(2),
    "submissions/conflict": submission_page(4),
    "submissions/held": submission_page(3),
    "cases": (
        "cases/list.html",
        lambda load: {
            "now": NOW,
            "cases": rows(load, lambda each: case(load, each), 12),
            "filters": chosen(load, stage="intake", urgency="P1", proposed="", sort="changed"),
            "older": "?before=1" if load != "empty" else None,
            "any": load != "empty",
        },
    ),
    "cases/show": (
        "cases/show.html",
        lambda load: {
            "now": NOW,
            "case": case(load, 1),
            "screenings": screenings(load),
            "tasks": tasks(load),
            "records": []
            if load == "empty"
            else [
                Thing(kind="Screening", number=None, id="screening-1", fields=record_fields(load)),
                Thing(kind="Person", number=None, id="person-1", fields=record_fields(load)[:3]),
                Thing(kind="Movement", number=2, id="movement-2", fields=record_fields("normal")[:2]),
            ],
            "submissions": rows(load, lambda each: submission(load, 6 * each), 2),
            "events": rows(load, lambda each: event(load, each), 4)[:60],
            "conflicts": 0 if load == "empty" else 1,
            "elsewhere": 0 if load == "empty" else 2,
            "may_confirm": True,
        },
    ),
    "cases/proposed": (
        "cases/show.html",
        lambda load: {
            "now": NOW,
            "case": case(load, 8),
            "screenings": screenings(load)[1:],
            "tasks": [],
            "records": [Thing(kind="Screening", number=None, id="screening-1", fields=record_fields(load)[:2])],
            "submissions": [submission(load, 0)],
            "events": [],
            "conflicts": 0,
            "may_confirm": True,
            "flashes": [("success", "The case is confirmed."), ("error", "It could not be told to anybody.")],
        },
    ),
    "set_aside": (
        "set_aside/list.html",
        lambda load: {
            "reasons": rows(load, lambda each: reason(load, each), 2)[:60],
            "held": rows(load, lambda each: submission(load, 3), 2),
            "may_refile": True,
        },
    ),
    "people": (
        "people/list.html",
        lambda load: {
            "people": [person(load, 0), *rows(load, lambda each: person(load, each + 1), 6)],
            "may_add": True,
        },
    ),
    "people/new": (
        "people/new.html",
        lambda load: {
            **PEOPLE_OPTIONS,
            "values": {"roles": ["caseworker"]},
            "errors": wrong(
                load, name="Enter a name", email="Somebody with this address is here already", roles="Choose one"
            ),
        },
    ),
    "people/show": (
        "people/show.html",
        lambda load: {
            **PEOPLE_OPTIONS,
            "person": person(load, {"empty": 2, "normal": 1, "full": 0}[load]),
            "link": None
            if load == "empty"
            else Thing(
                url="https://desk.example.org/join/" + "k" * 43, expires_at=NOW + timedelta(days=3), kind="invite"
            ),
            "values": {"roles": ["caseworker"], "agency": "2"},
            "errors": {},
            "may_change": True,
        },
    ),
    "people/disable": ("people/disable.html", lambda load: {"person": person(load, 1)}),
    "agencies": (
        "agencies/list.html",
        lambda load: {
            "agencies": [
                Thing(name=some(load, "Department of Human Services"), people=12, tablets=30, url="/agencies/1"),
                *rows(
                    load, lambda each: Thing(name=some(load, "Immigration Department"), people=each, tablets=1204), 2
                ),
            ],
            "values": {},
            "errors": wrong(load, name="An agency of this name is here already"),
            "may_add": True,
        },
    ),
    "agencies/rename": (
        "agencies/rename.html",
        lambda load: {
            "agency": Thing(id=1, name=some(load, "Department of Human Services")),
            "values": {"name": some(load, "Department of Human Services")},
            "errors": wrong(load, name="An agency of this name is here already"),
        },
    ),
    "tablets": (
        "tablets/list.html",
        lambda load: {"tablets": rows(load, lambda each: tablet(load, each), 10), "may_enrol": True},
    ),
    "tablets/new": (
        "tablets/new.html",
        lambda load: {
            **PEOPLE_OPTIONS,
            "values": {},
            "errors": wrong(load, name="A tablet of this name is enrolled already"),
        },
    ),
    "tablets/show": (
        "tablets/show.html",
        lambda load: {
            "tablet": tablet(load, {"empty": 4, "normal": 3, "full": 2}[load]),
            "submissions": rows(load, lambda each: submission(load, each), 5),
            "events": rows(load, lambda each: event(load, each), 3)[:30],
            "may_revoke": True,
        },
    ),
    "tablets/revoke": ("tablets/revoke.html", lambda load: {"tablet": tablet(load, 1 if load != "empty" else 4)}),
    "tablets/enrolled": (
        "tablets/enrolled.html",
        lambda load: {
            "tablet": tablet(load, 6),
            "qr": picture(),
            "server_url": "http://192.168.1.20:8080/v1/key/" + "x" * 64 + "/projects/1",
            "username": "tablet-07",
            "secret": "x" * 64,
            "basic": load == "full",
        },
    ),
    "account": (
        "account.html",
        lambda load: {
            "account": person(load, 1),
            "values": {},
            "errors": wrong(load, current="This is not your password"),
            "shortest": 12,
        },
    ),
    **{f"error/{status}": error_page(status) for status in (400, 401, 403, 404, 405, 409, 413, 415, 503)},
    "error/429": error_page(429, again=40),
    "error/500": error_page(500, reference="6f0f-4a5b-9c53"),
}

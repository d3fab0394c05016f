"""Invented data for looking at pages: `empty`, `normal` and `full`. No person, place or answer here is real."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace as Thing
from typing import Any

import segno
from markupsafe import Markup

NOW = datetime(2026, 5, 3, 20, 10, tzinfo=UTC)
LONG = "Responsabilidad" * 14
WORDS = "Said that the foreman at the farm keeps the papers of everybody who works there, in a locked drawer. " * 4
ARABIC = "قالت إن جواز سفرها محجوز لدى صاحب العمل منذ ثلاثة أشهر (رقم 07)"
LANGUAGES_OF_FORM = [
    Thing(code="en", name="English", url="?lang=en", current=True),
    Thing(code="es", name="Español", url="?lang=es", current=False),
]
View = dict[str, Any]


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
        Thing(text=text, href="#", current=name.startswith(text.lower().replace(" ", "_")), count=12 if text == "Set aside" else 0)
        for text in texts
    ]
    name_of_reader = LONG if load == "full" else "Ana Invented"
    return {
        "navigation": navigation,
        "reader": Thing(name=name_of_reader, agency="Department of Human Services"),
        "banners": [PLAIN_HTTP] if load == "full" else [],
    }


PLAIN_HTTP = "This site is reached over plain http: what is typed here can be read on the way. Use it on this machine only."


def rows(load: str, make: Callable[[int], Thing], normal: int = 8) -> list[Thing]:
    """No row, a handful, or five hundred."""
    return [make(number) for number in range({"empty": 0, "normal": normal, "full": 500}[load])]


def some(load: str, text: str) -> str:
    """The text, or one that is too long or runs the other way."""
    return {"empty": text, "normal": text, "full": f"{ARABIC} {LONG}"}[load]


FILINGS = ["filed", "pending", "set aside", "held", "conflict", "not mapped"]
STAGES = ["intake", "review", "identification", "plan", "active", "follow_up", "on_hold", "closed"]


def submission(load: str, number: int) -> Thing:
    filing = FILINGS[number % 6]
    return Thing(
        id=number,
        url=f"/submissions/{number}",
        form=some(load, "Field screening of adults" if number % 3 else "Follow-up visit"),
        form_url="/forms/screening",
        version="2026050301",
        tablet=some(load, f"Tablet {number % 30 + 1:02}"),
        agency="Department of Human Services",
        received_at=NOW - timedelta(minutes=37 * number),
        filing=filing,
        files_here=number % 3,
        files_expected=(number % 3) + (number % 2),
        case_code="TIP-7K3Q-9" if filing == "filed" else None,
        case_url="/cases/TIP-7K3Q-9",
        refile_url=f"/submissions/{number}/refile",
        instance_id="uuid:0b5c8e0e-6f0f-4a5b-9c53-2f4b7b1d9a10",
        started_at=NOW - timedelta(hours=5),
        filed_at=NOW if filing == "filed" else None,
        reason=REASON if filing in ("set aside", "conflict") else None,
        xml_url="/submissions/1/xml",
        waits_for="Version 2026050901 of the form, which is not published here yet.",
    )


REASON = "The answer to “Sex of the person” is not one of the choices that the case record knows for this field."


def case(load: str, number: int) -> Thing:
    return Thing(
        code=f"TIP-7K{number:03}-{number % 9}",
        url=f"/cases/{number}",
        stage=STAGES[number % 8],
        urgency=[None, "P1", "P2", "P3", "P4"][number % 5],
        due=NOW + timedelta(minutes=42 - 30 * number),
        proposed=number % 8 == 0,
        opened_on=(NOW - timedelta(days=number)).date(),
        district=some(load, ["Cayo", "Belize", "Toledo", None][number % 4]) if number % 4 != 3 else None,
        agency="Department of Human Services",
        owner=None,
        form="Field screening of adults",
        submissions=number + 1,
        last_at=NOW - timedelta(hours=number),
    )


def tablet(load: str, number: int) -> Thing:
    return Thing(
        id=number,
        url=f"/tablets/{number}",
        name=some(load, f"Tablet {number + 1:02}"),
        agency=some(load, "Immigration Department"),
        last_seen=None if number % 5 == 4 else NOW - timedelta(hours=9 * number),
        silent=number % 5 == 3,
        revoked_at=NOW if number % 5 == 2 else None,
        enrolled_at=NOW - timedelta(days=90),
        app_version="Collect v2026.2.4",
        submissions=number * 113,
    )


def person(load: str, number: int) -> Thing:
    return Thing(
        id=number,
        url=f"/people/{number}",
        name=some(load, f"Ana Invented {number}"),
        email=f"{'ana' * 30 if load == 'full' else 'ana'}{number}@example.org",
        roles=[["manager"], ["caseworker", "supervisor"], ["designer"], ["officer"]][number % 4],
        agency=some(load, "Department of Human Services"),
        state=["active", "invited", "disabled"][number % 3],
        last_seen=None if number % 3 == 1 else NOW - timedelta(days=number),
        sessions=2,
        added_at=NOW - timedelta(days=400),
    )


def event(load: str, number: int) -> Thing:
    return Thing(
        what=["Received from the tablet", "Set aside", "Filed again", "Filed"][number % 4],
        when=NOW - timedelta(minutes=9 * number),
        by=some(load, "Ana Invented") if number % 2 else None,
        text=some(load, "Its form was published anew.") if number % 4 == 2 else None,
        href="/submissions/1" if number % 4 == 3 else None,
        link="Open the submission",
    )


def source(load: str, value: object, **other: object) -> Thing:
    facts = {
        "value": value,
        "kind": "text",
        "question": some(load, "Does someone else keep your identity papers?"),
        "question_lang": "en",
        "question_path": "/data/papers/docs_held",
        "form": "Field screening of adults",
        "tablet": "tablet 07",
        "said_at": NOW - timedelta(days=2),
        "submission_url": "/submissions/1#papers",
    }
    return Thing(**(facts | other))


def record_fields(load: str) -> list[Thing]:
    by_hand = source(load, "Cayo", person="Ana Invented", reason="Corrected after a call with the village council.")
    fields = [
        Thing(label="Papers held by someone else", sources=[source(load, "Yes")]),
        Thing(label="Birth date", sources=[source(load, NOW.date(), kind="date", question="When were you born?")]),
        Thing(label="District", conflict=True, sources=[source(load, "Belize"), by_hand]),
        Thing(label="Languages spoken", sources=[source(load, ["Spanish", "Q'eqchi'", "English"], kind="choices")]),
        Thing(label="What the person wants to happen next", sources=[source(load, WORDS)]),
        Thing(label="Safe telephone number", sources=[source(load, None)]),
    ]
    if load == "full":
        fields += [Thing(label=LONG, sources=[source(load, LONG), source(load, ARABIC)]) for _ in range(40)]
    return fields


def question(load: str, label: str, value: object, **other: object) -> Thing:
    return Thing(**({"kind": "question", "label": some(load, label), "path": "/data/q", "value": value, "value_kind": "text"} | other))


def answers(load: str) -> list[Thing]:
    if load == "empty":
        return []
    place = [question(load, "Where was it?", "Near Belmopan (invented)"), question(load, "From when?", NOW.date(), value_kind="date")]
    stays = [
        Thing(kind="repeat", label="Place", number=number, nodes=place) for number in range(1, 41 if load == "full" else 3)
    ]
    screen = [
        question(load, "Does someone else keep your identity papers?", "Yes"),
        question(load, "Who keeps them?", ["The employer", "Somebody who works for the employer"]),
        question(load, "Anything the person wants to say about it?", WORDS if load == "normal" else LONG),
        question(load, "Does the person owe money to the employer?", None),
        question(load, "How much?", None, asked=False),
    ]
    return [
        question(load, "Is it safe to talk here?", "Yes, we are alone"),
        Thing(kind="group", label=some(load, "Papers and debts"), nodes=screen),
        Thing(kind="group", label="Places stayed", nodes=stays),
        question(load, "Photo of the place (no person in it)", "1777839000.jpg", href="/submissions/1/files/1"),
    ]


def files(load: str) -> list[Thing]:
    def file(number: int) -> Thing:
        name = some(load, f"17778390{number:02}.jpg")
        href = None if number % 3 == 2 else f"/submissions/1/files/{number}"
        return Thing(name=name, type="image/jpeg", size=1_240_000 * (number + 1), href=href, named=number % 4 != 3)

    return rows(load, file, 4)[:40]


def finding(load: str, number: int) -> Thing:
    return Thing(
        severity=["error", "warning", "info"][number % 3],
        code="unknown-field",
        sheet="survey" if number % 5 else None,
        cell=f"F{number + 2}",
        message=some(load, "“screening.indicator.des_document” is not a field of the case record. Did you mean …?"),
    )


def form(load: str, number: int) -> Thing:
    return Thing(
        url="/forms/screening",
        form_id="tip_field_screening" if load != "full" else LONG,
        title=some(load, "Field screening of adults" if number % 2 else "Follow-up visit"),
        version="2026050301",
        published_at=NOW - timedelta(days=number),
        published_by=some(load, "Ana Invented"),
        open=number % 4 != 3,
        mapped=number % 4 != 2,
        submissions=number * 1204,
        current=number == 0,
        xml_url="/forms/screening.xml",
        workbook_url="/forms/screening.xlsx",
        languages=LANGUAGES_OF_FORM,
        lang="en",
    )


def form_question(load: str, number: int) -> Thing:
    kind = "group" if number % 7 == 1 else "repeat" if number % 7 == 5 else "question"
    return Thing(
        kind=kind,
        depth=0 if number % 7 < 2 else 1,
        name=f"q{number}",
        label=some(load, ["Is it safe to talk here?", "Papers and debts", "Does someone else keep your papers?"][number % 3]),
        type=["Choice of one", "Text", "Date", "Place on the map"][number % 4],
        required=number % 6 == 0,
        choices=["Yes", "No", "Does not know", "Prefers not to say"] if number % 4 == 0 else [],
        goes_to="Screening: papers held" if number % 3 == 2 else None,
    )


def reason(load: str, number: int) -> Thing:
    count = 1 if number == 1 else 3
    return Thing(
        reason=some(load, REASON),
        question=some(load, "Sex of the person"),
        form=some(load, "Field screening of adults"),
        count=count,
        refile_url="/set-aside/refile",
        submissions=[submission(load, 2 + 6 * each) for each in range(count)],
    )


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
        Thing(done=False, title="Enrol a tablet", text="Scan a QR code once; the tablet then works on its own.", href="#"),
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


def error_page(status: int, **more: object) -> tuple[str, Callable[[str], View]]:
    return "error.html", lambda load: {"status": status, **more}


def submission_page(number: int) -> tuple[str, Callable[[str], View]]:
    return "submissions/show.html", lambda load: {
        "submission": submission(load, number),
        "nodes": answers(load),
        "languages_of_form": LANGUAGES_OF_FORM,
        "lang": "en",
        "files": files(load),
        "others": [Thing(url="#", received_at=NOW)] if number == 4 else [],
        "events": rows(load, lambda each: event(load, each), 4)[:60],
        "may_refile": True,
    }


OUTSIDE = {"sign_in", "first", "join", "password", "spent", "spent_first", "error/401"}
PAGES: dict[str, tuple[str, Callable[[str], View]]] = {
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
        lambda load: {"forms": rows(load, lambda each: form(load, each), 5), "may_publish": True},
    ),
    "forms/show": (
        "forms/show.html",
        lambda load: {
            "form": form(load, 1),
            "questions": rows(load, lambda each: form_question(load, each), 14),
            "media": files(load),
            "findings": rows(load, lambda each: finding(load, 3 * each + 1), 3)[:50],
            "versions": [form(load, each) for each in range(50 if load == "full" else 3)],
            "may_publish": True,
            "may_enrol": True,
        },
    ),
    "forms/new": (
        "forms/new.html",
        lambda load: {"form": None, "findings": rows(load, lambda each: finding(load, each), 6), "errors": {}},
    ),
    "forms/checked": (
        "forms/new.html",
        lambda load: {
            "form": form(load, 1),
            "findings": rows(load, lambda each: finding(load, 3 * each + 1), 2)[:50],
            "checked": Thing(title="Field screening", form_id="tip", version="2026050302", questions=58, mapped=True),
            "errors": wrong(load, workbook="Choose a spreadsheet"),
        },
    ),
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
        lambda load: {"submissions": [], "filters": {"form": "", "filing": "held"}, "forms": [], "tablets": [], "any": True},
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
            "filters": chosen(load, stage="intake", urgency="P1", proposed=""),
            "older": "?before=1" if load != "empty" else None,
            "any": load != "empty",
        },
    ),
    "cases/show": (
        "cases/show.html",
        lambda load: {
            "now": NOW,
            "case": case(load, 1),
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
            "may_confirm": True,
        },
    ),
    "cases/proposed": (
        "cases/show.html",
        lambda load: {
            "now": NOW,
            "case": case(load, 8),
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
        lambda load: {"people": [person(load, 0), *rows(load, lambda each: person(load, each + 1), 6)], "may_add": True},
    ),
    "people/new": (
        "people/new.html",
        lambda load: {
            **PEOPLE_OPTIONS,
            "values": {"roles": ["caseworker"]},
            "errors": wrong(load, name="Enter a name", email="Somebody with this address is here already", roles="Choose one"),
        },
    ),
    "people/show": (
        "people/show.html",
        lambda load: {
            **PEOPLE_OPTIONS,
            "person": person(load, {"empty": 2, "normal": 1, "full": 0}[load]),
            "link": None
            if load == "empty"
            else Thing(url="https://desk.example.org/join/" + "k" * 43, expires_at=NOW + timedelta(days=3), kind="invite"),
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
                Thing(name=some(load, "Department of Human Services"), people=12, tablets=30),
                *rows(load, lambda each: Thing(name=some(load, "Immigration Department"), people=each, tablets=1204), 2),
            ],
            "values": {},
            "errors": wrong(load, name="An agency of this name is here already"),
            "may_add": True,
        },
    ),
    "tablets": (
        "tablets/list.html",
        lambda load: {"tablets": rows(load, lambda each: tablet(load, each), 10), "may_enrol": True},
    ),
    "tablets/new": (
        "tablets/new.html",
        lambda load: {**PEOPLE_OPTIONS, "values": {}, "errors": wrong(load, name="A tablet of this name is enrolled already")},
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

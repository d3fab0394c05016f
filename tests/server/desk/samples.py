"""Invented data for looking at pages: `empty`, `normal` and `full`. No person, place or answer here is real."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace as Thing

from cases.dictionary import DICTIONARY
from cases.screening import screen
from server.desk.screenings import Shown, Task, shown

NOW = datetime(2026, 5, 3, 20, 10, tzinfo=UTC)
LONG = "Responsabilidad" * 14
WORDS = "Said that the foreman at the farm keeps the papers of everybody who works there, in a locked drawer. " * 4
ARABIC = "قالت إن جواز سفرها محجوز لدى صاحب العمل منذ ثلاثة أشهر (رقم 07)"
LANGUAGES_OF_FORM = [
    Thing(code="en", name="English", url="?lang=en", current=True),
    Thing(code="es", name="Español", url="?lang=es", current=False),
]


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
        urgency="P1" if number % 6 == 0 else "",
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
        screening=["", "Strong signs", "Not clear yet; could be: strong signs"][number % 3],
        proposed=number % 8 == 0,
        opened_on=(NOW - timedelta(days=number)).date(),
        district=some(load, ["Cayo", "Belize", "Toledo", None][number % 4]) if number % 4 != 3 else None,
        agency="Department of Human Services",
        owner=None,
        form="Field screening of adults",
        submissions=number + 1,
        last_at=NOW - timedelta(hours=number),
    )


def screenings(load: str, now: datetime = NOW) -> list[Shown]:
    """What the rules make of two invented screenings: one strong, one of which little is known."""
    if load == "empty":
        return []
    many = [one.code for one in DICTIONARY.indicators]
    signs = many if load == "full" else ["des_documents", "des_debt", "exp_hours", "exp_pay", "dec_job", "vul_economic"]
    strong = screen(
        profile="adult_sexual", age=22, act=1, present=signs, unknown=[], flags=["suicide_talk", "pur_sexual"]
    )
    refused = many if load == "full" else ["des_documents", "des_debt"]
    unsure = screen(profile="adult_labour", age=22, act=None, present=["exp_hours"], unknown=refused, flags=[])
    return [
        shown(strong, due=now + timedelta(minutes=12), decided="Open a case", number=1),
        shown(unsure, number=2),
    ]


def tasks(load: str) -> list[Task]:
    due = [
        Task("First review", NOW - timedelta(minutes=7), None, "P1", late=True),
        Task("Follow-up visit", None, (NOW + timedelta(days=9)).date(), "", late=False),
        Task(some(load, "Call back"), None, None, "", late=False),
    ]
    return [] if load == "empty" else due


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
        what=["Received", "Set aside", "Filed again", "Filed"][number % 4],
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
    return Thing(
        **(
            {"kind": "question", "label": some(load, label), "path": "/data/q", "value": value, "value_kind": "text"}
            | other
        )
    )


def answers(load: str) -> list[Thing]:
    if load == "empty":
        return []
    place = [
        question(load, "Where was it?", "Near Belmopan (invented)"),
        question(load, "From when?", NOW.date(), value_kind="date"),
    ]
    stays = [
        Thing(kind="repeat", label="Place", number=number, nodes=place)
        for number in range(1, 41 if load == "full" else 3)
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
        state="open" if number % 4 != 3 else ["closing", "closed"][number // 4 % 2],
        mapped=number % 4 != 2,
        submissions=number * 1204,
        current=number == 0,
        id=number,
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
        label=some(
            load, ["Is it safe to talk here?", "Papers and debts", "Does someone else keep your papers?"][number % 3]
        ),
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

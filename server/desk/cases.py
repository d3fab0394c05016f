"""Cases: the list, one case with the source of every value, and confirming a proposed one."""

import base64
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from flask import render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from accounts.roles import Right
from cases.caseload import (
    PAGE,
    CaseView,
    ListedCase,
    Order,
    Place,
    RecordView,
    confirm_case,
    get_case,
    list_cases,
    place_of,
)
from cases.dictionary import DICTIONARY
from cases.screened import first_review
from server.access import require
from server.desk.door import blueprint, see
from server.desk.history import events
from server.desk.paging import asked, beside
from server.desk.screenings import due_in_case, of_case, range_words
from server.desk.sources import Line, Sources, rows_of
from server.language import language
from server.runtime import clock, runtime
from submissions.tables import Submission

PROPOSED = {"yes": True, "no": False}
# What a caseworker looks for first; the other kinds follow in the dictionary's order, the long screening last.
FIRST = ("person", "case", "alert", "contact_point", "consent", "need", "risk_assessment", "task", "referral")
LAST = ("screening", "indicator")


@blueprint.get("/cases")
def cases() -> str:
    """The cases that the reader may see, most urgent or last changed first; coded values only."""
    viewer, page = require(Right.LIST_CASES), asked()
    chosen = {name: request.args.get(name, "") for name in ("stage", "urgency", "proposed", "sort")}
    order = Order.CHANGED if chosen["sort"] == Order.CHANGED else Order.URGENT
    with runtime().database.read() as session:
        listed, newer, older = page.cut(
            list_cases(
                session,
                viewer=viewer,
                stage=chosen["stage"],
                proposed=PROPOSED.get(chosen["proposed"]),
                urgency=chosen["urgency"],
                order=order,
                before=_place(page.before, order),
                after=_place(page.after, order),
                limit=PAGE + 1,
            ),
            PAGE,
        )
        view: dict[str, Any] = {
            "now": clock(),
            "cases": case_rows(session, listed),
            "filters": chosen,
            "any": bool(listed) or bool(list_cases(session, viewer=viewer, limit=1)),
        }
    if listed:
        view["newer"] = beside("cases", chosen, after=_named(listed[0], order)) if newer else None
        view["older"] = beside("cases", chosen, before=_named(listed[-1], order)) if older else None
    return render_template("cases/list.html", **view)


@blueprint.get("/cases/<code>")
def case(code: str) -> str:
    """One case, every value with its source; that it was opened leaves a trace."""
    viewer, now = require(Right.READ_CASES), clock()
    with runtime().database.begin() as session:
        view = get_case(session, code, viewer=viewer, now=now)
        rows = rows_of(session, view, viewer=viewer)
        sources = Sources(session, view, rows)
        records = [_record(one, number, sources.lines(one)) for one, number in _ordered(view.records)]
        happened = events(session, f"case:{view.case.record_id}")
    return render_template(
        "cases/show.html",
        now=now,
        case=_facts(view),
        records=[one for one in records if one["fields"]],
        submissions=sorted(rows.values(), key=lambda one: one.received_at),
        elsewhere=len(view.submissions) - len(rows),
        events=happened,
        screenings=of_case(view),
        tasks=due_in_case(view, now),
        conflicts=sum(line.conflict for one in records for line in one["fields"]),
        may_confirm=viewer.may(Right.CONFIRM_CASES),
    )


@blueprint.post("/cases/<code>/confirm", endpoint="confirm_case")
def confirm(code: str) -> Response:
    """The proposed case is one."""
    viewer = require(Right.CONFIRM_CASES)
    with runtime().database.begin() as session:
        confirmed = confirm_case(session, code, viewer=viewer, now=clock())
    return see("case", notice="case-confirmed", code=confirmed.code)


def case_rows(session: Session, listed: Iterable[ListedCase]) -> list[dict[str, Any]]:
    """The cases as lists show them."""
    listed = list(listed)
    roots = Submission.root_id.in_([one.case.record_id for one in listed])
    query = select(Submission.root_id, func.count()).where(roots).group_by(Submission.root_id)
    counts = dict(session.execute(query).all())
    return [
        {
            "code": one.case.code,
            "url": url_for("desk.case", code=one.case.code),
            "stage": one.case.stage,
            "urgency": one.screened and one.screened.urgency,
            "due": first_review(one.case, one.screened),
            "screening": range_words(one.screened) if one.screened else "",
            "proposed": one.case.proposed,
            "opened_on": one.case.opened_on,
            "district": _district(one.case.district),
            "agency": one.agency,
            "submissions": counts.get(one.case.record_id, 0),
            "last_at": one.case.changed_at,
        }
        for one in listed
    ]


def _facts(view: CaseView) -> dict[str, Any]:
    case = view.case
    return {
        "code": case.code,
        "stage": case.stage,
        "urgency": view.screened and view.screened.urgency,
        "due": first_review(case, view.screened),
        "proposed": case.proposed,
        "opened_on": case.opened_on,
        "district": _district(case.district),
        "agency": view.agency,
        "owner": None,
    }


def _ordered(records: Iterable[RecordView]) -> list[tuple[RecordView, int | None]]:
    """The records as a caseworker looks for them, numbered where there are several of a kind."""
    kinds = [*FIRST, *(kind for kind in DICTIONARY.records if kind not in {*FIRST, *LAST}), *LAST]
    held = sorted(records, key=lambda one: kinds.index(one.kind) if one.kind in kinds else len(kinds))
    totals, seen = Counter(one.kind for one in held), Counter[str]()
    numbered = []
    for one in held:
        seen[one.kind] += 1
        numbered.append((one, seen[one.kind] if totals[one.kind] > 1 else None))
    return numbered


def _record(one: RecordView, number: int | None, lines: list[Line]) -> dict[str, Any]:
    name = f"{one.kind}-{number or 1}"
    return {"id": name, "kind": DICTIONARY.label(one.kind, language()), "number": number, "fields": lines}


def _district(code: str | None) -> str | None:
    return DICTIONARY.label(code, language(), codes="district") if code else None


def _named(one: ListedCase, order: Order) -> str:
    """Where the page ends, as an address carries it."""
    words = (part.isoformat() if isinstance(part, datetime) else str(part) for part in place_of(one.case, order))
    return base64.urlsafe_b64encode(" ".join(words).encode()).decode().rstrip("=")


def _place(name: str, order: Order) -> Place | None:
    try:
        *pressing, moment, record_id = base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode().split(" ")
        if len(pressing) != (order is Order.URGENT):
            return None
        return (*(int(number[:9]) for number in pressing), datetime.fromisoformat(moment), record_id)
    except ValueError:
        return None

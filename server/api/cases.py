"""Cases: listed by code, and opened with the source of every value."""

import base64
import binascii
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import marshmallow as ma
from flask import Response, request
from sqlalchemy.orm import Session

from accounts.projects import get_project
from accounts.roles import Right, Viewer
from audit.trail import Action, record
from cases.caseload import CaseNotFound, ListedCase, Order, Place, get_case, list_cases, place_of
from server.access import require
from server.api.door import PROJECT, gives, may_answer, query, route
from server.api.errors import concealed
from server.api.problems import wrong_value
from server.api.shapes import Day, Flag, Moment, Shape, Text, Whole, anything, listed, mapping
from server.api.streaming import array
from server.case_facts import case_facts, case_row, people_in
from server.runtime import Runtime, clock, runtime
from submissions.inbox import visible_ids

PAGE, MOST = 500, 10_000

concealed("case")


class CasesQuery(Shape):
    """Which cases are wanted."""

    stage = Text(load_default="", metadata={"description": "Only those in this stage"})
    proposed = Flag(
        load_default=None, metadata={"description": "Only those that wait to be confirmed, or none of them"}
    )
    urgency = Text(load_default="", metadata={"description": "Only those of this urgency: P1 to P4"})
    sort = Text(
        load_default=Order.CHANGED.value,
        validate=ma.validate.OneOf([one.value for one in Order]),
        metadata={"description": "What comes first: what changed last, or what is most urgent"},
    )
    limit = Whole(in_address=True, load_default=None, validate=ma.validate.Range(1, MOST))
    before = Text(
        load_default="", metadata={"description": "Where the part before this one ended, from its Link header"}
    )


class CaseRow(Shape):
    """A case as lists show it: coded values alone."""

    code = Text(required=True)
    stage = Text(required=True)
    proposed = Flag(required=True)
    urgency = Text(required=True, allow_none=True, metadata={"description": "Of its most pressing screening: P1 to P4"})
    due = Moment(required=True, allow_none=True, metadata={"description": "When it must have been looked at"})
    class_low = Text(required=True, allow_none=True, metadata={"description": "The screening class, at least"})
    class_high = Text(required=True, allow_none=True, metadata={"description": "The class it could be"})
    unverified = Flag(required=True, metadata={"description": "The weights behind it were never checked"})
    reasons = listed(Text(), required=True)
    rule_set = Text(required=True, allow_none=True, metadata={"description": "The version of the screening rules"})
    owner = Text(required=True, allow_none=True)
    district = Text(required=True, allow_none=True)
    opened_on = Day(required=True)
    agency = Text(required=True)
    changed_at = Moment(required=True)


class ScreeningShape(Shape):
    """What the rules make of a screening; a proposal, never a decision."""

    record_id = Text(required=True)
    urgency = Text(required=True)
    class_low = Text(required=True)
    class_high = Text(required=True)
    dimensions = listed(Text(), required=True)
    deciding = listed(Text(), required=True)
    profiles = listed(Text(), required=True)
    unverified = Flag(required=True)
    reasons = listed(Text(), required=True)
    next_step = Text(required=True)
    rule_set = Text(required=True)
    due = Moment(required=True)


class RecordShape(Shape):
    """A record of the case with the values that stand in it."""

    id = Text(required=True)
    record = Text(required=True)
    fields = mapping(listed(anything()), required=True)


class AssertionShape(Shape):
    """A value and who said it: a question of a submission, or a person."""

    value = anything(required=True, allow_none=True)
    record = Text(required=True)
    record_id = Text(required=True)
    field = Text(required=True)
    instance_id = Text()
    question = Text()
    person = Text()
    mode = Text(required=True)
    standing = Text(required=True)
    observed_at = Moment(required=True)
    received_at = Moment(required=True)


class ConflictShape(Shape):
    """A field that should have one value and has several."""

    record = Text(required=True)
    record_id = Text(required=True)
    field = Text(required=True)
    values = listed(anything(), required=True)


class TellingSubmission(Shape):
    """A submission that the case was told by."""

    instance_id = Text(required=True)
    received_at = Moment(required=True)
    filing = Text(required=True)


class CaseShape(CaseRow):
    """A case with every value that the caller may read."""

    screenings = listed(ScreeningShape, required=True)
    records = listed(RecordShape, required=True)
    assertions = listed(AssertionShape, required=True)
    conflicts = listed(ConflictShape, required=True)
    submissions = listed(TellingSubmission, required=True)


@route("GET", PROJECT + "/cases", tag="cases", endpoint="cases")
@query(CasesQuery)
@gives(CaseRow, many=True)
@may_answer(400, 401, 403, 404)
def cases(wanted: dict[str, Any], project_id: int) -> Response:
    """The cases that the caller may see, last changed or most urgent first; the Link header leads to the next part."""
    person, before = require(Right.LIST_CASES), _place(wanted["before"], Order(wanted["sort"]))
    with runtime().database.begin() as session:
        get_project(session, project_id)
        record(session, person.actor, Action.CASES_LISTED, "cases", now=clock())
    if wanted["limit"] is None:
        return array(case_row(one) for page in _pages(runtime(), person, project_id, wanted, before) for one in page)
    with runtime().database.read() as session:
        held = _part(session, person, project_id, wanted, before, wanted["limit"] + 1)
        rows = [case_row(one) for one in held[: wanted["limit"]]]
    answer = array(rows)
    if len(held) > len(rows):
        place = place_of(held[len(rows) - 1].case, Order(wanted["sort"]))
        answer.headers["Link"] = f'<{_further(_named(place))}>; rel="next"'
    return answer


@route("GET", PROJECT + "/cases/<code>", tag="cases", endpoint="case")
@gives(CaseShape)
@may_answer(401, 404, 503)
def case(project_id: int, code: str) -> dict[str, Any]:
    """The case with every value that the caller may read and where it came from; the reading leaves a trace."""
    person = require(Right.READ_CASES)
    with runtime().database.begin() as session:
        view = get_case(session, code, viewer=person, now=clock())
        if view.case.project_id != project_id:
            raise CaseNotFound("There is no such case.")
        seen = visible_ids(session, {one.id for one in view.submissions}, viewer=person)
        return case_facts(view, people_in(session, view), [one for one in view.submissions if one.id in seen])


def _pages(
    running: Runtime, person: Viewer, project_id: int, wanted: dict[str, Any], before: Place | None
) -> Iterator[list[ListedCase]]:
    while True:
        with running.database.read() as session:
            page = _part(session, person, project_id, wanted, before, PAGE)
        yield page
        if len(page) < PAGE:
            return
        before = place_of(page[-1].case, Order(wanted["sort"]))


def _part(
    session: Session, person: Viewer, project_id: int, wanted: dict[str, Any], before: Place | None, size: int
) -> list[ListedCase]:
    chosen: dict[str, Any] = {name: wanted[name] for name in ("stage", "proposed", "urgency")}
    chosen["order"] = Order(wanted["sort"])
    return list_cases(session, viewer=person, project_id=project_id, before=before, limit=size, **chosen)


def _further(before: str) -> str:
    asked = request.args.to_dict() | {"before": before}
    return f"{runtime().settings.base_url}{request.path}?{urlencode(asked)}"


def _named(place: Place) -> str:
    words = [one.isoformat() if isinstance(one, datetime) else str(one) for one in place]
    return base64.urlsafe_b64encode("/".join(words).encode()).decode().rstrip("=")


def _place(named: str, order: Order) -> Place | None:
    """The place that an earlier part ended at; raises Problem for what is none."""
    if not named:
        return None
    try:
        told = base64.b64decode(named.encode("ascii") + b"=" * (-len(named) % 4), b"-_", validate=True).decode("ascii")
        *pressing, moment, record_id = told.split("/")
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None or "\0" in record_id or not record_id or len(pressing) != (order is Order.URGENT):
            raise ValueError(named)
        return (*(int(one[:9]) for one in pressing), at, record_id)
    except (ValueError, binascii.Error) as error:
        raise wrong_value("before", "it is not what a Link header gave") from error

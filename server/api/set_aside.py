"""What waits to be filed, and why: never an answer."""

from collections.abc import Iterator
from typing import Any

import marshmallow as ma
from flask import Response
from sqlalchemy.orm import Session

from accounts.projects import get_project
from accounts.roles import Right, Viewer
from server.access import require
from server.api.door import PROJECT, gives, may_answer, query, route
from server.api.shapes import Moment, Shape, Text, Whole, Word, mapping
from server.api.streaming import array
from server.runtime import Runtime, runtime
from submissions.inbox import ListedSubmission, list_submissions
from submissions.tables import Filing

PAGE, MOST = 500, 10_000
WAITING = (Filing.SET_ASIDE, Filing.CONFLICT, Filing.HELD)


class SetAsideQuery(Shape):
    """What is wanted."""

    form_id = Text(load_default="", metadata={"description": "Only of this form"})
    filing = Word(tuple(state.value for state in WAITING), load_default=None)
    limit = Whole(in_address=True, load_default=None, validate=ma.validate.Range(1, MOST))


class SetAsideShape(Shape):
    """A submission that is not filed: set aside for a person, in conflict with another, or held for what must come."""

    instance_id = Text(required=True)
    form_id = Text(required=True)
    version = Text(required=True)
    filing = Text(required=True)
    reason = mapping(Text(), required=True)
    received_at = Moment(required=True)
    device = Text(required=True, allow_none=True)
    agency = Text(required=True)


@route("GET", PROJECT + "/set-aside", tag="set aside", endpoint="set_aside")
@query(SetAsideQuery)
@gives(SetAsideShape, many=True)
@may_answer(400, 401, 403, 404)
def set_aside(wanted: dict[str, Any], project_id: int) -> Response:
    """Every submission that the caller may see and that is not filed, newest first, with the reason."""
    person = require(Right.LIST_SUBMISSIONS)
    with runtime().database.read() as session:
        get_project(session, project_id)
    return array(_rows(runtime(), person, project_id, wanted))


def _rows(running: Runtime, person: Viewer, project_id: int, wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
    left, before = wanted["limit"], None
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        with running.database.read() as session:
            page = _page(session, person, wanted, before, size)
        mine = [one for one in page if one.submission.project_id == project_id]
        yield from map(_row, mine)
        if len(page) < size:
            return
        before, left = page[-1].submission.id, None if left is None else left - len(mine)


def _page(
    session: Session, person: Viewer, wanted: dict[str, Any], before: int | None, size: int
) -> list[ListedSubmission]:
    states = [Filing(wanted["filing"])] if wanted["filing"] else list(WAITING)
    form_id = wanted["form_id"] or None
    return list_submissions(session, viewer=person, form_id=form_id, filing=states, before=before, limit=size)


def _row(one: ListedSubmission) -> dict[str, Any]:
    held = one.submission
    return {
        "instance_id": held.instance_id,
        "form_id": one.form_id,
        "version": held.version,
        "filing": held.filing,
        "reason": held.reason or {},
        "received_at": held.received_at,
        "device": one.device or None,
        "agency": one.agency,
    }

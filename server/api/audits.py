"""The trail: who did what, to those who watch over it."""

from datetime import datetime
from typing import Any

import marshmallow as ma

from accounts.roles import Right
from audit.history import entries
from audit.trail import AuditEntry
from server.access import require
from server.api import actors
from server.api.door import gives, may_answer, query, route
from server.api.problems import wrong_type
from server.api.shapes import Moment, Shape, Text, Whole, anything, mapping
from server.runtime import runtime

MOST = 10_000


class AuditsQuery(Shape):
    """Which acts are wanted."""

    action = Text(
        load_default="", metadata={"description": "Acts of this kind, or of kinds that begin with it and a dot"}
    )
    start = Text(load_default="", metadata={"description": "A moment in ISO 8601 with its zone"})
    end = Text(load_default="", metadata={"description": "A moment in ISO 8601 with its zone"})
    limit = Whole(in_address=True, load_default=MOST, validate=ma.validate.Range(0, MOST))
    offset = Whole(in_address=True, load_default=0, validate=ma.validate.Range(0, 10**9))


class AuditShape(Shape):
    """An act; `details` tell its subject and who did it by the names that the trail has, and its facts."""

    id = Whole(required=True)
    actorId = Whole(required=True, allow_none=True)  # noqa: N815
    acteeId = Whole(required=True, allow_none=True)  # noqa: N815
    action = Text(required=True)
    details = mapping(anything(), required=True)
    loggedAt = Moment(required=True)  # noqa: N815
    notes = Text(required=True, allow_none=True)


@route("GET", "/audits", tag="audits", endpoint="audits")
@query(AuditsQuery)
@gives(AuditShape, many=True)
@may_answer(400, 401, 403)
def audits(wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """What was done, newest first."""
    require(Right.READ_TRAIL)
    start, end = _moment("start", wanted["start"]), _moment("end", wanted["end"])
    with runtime().database.read() as session:
        page = {"limit": wanted["limit"], "offset": wanted["offset"]}
        return [_shown(one) for one in entries(session, action=wanted["action"], start=start, end=end, **page)]


def _shown(one: AuditEntry) -> dict[str, Any]:
    people, devices = actors.of_trail(one.actor)
    return {
        "id": one.id,
        "actorId": actors.actor_id(next(iter(people), None), next(iter(devices), None)),
        "acteeId": None,
        "action": one.action,
        "details": {**one.facts, "actor": one.actor, "subject": one.subject},
        "loggedAt": one.at,
        "notes": None,
    }


def _moment(name: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))  # A plus sign that was not escaped.
        if moment.tzinfo is None:
            raise ValueError(text)
    except (ValueError, OverflowError) as error:
        raise wrong_type(name, "a moment in ISO 8601 with its zone") from error
    return moment

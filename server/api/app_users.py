"""App users: the tablets of a project, by ODK Central's name."""

from typing import Any

import marshmallow as ma
from sqlalchemy.orm import Session

from accounts.devices import enrol, get_device_by_id, list_devices, revoke
from accounts.projects import get_project
from accounts.roles import Right
from accounts.tables import Agency, Device
from server.access import require
from server.api import actors
from server.api.door import PROJECT, body, extended, gives, may_answer, route
from server.api.problems import Problem
from server.api.shapes import DONE, Moment, Shape, Success, Text, Whole
from server.runtime import clock, runtime

APP_USER = PROJECT + "/app-users/<int(max=9007199254740991):actor_id>"


class AppUserShape(actors.Actor):
    """A tablet; its token is told once, when it is made."""

    projectId = Whole(required=True)  # noqa: N815
    token = Text(required=True, allow_none=True)
    lastUsed = Moment(allow_none=True)  # noqa: N815


class NewAppUser(Shape):
    """What a tablet is called."""

    displayName = Text(required=True, validate=ma.validate.Length(max=1000))  # noqa: N815


@route("GET", PROJECT + "/app-users", tag="app users", endpoint="app_users")
@gives(AppUserShape, many=True)
@may_answer(400, 401, 403, 404)
def app_users(project_id: int) -> list[dict[str, Any]]:
    """Every tablet of the project that may still call."""
    require(Right.READ_TABLETS)
    in_full = extended()
    with runtime().database.read() as session:
        project = get_project(session, project_id)
        held = [one for one, _agency in list_devices(session) if one.project_id == project.id]
        return [_shown(one, in_full=in_full) for one in held if one.revoked_at is None]


@route("POST", PROJECT + "/app-users", tag="app users", endpoint="create_app_user")
@body(NewAppUser)
@gives(AppUserShape)
@may_answer(400, 401, 403, 404, 409, 413, 415)
def create(wanted: dict[str, str], project_id: int) -> dict[str, Any]:
    """A tablet of the caller's agency is enrolled; its token stands in this answer and nowhere else."""
    person, now = require(Right.MANAGE_TABLETS), clock()
    with runtime().database.begin() as session:
        project, agency = get_project(session, project_id), session.get_one(Agency, person.agency_id)
        made, token = enrol(session, wanted["displayName"], project=project, agency=agency, actor=person.actor, now=now)
        return _shown(made) | {"token": token}


@route("GET", APP_USER, tag="app users", endpoint="app_user")
@gives(AppUserShape)
@may_answer(400, 401, 403, 404)
def app_user(project_id: int, actor_id: int) -> dict[str, Any]:
    """One tablet."""
    require(Right.READ_TABLETS)
    in_full = extended()
    with runtime().database.read() as session:
        return _shown(find_tablet(session, project_id, actor_id), in_full=in_full)


@route("DELETE", APP_USER, tag="app users", endpoint="delete_app_user")
@gives(Success)
@may_answer(401, 403, 404)
def delete(project_id: int, actor_id: int) -> dict[str, bool]:
    """The tablet's next request is refused; what it sent stays."""
    person, now = require(Right.MANAGE_TABLETS), clock()
    with runtime().database.begin() as session:
        revoke(session, find_tablet(session, project_id, actor_id), actor=person.actor, now=now)
    return DONE


def find_tablet(session: Session, project_id: int, actor_id: int) -> Device:
    """The project's tablet that may still call; raises ProjectNotFound, DeviceNotFound, Problem."""
    project, held = get_project(session, project_id), get_device_by_id(session, actors.device_of(actor_id))
    if held.project_id != project.id or held.revoked_at is not None:
        raise Problem("404.1", "There is no such app user.")
    return held


def _shown(one: Device, *, in_full: bool = False) -> dict[str, Any]:
    shown = actors.tablet(one) | {"projectId": one.project_id, "token": None}
    return shown | ({"lastUsed": one.last_seen_at} if in_full else {})

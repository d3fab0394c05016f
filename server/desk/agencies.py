"""Agencies: listed, added and renamed."""

from typing import Any

from flask import make_response, render_template, url_for
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from accounts.projects import AgencyExists, AgencyNotFound, add_agency, list_agencies, rename_agency
from accounts.roles import Right, Viewer
from accounts.tables import Agency, Device, Person
from server.access import require
from server.desk.door import blueprint, see, typed
from server.desk.words import refusal_words
from server.runtime import clock, runtime


@blueprint.get("/agencies")
def agencies() -> Response:
    """Every agency, with how many people and tablets belong to it."""
    return _list(require(Right.READ_PEOPLE), {}, 200)


@blueprint.post("/agencies", endpoint="add_agency")
def add() -> Response:
    """The agency is there."""
    viewer, name = require(Right.MANAGE_PEOPLE), typed("name")
    if wrong := _wrong(name):
        return _list(viewer, wrong, 400)
    try:
        with runtime().database.begin() as session:
            add_agency(session, name, actor=viewer.actor, now=clock())
    except AgencyExists as error:
        return _list(viewer, {"name": refusal_words(error)}, 409)
    return see("agencies", notice="agency-added")


@blueprint.get("/agencies/<int:agency_id>")
def agency(agency_id: int) -> Response:
    """The form for another name."""
    require(Right.MANAGE_PEOPLE)
    return _name(agency_id, {}, 200)


@blueprint.post("/agencies/<int:agency_id>", endpoint="rename_agency")
def rename(agency_id: int) -> Response:
    """The agency has the new name."""
    viewer, name = require(Right.MANAGE_PEOPLE), typed("name")
    if wrong := _wrong(name):
        return _name(agency_id, wrong, 400)
    try:
        with runtime().database.begin() as session:
            rename_agency(session, agency_id, name, actor=viewer.actor, now=clock())
    except AgencyExists as error:
        return _name(agency_id, {"name": refusal_words(error)}, 409)
    return see("agencies", notice="agency-renamed")


def agency_choices(session: Session, viewer: Viewer) -> list[tuple[str, str]]:
    """The agencies that the viewer may put people and tablets into: every one for those who run the system."""
    every = viewer.may(Right.MANAGE_PEOPLE)
    return [(str(one.id), one.name) for one in list_agencies(session) if every or one.id == viewer.agency_id]


def chosen_agency(session: Session, viewer: Viewer, *, default: int | None = None) -> Agency:
    """The agency that was chosen, else the default, else the viewer's own; raises AgencyNotFound."""
    wanted = typed("agency") or str(default or viewer.agency_id)
    if wanted not in {value for value, _name in agency_choices(session, viewer)}:
        raise AgencyNotFound("There is no such agency.")
    return session.get_one(Agency, int(wanted))


def _wrong(name: str) -> dict[str, str]:
    return {} if 0 < len(name) <= 120 else {"name": _("Write a name of 1 to 120 characters")}


def _list(viewer: Viewer, errors: dict[str, str], status: int) -> Response:
    may = viewer.may(Right.MANAGE_PEOPLE)
    with runtime().database.read() as session:
        people, tablets = _counts(session, Person.agency_id), _counts(session, Device.agency_id)
        listed = [
            {
                "name": one.name,
                "people": people.get(one.id, 0),
                "tablets": tablets.get(one.id, 0),
                "url": url_for("desk.agency", agency_id=one.id) if may else None,
            }
            for one in list_agencies(session)
        ]
    values = {"name": typed("name")} if errors else {}
    page = render_template("agencies/list.html", agencies=listed, values=values, errors=errors, may_add=may)
    return make_response(page, status)


def _counts(session: Session, column: Any) -> dict[int, int]:
    return dict(session.execute(select(column, func.count()).group_by(column)).all())


def _name(agency_id: int, errors: dict[str, str], status: int) -> Response:
    with runtime().database.read() as session:
        held = session.get(Agency, agency_id)
    if held is None:
        raise AgencyNotFound("There is no such agency.")
    values = {"name": typed("name") if errors else held.name}
    view = {"agency": {"id": held.id, "name": held.name}, "values": values, "errors": errors}
    return make_response(render_template("agencies/rename.html", **view), status)

"""Tablets: enrolled by a QR code that is shown once, seen when they were last heard of, shut out in one act."""

import re
from datetime import datetime, timedelta
from typing import Any

import segno
from flask import make_response, render_template, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from accounts.devices import DeviceExists, DeviceNotFound, enrol, get_device_by_id, list_devices, revoke
from accounts.projects import get_project
from accounts.roles import Right, Viewer
from accounts.settings_qr import Provisioning, provisioning, settings_text
from accounts.tables import Agency, Device
from server.access import require
from server.desk.agencies import agency_choices, chosen_agency
from server.desk.door import blueprint, see, typed
from server.desk.history import events
from server.desk.rows import rows
from server.desk.words import refusal_words
from server.runtime import clock, runtime
from submissions.inbox import list_submissions
from submissions.tables import Submission

SILENT_AFTER = timedelta(days=7)
LATEST = 10


@blueprint.get("/tablets")
def tablets() -> str:
    """The tablets that the reader may see, by name."""
    viewer = require(Right.READ_TABLETS)
    with runtime().database.read() as session:
        listed = tablets_of(session, viewer)
    return render_template("tablets/list.html", tablets=listed, may_enrol=viewer.may(Right.MANAGE_TABLETS))


@blueprint.get("/tablets/new", endpoint="tablet_new")
def new() -> Response:
    """The form for enrolling a tablet."""
    return _form(require(Right.MANAGE_TABLETS), {}, 200)


@blueprint.post("/tablets/new", endpoint="enrol_tablet")
def enrol_one() -> Response:
    """The tablet is enrolled; this answer alone holds its QR code."""
    viewer, name, now = require(Right.MANAGE_TABLETS), typed("name"), clock()
    if not name or len(name) > 120:
        return _form(viewer, {"name": _("Give the tablet a name of 1 to 120 characters, such as Tablet 07")}, 400)
    try:
        with runtime().database.begin() as session:
            project, agency = get_project(session), chosen_agency(session, viewer)
            device, secret = enrol(session, name, project=project, agency=agency, actor=viewer.actor, now=now)
    except DeviceExists as error:
        return _form(viewer, {"name": refusal_words(error)}, 409)
    return make_response(_set_up(device, secret))


@blueprint.get("/tablets/<int:tablet_id>")
def tablet(tablet_id: int) -> str:
    """One tablet and what it sent last."""
    viewer = require(Right.READ_TABLETS)
    with runtime().database.read() as session:
        device = _visible(session, tablet_id, viewer)
        agency = session.get_one(Agency, device.agency_id).name
        view: dict[str, Any] = {
            "tablet": {**_shown(device, agency, clock()), "submissions": 0},
            "events": events(session, f"device:{device.id}"),
            "may_revoke": viewer.may(Right.MANAGE_TABLETS),
            "submissions": None,
        }
        if viewer.may(Right.LIST_SUBMISSIONS):
            listed = list_submissions(session, viewer=viewer, device=device.name, limit=LATEST)
            view["submissions"] = rows(session, listed, viewer=viewer)
    return render_template("tablets/show.html", **view)


@blueprint.get("/tablets/<int:tablet_id>/revoke", endpoint="tablet_revoke")
def before_revoking(tablet_id: int) -> str:
    """What will happen when the tablet's access is ended."""
    viewer = require(Right.MANAGE_TABLETS)
    with runtime().database.read() as session:
        device = _visible(session, tablet_id, viewer)
    return render_template("tablets/revoke.html", tablet=_shown(device, "", clock()))


@blueprint.post("/tablets/<int:tablet_id>/revoke", endpoint="revoke_tablet")
def revoke_one(tablet_id: int) -> Response:
    """The tablet's next request is refused."""
    viewer = require(Right.MANAGE_TABLETS)
    with runtime().database.begin() as session:
        revoke(session, _visible(session, tablet_id, viewer), actor=viewer.actor, now=clock())
    return see("tablet", notice="tablet-revoked", tablet_id=tablet_id)


def tablets_of(session: Session, viewer: Viewer) -> list[dict[str, Any]]:
    """The tablets that the viewer may see, as lists show them, with how much each has sent."""
    seen = [(device, agency) for device, agency in list_devices(session) if may_see(viewer, device)]
    query = select(Submission.device_id, func.count()).group_by(Submission.device_id)
    counts = dict(session.execute(query).all()) if seen else {}
    return [{**_shown(one, agency, clock()), "submissions": counts.get(one.id, 0)} for one, agency in seen]


def may_see(viewer: Viewer, device: Device) -> bool:
    """Those who see across agencies or run the system see every tablet, others those of their agency."""
    return viewer.everywhere or viewer.may(Right.MANAGE_PEOPLE) or device.agency_id == viewer.agency_id


def _visible(session: Session, tablet_id: int, viewer: Viewer) -> Device:
    device = get_device_by_id(session, tablet_id)
    if not may_see(viewer, device):
        raise DeviceNotFound("There is no such tablet.")
    return device


def _shown(device: Device, agency: str, now: datetime) -> dict[str, Any]:
    return {
        "id": device.id,
        "url": url_for("desk.tablet", tablet_id=device.id),
        "name": device.name,
        "agency": agency,
        "last_seen": device.last_seen_at,
        "silent": device.last_seen_at is not None and now - device.last_seen_at > SILENT_AFTER,
        "revoked_at": device.revoked_at,
        "enrolled_at": device.enrolled_at,
        "app_version": app_words(device.app_version or ""),
    }


def app_words(user_agent: str) -> str:
    """'ODK Collect v2026.3.1' of what the app says of itself; anything else as it came."""
    match = re.match(r"org\.odk\.collect\.android/(\S+)", user_agent)
    return f"ODK Collect {match[1]}" if match else user_agent


def _form(viewer: Viewer, errors: dict[str, str], status: int) -> Response:
    with runtime().database.read() as session:
        choices = agency_choices(session, viewer)
    values = {"name": typed("name"), "agency": typed("agency") or str(viewer.agency_id)}
    page = render_template("tablets/new.html", agencies=choices, values=values, errors=errors)
    return make_response(page, status)


def _set_up(device: Device, secret: str) -> str:
    settings = runtime().settings
    told = provisioning(
        settings.base_url,
        project_id=device.project_id,
        username=device.username,
        secret=secret,
        language=settings.language,
    )
    return render_template(
        "tablets/enrolled.html",
        tablet={"name": device.name, "url": url_for("desk.tablet", tablet_id=device.id)},
        qr=_picture(told),
        server_url=told.server_url,
        username=told.username,
        secret=told.password,
        basic=bool(told.password),
    )


def _picture(told: Provisioning) -> Markup:
    """The settings as a QR code, drawn without any style attribute."""
    code = segno.make(settings_text(told), micro=False, error="l", boost_error=False)
    return Markup(code.svg_inline(omitsize=True, border=4))  # noqa: S704  Our own drawing: a path and numbers.

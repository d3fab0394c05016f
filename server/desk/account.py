"""The reader's own account: language, password, where they are signed in."""

from typing import Any

from flask import make_response, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from accounts.passwords import SHORTEST, WeakPassword
from accounts.people import get_person, set_password
from accounts.roles import ROLES, Viewer
from accounts.sessions import (
    SignInRefused,
    TooManyTries,
    check_password,
    end_other_sessions,
    note_failure,
    open_sessions,
    start_session,
)
from accounts.tables import Agency
from server.access import address, cookie_name
from server.access import viewer as reader
from server.desk.door import blueprint, see
from server.desk.signing_in import too_often, typed_password, with_session
from server.desk.words import refusal_words
from server.runtime import clock, runtime


@blueprint.get("/account")
def account() -> Response:
    """Who the reader is here, and what they can change themselves."""
    return _page(reader(), {}, 200)


@blueprint.post("/account/password", endpoint="account_password")
def change_password() -> Response:
    """The new password holds; the reader stays signed in here and is signed out everywhere else."""
    viewer, now = reader(), clock()
    if refused := _not_theirs(viewer):
        return _page(viewer, {"current": refused}, 400)
    try:
        with runtime().database.begin() as session:
            person = get_person(session, viewer.person_id or 0)
            set_password(session, person, typed_password("password"), actor=viewer.actor, now=now)
            token = start_session(session, person, now=now)
    except WeakPassword as error:
        return _page(viewer, {"password": refusal_words(error)}, 400)
    return with_session(see("account", notice="password-changed"), token)


@blueprint.post("/account/sign-out-elsewhere")
def sign_out_elsewhere() -> Response:
    """The reader is signed in here alone."""
    viewer = reader()
    with runtime().database.begin() as session:
        token = request.cookies.get(cookie_name(), "")
        end_other_sessions(session, viewer.person_id or 0, token, now=clock())
    return see("account", notice="signed-out-elsewhere")


def _not_theirs(viewer: Viewer) -> str:
    """Why the present password was not accepted; empty when it was."""
    tried = {"email": viewer.email, "address": address(), "now": clock()}
    try:
        with runtime().database.read() as session:
            check_password(session, password=typed_password("current"), **tried)  # type: ignore[arg-type]
    except TooManyTries as error:
        return too_often(error)
    except SignInRefused:
        with runtime().database.begin() as session:
            note_failure(session, **tried)  # type: ignore[arg-type]
        return str(_("This is not your password"))
    return ""


def _page(viewer: Viewer, errors: dict[str, str], status: int) -> Response:
    with runtime().database.read() as session:
        shown = _shown(session, viewer)
    page = render_template("account.html", account=shown, values={}, errors=errors, shortest=SHORTEST)
    return make_response(page, status)


def _shown(session: Session, viewer: Viewer) -> dict[str, Any]:
    agency = session.get(Agency, viewer.agency_id) if viewer.agency_id else None
    return {
        "name": viewer.name,
        "email": viewer.email,
        "roles": [role for role in ROLES if role in viewer.roles],
        "agency": agency.name if agency else "",
        "sessions": open_sessions(session, now=clock()).get(viewer.person_id or 0, 0),
    }

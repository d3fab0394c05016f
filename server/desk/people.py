"""People: added by a link that works once, their work changed, shut out and let in again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import make_response, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from accounts.links import VALID_FOR, person_link
from accounts.people import (
    BadAddress,
    Listed,
    PersonExists,
    PersonNotFound,
    add_person,
    change_person,
    disable_person,
    enable_person,
    list_people,
)
from accounts.roles import ROLES, Right, Viewer
from accounts.sessions import open_sessions
from accounts.tables import Person
from audit.history import last_times
from audit.trail import Action
from server import addresses
from server.access import require
from server.desk.agencies import agency_choices, chosen_agency
from server.desk.door import blueprint, see, typed
from server.desk.words import refusal_words
from server.language import language
from server.runtime import clock, runtime


@blueprint.get("/people")
def people() -> str:
    """Everybody who has an account."""
    viewer = require(Right.READ_PEOPLE)
    with runtime().database.read() as session:
        listed = list_people(session)
        seen = last_times(session, [f"person:{one.person.id}" for one in listed], [Action.SIGNED_IN])
        shown = [_shown(one, seen.get(f"person:{one.person.id}"), 0) for one in listed]
    return render_template("people/list.html", people=shown, may_add=viewer.may(Right.MANAGE_PEOPLE))


@blueprint.get("/people/new", endpoint="person_new")
def new() -> Response:
    """The form for adding a person."""
    return _form(require(Right.MANAGE_PEOPLE), {}, 200)


@blueprint.post("/people/new", endpoint="add_person")
def add() -> Response:
    """The person has an account; this answer alone holds the link with which they choose a password."""
    viewer, name, roles = require(Right.MANAGE_PEOPLE), typed("name"), _roles()
    wrong = {} if 0 < len(name) <= 120 else {"name": _("Enter a name of 1 to 120 characters")}
    if not roles:
        wrong["roles"] = _("Choose at least one")
    if wrong:
        return _form(viewer, wrong, 400)
    try:
        with runtime().database.begin() as session:
            person = add_person(
                session,
                email=typed("email"),
                name=name,
                roles=roles,
                agency=chosen_agency(session, viewer),
                actor=viewer.actor,
                now=clock(),
                language=language(),
            )
            link = _link(session, person, viewer)
    except (BadAddress, PersonExists) as error:
        return _form(viewer, {"email": refusal_words(error)}, 409 if isinstance(error, PersonExists) else 400)
    return _page(person.id, viewer, link=link)


@blueprint.get("/people/<int:person_id>")
def person(person_id: int) -> Response:
    """One person's account."""
    return _page(person_id, require(Right.READ_PEOPLE))


@blueprint.post("/people/<int:person_id>", endpoint="change_person")
def change(person_id: int) -> Response:
    """The person works as given; whoever gets other roles or another agency signs in anew."""
    viewer, roles = _over(person_id), _roles()
    if not roles:
        return _page(person_id, viewer, errors={"roles": _("Choose at least one")})
    with runtime().database.begin() as session:
        held = _found(session, person_id).person
        agency = chosen_agency(session, viewer, default=held.agency_id)
        change_person(session, held.id, name=held.name, roles=roles, agency=agency, actor=viewer.actor, now=clock())
    return see("person", notice="person-changed", person_id=person_id)


@blueprint.post("/people/<int:person_id>/link", endpoint="person_link")
def new_link(person_id: int) -> Response:
    """This answer alone holds a link with which the person chooses a password; earlier links are void."""
    viewer = _over(person_id)
    with runtime().database.begin() as session:
        link = _link(session, _found(session, person_id).person, viewer)
    return _page(person_id, viewer, link=link)


@blueprint.get("/people/<int:person_id>/disable", endpoint="person_disable")
def before_disabling(person_id: int) -> str:
    """What will happen when the account is disabled."""
    _over(person_id)
    with runtime().database.read() as session:
        held = _found(session, person_id).person
        sessions = open_sessions(session, now=clock()).get(held.id, 0)
    return render_template("people/disable.html", person={"id": held.id, "name": held.name, "sessions": sessions})


@blueprint.post("/people/<int:person_id>/disable", endpoint="disable_person")
def disable(person_id: int) -> Response:
    """The person is signed out everywhere and cannot sign in."""
    viewer = _over(person_id)
    with runtime().database.begin() as session:
        disable_person(session, person_id, actor=viewer.actor, now=clock())
    return see("person", notice="person-disabled", person_id=person_id)


@blueprint.post("/people/<int:person_id>/enable", endpoint="person_enable")
def enable(person_id: int) -> Response:
    """The person can sign in again."""
    viewer = _over(person_id)
    with runtime().database.begin() as session:
        enable_person(session, person_id, actor=viewer.actor, now=clock())
    return see("person", notice="person-enabled", person_id=person_id)


def _over(person_id: int) -> Viewer:
    """Somebody who manages people, and this one is not themselves: nobody shuts themselves out."""
    viewer = require(Right.MANAGE_PEOPLE)
    if viewer.person_id == person_id:
        raise PersonNotFound("Your own account is changed by somebody else.")
    return viewer


def _roles() -> list[str]:
    return [role for role in request.form.getlist("roles") if role in ROLES]


def _found(session: Session, person_id: int) -> Listed:
    found = next((one for one in list_people(session) if one.person.id == person_id), None)
    if found is None:
        raise PersonNotFound("There is no such person.")
    return found


def _link(session: Session, person: Person, viewer: Viewer) -> dict[str, Any]:
    now = clock()
    token = person_link(session, person.id, actor=viewer.actor, now=now)
    return {
        "url": addresses.password(runtime().settings, token),
        "expires_at": now + VALID_FOR,
        "kind": "invite" if person.password_hash is None else "password",
    }


def _form(viewer: Viewer, errors: Mapping[str, str], status: int) -> Response:
    with runtime().database.read() as session:
        choices = agency_choices(session, viewer)
    values = {"name": typed("name"), "email": typed("email"), "roles": _roles()}
    values["agency"] = typed("agency") or str(viewer.agency_id)
    page = render_template("people/new.html", agencies=choices, roles=ROLES, values=values, errors=errors)
    return make_response(page, status)


def _page(
    person_id: int, viewer: Viewer, *, link: Mapping[str, Any] | None = None, errors: Mapping[str, str] | None = None
) -> Response:
    with runtime().database.read() as session:
        held = _found(session, person_id)
        seen = last_times(session, [f"person:{person_id}"], [Action.SIGNED_IN]).get(f"person:{person_id}")
        sessions = open_sessions(session, now=clock()).get(person_id, 0)
        choices = agency_choices(session, viewer)
    page = render_template(
        "people/show.html",
        person=_shown(held, seen, sessions),
        link=link,
        agencies=choices,
        roles=ROLES,
        values={"roles": _roles() if errors else held.roles, "agency": str(held.person.agency_id)},
        errors=errors or {},
        may_change=viewer.may(Right.MANAGE_PEOPLE) and viewer.person_id != person_id,
    )
    return make_response(page, 400 if errors else 200)


def _shown(one: Listed, seen: datetime | None, sessions: int) -> dict[str, Any]:
    person = one.person
    state = "disabled" if person.disabled_at else "active" if person.password_hash else "invited"
    return {
        "id": person.id,
        "url": url_for("desk.person", person_id=person.id),
        "name": person.name,
        "email": person.email,
        "roles": [role for role in ROLES if role in one.roles],
        "agency": one.agency,
        "agency_id": person.agency_id,
        "state": state,
        "last_seen": seen,
        "sessions": sessions,
        "added_at": person.created_at,
    }

"""The links that work once: the first makes the first manager, the others let somebody choose a password."""

from typing import Any

from flask import make_response, render_template
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from accounts.links import LinkInvalid, link_person, use_first_link, use_person_link
from accounts.passwords import SHORTEST, WeakPassword
from accounts.people import BadAddress, PersonExists, anybody, roles_of, set_language
from accounts.sessions import start_session
from accounts.tables import Agency, Person
from server.desk.door import blueprint, see, typed
from server.desk.signing_in import end_present, typed_password, with_session
from server.desk.words import refusal_words
from server.language import language
from server.runtime import clock, runtime

FIELDS: dict[type[Exception], str] = {BadAddress: "email", PersonExists: "email", WeakPassword: "password"}


@blueprint.get("/first/<token>")
@blueprint.get("/password/<token>")
@blueprint.get("/link/<token>")
def join(token: str) -> Response:
    """The form behind a link; looking at it does not use the link up."""
    return _form(token, {}, 200)


@blueprint.post("/first/<token>")
@blueprint.post("/password/<token>")
@blueprint.post("/link/<token>")
def use_link(token: str) -> Response:
    """The person has an account with the password and is signed in; the link is used up."""
    try:
        with runtime().database.begin() as session:
            person = _use(session, token)
            end_present(session)
            signed_in = start_session(session, person, now=clock())
    except LinkInvalid:
        return _form(token, {}, 404)
    except (BadAddress, PersonExists, WeakPassword) as error:
        return _form(token, {FIELDS[type(error)]: refusal_words(error)}, 400)
    return with_session(see("overview", notice="welcome"), signed_in)


def _use(session: Session, token: str) -> Person:
    name, password = typed("name", 120), typed_password("password")
    if link_person(session, token, now=clock()) is not None:
        person = use_person_link(session, token, password=password, name=name, now=clock())
        set_language(session, person.id, language())
        return person
    email, spoken = typed("email"), language()
    return use_first_link(session, token, email=email, name=name, password=password, language=spoken, now=clock())


def _form(token: str, errors: dict[str, str], status: int) -> Response:
    with runtime().database.read() as session:
        try:
            person = link_person(session, token, now=clock())
        except LinkInvalid:
            return make_response(render_template("spent_link.html", first=not anybody(session)), 404)
        if person is None and anybody(session):
            return make_response(render_template("spent_link.html", first=False), 404)
        shown = None if person is None else _shown(session, person)
    view: dict[str, Any] = {"token": token, "errors": errors, "shortest": SHORTEST}
    if person is not None and person.password_hash is not None:
        return make_response(render_template("password_link.html", **view), status)
    view |= {"first": person is None, "person": shown, "values": {"name": typed("name", 120), "email": typed("email")}}
    return make_response(render_template("first_person.html", **view), status)


def _shown(session: Session, person: Person) -> dict[str, Any]:
    agency = session.get(Agency, person.agency_id)
    return {
        "name": person.name,
        "email": person.email,
        "roles": roles_of(session, person.id),
        "agency": agency.name if agency else "",
    }

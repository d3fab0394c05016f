"""Scripts sign in with a password and get a token for 24 hours."""

import marshmallow as ma
from flask import request

from accounts.devices import DeviceUnknown, get_device_by_id, known_device, revoke
from accounts.passwords import LONGEST
from accounts.roles import NotAllowed, Right
from accounts.sessions import Kind, SignedIn, end_session, find_session, start_session
from server.access import caller, cookie_name, owner_of, require, viewer
from server.api.door import body, for_anybody, gives, may_answer, route
from server.api.problems import Problem, missing
from server.api.shapes import DONE, Moment, Shape, Success, Text
from server.runtime import clock, runtime


class Credentials(Shape):
    """An account's address and password."""

    email = Text(required=True)
    password = Text(required=True, validate=ma.validate.Length(max=LONGEST))


class Session(Shape):
    """How long somebody is signed in."""

    createdAt = Moment(required=True)  # noqa: N815
    expiresAt = Moment(required=True)  # noqa: N815


class NewSession(Session):
    """A session with the token that opens it."""

    token = Text(required=True)
    csrf = Text(required=True)


@route("POST", "/sessions", tag="sessions", endpoint="start_session")
@body(Credentials)
@gives(NewSession)
@for_anybody
@may_answer(400, 401, 413, 415, 429)
def start(credentials: dict[str, str]) -> dict[str, object]:
    """The token of a new session; a refusal counts, and does not say what was wrong."""
    if not (credentials["email"].strip() and credentials["password"]):
        raise missing("email", "password")
    person, now = owner_of(credentials["email"], credentials["password"]), clock()
    with runtime().database.begin() as session:
        token = start_session(session, person, now=now, kind=Kind.SCRIPT)
        signed_in, _due = find_session(session, token, now=now, kind=Kind.SCRIPT)
    return {"token": token, "csrf": signed_in.csrf if signed_in else "", **_lasting(signed_in)}


@route("GET", "/sessions/restore", tag="sessions", endpoint="session")
@gives(Session)
@for_anybody
@may_answer(401, 404)
def restore() -> dict[str, object]:
    """How long the caller is signed in; 404.1 for somebody who came with nothing."""
    if "Authorization" in request.headers:
        viewer()
    return _lasting(caller().signed_in)


@route("DELETE", "/sessions/current", tag="sessions", endpoint="end_session")
@gives(Success)
@may_answer(401, 404)
def end() -> dict[str, bool]:
    """The token that the caller came with opens nothing any more."""
    _lasting(caller().signed_in)
    login = request.authorization
    token = login.token if login is not None else request.cookies.get(cookie_name())
    with runtime().database.begin() as session:
        end_session(session, token or "", now=clock())
    return DONE


@route("DELETE", "/sessions/<token>", tag="sessions", endpoint="end_named_session")
@gives(Success)
@may_answer(401, 403)
def end_named(token: str) -> dict[str, bool]:
    """The token opens nothing any more: one of the caller's own sessions, or a tablet's for who may revoke tablets.

    Raises NotAllowed alike for others' tokens and for what is no token.
    """
    person, now = viewer(), clock()
    with runtime().database.begin() as session:
        held, _due = find_session(session, token, now=now, kind=Kind.SCRIPT)
        if held is not None and held.viewer.person_id == person.person_id:
            end_session(session, token, now=now)
            return DONE
        require(Right.MANAGE_TABLETS)
        try:
            tablet = get_device_by_id(session, known_device(session, token).id)
        except DeviceUnknown as error:
            raise NotAllowed("no token of yours") from error
        revoke(session, tablet, actor=person.actor, now=now)
    return DONE


def _lasting(signed_in: SignedIn | None) -> dict[str, object]:
    if signed_in is None or signed_in.started_at is None:
        raise Problem("404.1", "There is no session here.")
    return {"createdAt": signed_in.started_at, "expiresAt": signed_in.ends_at}

"""Signing in and out, and the language of the pages."""

from flask import make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from accounts.people import set_language
from accounts.sessions import (
    LONGEST,
    SignInRefused,
    TooManyTries,
    check_password,
    end_session,
    note_failure,
    start_session,
)
from server.access import address, caller, cookie_name
from server.desk.door import blueprint, local, typed
from server.runtime import clock, runtime
from server.settings import LANGUAGES

A_YEAR = 365 * 24 * 60 * 60  # seconds
LONGEST_PASSWORD = 4096
CLEARED = '"cache", "cookies", "storage"'


@blueprint.get("/sign-in")
def sign_in() -> Response:
    """The form for signing in."""
    wanted = request.args.get("next", "")
    if caller().signed_in:
        return redirect(local(wanted), 303)
    return make_response(render_template("sign_in.html", values={}, errors={}, next=wanted))


@blueprint.post("/sign-in", endpoint="start_session")
def start() -> Response:
    """The browser is signed in; a refusal counts, and does not say what was wrong."""
    email, password, now = typed("email"), typed_password("password"), clock()
    try:
        with runtime().database.read() as session:
            person = check_password(session, email=email, password=password, address=address(), now=now)
    except SignInRefused:
        with runtime().database.begin() as session:
            note_failure(session, email=email, address=address(), now=now)
        return _refused(email, _("The email address or the password is not right. Nothing else was changed."), 401)
    except TooManyTries as error:
        return _refused(email, too_often(error), 429)
    with runtime().database.begin() as session:
        end_present(session)
        token = start_session(session, person, now=now)
    return with_session(redirect(local(request.form.get("next", "")), 303), token)


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """The browser is signed out and keeps nothing of ours."""
    with runtime().database.begin() as session:
        end_present(session)
    answer = redirect(url_for("desk.sign_in"), 303)
    answer.headers["Clear-Site-Data"] = CLEARED
    answer.delete_cookie(cookie_name(), secure=runtime().settings.https, httponly=True, samesite="Strict")
    return answer


@blueprint.post("/language")
def language() -> Response:
    """The pages come in the chosen language: in this browser, and for somebody signed in wherever they sign in."""
    chosen, signed_in = typed("language"), caller().signed_in
    answer = redirect(local(request.form.get("next", "")), 303)
    if chosen not in LANGUAGES:
        return answer
    if signed_in is not None and signed_in.viewer.person_id is not None:
        with runtime().database.begin() as session:
            set_language(session, signed_in.viewer.person_id, chosen)
    secure = runtime().settings.https
    answer.set_cookie("language", chosen, max_age=A_YEAR, secure=secure, httponly=True, samesite="Strict")
    return answer


def typed_password(name: str) -> str:
    """What was typed into a password field, every character of it."""
    return request.form.get(name, "")[:LONGEST_PASSWORD]


def too_often(error: TooManyTries) -> str:
    """How long to wait before the next try."""
    return str(
        ngettext(
            "Signing in failed too often. Try again in %(num)s second.",
            "Signing in failed too often. Try again in %(num)s seconds.",
            error.seconds,
        )
    )


def with_session(answer: Response, token: str) -> Response:
    """The browser holds the session's token, which no script reads and no other site can make it send."""
    secure, longest = runtime().settings.https, int(LONGEST.total_seconds())
    answer.set_cookie(cookie_name(), token, max_age=longest, secure=secure, httponly=True, samesite="Strict")
    return answer


def end_present(session: Session) -> None:
    """The session that this browser came with, if any, is over."""
    if token := request.cookies.get(cookie_name()):
        end_session(session, token, now=clock())


def _refused(email: str, words: str, status: int) -> Response:
    view = {"values": {"email": email}, "errors": {"email": words}, "next": request.form.get("next")}
    return make_response(render_template("sign_in.html", **view), status)

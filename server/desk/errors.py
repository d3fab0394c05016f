"""Refusals and faults as pages: what happened, what was kept, what to do."""

from flask import Response, g, make_response, render_template, request
from flask_babel import gettext as _

from server.access import SAFE, NotSignedIn, WrongToken
from server.errors import Refusal
from server.tablet.post import BadPost
from storage.sealing import KeysLocked
from submissions.correcting import NotCorrectable
from submissions.receive import FormClosed

OWN_WORDS = (FormClosed, KeysLocked, NotCorrectable, WrongToken)  # what they say is plainer than what their status says


def page(error: Exception, refusal: Refusal) -> Response:
    """The refusal's page; somebody who has to sign in first gets the form for it and then the page they wanted."""
    if request.accept_mimetypes.best == "application/json":
        return _to_script(error, refusal)
    g.without_database = refusal.status >= 500
    if isinstance(error, NotSignedIn) and request.method in SAFE:
        return _sign_in_first()
    view = {
        "status": refusal.status,
        "message": refusal.words if isinstance(error, OWN_WORDS) else None,
        "reference": g.get("request_id") if refusal.status >= 500 else None,
        "again": refusal.retry_after,
    }
    return make_response(render_template("error.html", **view), refusal.status)


def _to_script(error: Exception, refusal: Refusal) -> Response:
    """A page of ours asked, which still holds what was typed and shows the words beside it."""
    words = {
        BadPost: _("What was sent was cut on the way."),
        NotSignedIn: _("You were signed out meanwhile."),
        WrongToken: _("You signed in anew meanwhile."),
    }.get(type(error), refusal.words)
    kept = _("Your answers are still in this window; send them again from here.")
    return make_response({"message": f"{words} {kept}"}, refusal.status)


def _sign_in_first() -> Response:
    view = {"values": {}, "errors": {}, "next": request.full_path.rstrip("?")}
    answer = make_response(render_template("sign_in.html", **view), 401)
    if "HX-Request" in request.headers:
        answer.headers["HX-Refresh"] = "true"  # A part of a page cannot ask to sign in; the whole page does.
    return answer

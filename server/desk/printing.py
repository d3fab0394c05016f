"""A published form as a page for print."""

from typing import Any

from flask import Response, make_response, request, url_for
from flask_babel import gettext as _

from accounts.roles import Right
from server.access import require
from server.desk.answers import tongues
from server.desk.definitions import definition
from server.desk.door import blueprint
from server.desk.values import form_language
from server.desk.versions import named_version
from server.headers import POLICY
from server.language import language
from server.printing import printed, style_source
from server.runtime import runtime


@blueprint.get("/forms/<path:form_id>/print/<path:version>")
def print_form(form_id: str, version: str) -> Response:
    """The questions of one version on paper, in one of the form's languages; where answers go is not on it."""
    require(Right.READ_FORMS)
    wanted = request.args.get("lang", "") or language()
    with runtime().database.read() as session:
        _held, found = named_version(session, form_id, version)
        told = definition(session, found.id)

    def here(code: str) -> str:
        return url_for("desk.print_form", form_id=form_id, version=version, lang=code)

    bar: dict[str, Any] = {
        "back": url_for("desk.form", form_id=form_id),
        "words": {"back": _("Back to the form"), "show_in": _("Show in:")},
        "languages": tongues(told, wanted, here),
    }
    answer = make_response(printed(told, form_language(told, wanted), bar=bar))
    answer.headers["Content-Security-Policy"] = POLICY.replace("style-src 'self'", f"style-src {style_source()}")
    return answer

"""A page that shows a form by ODK Web Forms: where its parts are, and the one policy that lets it work."""

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from flask import make_response, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from forms.library import media_of
from forms.tables import FormVersion
from server.access import viewer
from server.desk.assets import import_map
from server.desk.door import blueprint
from server.desk.form_words import calendar, says, words
from server.desk.shell import csrf_token
from server.language import language

# For these pages alone: ODK Web Forms reads XPath by WebAssembly, writes its style sheets by itself and may ask where
# the browser is. The one inline script is the import map, which the nonce lets in.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
    "font-src 'self' data:; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self' blob: data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PERMISSIONS = "camera=(), geolocation=(self), microphone=()"


@blueprint.get("/form-token")
def form_token() -> dict[str, str | int | None]:
    """The token of the session that lives on while somebody types, and whose it is."""
    return {"csrf": csrf_token(), "person": viewer().person_id}


def form_page(
    template: str,
    *,
    xform: str,
    media: Mapping[str, str],
    send: str,
    button: str,
    more: Mapping[str, object],
    **view: Any,
) -> Response:
    """The page with the form whose XForm and files stand at these addresses; `button` says what sends it where.

    `more` adds addresses that only some pages have: of an instance to correct, of a place for test submissions.
    """
    nonce = secrets.token_urlsafe(16)
    shown = {
        "xform": xform,
        "media": dict(media),
        "send": send,
        "token": url_for("desk.form_token"),
        "csrf": csrf_token(),
        "person": viewer().person_id,
        "language": language(),
        "username": viewer().name,
        "words": words(button),
        "calendar": calendar(),
        "says": says(),
        **more,
    }
    page = render_template(template, shown=shown, import_map=import_map(), nonce=nonce, **view)
    answer = make_response(page)
    answer.headers["Content-Security-Policy"] = POLICY.format(nonce=nonce)
    answer.headers["Permissions-Policy"] = PERMISSIONS
    return answer


def version_files(session: Session, version: FormVersion) -> dict[str, str]:
    """Where the files beside the version are, by the names that the form gives them."""
    return {
        one.filename: url_for("desk.form_media", version_id=version.id, media_id=one.id)
        for one in media_of(session, version)
    }


def unshown(types: Iterable[str]) -> list[str]:
    """The types of question among these that ODK Web Forms does not show yet; a tablet takes them."""
    return sorted(set(types) & {"audio", "video", "file", "barcode", "background-audio", "audit"})

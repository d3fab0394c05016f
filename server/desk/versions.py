"""One version of a form: what it is made of, what it brought, and how it differs from the others."""

from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from accounts.projects import get_project
from accounts.roles import Right
from cases.comparing import of_version
from cases.drafting import draft_from
from forms.difference import difference
from forms.library import UNNAMED, find_version, get_form, list_versions, media_of
from forms.tables import Form, FormVersion
from server.access import require
from server.desk.comparison import drawn
from server.desk.door import blueprint, see
from server.desk.forms import media_view, version_rows
from server.desk.history import who
from server.language import language
from server.runtime import clock, runtime
from xlsforms.findings import Finding


@blueprint.get("/forms/<form_id>/versions/<path:version>")
def form_version(form_id: str, version: str) -> str:
    """One version: its downloads, its files, what was said about it, and what it changed."""
    viewer = require(Right.READ_FORMS)
    publishes = viewer.may(Right.PUBLISH_FORMS)
    with runtime().database.read() as session:
        held, wanted = named_version(session, form_id, version)
        listed = list_versions(session, held)
        other = _other(session, held, wanted, listed)
        view: dict[str, Any] = {
            "form": {"form_id": form_id, "title": wanted.title, "url": url_for("desk.form", form_id=form_id)},
            "version": _facts(session, held, wanted, publishes=publishes),
            "others": [one.version for one in listed if one.id != wanted.id],
            "against": None if other is None else other.version,
            "media": [media_view(one) for one in media_of(session, wanted)],
            "findings": [Finding.from_json(one).told(language()) for one in wanted.findings] if publishes else [],
            "difference": None,
            "may_publish": publishes,
        }
        if other is not None:
            changed = difference(of_version(session, other), of_version(session, wanted))
            view["difference"] = drawn(changed, of_version(session, other), of_version(session, wanted))
    return render_template("forms/version.html", **view)


@blueprint.post("/forms/<form_id>/versions/<path:version>/draft")
def draft_version(form_id: str, version: str) -> Response:
    """The version is the form's draft, to be published anew under another version name."""
    viewer, now = require(Right.PUBLISH_FORMS), clock()
    with runtime().database.begin() as session:
        held, wanted = named_version(session, form_id, version)
        draft_from(session, held, wanted, files=runtime().files, actor=viewer.actor, now=now)
    return see("form_draft", notice="draft-kept", form_id=form_id)


def named_version(session: Session, form_id: str, version: str) -> tuple[Form, FormVersion]:
    """The form and its version of this name; raises FormNotFound."""
    held = get_form(session, get_project(session).id, form_id)
    return held, find_version(session, held, "" if version == UNNAMED else version)


def _other(session: Session, held: Form, wanted: FormVersion, listed: list[FormVersion]) -> FormVersion | None:
    """The version that this one is compared with: the one that was asked for, else the one before it."""
    asked = request.args.get("against")
    if asked is not None:
        return find_version(session, held, "" if asked == UNNAMED else asked)
    return next((one for one in listed if one.id < wanted.id), None)


def _facts(session: Session, held: Form, one: FormVersion, *, publishes: bool) -> dict[str, Any]:
    rows = version_rows(session, held, publishes=publishes)
    return next(row for row in rows if row["id"] == one.id) | {
        "mapped": bool(one.mapping_version),
        "md5": one.md5,
        "name": one.version or _("without version"),
        "published_by": who(session, one.published_by),
    }

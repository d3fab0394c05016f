"""Publishing: a workbook or XForm is checked and, when nothing stands against it, offered to tablets."""

from dataclasses import dataclass
from typing import Any

from flask import make_response, render_template, request
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from accounts.projects import get_project
from accounts.roles import Right, Viewer
from cases.publishing import Checked, check_form, publish_form
from forms.library import get_form, get_version
from forms.publish import MediaMissing, MediaUnwanted, VersionTaken
from server.access import require
from server.desk.door import blueprint, see, typed
from server.desk.words import refusal_words
from server.language import language
from server.runtime import clock, runtime
from xlsforms.sheets import UnreadableWorkbook


@dataclass(frozen=True)
class Uploaded:
    """A file as it was chosen."""

    name: str
    content: bytes


@blueprint.get("/publish")
@blueprint.get("/publish/<path:form_id>")
def publish(form_id: str | None = None) -> Response:
    """The form for publishing."""
    require(Right.PUBLISH_FORMS)
    return _page(form_id, {}, 200)


@blueprint.post("/publish", endpoint="publish_form")
@blueprint.post("/publish/<path:form_id>", endpoint="publish_form")
def publish_one(form_id: str | None = None) -> Response:
    """The form is published, or the page says all that must be mended first; `check` only looks."""
    viewer = require(Right.PUBLISH_FORMS)
    book, mapping, media = _one("workbook"), _one("mapping"), several("media")
    if book is None:
        return _page(form_id, {"workbook": _("Choose a spreadsheet or an XForm")}, 400)
    try:
        told = None if mapping is None else (mapping.name, mapping.content)
        checked = check_form(
            book.content, book.name, now=clock(), mapping_csv=told
        )  # A second, outside any transaction.
    except UnreadableWorkbook as error:
        return _page(form_id, {"workbook": str(error)}, 400)
    if checked.refused or typed("act") == "check":
        return _page(form_id, {}, 400 if checked.refused else 200, checked=checked)
    try:
        return _publish(checked, media, viewer)
    except VersionTaken as error:
        return _page(form_id, {"workbook": refusal_words(error)}, 409, checked=checked)
    except (MediaMissing, MediaUnwanted):
        return _page(form_id, {"media": _media_words(checked, media)}, 400, checked=checked)


def _publish(checked: Checked, media: list[Uploaded], viewer: Viewer) -> Response:
    running, now = runtime(), clock()
    with running.database.begin() as session:
        version = publish_form(
            session,
            checked,
            project_id=get_project(session).id,
            media=[(one.name, one.content) for one in media],
            files=running.files,
            actor=viewer.actor,
            now=now,
        )
    running.wake_filing()
    form_id = checked.compiled.definition.form_id if checked.compiled else ""
    notice = "form-published" if version.published_at == now else "mapping-mended"
    return see("form", notice=notice, form_id=form_id)


def _page(form_id: str | None, errors: dict[str, str], status: int, *, checked: Checked | None = None) -> Response:
    view: dict[str, Any] = {"form": None, "findings": (), "checked": None, "errors": errors}
    if form_id is not None:
        with runtime().database.read() as session:
            held = get_form(session, get_project(session).id, form_id)
            title = get_version(session, held.current_version_id or 0).title
            view["form"] = {"form_id": form_id, "title": title}
    if checked is not None:
        view["findings"] = [one.told(language()) for one in checked.findings]
        view["checked"] = None if checked.refused or errors else _summary(checked)
    return make_response(render_template("forms/new.html", **view), status)


def _media_words(checked: Checked, media: list[Uploaded]) -> str:
    """Which files are missing, or else which are too many."""
    named = set(checked.compiled.definition.media) if checked.compiled else set()
    chosen = [one.name for one in media]
    if missing := sorted(named - set(chosen)):
        return str(
            _("The form names files that were not chosen: %(names)s. Choose them too.", names=", ".join(missing))
        )
    odd = sorted({name for name in chosen if name not in named or chosen.count(name) > 1})
    return str(
        _("The form does not name these files, or names them once: %(names)s. Leave them out.", names=", ".join(odd))
    )


def _summary(checked: Checked) -> dict[str, Any] | None:
    if checked.compiled is None:
        return None
    told = checked.compiled.definition
    return {
        "title": told.title,
        "form_id": told.form_id,
        "version": told.version,
        "questions": len(told.questions),
        "mapped": checked.mapping is not None,
    }


def _one(field: str) -> Uploaded | None:
    return next(iter(several(field)), None)


def several(field: str) -> list[Uploaded]:
    """The files chosen in a field; a browser that chose none sends one without a name."""
    return [_uploaded(one) for one in request.files.getlist(field) if one.filename]


def _uploaded(one: FileStorage) -> Uploaded:
    name = (one.filename or "").replace("\\", "/").rpartition("/")[2]
    return Uploaded(name, one.stream.read())

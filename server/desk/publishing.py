"""Publishing: what a designer drops is checked, and kept as a draft or offered to tablets."""

from typing import Any

from flask import Response as Download
from flask import make_response, render_template, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from accounts.projects import get_project
from accounts.roles import Right, Viewer
from cases import drafting
from cases.drafting import draft_form, form_of
from cases.publishing import Checked, publish_form
from forms.checks import find_check
from forms.drafts import list_drafts, put_beside, slots
from forms.library import get_form, get_version
from forms.publish import MediaMissing, MediaUnwanted, VersionTaken
from server.access import require
from server.desk.door import blueprint, see, typed
from server.desk.found import found_view
from server.desk.uploads import Upload, check_upload, facts_of, keep, read_upload, write_files
from server.desk.words import refusal_words
from server.headers import as_download
from server.language import language
from server.runtime import clock, runtime
from xlsforms.findings import Finding
from xlsforms.marked import marked_workbook
from xlsforms.sheets import UnreadableWorkbook
from xlsforms.workbook import read_workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get("/publish")
@blueprint.get("/publish/<path:form_id>")
def publish(form_id: str | None = None) -> Response:
    """The page where a designer drops a workbook."""
    require(Right.PUBLISH_FORMS)
    return _page(form_id, {}, 200)


@blueprint.post("/publish", endpoint="publish_form")
@blueprint.post("/publish/<path:form_id>", endpoint="publish_form")
def publish_one(form_id: str | None = None) -> Response:
    """All that was found; without errors the form is published, or kept as a draft where something is to be seen first.

    `act` is check, draft or publish.
    """
    viewer, act = require(Right.PUBLISH_FORMS), typed("act")
    upload = read_upload(typed("check"), viewer)
    if upload is None:
        return _page(form_id, {"workbook": _("Choose a spreadsheet or an XForm")}, 400)
    try:
        checked = check_upload(upload, form_id)  # A second, outside any transaction.
    except UnreadableWorkbook as error:
        return _page(form_id, {"workbook": error.finding.said(language())}, 400)
    if checked.refused or act == "check":
        return _found(form_id, upload, checked, viewer, {}, 200 if act == "check" else 400)
    if odd := _odd(checked, upload):
        return _found(form_id, upload, checked, viewer, {"media": odd}, 400)
    if act == "draft" or _to_be_seen_first(checked):
        return _draft(upload, checked, viewer, notice="draft-kept" if act == "draft" else "draft-look")
    try:
        return _publish(upload, checked, viewer)
    except VersionTaken as error:
        return _found(form_id, upload, checked, viewer, {"workbook": refusal_words(error)}, 409)
    except (MediaMissing, MediaUnwanted):
        return _found(form_id, upload, checked, viewer, {"media": _missing(checked, upload)}, 400)


@blueprint.get("/checks/<token>", endpoint="check_result")
def result(token: str) -> Response:
    """What was found, as long as the upload is kept."""
    viewer = require(Right.PUBLISH_FORMS)
    with runtime().database.read() as session:
        held = find_check(session, token, actor=viewer.actor, now=clock())
    form_id = _published_id(held.facts["form_id"])
    return _page(form_id, {}, 200, token=token, facts=held.facts, findings=[*map(Finding.from_json, held.findings)])


@blueprint.get("/checks/<token>/marked", endpoint="check_marked")
def marked(token: str) -> Download:
    """The workbook back, with a mark and a comment at each cell that something was found at. Raises CannotMark."""
    viewer = require(Right.PUBLISH_FORMS)
    with runtime().database.read() as session:
        held = find_check(session, token, actor=viewer.actor, now=clock())
    workbook = read_workbook(held.content, held.filename)
    content = marked_workbook(workbook, [*map(Finding.from_json, held.findings)], language())
    return as_download(Download(content), f"{workbook.stem} {_('with marks')}.xlsx", XLSX)


def _draft(upload: Upload, checked: Checked, viewer: Viewer, *, notice: str) -> Response:
    media, now = write_files(upload.media), clock()
    with runtime().database.begin() as session:
        held = draft_form(
            session,
            checked,
            drafting.Upload(upload.book.name, upload.book.content),
            project_id=get_project(session).id,
            mapping_csv=upload.mapping_csv,
            actor=viewer.actor,
            now=now,
        )
        named = {one.name for one in slots(session, held)}
        for one in media:
            if one.name in named:
                told: dict[str, Any] = {"file_id": one.file_id, "md5": one.md5, "size": len(one.content)}
                put_beside(session, held, one.name, actor=viewer.actor, now=now, **told)
    return see("form_draft", notice=notice, form_id=held.form_id)


def _publish(upload: Upload, checked: Checked, viewer: Viewer) -> Response:
    running, now = runtime(), clock()
    with running.database.begin() as session:
        publish_form(
            session,
            checked,
            project_id=get_project(session).id,
            media=[(one.name, one.content) for one in upload.media],
            files=running.files,
            actor=viewer.actor,
            now=now,
        )
    running.wake_filing()
    return see("form", notice="form-published", form_id=facts_of(checked)["form_id"])


def _to_be_seen_first(checked: Checked) -> bool:
    """Whether an earlier version is there to compare it with, or a draft that it replaces, or two people are needed."""
    form_id = str(facts_of(checked)["form_id"])
    return runtime().settings.two_person_publish or _published_id(form_id) is not None or _drafted(form_id)


def _drafted(form_id: str) -> bool:
    with runtime().database.read() as session:
        return any(one.form_id == form_id for one in list_drafts(session, get_project(session).id))


def _published_id(form_id: str) -> str | None:
    with runtime().database.read() as session:
        form = form_of(session, get_project(session).id, form_id)
        return None if form is None or form.current_version_id is None else form_id


def _found(
    form_id: str | None, upload: Upload, checked: Checked, viewer: Viewer, errors: dict[str, str], status: int
) -> Response:
    token = keep(upload, checked, viewer)
    told = list(checked.findings)
    return _page(form_id, errors, status, token=token, facts=facts_of(checked), findings=told)


def _page(
    form_id: str | None,
    errors: dict[str, str],
    status: int,
    *,
    token: str = "",
    facts: dict[str, Any] | None = None,
    findings: list[Finding] | None = None,
) -> Response:
    view: dict[str, Any] = {"form": None, "errors": errors, "token": token, "checked": facts, "found": None}
    if form_id is not None:
        with runtime().database.read() as session:
            view["form"] = _named(session, form_id)
    if findings is not None and facts is not None:
        view["found"] = found_view(findings, facts["holes"])
        view["marked_url"] = url_for("desk.check_marked", token=token) if facts["workbook"] and findings else None
    view["two"] = runtime().settings.two_person_publish
    return make_response(render_template("forms/new.html", **view), status)


def _named(session: Session, form_id: str) -> dict[str, str] | None:
    """The form that this is to be a new version of; a draft that was never published has none yet."""
    form = form_of(session, get_project(session).id, form_id)
    if form is None or form.current_version_id is None:
        return None
    held = get_form(session, get_project(session).id, form_id)
    return {"form_id": form_id, "title": get_version(session, held.current_version_id or 0).title}


def _missing(checked: Checked, upload: Upload) -> str:
    """Which files are missing."""
    named = set(checked.compiled.definition.media) if checked.compiled else set()
    missing = sorted(named - {one.name for one in upload.media})
    return str(_("The form names files that were not chosen: %(names)s. Choose them too.", names=", ".join(missing)))


def _odd(checked: Checked, upload: Upload) -> str:
    """Which files are too many; empty when none is."""
    named = set(checked.compiled.definition.media) if checked.compiled else set()
    names = [one.name for one in upload.media]
    odd = sorted({name for name in names if name not in named or names.count(name) > 1})
    words = _(
        "The form does not name these files, or names them once: %(names)s. Leave them out.", names=", ".join(odd)
    )
    return str(words) if odd else ""

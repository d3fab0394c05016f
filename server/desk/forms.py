"""Forms: which are published, one with its questions and where their answers go, and whether tablets are offered it."""

from typing import Any

from flask import Response as Download
from flask import render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from accounts.projects import get_project
from accounts.roles import Right, Viewer
from forms.drafts import list_drafts
from forms.library import (
    UNNAMED,
    FormNotFound,
    get_form,
    get_version,
    list_forms,
    list_versions,
    media_of,
    set_state,
)
from forms.offer import xform_of
from forms.tables import Form, FormDraft, FormMedia, FormState, FormVersion
from server.access import require
from server.desk.answers import tongues
from server.desk.definitions import definition
from server.desk.door import blueprint, see, typed
from server.desk.history import who
from server.desk.offering import offered
from server.desk.questions import Question, questions, targets
from server.desk.values import form_language, language_code
from server.desk.words import file_type
from server.headers import as_download
from server.language import language
from server.runtime import clock, runtime
from submissions.tables import Submission
from xlsforms.findings import Finding

NOTICES = {FormState.OPEN: "form-opened", FormState.CLOSING: "form-closing", FormState.CLOSED: "form-closed"}


@blueprint.get("/forms")
def forms() -> str:
    """Every published form, by title."""
    viewer = require(Right.READ_FORMS)
    with runtime().database.read() as session:
        counts = _counts(session, Submission.form_pk)
        listed = [
            {
                "url": url_for("desk.form", form_id=one.form.form_id),
                "form_id": one.form.form_id,
                "title": one.version.title,
                "version": one.version.version,
                "published_at": one.version.published_at,
                "open": one.form.state == FormState.OPEN.value,
                "state": one.form.state,
                "submissions": counts.get(one.form.id, 0),
                "mapped": bool(one.version.mapping_version),
            }
            for one in list_forms(session)
        ]
        publishes = viewer.may(Right.PUBLISH_FORMS)
        drafts = [_draft_row(one) for one in list_drafts(session, get_project(session).id)] if publishes else []
    return render_template("forms/list.html", forms=listed, drafts=drafts, may_publish=publishes)


@blueprint.get("/forms/<path:form_id>")
def form(form_id: str) -> str:
    """One form: how it stands, its questions and where they go, its files and versions."""
    viewer = require(Right.READ_FORMS)
    publishes = viewer.may(Right.PUBLISH_FORMS)
    with runtime().database.read() as session:
        held, current = _current(session, form_id)
        view: dict[str, Any] = {
            "questions": _questions(session, current, viewer),
            "media": [media_view(one) for one in media_of(session, current)],
            "findings": [Finding.from_json(one).told(language()) for one in current.findings] if publishes else [],
            "versions": version_rows(session, held, publishes=publishes),
            "form": _facts(session, held, current, publishes),
            "draft": _draft(session, held.project_id, form_id) if publishes else None,
            "offered": offered(session, held) if publishes else None,
            "may_publish": publishes,
            "may_fill": viewer.may(Right.CREATE_SUBMISSIONS) and held.state == FormState.OPEN.value,
            "may_enrol": viewer.may(Right.MANAGE_TABLETS),
        }
    return render_template("forms/show.html", **view)


@blueprint.post("/form-state/<path:form_id>")
def form_state(form_id: str) -> Response:
    """The form is open, closing or closed."""
    viewer, wanted = require(Right.PUBLISH_FORMS), typed("state")
    state = FormState(wanted) if wanted in set(FormState) else FormState.OPEN
    with runtime().database.begin() as session:
        held, _version = _current(session, form_id)
        set_state(session, held, state, actor=viewer.actor, now=clock())
    return see("form", notice=NOTICES[state], form_id=form_id)


@blueprint.get("/form-versions/<int:version_id>/xform")
def form_xform(version_id: int) -> Download:
    """The XForm, byte for byte as tablets get it."""
    require(Right.READ_FORMS)
    with runtime().database.read() as session:
        version = get_version(session, version_id)
        content = xform_of(session, version_id)
    return as_download(Download(content), f"{version.title} {version.version}.xml", "text/xml; charset=utf-8")


@blueprint.get("/form-versions/<int:version_id>/workbook")
def form_workbook(version_id: int) -> Download:
    """The workbook as it was published, with the case mapping, for those who publish forms."""
    require(Right.PUBLISH_FORMS)
    with runtime().database.read() as session:
        version = get_version(session, version_id)
        content = version.workbook
    if content is None:
        raise FormNotFound("This version was published without a workbook.")
    return as_download(Download(content), version.workbook_name or "form.xlsx", "application/octet-stream")


@blueprint.get("/form-versions/<int:version_id>/media/<int:media_id>")
def form_media(version_id: int, media_id: int) -> Download:
    """A file that tablets fetch beside the form."""
    require(Right.READ_FORMS)
    with runtime().database.read() as session:
        held = session.get(FormMedia, media_id)
        if held is None or held.version_id != version_id:
            raise FormNotFound("There is no such file beside the form.")
    answer = Download(runtime().files.read(held.file_id))
    answer.content_length = held.size
    return as_download(answer, held.filename, "application/octet-stream")


def _current(session: Session, form_id: str) -> tuple[Form, FormVersion]:
    held = get_form(session, get_project(session).id, form_id)
    if held.current_version_id is None:
        raise FormNotFound("There is no such form.")
    return held, get_version(session, held.current_version_id)


def _facts(session: Session, held: Form, current: FormVersion, publishes: bool) -> dict[str, Any]:
    wanted = request.args.get("lang", "") or language()
    told = definition(session, current.id)

    def here(code: str) -> str:
        return url_for("desk.form", form_id=held.form_id, lang=code)

    with_workbook = publishes and current.workbook is not None
    return {
        "form_id": held.form_id,
        "title": current.title,
        "version": current.version,
        "published_at": current.published_at,
        "published_by": who(session, current.published_by),
        "open": held.state == FormState.OPEN.value,
        "state": held.state,
        "client_editable": held.client_editable,
        "version_url": url_for("desk.form_version", form_id=held.form_id, version=current.version or UNNAMED),
        "mapped": bool(current.mapping_version),
        "md5": current.md5,
        "languages": tongues(told, wanted, here),
        "lang": language_code(form_language(told, wanted)) or language(),
        "workbook_url": url_for("desk.form_workbook", version_id=current.id) if with_workbook else None,
        "xml_url": url_for("desk.form_xform", version_id=current.id),
    }


def _questions(session: Session, current: FormVersion, viewer: Viewer) -> list[Question]:
    """Where answers go is for those who publish forms or work on cases: it tells which answers lead to help."""
    told = definition(session, current.id)
    shown = viewer.may(Right.PUBLISH_FORMS) or viewer.may(Right.READ_CASES)
    wanted = request.args.get("lang", "") or language()
    return questions(told, form_language(told, wanted), targets(session, current, language()) if shown else {})


def version_rows(session: Session, held: Form, *, publishes: bool) -> list[dict[str, Any]]:
    """The form's versions, newest first, as lists show them."""
    counts = _counts(session, Submission.version_id, Submission.form_pk == held.id)
    return [
        {
            "id": one.id,
            "version": one.version,
            "url": url_for("desk.form_version", form_id=held.form_id, version=one.version or UNNAMED),
            "published_at": one.published_at,
            "published_by": who(session, one.published_by),
            "current": one.id == held.current_version_id and held.state == FormState.OPEN.value,
            "submissions": counts.get(one.id, 0),
            "xml_url": url_for("desk.form_xform", version_id=one.id),
            "workbook_url": url_for("desk.form_workbook", version_id=one.id)
            if publishes and one.workbook_name
            else None,
        }
        for one in list_versions(session, held)
    ]


def media_view(one: FormMedia) -> dict[str, Any]:
    """A file beside a version as lists of files show it."""
    href = url_for("desk.form_media", version_id=one.version_id, media_id=one.id)
    return {"name": one.filename, "type": file_type(""), "size": one.size, "href": href, "named": True}


def _draft(session: Session, project_id: int, form_id: str) -> dict[str, Any] | None:
    found = [one for one in list_drafts(session, project_id) if one.form_id == form_id]
    return _draft_row(found[0]) if found else None


def _draft_row(one: FormDraft) -> dict[str, Any]:
    return {
        "url": url_for("desk.form_draft", form_id=one.form_id),
        "form_id": one.form_id,
        "title": one.title,
        "version": one.version,
        "made_at": one.made_at,
        "proposed": one.proposed_at is not None,
    }


def _counts(session: Session, column: Any, *where: Any) -> dict[int, int]:
    query = select(column, func.count()).where(*where).group_by(column)
    return dict(session.execute(query).all())

"""Trying a draft on a tablet: its code, and what came of it."""

from typing import Any

import segno
from flask import Response as Download
from flask import render_template, request, url_for
from markupsafe import Markup
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from accounts.roles import Right, Viewer
from accounts.settings_qr import Provisioning, settings_text
from audit.trail import Action, record
from forms.draft_secrets import give_secret, secret_of
from forms.drafts import subject
from forms.tables import FormDraft
from server.access import require
from server.desk.answers import Reading, nodes, tongues
from server.desk.door import blueprint, see
from server.desk.downloads import HARMLESS
from server.desk.drafts import DRAFT, draft_of
from server.desk.values import form_language, language_code
from server.desk.words import file_type
from server.headers import as_download
from server.language import language
from server.runtime import clock, runtime
from storage.files import FileAbsent
from submissions.draft_submissions import (
    DraftFile,
    files_of_drafted,
    get_drafted,
    open_drafted,
    read_drafted_file,
)
from submissions.draft_tables import DraftSubmission
from submissions.instance import Instance
from submissions.layout import behind, lay_out
from xlsforms.questions import FormDefinition


@blueprint.get(DRAFT + "/tablet", endpoint="draft_tablet")
def code(form_id: str) -> str:
    """The code that sets a tablet up for this draft alone."""
    require(Right.PUBLISH_FORMS)
    with runtime().database.read() as session:
        held = draft_of(session, form_id)
        secret = secret_of(session, held)
    told = provisioning_of(held, secret) if secret else None
    view = {
        "draft": {"title": held.title, "form_id": form_id, "version": held.version},
        "qr": None if told is None else picture(told),
        "server_url": "" if told is None else told.server_url,
    }
    return render_template("forms/tablet.html", **view)


@blueprint.post(DRAFT + "/tablet", endpoint="draft_code")
def renew(form_id: str) -> Response:
    """The draft has a new code; tablets that were set up with the one before reach nothing any more."""
    viewer = require(Right.PUBLISH_FORMS)
    with runtime().database.begin() as session:
        held = draft_of(session, form_id, lock=True)
        former = subject(held)
        give_secret(session, held)
        record(session, viewer.actor, Action.FORM_DRAFT_RENEWED, former, now=clock(), later=subject(held))
    return see("draft_tablet", notice="draft-code", form_id=form_id)


@blueprint.get(DRAFT + "/tests/<int:test_id>", endpoint="draft_test")
def test(form_id: str, test_id: int) -> str:
    """One test submission, its answers as the form shows them; that it was read leaves a trace."""
    viewer = require(Right.PUBLISH_FORMS)
    with runtime().database.begin() as session:
        draft, held = _found(session, form_id, test_id)
        instance = _opened(session, held, viewer)
        files = files_of_drafted(session, held)
    definition = FormDefinition.from_json(draft.definition)
    facts = {
        "id": held.id,
        "received_at": held.received_at,
        "version": held.version,
        "app": held.app_version or "",
        "instance_id": held.instance_id,
        "xml_url": url_for("desk.draft_test_xml", form_id=form_id, test_id=test_id),
    }
    draft_view = {"title": draft.title, "form_id": form_id, "url": url_for("desk.form_draft", form_id=form_id)}
    view = _drawn(definition, instance, files, form_id, test_id)
    return render_template("forms/test.html", draft=draft_view, test=facts, **view)


@blueprint.get(DRAFT + "/tests/<int:test_id>/xml", endpoint="draft_test_xml")
def test_xml(form_id: str, test_id: int) -> Download:
    """The test submission as it was sent."""
    viewer = require(Right.PUBLISH_FORMS)
    with runtime().database.begin() as session:
        _draft, held = _found(session, form_id, test_id)
        instance = _opened(session, held, viewer)
    return as_download(Download(instance.xml), f"test-{test_id}.xml", "text/xml; charset=utf-8")


@blueprint.get(DRAFT + "/tests/<int:test_id>/files/<file_id>", endpoint="draft_test_file")
def test_file(form_id: str, test_id: int, file_id: str) -> Download:
    """A file of the test submission; raises FileAbsent."""
    viewer = require(Right.PUBLISH_FORMS)
    with runtime().database.begin() as session:
        draft, held = _found(session, form_id, test_id)
        found = next((one for one in files_of_drafted(session, held) if one.id == file_id), None)
        if found is None:
            raise FileAbsent(file_id)
        record(session, viewer.actor, Action.ATTACHMENT_READ, f"draft:{draft.id}", now=clock(), test=held.id)
    answer = Download(read_drafted_file(runtime().files, found))
    answer.content_length = found.size
    harmless = found.content_type.startswith(HARMLESS)
    return as_download(answer, found.name, found.content_type if harmless else "application/octet-stream")


def provisioning_of(draft: FormDraft, secret: str) -> Provisioning:
    """How a tablet reaches the draft and nothing else: its own project in Collect, beside those it has."""
    place = f"/v1/test/{secret}/projects/{draft.project_id}/forms/{draft.form_id}/draft"
    settings = runtime().settings
    name = f"{draft.title[:40]} (test)"
    return Provisioning(settings.base_url + place, project_name=name, language=settings.language)


def picture(told: Provisioning) -> Markup:
    """The settings as a QR code, drawn without any style attribute."""
    drawn = segno.make(settings_text(told), micro=False, error="l", boost_error=False)
    return Markup(drawn.svg_inline(omitsize=True, border=4))  # noqa: S704  Our own drawing: a path and numbers.


def _found(session: Session, form_id: str, test_id: int) -> tuple[FormDraft, DraftSubmission]:
    draft = draft_of(session, form_id)
    return draft, get_drafted(session, draft, test_id)


def _opened(session: Session, held: DraftSubmission, viewer: Viewer) -> Instance:
    return open_drafted(session, held, actor=viewer.actor, now=clock())


def _drawn(
    definition: FormDefinition, instance: Instance, files: list[DraftFile], form_id: str, test_id: int
) -> dict[str, Any]:
    def here(code: str) -> str:
        return url_for("desk.draft_test", form_id=form_id, test_id=test_id, lang=code)

    def place(one: DraftFile) -> str:
        return url_for("desk.draft_test_file", form_id=form_id, test_id=test_id, file_id=one.id)

    held = {one.name: place(one) for one in files}
    wanted = request.args.get("lang", "") or language()
    chosen = form_language(definition, wanted)
    reading = Reading(definition, chosen, held.get)
    return {
        "nodes": nodes(lay_out(instance, definition), reading),
        "behind": nodes(behind(instance, definition), reading),
        "languages_of_form": tongues(definition, wanted, here),
        "lang": language_code(chosen) or language(),
        "files": [
            {"name": one.name, "type": file_type(one.content_type), "size": one.size, "href": place(one), "named": True}
            for one in files
        ],
    }

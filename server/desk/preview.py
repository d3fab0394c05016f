"""Forms tried in the browser: a draft or a published version is filled in, and one sees what the answers would make."""

from flask import render_template, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from accounts.roles import Right, Viewer
from forms.draft_secrets import KnownDraft
from forms.drafts import DraftChanged, slots
from forms.library import FormNotFound, definition_of, get_version
from forms.tables import Form, FormDraft
from server.access import require, viewer
from server.desk.door import blueprint
from server.desk.drafts import DRAFT, draft_of
from server.desk.form_page import form_page, unshown, version_files
from server.desk.sending import SOFTWARE, posted
from server.desk.trials import trial_of_draft, trial_of_version
from server.desk.words import question_type
from server.runtime import clock, runtime
from submissions.draft_submissions import (
    get_drafted,
    held_parts_of_draft,
    open_drafted,
    receive_drafted,
    require_room,
)
from submissions.instance import BadInstance, Instance
from submissions.parts import Upload, keep_files
from submissions.receive import Sender
from xlsforms.published import MADE_HERE
from xlsforms.questions import FormDefinition

VERSION = "/form-versions/<int:version_id>/preview"


@blueprint.get(VERSION)
def form_preview(version_id: int) -> Response:
    """A published version, ready to be tried."""
    _may_try()
    with runtime().database.read() as session:
        version = get_version(session, version_id)
        form, files = session.get_one(Form, version.form_pk), version_files(session, version)
    told = {"title": version.title, "form_id": form.form_id, "version": version.version}
    told["url"] = url_for("desk.form", form_id=form.form_id)
    xform, send = (url_for(f"desk.{name}", version_id=version_id) for name in ("form_xform", "form_try"))
    return _page(told, definition_of(version), files, xform=xform, send=send, draft=False)


@blueprint.post(VERSION)
def form_try(version_id: int) -> dict[str, str]:
    """What the answers would make; nothing is stored."""
    _may_try()
    instance, _post = posted()
    with runtime().database.read() as session:
        version = get_version(session, version_id)
        _require_same(instance, session.get_one(Form, version.form_pk).form_id)
        told = trial_of_version(session, version, instance, now=clock())
    return {"html": render_template("forms/trial.html", told=told, kept=None)}


@blueprint.get(DRAFT + "/preview")
def draft_preview(form_id: str) -> Response:
    """The draft, ready to be tried."""
    require(Right.PUBLISH_FORMS)
    with runtime().database.read() as session:
        held = draft_of(session, form_id)
        names = [one.name for one in slots(session, held) if one.media is not None]
    names += sorted(MADE_HERE) if held.itemsets is not None else []
    files = {name: url_for("desk.draft_media", form_id=form_id, filename=name) for name in names}
    told = {"title": held.title, "form_id": form_id, "version": held.version}
    told["url"] = url_for("desk.form_draft", form_id=form_id)
    xform, send = (url_for(f"desk.{name}", form_id=form_id) for name in ("draft_xform", "draft_try"))
    return _page(told, FormDefinition.from_json(held.definition), files, xform=xform, send=send, draft=True)


@blueprint.post(DRAFT + "/preview")
def draft_try(form_id: str) -> dict[str, str]:
    """The answers are among the draft's test submissions, and what they would make is told."""
    person = require(Right.PUBLISH_FORMS)
    instance, post = posted()
    _require_same(instance, form_id)
    with runtime().database.read() as session:
        held = draft_of(session, form_id)
        told = trial_of_draft(held, instance, now=clock())
    test_id = _keep(held, instance, post.uploads, person)
    kept = url_for("desk.draft_test", form_id=form_id, test_id=test_id)
    return {"html": render_template("forms/trial.html", told=told, kept=kept)}


@blueprint.get(DRAFT + "/tests/<int:test_id>/trial")
def draft_test_trial(form_id: str, test_id: int) -> str:
    """What a test submission would make, wherever it was sent from; that it was read leaves a trace."""
    person = require(Right.PUBLISH_FORMS)
    with runtime().database.begin() as session:
        held = draft_of(session, form_id)
        instance = open_drafted(session, get_drafted(session, held, test_id), actor=person.actor, now=clock())
        told = trial_of_draft(held, instance, now=clock())
    view = {"draft": {"title": held.title}, "test_url": url_for("desk.draft_test", form_id=form_id, test_id=test_id)}
    return render_template("forms/tried.html", told=told, kept=None, **view)


def _keep(draft: FormDraft, instance: Instance, uploads: tuple[Upload, ...], person: Viewer) -> int:
    """The number of the test submission; the same answers again are kept once."""
    running = runtime()
    known = KnownDraft(draft.id, draft.project_id, draft.form_id, draft.version, draft.title, draft.md5)
    with running.database.read() as session:
        require_room(session, draft.id, uploads)
        held = held_parts_of_draft(session, draft.id, instance)
    parts = keep_files(uploads, keys=running.database.keys, files=running.files, held=held)
    sender = Sender(person.actor, person_id=person.person_id, app_version=SOFTWARE)
    with running.database.begin() as session:
        _still_there(session, draft)
        _receipt, test_id = receive_drafted(session, instance, parts, draft=known, sender=sender, now=clock())
    return test_id


def _still_there(session: Session, draft: FormDraft) -> None:
    """Raises DraftNotFound, and DraftChanged when another one has taken its place."""
    held = draft_of(session, draft.form_id, lock=True)
    if (held.id, held.made_at) != (draft.id, draft.made_at):
        raise DraftChanged("The draft was changed meanwhile. Look at it again and try it then.")


def _may_try() -> None:
    """Where answers go is for those who publish forms or work on cases; raises NotAllowed."""
    person = viewer()
    if not person.may(Right.PUBLISH_FORMS):
        person.require(Right.READ_CASES)


def _require_same(instance: Instance, form_id: str) -> None:
    """Raises FormNotFound, BadInstance."""
    if instance.form_id != form_id:
        raise FormNotFound("There is no such form.")
    if instance.encrypted:
        raise BadInstance("not-well-formed", "No page of ours sends encrypted answers.")


def _page(
    form: dict[str, str], definition: FormDefinition, files: dict[str, str], *, xform: str, send: str, draft: bool
) -> Response:
    kinds = unshown(question.type for question in definition.questions)
    return form_page(
        "forms/preview.html",
        xform=xform,
        media=files,
        send=send,
        button=_("Send as a test") if draft else _("See what this would make"),
        more={},
        form={**form, "draft": draft},
        unshown=[question_type(kind) for kind in kinds],
    )

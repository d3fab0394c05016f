"""Drafts: forms as they are being made, with the files that they name, until they are published."""

import hashlib
from typing import Any

import marshmallow as ma
from flask import Response, request
from sqlalchemy.orm import Session

from accounts.projects import get_project
from accounts.roles import Right, Viewer
from cases.comparing import before_of
from cases.drafting import Upload, checked_again, draft_form, draft_from, publish_draft
from cases.publishing import Checked
from forms.drafts import (
    DraftNotFound,
    Slot,
    discard_draft,
    find_draft,
    put_beside,
    slots,
    take_away,
)
from forms.library import FormNotFound
from forms.proposals import require_second_person
from forms.tables import Form, FormDraft
from server.access import LARGEST, require
from server.api.door import FORM, gives, gives_bytes, may_answer, query, route, takes_bytes
from server.api.form_attachments import AttachmentShape, held_file
from server.api.form_shapes import FormShape, shown_draft
from server.api.form_uploads import TAKES, CreationQuery, form_id_of, read_form_body
from server.api.forms import XML, current
from server.api.problems import Problem, unreadable, wrong_value
from server.api.shapes import DONE, Shape, Success, Text
from server.runtime import clock, runtime
from xlsforms.compile import RefusedForm

DRAFT = FORM + "/draft"
FILE = DRAFT + "/attachments/<filename>"


class PublishQuery(Shape):
    """What the version is called."""

    version = Text(
        load_default="",
        validate=ma.validate.Length(max=120),
        metadata={"description": "In place of the one that the form gives itself, or that it is proposed under"},
    )
    seen = Text(
        load_default=None,
        metadata={"description": "`draftSeen` of the draft that was looked at: another one is not published (409)"},
    )


@route("POST", DRAFT, tag="drafts", endpoint="make_draft")
@query(CreationQuery)
@takes_bytes(*TAKES)
@gives(Success)
@may_answer(400, 401, 403, 404, 413, 415)
def make(wanted: dict[str, Any], project_id: int, form_id: str) -> dict[str, bool]:
    """The form in the body is the draft in place of the one before; without a body, the form as it was published."""
    person = require(Right.PUBLISH_FORMS)
    with runtime().database.read() as session:
        published = _published(session, project_id, form_id)
        before = before_of(session, project_id, form_id)
    if not request.content_length and not request.headers.get("Transfer-Encoding"):
        if published is None:
            raise unreadable("The body is empty, and the form was never published.")
        with runtime().database.begin() as session:
            at: dict[str, Any] = {"files": runtime().files, "actor": person.actor, "now": clock()}
            draft_from(session, *current(session, project_id, form_id), **at)
        return DONE
    content, filename, checked = read_form_body(ignore_warnings=wanted["ignoreWarnings"], before=before)
    if form_id_of(checked) != form_id:
        raise wrong_value("formId", f"the form says {form_id_of(checked)}, and the address {form_id}")
    keep(project_id, content, filename, checked, person)
    return DONE


@route("GET", DRAFT, tag="drafts", endpoint="draft")
@gives(FormShape)
@may_answer(401, 403, 404)
def draft(project_id: int, form_id: str) -> dict[str, Any]:
    """The draft."""
    require(Right.PUBLISH_FORMS)
    with runtime().database.read() as session:
        return shown_draft(session, held_draft(session, project_id, form_id))


@route("GET", DRAFT + ".xml", tag="drafts", endpoint="draft_xml")
@gives_bytes(XML)
@may_answer(401, 403, 404)
def draft_xml(project_id: int, form_id: str) -> Response:
    """The draft's XForm, byte for byte."""
    require(Right.PUBLISH_FORMS)
    with runtime().database.read() as session:
        return Response(held_draft(session, project_id, form_id).xform, content_type=XML)


@route("DELETE", DRAFT, tag="drafts", endpoint="discard_draft")
@gives(Success)
@may_answer(401, 403, 404, 409)
def discard(project_id: int, form_id: str) -> dict[str, bool]:
    """There is no draft any more; the form stays as it was published."""
    person = require(Right.PUBLISH_FORMS)
    with runtime().database.begin() as session:
        held = held_draft(session, project_id, form_id, lock=True)
        if _published(session, project_id, form_id) is None:
            raise Problem("409.7", "The form was never published, so that nothing of it would be left.")
        discard_draft(session, held, actor=person.actor, now=clock())
    return DONE


@route("POST", DRAFT + "/publish", tag="drafts", endpoint="publish_draft")
@query(PublishQuery)
@gives(Success)
@may_answer(400, 401, 403, 404, 409, 503)
def publish(wanted: dict[str, Any], project_id: int, form_id: str) -> dict[str, bool]:
    """Tablets fetch the draft from now on; it is a version like any other, and there is no draft any more.

    Where publishing takes two people, the caller is the second: somebody else proposed the draft as it stands.
    """
    person, running, now = require(Right.PUBLISH_FORMS), runtime(), clock()
    version = sayable(wanted["version"])
    with running.database.read() as session:
        before = held_draft(session, project_id, form_id)
    again = checked_again(before)
    with running.database.begin() as session:
        held = held_draft(session, project_id, form_id, lock=True)
        if running.settings.two_person_publish:
            require_second_person(held, person.actor)
            proposed = held.proposed_version or ""
            if version not in {"", proposed or held.version}:
                raise wrong_value("version", f"the draft is proposed as version {proposed or held.version}")
            version = proposed
        at: dict[str, Any] = {"files": running.files, "actor": person.actor, "now": now}
        publish_draft(session, held, version=version, seen=wanted["seen"], again=again, **at)
    running.wake_filing()
    return DONE


@route("GET", DRAFT + "/attachments", tag="drafts", endpoint="draft_attachments")
@gives(AttachmentShape, many=True)
@may_answer(401, 403, 404)
def attachments(project_id: int, form_id: str) -> list[dict[str, Any]]:
    """The files that the draft names, whether they came or not."""
    require(Right.PUBLISH_FORMS)
    with runtime().database.read() as session:
        return [_shown(one) for one in slots(session, held_draft(session, project_id, form_id))]


@route("POST", FILE, tag="drafts", endpoint="send_draft_attachment")
@takes_bytes("application/octet-stream", "image/png", "image/jpeg", "audio/mpeg", "video/mp4", "text/csv")
@gives(AttachmentShape)
@may_answer(401, 403, 404, 413, 503)
def send(project_id: int, form_id: str, filename: str) -> dict[str, Any]:
    """The file that the draft names is there."""
    person, running, now = require(Right.PUBLISH_FORMS), runtime(), clock()
    with running.database.read() as session:
        _slot(session, held_draft(session, project_id, form_id), filename)
    request.max_content_length = LARGEST
    content = request.get_data()
    told: dict[str, Any] = {"md5": hashlib.md5(content, usedforsecurity=False).hexdigest(), "size": len(content)}
    file_id = running.files.put([content])  # On the disk before any row points at it.
    with running.database.begin() as session:
        held = held_draft(session, project_id, form_id, lock=True)
        put_beside(session, held, filename, file_id=file_id, actor=person.actor, now=now, **told)
        return _shown(_slot(session, held, filename))


@route("DELETE", FILE, tag="drafts", endpoint="delete_draft_attachment")
@gives(Success)
@may_answer(401, 403, 404)
def delete(project_id: int, form_id: str, filename: str) -> dict[str, bool]:
    """The file that the draft names is not there."""
    person = require(Right.PUBLISH_FORMS)
    with runtime().database.begin() as session:
        held = held_draft(session, project_id, form_id, lock=True)
        _slot(session, held, filename)
        take_away(session, held, filename, actor=person.actor, now=clock())
    return DONE


def keep(project_id: int, content: bytes, filename: str, checked: Checked, person: Viewer) -> dict[str, Any]:
    """The checked form is the draft of its form."""
    if checked.compiled is None:
        raise RefusedForm(checked.findings)
    with runtime().database.begin() as session:
        at: dict[str, Any] = {"project_id": project_id, "actor": person.actor, "now": clock()}
        return shown_draft(session, draft_form(session, checked, Upload(filename, content), **at))


def held_draft(session: Session, project_id: int, form_id: str, *, lock: bool = False) -> FormDraft:
    """The form's draft; raises ProjectNotFound, DraftNotFound."""
    return find_draft(session, get_project(session, project_id).id, form_id, lock=lock)


def _published(session: Session, project_id: int, form_id: str) -> Form | None:
    """The form if it was ever published; raises FormNotFound when there is no draft either."""
    try:
        return current(session, project_id, form_id)[0]
    except FormNotFound:
        try:
            held_draft(session, project_id, form_id)
        except DraftNotFound as error:
            raise FormNotFound("There is no such form.") from error
        return None


def _slot(session: Session, held: FormDraft, filename: str) -> Slot:
    found = next((one for one in slots(session, held) if one.name == filename), None)
    if found is None:
        raise FormNotFound("The form does not name such a file.")
    return found


def _shown(one: Slot) -> dict[str, Any]:
    held = one.media
    if held is None:
        return held_file(one.name, None, None, None)
    return held_file(one.name, held.md5, held.size, held.made_at)


def sayable(version: str) -> str:
    """The version name, which people can read out; raises Problem."""
    if not version.isprintable() or version != version.strip():
        raise wrong_value("version", "it may not begin or end with a blank, nor hold what cannot be printed")
    return version

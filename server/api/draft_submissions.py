"""What was sent to try a draft: apart from all real submissions, in the same shapes."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import marshmallow as ma
from flask import Response, request
from sqlalchemy.orm import Session

from accounts.roles import Right, Viewer
from audit.trail import Action, record
from forms.draft_secrets import KnownDraft
from forms.tables import FormDraft
from server.access import require
from server.api.door import extended, gives, gives_bytes, may_answer, query, route, takes_bytes
from server.api.drafts import DRAFT, held_draft
from server.api.forms import XML
from server.api.problems import taken, unreadable, wrong_value
from server.api.shapes import Flag, Shape, Text, Whole
from server.api.submission_shapes import Sent, SubmissionShape, senders_of, submission
from server.headers import as_download
from server.runtime import clock, runtime
from server.tablet.contact import claims
from storage.files import FileAbsent
from submissions.draft_submissions import (
    DraftFile,
    files_of_drafted,
    find_drafted,
    list_drafted,
    open_drafted,
    read_drafted_file,
    receive_drafted,
)
from submissions.draft_tables import DraftSubmission
from submissions.instance import LARGEST, read_instance
from submissions.receive import Receipt, Sender

S = DRAFT + "/submissions"
ONE = S + "/<instance_id>"
FILE = ONE + "/attachments/<filename>"


class DraftQuery(Shape):
    """Which test submissions are wanted."""

    limit = Whole(in_address=True, validate=ma.validate.Range(0, 1000), load_default=1000)
    offset = Whole(in_address=True, load_default=0, validate=ma.validate.Range(0, 10**9))


class DraftFileShape(Shape):
    """A file that came with a test submission."""

    name = Text(required=True)
    exists = Flag(required=True)


@route("GET", S, tag="draft submissions", endpoint="draft_submissions")
@query(DraftQuery)
@gives(SubmissionShape, many=True)
@may_answer(400, 401, 403, 404)
def listed(wanted: dict[str, int], project_id: int, form_id: str) -> list[dict[str, Any]]:
    """The draft's test submissions, newest first."""
    require(Right.PUBLISH_FORMS)
    in_full, begin = extended(), wanted["offset"]
    with runtime().database.read() as session:
        rows = list_drafted(session, held_draft(session, project_id, form_id))[begin : begin + wanted["limit"]]
        return [_shown(session, one, in_full=in_full) for one in rows]


@route("POST", S, tag="draft submissions", endpoint="create_draft_submission")
@takes_bytes(XML, "text/xml")
@gives(SubmissionShape)
@may_answer(400, 401, 403, 404, 409, 413, 415)
def create(project_id: int, form_id: str) -> dict[str, Any]:
    """The test submission stands beside the draft, and never reaches a case."""
    person, now = require(Right.PUBLISH_FORMS), clock()
    request.max_content_length = LARGEST
    content = request.get_data()
    if not content:
        raise unreadable("The body is empty; send the XML of the submission in it.")
    instance = read_instance(content)
    if instance.form_id != form_id:
        raise wrong_value("form id", "it is not that of the address")
    sender = Sender(person.actor, person_id=person.person_id, **claims())
    with runtime().database.begin() as session:
        draft = held_draft(session, project_id, form_id, lock=True)
        receipt, _id = receive_drafted(session, instance, (), draft=_known(draft), sender=sender, now=now)
        if receipt is not Receipt.STORED:
            raise taken("instanceID", "the one that you sent")
        return _shown(session, find_drafted(session, draft, instance.instance_id))


@route("GET", ONE, tag="draft submissions", endpoint="draft_submission")
@gives(SubmissionShape)
@may_answer(400, 401, 403, 404)
def one(project_id: int, form_id: str, instance_id: str) -> dict[str, Any]:
    """One test submission."""
    require(Right.PUBLISH_FORMS)
    in_full = extended()
    with runtime().database.read() as session:
        held = find_drafted(session, held_draft(session, project_id, form_id), instance_id)
        return _shown(session, held, in_full=in_full)


@route("GET", ONE + ".xml", tag="draft submissions", endpoint="draft_submission_xml")
@gives_bytes(XML)
@may_answer(401, 403, 404, 503)
def xml(project_id: int, form_id: str, instance_id: str) -> Response:
    """The XML as it was sent; that it was read leaves a trace."""
    person = require(Right.PUBLISH_FORMS)
    with runtime().database.begin() as session:
        held = find_drafted(session, held_draft(session, project_id, form_id), instance_id)
        return Response(open_drafted(session, held, actor=person.actor, now=clock()).xml, content_type=XML)


@route("GET", ONE + "/attachments", tag="draft submissions", endpoint="draft_submission_attachments")
@gives(DraftFileShape, many=True)
@may_answer(401, 403, 404, 503)
def attachments(project_id: int, form_id: str, instance_id: str) -> list[dict[str, Any]]:
    """The files that came with a test submission."""
    person = require(Right.PUBLISH_FORMS)
    with runtime().database.begin() as session:
        return [{"name": one.name, "exists": True} for one in _files(session, project_id, form_id, instance_id, person)]


@route("GET", FILE, tag="draft submissions", endpoint="draft_submission_attachment")
@gives_bytes("application/octet-stream")
@may_answer(401, 403, 404, 503)
def attachment(project_id: int, form_id: str, instance_id: str, filename: str) -> Response:
    """A file that came with a test submission."""
    person = require(Right.PUBLISH_FORMS)
    with runtime().database.begin() as session:
        files = _files(session, project_id, form_id, instance_id, person)
    found = next((one for one in files if one.name == filename), None)
    if found is None:
        raise FileAbsent(filename)
    return as_download(Response(_begun(found)), found.name, "application/octet-stream")


def _begun(found: DraftFile) -> Iterator[bytes]:
    """The file's bytes; that they are missing or damaged shows before the answer begins."""
    chunks = read_drafted_file(runtime().files, found)
    return chain([next(chunks, b"")], chunks)


def _files(session: Session, project_id: int, form_id: str, instance_id: str, person: Viewer) -> list[DraftFile]:
    draft = held_draft(session, project_id, form_id)
    held = find_drafted(session, draft, instance_id)
    record(session, person.actor, Action.ATTACHMENT_READ, f"draft:{draft.id}", now=clock(), test=held.id)
    return files_of_drafted(session, held)


def _known(draft: FormDraft) -> KnownDraft:
    names = ("id", "project_id", "form_id", "version", "title", "md5")
    return KnownDraft(*(getattr(draft, name) for name in names))


def _shown(session: Session, held: DraftSubmission, *, in_full: bool = False) -> dict[str, Any]:
    names = (held.instance_id, held.person_id, None, held.install_id, held.app_version)
    sent = Sent(*names, held.received_at, held.version)
    return submission(sent, sent, None, None, senders_of(session, [sent]) if in_full else None)

"""Submissions: listed, looked at, and read exactly as they were sent."""

from collections.abc import Iterator
from typing import Any

import marshmallow as ma
from flask import Response, redirect, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Redirection

from accounts.projects import get_project
from accounts.roles import Right, Viewer
from audit.trail import Action, record
from forms.library import get_form
from forms.tables import Form
from server.access import require, viewer
from server.api import actors
from server.api.door import FORM, extended, gives, gives_bytes, may_answer, query, route
from server.api.errors import concealed
from server.api.forms import XML
from server.api.shapes import Flag, Shape, Text, Whole
from server.api.streaming import array
from server.api.submission_shapes import Sent, SubmissionShape, of_line, senders_of, submission
from server.runtime import Runtime, clock, runtime
from submissions.inbox import visible
from submissions.lines import First, Lines
from submissions.opening import open_xml
from submissions.tables import Review, Submission
from submissions.versions import Line, find_line

S = FORM + "/submissions"
ONE = S + "/<instance_id>"
MOST = 100_000  # submissions in one answer when a limit is given
PAGE = 500
FIRST = (First.instance_id, First.person_id, First.device_id, First.install_id, First.app_version, First.received_at)
TIP = (
    *(Submission.instance_id, Submission.person_id, Submission.device_id, Submission.install_id),
    *(Submission.app_version, Submission.received_at, Submission.version),
)

concealed("submission", "submission_xml")


class ListQuery(Shape):
    """Which submissions are wanted."""

    limit = Whole(in_address=True, validate=ma.validate.Range(0, MOST))
    offset = Whole(in_address=True, load_default=0, validate=ma.validate.Range(0, 10**9))
    deleted = Flag(load_default=False, metadata={"description": "Deleted ones only; there are none"})


class KeyShape(Shape):
    """A key that tablets encrypted with."""

    id = Whole(required=True)
    public = Text(required=True)


@route("GET", S, tag="submissions", endpoint="submissions")
@query(ListQuery)
@gives(SubmissionShape, many=True)
@may_answer(304, 400, 401, 403, 404)
def submissions(wanted: dict[str, Any], project_id: int, form_id: str) -> Response:
    """Every submission that the caller may see, newest first; nothing of the answers."""
    person, in_full = require(Right.LIST_SUBMISSIONS), extended()
    with runtime().database.read() as session:
        form = find_form(session, project_id, form_id)
        etag = f"{_state(session, form, person)}-{in_full:d}-{person.person_id}"
    if not in_full and request.if_none_match.contains_weak(etag):
        answer = Response(status=304)
    else:
        rows = iter(()) if wanted["deleted"] else _rows(runtime(), form.id, person, wanted, in_full=in_full)
        answer = array(rows)
    if not in_full:
        answer.set_etag(etag, weak=True)
        answer.headers["Cache-Control"] = "private, no-cache"
    return answer


@route("GET", S + "/submitters", tag="submissions", endpoint="submitters")
@gives(actors.Actor, many=True)
@may_answer(401, 403, 404)
def submitters(project_id: int, form_id: str) -> list[dict[str, Any]]:
    """Everybody who sent a submission of the form that the caller may see."""
    person = require(Right.LIST_SUBMISSIONS)
    with runtime().database.read() as session:
        form = find_form(session, project_id, form_id)
        sent = select(Submission.person_id, Submission.device_id).where(Submission.form_pk == form.id).distinct()
        rows = session.execute(visible(sent, person)).all()
        people = {row.person_id for row in rows if row.person_id is not None}
        devices = {row.device_id for row in rows if row.device_id is not None}
        found = actors.find_actors(session, people, devices)
    return sorted(found.values(), key=lambda one: (one["displayName"], one["id"]))


@route("GET", S + "/keys", tag="submissions", endpoint="submission_keys")
@gives(KeyShape, many=True)
@may_answer(401, 403, 404)
def keys(project_id: int, form_id: str) -> list[dict[str, Any]]:
    """The keys that tablets encrypted with; there are none."""
    require(Right.LIST_SUBMISSIONS)
    with runtime().database.read() as session:
        find_form(session, project_id, form_id)
    return []


@route("GET", ONE, tag="submissions", endpoint="submission")
@gives(SubmissionShape)
@may_answer(301, 400, 401, 404)
def one(project_id: int, form_id: str, instance_id: str) -> dict[str, Any] | Redirection:
    """One submission; a correction's instance id leads to the version that it is."""
    person, in_full = viewer(), extended()
    with runtime().database.read() as session:
        line = find_submission(session, project_id, form_id, instance_id, person)
        if line.by_first:
            return of_line(session, line, extended=in_full)
    place: dict[str, Any] = {"project_id": project_id, "form_id": form_id, "root_id": line.first.instance_id}
    return redirect(url_for("api.submission_version", instance_id=instance_id, **place), 301)


@route("GET", ONE + ".xml", tag="submissions", endpoint="submission_xml")
@gives_bytes(XML)
@may_answer(401, 404, 503)
def xml(project_id: int, form_id: str, instance_id: str) -> Response:
    """The XML of the submission, byte for byte: of the version that stands, or of the correction that is named."""
    person = require(Right.READ_SUBMISSIONS)
    with runtime().database.begin() as session:
        line = find_submission(session, project_id, form_id, instance_id, person)
        return xml_of(session, line.current if line.by_first else line.asked, person)


def find_form(session: Session, project_id: int, form_id: str) -> Form:
    """The form; raises ProjectNotFound, FormNotFound."""
    return get_form(session, get_project(session, project_id).id, form_id)


def find_submission(session: Session, project_id: int, form_id: str, instance_id: str, person: Viewer) -> Line:
    """The submission and its corrections; raises what looks alike for all that one may not see."""
    return find_line(session, find_form(session, project_id, form_id).id, instance_id, viewer=person)


def xml_of(session: Session, held: Submission, person: Viewer) -> Response:
    """The XML as it was sent; that it was read leaves a trace. Raises KeysLocked, RootDestroyed, SealBroken."""
    content = open_xml(session, held)
    record(session, person.actor, Action.SUBMISSION_READ, f"submission:{held.id}", now=clock(), original=True)
    return Response(content, content_type=XML)


def _state(session: Session, form: Form, person: Viewer) -> str:
    """Changes with everything that the list tells."""
    sent = select(func.count(), func.count(Submission.version_id), func.max(Submission.id))
    counted = session.execute(visible(sent.where(Submission.form_pk == form.id), person)).one()
    said = select(func.max(Review.id)).join(Submission, Submission.id == Review.submission_id)
    return "-".join(
        str(one or 0) for one in (form.id, *counted, session.scalar(said.where(Submission.form_pk == form.id)))
    )


def _rows(
    running: Runtime, form_pk: int, person: Viewer, wanted: dict[str, Any], *, in_full: bool
) -> Iterator[dict[str, Any]]:
    lines = Lines(form_pk)
    told = visible(lines.select(*FIRST, First.version, *TIP, lines.review, lines.updated_at), person)
    told = told.order_by(First.id.desc()).offset(wanted["offset"]).limit(wanted.get("limit"))
    with running.database.read() as session:
        found = session.connection().execute(told.execution_options(yield_per=PAGE))
        for page in found.partitions():
            sent = [(Sent(*row[:7]), Sent(*row[7:14]), row[14], row[15]) for row in page]
            senders = senders_of(session, [part for row in sent for part in row[:2]]) if in_full else None
            for first, tip, state, updated in sent:
                yield submission(first, tip, state, updated, senders)

"""Submissions that people send, and corrections of them."""

from typing import Any

from flask import g, request
from sqlalchemy import select

from accounts.catalogue import catalogue_version
from accounts.projects import get_project
from accounts.roles import Right, Viewer
from forms.library import FormNotFound
from forms.offer import OfferedForm
from server.access import require
from server.api.door import body, gives, may_answer, query, route, takes_bytes
from server.api.errors import concealed
from server.api.problems import Problem, missing, taken, unreadable, wrong_value
from server.api.shapes import Shape, Text, Word
from server.api.submission_shapes import SubmissionShape, of_line
from server.api.submissions import ONE, S, find_submission
from server.mirroring import mirror
from server.runtime import clock, runtime
from server.tablet.contact import claims
from submissions.instance import LARGEST, Instance, read_instance
from submissions.receive import InstanceConflict, Receipt, Sender, receive
from submissions.review import ReviewState, review
from submissions.tables import Submission
from submissions.versions import find_line, whole_line

TAKES = ("application/xml", "text/xml")
NEW = frozenset({Receipt.STORED, Receipt.EDITED})

concealed("change_submission", "correct_submission")


class CreationQuery(Shape):
    """Where the submission comes from."""

    deviceID = Text(metadata={"description": "Of the sender's installation, as it claims"})  # noqa: N815


class SubmissionChange(Shape):
    """What may change about a submission."""

    reviewState = Word(tuple(filter(None, ReviewState)), allow_none=True)  # noqa: N815


@route("POST", S, tag="submissions", endpoint="create_submission")
@query(CreationQuery)
@takes_bytes(*TAKES)
@gives(SubmissionShape)
@may_answer(400, 401, 403, 404, 409, 413, 415, 503)
def create(_wanted: dict[str, str], project_id: int, form_id: str) -> dict[str, Any]:
    """The submission is in our custody, from the caller, exactly as it was sent."""
    person = require(Right.CREATE_SUBMISSIONS)
    form, instance = _form(project_id, form_id), _instance(form_id)
    if instance.deprecated_id is not None:
        raise wrong_value("deprecatedID", "send a correction by PUT to the submission that it corrects")
    return _receive(instance, form, project_id, person)


@route("PUT", ONE, tag="submissions", endpoint="correct_submission")
@query(CreationQuery)
@takes_bytes(*TAKES)
@gives(SubmissionShape)
@may_answer(400, 401, 404, 409, 413, 415, 503)
def correct(_wanted: dict[str, str], project_id: int, form_id: str, instance_id: str) -> dict[str, Any]:
    """The submission has a new version, which stands from now on; all before it are kept."""
    person = require(Right.CREATE_SUBMISSIONS)
    person.require(Right.LIST_SUBMISSIONS)
    form, instance = _form(project_id, form_id), _instance(form_id)
    if instance.deprecated_id is None:
        words = "A correction names the version that it corrects, in the element deprecatedID of its meta block."
        raise Problem("400.19", words)
    return _receive(instance, form, project_id, person, corrects=instance_id)


@route("PATCH", ONE, tag="submissions", endpoint="change_submission")
@body(SubmissionChange)
@gives(SubmissionShape)
@may_answer(400, 401, 404, 413, 415)
def change(wanted: dict[str, Any], project_id: int, form_id: str, instance_id: str) -> dict[str, Any]:
    """The submission was looked at: it is approved, rejected, has issues, or waits to be looked at again."""
    person, now = require(Right.REVIEW), clock()
    if "reviewState" not in wanted:
        raise missing("reviewState")
    with runtime().database.begin() as session:
        line = find_submission(session, project_id, form_id, instance_id, person)
        review(session, line, ReviewState(wanted["reviewState"] or ""), viewer=person, now=now)
        return of_line(session, line)


def _form(project_id: int, form_id: str) -> OfferedForm:
    running = runtime()
    with running.database.read() as session:
        project, catalogue = get_project(session, project_id), catalogue_version(session)
    form = running.offers.of_project(project.id, catalogue).forms.get(form_id)
    if form is None:
        raise FormNotFound("There is no such form.")
    return form


def _instance(form_id: str) -> Instance:
    """The body as an instance of the form; raises Problem, BadInstance."""
    request.max_content_length = LARGEST + 1
    if request.mimetype not in TAKES:
        raise Problem("415.1", f"Send XML, with one of these types: {', '.join(TAKES)}.", expected=list(TAKES))
    content = request.get_data()
    if not content:
        raise unreadable("The body is empty; send the XML of the submission in it.")
    instance = read_instance(content)
    if instance.form_id != form_id:
        raise wrong_value("form id", "it is not that of the address")
    return instance


def _receive(
    instance: Instance, form: OfferedForm, project_id: int, person: Viewer, *, corrects: str | None = None
) -> dict[str, Any]:
    """Through the same act as from tablets, but for what a script is told at once and can mend: nothing is held."""
    running, now = runtime(), clock()
    with running.database.begin() as session:
        if corrects is not None:
            line = find_line(session, form.id, corrects, viewer=person)
            # Its row is locked, so that of two corrections at once the second hears of the first.
            session.execute(select(Submission.id).where(Submission.id == line.first.id).with_for_update())
            current = find_line(session, form.id, corrects, viewer=person).current
            if not line.by_first or current.instance_id != instance.deprecated_id:
                words = "The version that this corrects was corrected already. Read the newest one and correct that."
                raise Problem("409.9", words)
        sender = Sender(person.actor, person_id=person.person_id, **claims())
        try:
            receipt = receive(
                session, instance, (), form=form, project_id=project_id, sender=sender, now=now, strict=True
            )
        except InstanceConflict as error:
            raise _taken(corrects) from error
        if receipt not in NEW:
            raise _taken(corrects)
        if corrects is None:
            row = of_line(session, whole_line(session, form.id, instance.instance_id))
        else:
            row = of_line(session, find_line(session, form.id, corrects, viewer=person))
        mirror(running, instance, (), project_id=project_id, sender=sender, now=now)
    g.receipt = receipt.value
    running.wake_filing()
    return row


def _taken(corrects: str | None) -> Problem:
    if corrects is None:
        return taken("instanceID", "the one that you sent")
    return Problem("409.8", "There is a submission with this instanceID already. Give the correction one of its own.")

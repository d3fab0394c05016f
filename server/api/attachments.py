"""The files of a submission: listed, fetched as they were sent, and sent later."""

from typing import IO, Any

from flask import Response, request
from sqlalchemy.orm import Session

from accounts.roles import Right, Viewer
from audit.trail import Action, record
from server.access import require
from server.api.door import gives, gives_bytes, may_answer, route, takes_bytes
from server.api.errors import concealed
from server.api.shapes import DONE, Flag, Shape, Success, Text
from server.api.streaming import begun
from server.api.submission_versions import ONE as VERSION
from server.api.submission_versions import by_first, named
from server.api.submissions import ONE, find_form, find_submission
from server.headers import as_download
from server.mirroring import mirror
from server.runtime import clock, runtime
from server.spooling import IN_MEMORY, new_stream
from storage.files import FileAbsent
from submissions.inbox import SubmissionNotFound
from submissions.opening import OpenAttachment, open_attachments, open_instance, read_file
from submissions.parts import Upload, keep_files, parts_of
from submissions.receive import Sender, attach
from submissions.tables import Submission
from submissions.versions import Line, whole_line

BYTES = "application/octet-stream"
# Types that no browser runs; anything else is given out as mere bytes.
HARMLESS = ("image/jpeg", "image/png", "image/gif", "image/webp", "audio/", "video/", "text/csv", "application/pdf")
CHUNK = 64 * 1024

concealed(
    *("submission_attachments", "submission_attachment", "send_attachment"),
    *("version_files", "version_file"),
)


class SubmissionFileShape(Shape):
    """A file that came with the submission, or that its answers name."""

    name = Text(required=True)
    exists = Flag(required=True)


@route("GET", ONE + "/attachments", tag="submission attachments", endpoint="submission_attachments")
@gives(SubmissionFileShape, many=True)
@may_answer(401, 404, 503)
def attachments(project_id: int, form_id: str, instance_id: str) -> list[dict[str, Any]]:
    """The files of the version that stands; that their names were read leaves a trace."""
    person = require(Right.READ_SUBMISSIONS)
    with runtime().database.begin() as session:
        return _listed(session, _standing(session, project_id, form_id, instance_id, person), person)


@route("GET", VERSION + "/attachments", tag="submission attachments", endpoint="version_files")
@gives(SubmissionFileShape, many=True)
@may_answer(401, 404, 503)
def version_attachments(project_id: int, form_id: str, root_id: str, instance_id: str) -> list[dict[str, Any]]:
    """The files of a version; that their names were read leaves a trace."""
    person = require(Right.READ_SUBMISSIONS)
    with runtime().database.begin() as session:
        line = by_first(session, project_id, form_id, root_id, person)
        return _listed(session, _up_to(line, named(line, instance_id)), person)


@route("GET", ONE + "/attachments/<filename>", tag="submission attachments", endpoint="submission_attachment")
@gives_bytes(BYTES)
@may_answer(401, 404, 503)
def attachment(project_id: int, form_id: str, instance_id: str, filename: str) -> Response:
    """A file as it was sent; that it was read leaves a trace."""
    person = require(Right.READ_SUBMISSIONS)
    with runtime().database.begin() as session:
        return _sent(session, _standing(session, project_id, form_id, instance_id, person), filename, person)


@route("GET", VERSION + "/attachments/<filename>", tag="submission attachments", endpoint="version_file")
@gives_bytes(BYTES)
@may_answer(401, 404, 503)
def version_attachment(project_id: int, form_id: str, root_id: str, instance_id: str, filename: str) -> Response:
    """A file of a version as it was sent; that it was read leaves a trace."""
    person = require(Right.READ_SUBMISSIONS)
    with runtime().database.begin() as session:
        line = by_first(session, project_id, form_id, root_id, person)
        return _sent(session, _up_to(line, named(line, instance_id)), filename, person)


@route("POST", ONE + "/attachments/<filename>", tag="submission attachments", endpoint="send_attachment")
@takes_bytes(BYTES, "image/jpeg", "image/png", "audio/mpeg", "video/mp4", "text/csv")
@gives(Success)
@may_answer(401, 404, 413, 503)
def send(project_id: int, form_id: str, instance_id: str, filename: str) -> dict[str, bool]:
    """The file that the answers name is there; one that was there under its name before is kept beside it."""
    person, running = require(Right.CREATE_SUBMISSIONS), runtime()
    with running.database.read() as session:
        held = _sendable(session, project_id, form_id, instance_id, person)
        if not any(one.expected and one.name == filename for one in open_attachments(session, held.id)):
            raise FileAbsent(filename)
        known = parts_of(session, held.id)
    content_type = request.headers.get("Content-Type", BYTES)
    upload = Upload(filename, content_type, _spooled(running.settings.largest_post))
    parts = keep_files([upload], keys=running.database.keys, files=running.files, held=known)
    sender, now = Sender(person.actor, person_id=person.person_id), clock()
    with running.database.begin() as session:
        attach(session, held, parts, sender=sender, now=now)
        if running.settings.mirror_dir is not None:
            instance = open_instance(session, session.get_one(Submission, held.id))
            mirror(running, instance, [upload], project_id=project_id, sender=sender, now=now)
    return DONE


def _standing(
    session: Session, project_id: int, form_id: str, instance_id: str, person: Viewer
) -> tuple[Submission, ...]:
    """The version that stands, or the one that is named, with those before it; the newest first."""
    line = find_submission(session, project_id, form_id, instance_id, person)
    if line.by_first:
        return _up_to(line, line.current)
    return _up_to(line, line.asked) if line.asked in line.versions else (line.asked,)


def _up_to(line: Line, version: Submission) -> tuple[Submission, ...]:
    return tuple(reversed(line.versions[: line.versions.index(version) + 1]))


def _sendable(session: Session, project_id: int, form_id: str, instance_id: str, person: Viewer) -> Submission:
    """The version that files are sent to; whoever may not see submissions may complete the own ones."""
    if person.may(Right.LIST_SUBMISSIONS):
        return _standing(session, project_id, form_id, instance_id, person)[0]
    held = whole_line(session, find_form(session, project_id, form_id).id, instance_id).asked
    if held.person_id is None or held.person_id != person.person_id:
        raise SubmissionNotFound("There is no such submission.")
    return held


def _listed(session: Session, versions: tuple[Submission, ...], person: Viewer) -> list[dict[str, Any]]:
    found = _files(session, versions)
    record(session, person.actor, Action.SUBMISSION_READ, f"submission:{versions[0].id}", now=clock(), names=True)
    return [{"name": name, "exists": one is not None} for name, one in found.items()]


def _files(session: Session, versions: tuple[Submission, ...]) -> dict[str, OpenAttachment | None]:
    """The files of the first of these versions by name; what it names and an earlier one brought is that one's."""
    opened = [one for one in open_attachments(session, versions[0].id) if one.current]
    found: dict[str, OpenAttachment | None] = {one.name: one if one.received else None for one in opened}
    for before in versions[1:]:
        if None not in found.values():
            break
        come = {one.name: one for one in open_attachments(session, before.id) if one.current and one.received}
        found = {name: one or come.get(name) for name, one in found.items()}
    return found


def _sent(session: Session, versions: tuple[Submission, ...], filename: str, person: Viewer) -> Response:
    found = _files(session, versions).get(filename)
    if found is None:
        raise FileAbsent(filename)
    subject = f"submission:{versions[0].id}"
    record(session, person.actor, Action.ATTACHMENT_READ, subject, now=clock(), file=found.id)
    answer = Response(begun(read_file(runtime().files, found)))
    answer.content_length = found.size
    harmless = found.content_type.startswith(HARMLESS)
    return as_download(answer, found.name, found.content_type if harmless else BYTES)


def _spooled(largest: int) -> IO[bytes]:
    """The body, in memory while it is small, else in an encrypted spool."""
    request.max_content_length = largest
    stream = new_stream(request.content_length or IN_MEMORY + 1)
    while chunk := request.stream.read(CHUNK):
        stream.write(chunk)
    return stream

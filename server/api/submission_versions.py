"""The versions of a submission, and what changed between them."""

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from accounts.roles import Right, Viewer
from audit.trail import Action, record
from forms.library import definition_of, get_version
from server.access import require, viewer
from server.api.door import extended, gives, gives_bytes, gives_mapping, may_answer, route
from server.api.errors import concealed
from server.api.forms import XML
from server.api.submission_shapes import Sent, VersionShape, senders_of, version
from server.api.submissions import S, find_submission, xml_of
from server.runtime import clock, runtime
from submissions.differences import Difference, differences
from submissions.inbox import SubmissionNotFound
from submissions.opening import open_instance
from submissions.tables import Submission
from submissions.versions import Line
from xlsforms.questions import FormDefinition

LINE = S + "/<root_id>"
ONE = LINE + "/versions/<instance_id>"

concealed("submission_versions", "submission_version", "submission_version_xml", "submission_diffs")


# Places where a version differs from the one before it; `old` or `new` is left out where it is not there.
DIFFERENCES = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["path"],
        "properties": {"path": {"type": "array"}, "old": {}, "new": {}},
    },
}


@route("GET", LINE + "/versions", tag="submission versions", endpoint="submission_versions")
@gives(VersionShape, many=True)
@may_answer(400, 401, 404)
def versions(project_id: int, form_id: str, root_id: str) -> list[dict[str, Any]]:
    """Every version, newest first."""
    person, in_full = viewer(), extended()
    with runtime().database.read() as session:
        line = by_first(session, project_id, form_id, root_id, person)
        return _shown(session, line, list(reversed(line.versions)), in_full=in_full)


@route("GET", ONE, tag="submission versions", endpoint="submission_version")
@gives(VersionShape)
@may_answer(400, 401, 404)
def one(project_id: int, form_id: str, root_id: str, instance_id: str) -> dict[str, Any]:
    """One version."""
    person, in_full = viewer(), extended()
    with runtime().database.read() as session:
        line = by_first(session, project_id, form_id, root_id, person)
        return _shown(session, line, [named(line, instance_id)], in_full=in_full)[0]


@route("GET", ONE + ".xml", tag="submission versions", endpoint="submission_version_xml")
@gives_bytes(XML)
@may_answer(401, 404, 503)
def xml(project_id: int, form_id: str, root_id: str, instance_id: str) -> Response:
    """The XML of the version, byte for byte."""
    person = require(Right.READ_SUBMISSIONS)
    with runtime().database.begin() as session:
        line = by_first(session, project_id, form_id, root_id, person)
        return xml_of(session, named(line, instance_id), person)


@route("GET", LINE + "/diffs", tag="submission versions", endpoint="submission_diffs")
@gives_mapping(DIFFERENCES)
@may_answer(401, 404, 503)
def diffs(project_id: int, form_id: str, root_id: str) -> dict[str, Any]:
    """What each version changed, by its instance id; that they were read leaves a trace."""
    person, now = require(Right.READ_SUBMISSIONS), clock()
    with runtime().database.begin() as session:
        line = by_first(session, project_id, form_id, root_id, person)
        for held in line.versions:
            record(session, person.actor, Action.SUBMISSION_READ, f"submission:{held.id}", now=now, compared=True)
        return _compared(session, line)


def by_first(session: Session, project_id: int, form_id: str, root_id: str, person: Viewer) -> Line:
    """The line of this name, which is its first version's; raises SubmissionNotFound."""
    line = find_submission(session, project_id, form_id, root_id, person)
    if not line.by_first:
        raise SubmissionNotFound("There is no such submission.")
    return line


def named(line: Line, instance_id: str) -> Submission:
    """The version with this instance id; raises SubmissionNotFound."""
    found = next((one for one in line.versions if one.instance_id == instance_id), None)
    if found is None:
        raise SubmissionNotFound("There is no such version of the submission.")
    return found


def _shown(session: Session, line: Line, held: list[Submission], *, in_full: bool) -> list[dict[str, Any]]:
    sent = [Sent.of(one) for one in held]
    senders = senders_of(session, sent) if in_full else None
    return [
        version(told, current=one.id == line.current.id, senders=senders) for told, one in zip(sent, held, strict=True)
    ]


def _compared(session: Session, line: Line) -> dict[str, Any]:
    told: dict[str, Any] = {}
    pairs = list(zip(line.versions, line.versions[1:], strict=False))
    for before, after in reversed(pairs):
        found = differences(open_instance(session, before), open_instance(session, after), _definition(session, after))
        told[after.instance_id] = [_difference(one) for one in found]
    return told


def _difference(one: Difference) -> dict[str, Any]:
    shown: dict[str, Any] = {"path": [list(step) if isinstance(step, tuple) else step for step in one.path]}
    shown |= {"old": one.before} if one.before is not None else {}
    return shown | ({"new": one.after} if one.after is not None else {})


def _definition(session: Session, held: Submission) -> FormDefinition | None:
    return None if held.version_id is None else definition_of(get_version(session, held.version_id))

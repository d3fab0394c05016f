"""Projects: a programme's forms, tablets and submissions."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from accounts.projects import get_project, list_projects
from accounts.roles import Right, Viewer
from accounts.tables import Device, Project
from audit.history import began
from forms.library import list_forms
from server.access import require, viewer
from server.api.door import PROJECT, extended, gives, may_answer, route
from server.api.shapes import Flag, Moment, Shape, Text, Whole, listed
from server.api.verbs import verbs_of
from server.runtime import runtime
from submissions.inbox import visible
from submissions.tables import Submission


class ProjectShape(Shape):
    """A project."""

    id = Whole(required=True)
    name = Text(required=True)
    description = Text(required=True, allow_none=True)
    archived = Flag(required=True, allow_none=True)
    keyId = Whole(required=True, allow_none=True)  # noqa: N815
    createdAt = Moment(required=True)  # noqa: N815
    updatedAt = Moment(required=True, allow_none=True)  # noqa: N815
    deletedAt = Moment(required=True, allow_none=True)  # noqa: N815
    # With X-Extended-Metadata: true.
    appUsers = Whole()  # noqa: N815
    forms = Whole()
    lastSubmission = Moment(allow_none=True)  # noqa: N815
    verbs = listed(Text())


@route("GET", "/projects", tag="projects", endpoint="projects")
@gives(ProjectShape, many=True)
@may_answer(401)
def projects() -> list[dict[str, Any]]:
    """Every project, for those who may see forms."""
    person, more = viewer(), extended()
    with runtime().database.read() as session:
        held = list_projects(session) if person.may(Right.READ_FORMS) else []
        return [_shown(session, one, person, extended=more) for one in held]


@route("GET", PROJECT, tag="projects", endpoint="project")
@gives(ProjectShape)
@may_answer(401, 403, 404)
def project(project_id: int) -> dict[str, Any]:
    """One project."""
    person, more = require(Right.READ_FORMS), extended()
    with runtime().database.read() as session:
        return _shown(session, get_project(session, project_id), person, extended=more)


def _shown(session: Session, one: Project, person: Viewer, *, extended: bool) -> dict[str, Any]:
    shown = {
        "id": one.id,
        "name": one.name,
        "description": None,
        "archived": None,
        "keyId": None,
        "createdAt": began(session),  # Projects came with the installation so far.
        "updatedAt": None,
        "deletedAt": None,
    }
    return shown | (_more(session, one, person) if extended else {})


def _more(session: Session, one: Project, person: Viewer) -> dict[str, Any]:
    tablets = select(func.count()).select_from(Device).where(Device.project_id == one.id, Device.revoked_at.is_(None))
    newest = select(func.max(Submission.received_at)).where(Submission.project_id == one.id)
    lists = person.may(Right.LIST_SUBMISSIONS)
    return {
        "appUsers": session.scalar(tablets),
        "forms": len(list_forms(session, one.id)),
        "lastSubmission": session.scalar(visible(newest, person)) if lists else None,
        "verbs": verbs_of(person.rights),
    }

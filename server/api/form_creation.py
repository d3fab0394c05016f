"""New forms: published at once, or kept as drafts."""

from typing import Any

from sqlalchemy.orm import Session

from accounts.projects import get_project
from accounts.roles import Right
from cases.publishing import publish_form
from forms.drafts import DraftNotFound, find_draft
from forms.library import FormNotFound, get_form
from forms.proposals import SecondPersonNeeded
from server.access import require
from server.api.door import PROJECT, gives, may_answer, query, route, takes_bytes
from server.api.drafts import keep
from server.api.form_shapes import FormShape
from server.api.form_uploads import TAKES, CreationQuery, form_id_of, read_form_body
from server.api.forms import one_form
from server.api.problems import taken
from server.runtime import clock, runtime


@route("POST", PROJECT + "/forms", tag="forms", endpoint="create_form")
@query(CreationQuery)
@takes_bytes(*TAKES)
@gives(FormShape)
@may_answer(400, 401, 403, 404, 409, 413, 415)
def create(wanted: dict[str, Any], project_id: int) -> dict[str, Any]:
    """A form that is new in this project is published, or kept as a draft."""
    person, running, now = require(Right.PUBLISH_FORMS), runtime(), clock()
    if wanted["publish"] and running.settings.two_person_publish:
        raise SecondPersonNeeded("Publishing takes two people here: leave out ?publish=true and propose the draft.")
    with running.database.read() as session:
        get_project(session, project_id)
    content, filename, checked = read_form_body(ignore_warnings=wanted["ignoreWarnings"])
    form_id = form_id_of(checked)
    with running.database.read() as session:
        _require_new(session, project_id, form_id)
    if not wanted["publish"]:
        return keep(project_id, content, filename, checked, person)
    with running.database.begin() as session:
        _require_new(session, project_id, form_id)
        version = publish_form(
            session, checked, project_id=project_id, media=(), files=running.files, actor=person.actor, now=now
        )
        row = one_form(session, get_form(session, project_id, form_id), version)
    running.wake_filing()
    return row


def _require_new(session: Session, project_id: int, form_id: str) -> None:
    """Raises Problem when the project has such a form, published or as a draft."""
    for find, absent in ((get_form, FormNotFound), (find_draft, DraftNotFound)):
        try:
            find(session, project_id, form_id)
        except absent:
            continue
        raise taken("projectId,xmlFormId", f"{project_id},{form_id}")

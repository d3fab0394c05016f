"""What changes from one version of a form to another or to its draft, and publishing by two people."""

from typing import Any

import marshmallow as ma
from sqlalchemy.orm import Session

from accounts.roles import Right
from cases.comparing import Reach, of_draft, of_version, reach
from cases.drafting import form_of
from forms.difference import Difference, Side, difference
from forms.library import get_version
from forms.proposals import propose, send_back
from server.access import require
from server.api.door import body, gives, may_answer, query, route
from server.api.drafts import DRAFT, held_draft, sayable
from server.api.form_versions import VERSION
from server.api.forms import chosen, require_reading
from server.api.shapes import DONE, Flag, Shape, Success, Text, Whole, listed, mapping, nested
from server.runtime import clock, runtime


class ChangeShape(Shape):
    """One thing that is different."""

    kind = Text(required=True)
    path = Text(required=True)
    before = Text(required=True)
    after = Text(required=True)
    choice = Text(required=True)
    language = Text(required=True)
    orphans = Flag(required=True, metadata={"description": "Answers that were given already lose their place"})


class ReachShape(Shape):
    """Whom the change touches, as far as the server knows."""

    openCases = Whole(required=True)  # noqa: N815
    submissions = Whole(required=True)
    submissionsWaiting = Whole(required=True)  # noqa: N815
    filesMissing = Whole(required=True)  # noqa: N815
    tablets = Whole(required=True)
    tabletsThatSentIt = Whole(required=True)  # noqa: N815


class DifferenceShape(Shape):
    """Everything that is different between two versions, or between a version and the draft."""

    from_ = Text(required=True, data_key="from", allow_none=True)
    to = Text(required=True)
    changes = listed(ChangeShape, required=True)
    counts = mapping(required=True)
    fieldsNoLongerFed = listed(Text(), required=True)  # noqa: N815
    reach = nested(ReachShape, required=True)


class AgainstQuery(Shape):
    """What a version is compared with."""

    from_ = Text(data_key="from", required=True, metadata={"description": "The earlier version; `___` for no name"})


class ProposalBody(Shape):
    """Under which name the draft is to be published."""

    version = Text(load_default="", validate=ma.validate.Length(max=120))


class ReturnBody(Shape):
    """Why the draft is sent back."""

    word = Text(load_default="", validate=ma.validate.Length(max=1000))


@route("GET", DRAFT + "/diff", tag="drafts", endpoint="draft_diff")
@gives(DifferenceShape)
@may_answer(401, 403, 404)
def draft_diff(project_id: int, form_id: str) -> dict[str, Any]:
    """What publishing the draft would change; of a form that is new, everything is new."""
    require(Right.PUBLISH_FORMS)
    with runtime().database.read() as session:
        draft = held_draft(session, project_id, form_id)
        form, after = form_of(session, project_id, form_id), of_draft(session, draft)
        touched = reach(session, form, project_id, since=None)
        if form is None or form.current_version_id is None:
            return _told(None, draft.version, Difference(()), touched)
        current = get_version(session, form.current_version_id)
        return _told(current.version, draft.version, difference(of_version(session, current), after), touched)


@route("GET", VERSION + "/diff", tag="form versions", endpoint="version_diff")
@query(AgainstQuery)
@gives(DifferenceShape)
@may_answer(400, 401, 403, 404)
def version_diff(wanted: dict[str, str], project_id: int, form_id: str, version: str) -> dict[str, Any]:
    """What is different from another version."""
    require_reading()
    with runtime().database.read() as session:
        form, _after = chosen(session, project_id, form_id, version)
        before, after = (_side(session, project_id, form_id, name) for name in (wanted["from_"], version))
        touched = reach(session, form, project_id, since=None)
        return _told(before[0], after[0], difference(before[1], after[1]), touched)


@route("POST", DRAFT + "/propose", tag="drafts", endpoint="propose_draft")
@body(ProposalBody)
@gives(Success)
@may_answer(400, 401, 403, 404, 409, 415)
def propose_draft(wanted: dict[str, str], project_id: int, form_id: str) -> dict[str, bool]:
    """Somebody else is asked to publish the draft as it stands; any change to it ends that."""
    person = require(Right.PUBLISH_FORMS)
    version = sayable(wanted["version"])
    with runtime().database.begin() as session:
        held = held_draft(session, project_id, form_id, lock=True)
        propose(session, held, version=version, actor=person.actor, now=clock())
    return DONE


@route("POST", DRAFT + "/return", tag="drafts", endpoint="return_draft")
@body(ReturnBody)
@gives(Success)
@may_answer(400, 401, 403, 404, 409, 415)
def return_draft(wanted: dict[str, str], project_id: int, form_id: str) -> dict[str, bool]:
    """The draft is no longer proposed, and says why."""
    person = require(Right.PUBLISH_FORMS)
    with runtime().database.begin() as session:
        held = held_draft(session, project_id, form_id, lock=True)
        send_back(session, held, wanted["word"], actor=person.actor, now=clock())
    return DONE


def _side(session: Session, project_id: int, form_id: str, version: str) -> tuple[str, Side]:
    _form, found = chosen(session, project_id, form_id, version)
    return found.version, of_version(session, found)


def _told(before: str | None, after: str, found: Difference, touched: Reach) -> dict[str, Any]:
    return {
        "from_": before,
        "to": after,
        **found.to_json(),
        "reach": {
            "openCases": touched.open_cases,
            "submissions": touched.submissions,
            "submissionsWaiting": touched.waiting,
            "filesMissing": touched.files_missing,
            "tablets": touched.tablets,
            "tabletsThatSentIt": touched.tablets_used,
        },
    }

"""What people write about a submission."""

from typing import Any

import marshmallow as ma
from sqlalchemy.orm import Session

from accounts.roles import Right
from server.access import require
from server.api import actors
from server.api.door import body, extended, gives, may_answer, route
from server.api.errors import concealed
from server.api.shapes import Moment, Shape, Text, Whole, nested
from server.api.submissions import ONE, find_submission
from server.runtime import clock, runtime
from submissions.review import Remark, comment, read_comments

LONGEST = 10_000  # characters

concealed("comments", "create_comment")


class NewComment(Shape):
    """What is written."""

    body = Text(required=True, validate=ma.validate.Length(1, LONGEST))


class CommentShape(Shape):
    """What somebody wrote."""

    body = Text(required=True)
    actorId = Whole(required=True, allow_none=True)  # noqa: N815
    createdAt = Moment(required=True)  # noqa: N815
    # With X-Extended-Metadata: true.
    actor = nested(actors.Actor, allow_none=True)


@route("GET", ONE + "/comments", tag="submission comments", endpoint="comments")
@gives(CommentShape, many=True)
@may_answer(400, 401, 404, 503)
def comments(project_id: int, form_id: str, instance_id: str) -> list[dict[str, Any]]:
    """Every comment, newest first; that they were read leaves a trace."""
    person, in_full = require(Right.READ_SUBMISSIONS), extended()
    with runtime().database.begin() as session:
        line = find_submission(session, project_id, form_id, instance_id, person)
        found = read_comments(session, line, viewer=person, now=clock())
        return [_shown(session, one, in_full=in_full) for one in found]


@route("POST", ONE + "/comments", tag="submission comments", endpoint="create_comment")
@body(NewComment)
@gives(CommentShape)
@may_answer(400, 401, 404, 413, 415, 503)
def create(wanted: dict[str, str], project_id: int, form_id: str, instance_id: str) -> dict[str, Any]:
    """The comment stands beside the submission, sealed as its answers are."""
    person = require(Right.REVIEW)
    with runtime().database.begin() as session:
        line = find_submission(session, project_id, form_id, instance_id, person)
        made = comment(session, line, wanted["body"], viewer=person, now=clock())
        return _shown(session, made, in_full=False)


def _shown(session: Session, one: Remark, *, in_full: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"body": one.body, "actorId": one.person_id, "createdAt": one.made_at}
    if in_full:
        people = set() if one.person_id is None else {one.person_id}
        shown["actor"] = actors.find_actors(session, people, set()).get(one.person_id or 0)
    return shown

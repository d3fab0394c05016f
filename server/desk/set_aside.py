"""What needs a person before it can go into a case record, grouped by why, and filing it again."""

from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from accounts.roles import Right, Viewer
from server.access import require
from server.desk.door import blueprint, see
from server.desk.reasons import reason_of
from server.desk.rows import rows
from server.runtime import clock, runtime
from submissions.aside import NOW_MAPPED, Why, refile_all, waiting
from submissions.inbox import list_submissions
from submissions.tables import Filing

SHOWN, GROUPS, AT_ONCE = 10, 50, 200


@blueprint.get("/set-aside")
def set_aside() -> str:
    """What is set aside and why, in words and never with an answer; below it, what waits by itself."""
    viewer = require(Right.LIST_SUBMISSIONS)
    with runtime().database.read() as session:
        groups = list(waiting(session, viewer=viewer).items())
        view = {
            "reasons": [_group(session, why, ids, viewer) for why, ids in groups[:GROUPS]],
            "held": _held(session, viewer),
            "may_refile": viewer.may(Right.REFILE),
        }
    return render_template("set_aside/list.html", **view)


@blueprint.post("/set-aside/refile")
def refile_group() -> Response:
    """Everything that is set aside for the one reason is filed again."""
    viewer, asked = require(Right.REFILE), request.args
    why = Why(asked.get("form", ""), asked.get("code", ""), asked.get("question", ""), asked.get("rule", ""))
    with runtime().database.read() as session:
        ids = waiting(session, viewer=viewer).get(why, [])
    moved = 0
    for start in range(0, len(ids), AT_ONCE):  # A few at a time, so that tablets' posts do not wait for all of them.
        with runtime().database.begin() as session:
            moved += refile_all(session, ids[start : start + AT_ONCE], actor=viewer.actor, now=clock())
    runtime().wake_filing()
    return see("set_aside", notice="refiling", count=moved)


def _group(session: Session, why: Why, ids: list[int], viewer: Viewer) -> dict[str, Any]:
    listed = list_submissions(session, viewer=viewer, ids=ids[:SHOWN])
    reason = reason_of(session, listed[0].submission)
    again = why.code != "other-content"
    address = url_for(
        "desk.refile_group", form=why.form_id, code=why.code, question=why.question or None, rule=why.rule or None
    )
    mapped = _("It was stored only. Its form has a case mapping now, so that it can be filed.")
    return {
        "reason": mapped if why.code == NOW_MAPPED else reason.words,
        "question": reason.question,
        "form": listed[0].title,
        "count": len(ids),
        "refile_url": address if again else None,
        "submissions": [
            {**vars(one), "refile_url": url_for("desk.refile", submission_id=one.id) if again else None}
            for one in rows(session, listed, viewer=viewer)
        ],
    }


def _held(session: Session, viewer: Viewer) -> list[dict[str, Any]]:
    listed = list_submissions(session, viewer=viewer, filing=[Filing.HELD])
    reasons = {one.submission.id: reason_of(session, one.submission).words for one in listed}
    return [{**vars(one), "waits_for": reasons[one.id]} for one in rows(session, listed, viewer=viewer)]

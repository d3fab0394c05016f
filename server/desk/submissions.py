"""What tablets sent: the list, one submission as its form shows it, and filing it again."""

from time import monotonic, sleep
from typing import Any

from flask import render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from accounts.devices import list_devices
from accounts.roles import Right, Viewer
from forms.library import get_version, list_forms
from server.access import require
from server.desk.door import blueprint, see
from server.desk.history import events
from server.desk.opened import Opened, closed, open_for
from server.desk.paging import asked, beside
from server.desk.reasons import reason_of
from server.desk.rows import rows
from server.desk.screenings import of_submission
from server.runtime import clock, runtime
from submissions.correcting import correctable
from submissions.inbox import PAGE, get_listed, get_submission, list_submissions, refile, visible_ids
from submissions.tables import Filing, Submission
from submissions.versions import find_line

PATIENCE = 2.0  # seconds in which a submission that is filed again should have got somewhere
LOOK = 0.05


@blueprint.get("/submissions")
def submissions() -> str:
    """The submissions that the reader may see, newest first."""
    viewer, page = require(Right.LIST_SUBMISSIONS), asked()
    chosen = {name: request.args.get(name, "") for name in ("form", "filing", "tablet")}
    filing = [Filing(chosen["filing"])] if chosen["filing"] in set(Filing) else []
    with runtime().database.read() as session:
        listed, newer, older = page.cut(
            list_submissions(
                session,
                viewer=viewer,
                form_id=chosen["form"],
                filing=filing,
                device=chosen["tablet"],
                before=_number(page.before),
                after=_number(page.after),
                limit=PAGE + 1,
            ),
            PAGE,
        )
        view = {
            "submissions": rows(session, listed, viewer=viewer),
            "filters": chosen,
            "forms": [(one.form.form_id, one.version.title) for one in list_forms(session)],
            "tablets": [(device.name, device.name) for device in _tablets(session, viewer)],
            "any": bool(listed) or bool(list_submissions(session, viewer=viewer, limit=1)),
        }
    if listed:
        view["newer"] = beside("submissions", chosen, after=str(listed[0].submission.id)) if newer else None
        view["older"] = beside("submissions", chosen, before=str(listed[-1].submission.id)) if older else None
    return render_template("submissions/list.html", **view)


@blueprint.get("/submissions/<int:submission_id>")
def submission(submission_id: int) -> str:
    """One submission: its answers for those who may read them, which leaves a trace, and what became of it."""
    viewer, now = require(Right.LIST_SUBMISSIONS), clock()
    with runtime().database.begin() as session:
        listed = get_listed(session, submission_id, viewer=viewer)
        held = listed.submission
        reads = viewer.may(Right.READ_SUBMISSIONS)
        opened = open_for(session, held, viewer=viewer, now=now) if reads else closed(session, held)
        line = rows(session, [listed], viewer=viewer)[0]
        screenings = of_submission(session, held.id, viewer=viewer) if reads else []
        view: dict[str, Any] = {
            "reason": reason_of(session, held).words,
            "others": _others(session, held, viewer),
            "line": _line(session, held, viewer),
            "events": events(session, f"submission:{held.id}"),
            "may_refile": viewer.may(Right.REFILE) and _can_be_filed(session, held),
            "may_correct": viewer.may(Right.CREATE_SUBMISSIONS) and reads and correctable(session, held, viewer=viewer),
            "case_fields": {},
        }
    facts = {
        **vars(line),
        "form_url": url_for("desk.form", form_id=listed.form_id) if viewer.may(Right.READ_FORMS) else None,
        "instance_id": held.instance_id,
        "filed_at": held.filed_at,
        "started_at": opened.moment("start"),
        "finished_at": opened.moment("end"),
        "reason": view.pop("reason"),
        "xml_url": url_for("desk.submission_xml", submission_id=held.id) if reads else None,
    }
    return render_template(
        "submissions/show.html", submission=facts, screenings=screenings, now=now, **view, **_drawn(opened, held.id)
    )


@blueprint.post("/submissions/<int:submission_id>/refile", endpoint="refile")
def file_again(submission_id: int) -> Response:
    """The submission is filed again, and the page says what came of it."""
    viewer = require(Right.REFILE)
    with runtime().database.begin() as session:
        held = get_submission(session, submission_id, viewer=viewer)
        refile(session, held, actor=viewer.actor, now=clock())
    runtime().wake_filing()
    state = settled(submission_id)
    notice = {Filing.FILED: "refiled", Filing.SET_ASIDE: "refile-still"}.get(state, "refiling")
    return see("submission", notice=notice, count=int(notice == "refiling"), submission_id=submission_id)


def settled(submission_id: int) -> Filing:
    """What became of a submission that is filed again, or `pending` when that is not known soon."""
    until = monotonic() + (PATIENCE if runtime().settings.filing == "process" else 0)
    while True:
        with runtime().database.read() as session:
            state = Filing(session.scalars(select(Submission.filing).where(Submission.id == submission_id)).one())
        if state is not Filing.PENDING or monotonic() > until:
            return state
        sleep(LOOK)


def _drawn(opened: Opened, submission_id: int) -> dict[str, Any]:
    """What the page shows of the answers, in the form language that the address names."""
    wanted, unasked = request.args.get("lang", ""), "all" in request.args

    def here(code: str) -> str:
        more: dict[str, Any] = {"all": ""} if unasked else {}
        return url_for("desk.submission", submission_id=submission_id, lang=code, **more)

    everything = url_for("desk.submission", submission_id=submission_id, all="", lang=wanted or None)
    return {**opened.drawn(wanted, here, unasked=unasked), "everything_url": None if unasked else everything}


def _can_be_filed(session: Session, held: Submission) -> bool:
    if held.filing == Filing.NOT_MAPPED.value and held.version_id is not None:
        return bool(get_version(session, held.version_id).mapping_version)
    return held.filing == Filing.SET_ASIDE.value


def _others(session: Session, held: Submission, viewer: Viewer) -> list[dict[str, Any]]:
    """What else came under the same instance id and may be seen."""
    same = (Submission.form_pk == held.form_pk, Submission.instance_id == held.instance_id, Submission.id != held.id)
    found = session.scalars(select(Submission).where(*same).order_by(Submission.id)).all()
    seen = visible_ids(session, [one.id for one in found], viewer=viewer)
    return [
        {"url": url_for("desk.submission", submission_id=one.id), "received_at": one.received_at}
        for one in found
        if one.id in seen
    ]


def _line(session: Session, held: Submission, viewer: Viewer) -> dict[str, Any]:
    """The answers that these correct and those that correct them, as far as they may be seen."""
    if held.variant:
        return {}
    versions = find_line(session, held.form_pk, held.instance_id, viewer=viewer).versions
    at = next((at for at, one in enumerate(versions) if one.id == held.id), None)
    if at is None:
        return {}
    near = {"before": versions[at - 1] if at else None, "after": versions[at + 1] if versions[at + 1 :] else None}
    return {
        name: {"url": url_for("desk.submission", submission_id=one.id), "received_at": one.received_at}
        for name, one in near.items()
        if one is not None
    }


def _tablets(session: Session, viewer: Viewer) -> list[Any]:
    return [
        device for device, _agency in list_devices(session) if viewer.everywhere or device.agency_id == viewer.agency_id
    ]


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 19 else None

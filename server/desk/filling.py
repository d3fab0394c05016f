"""Pages on which a published form is filled in, answers are corrected, and what became of them."""

from flask import render_template, url_for
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from accounts.projects import get_project
from accounts.roles import Right, Viewer
from cases.caseload import visible_codes
from forms.library import definition_of, get_form, get_version, mapping_of
from forms.tables import Form, FormState, FormVersion
from server.access import require
from server.desk.definitions import definition
from server.desk.door import blueprint
from server.desk.form_page import form_page, unshown, version_files
from server.desk.reasons import reason_of
from server.desk.submissions import settled
from server.desk.words import question_type
from server.runtime import runtime
from submissions.correcting import NotCorrectable, correctable
from submissions.inbox import SubmissionNotFound, get_submission, visible_ids
from submissions.opening import open_attachments
from submissions.receive import FormClosed
from submissions.tables import Attachment, Submission


@blueprint.get("/fill/<path:form_id>")
def form_fill(form_id: str) -> Response:
    """The form's present version, ready to be filled in."""
    require(Right.CREATE_SUBMISSIONS)
    with runtime().database.read() as session:
        held = get_form(session, get_project(session).id, form_id)
        if held.state != FormState.OPEN.value or held.current_version_id is None:
            raise FormClosed("This form takes no more answers.")
        version = get_version(session, held.current_version_id)
        files = version_files(session, version)
    return _page(held, version, files, url_for("desk.form_send", form_id=form_id))


@blueprint.get("/submissions/<int:submission_id>/correct")
def submission_correct(submission_id: int) -> Response:
    """The submission's answers in its own version of the form, ready to be corrected."""
    viewer = require(Right.CREATE_SUBMISSIONS)
    viewer.require(Right.READ_SUBMISSIONS)
    with runtime().database.read() as session:
        held = get_submission(session, submission_id, viewer=viewer)
        if held.version_id is None or not correctable(session, held, viewer=viewer):
            raise NotCorrectable("Newer answers stand already.")
        version = get_version(session, held.version_id)
        form, files = session.get_one(Form, held.form_pk), version_files(session, version)
        answered = {
            one.name: url_for("desk.submission_file", submission_id=held.id, file_id=one.id)
            for one in open_attachments(session, held.id)
            if one.current and one.received
        }
    told = {"instance": url_for("desk.submission_xml", submission_id=submission_id), "attachments": answered}
    send = url_for("desk.submission_send_correction", submission_id=submission_id)
    return _page(form, version, files, send, correcting=url_for("desk.submission", submission_id=submission_id), **told)


@blueprint.get("/sent/<int:submission_id>")
def form_sent(submission_id: int) -> str:
    """What became of answers that the reader sent, or may see; nothing of them."""
    viewer = require(Right.CREATE_SUBMISSIONS)
    filing = settled(submission_id) if _own(submission_id, viewer) else None
    with runtime().database.read() as session:
        seen = submission_id in visible_ids(session, [submission_id], viewer=viewer)
        if filing is None and not seen:
            raise SubmissionNotFound("There is no such submission.")
        held = session.get_one(Submission, submission_id)
        form = session.get_one(Form, held.form_pk)
        version_id = held.version_id or form.current_version_id or 0
        codes = visible_codes(session, [held.root_id], viewer=viewer)
        code = codes.get(held.root_id or "")
        told = code is not None or _may_know(session, version_id, viewer)
        here, expected = _files(session, submission_id)
        view = {
            "form": _told(form, definition(session, version_id).title),
            "fill_url": url_for("desk.form_fill", form_id=form.form_id) if form.state == "open" else None,
            "filing": held.filing if told else None,
            "reason": reason_of(session, held).words if told else "",
            "received_at": held.received_at,
            "files_here": here,
            "files_expected": expected,
            "submission_url": url_for("desk.submission", submission_id=submission_id) if seen else None,
            "case_code": code,
            "case_url": url_for("desk.case", code=code) if code else None,
        }
    return render_template("forms/sent.html", **view)


def _may_know(session: Session, version_id: int, viewer: Viewer) -> bool:
    """Whether the sender may hear what became of answers; else trying codes would tell which cases there are."""
    version = session.get(FormVersion, version_id)
    mapping = mapping_of(session, version) if version is not None else None
    looked_up = any(rule["match"] for rule in (mapping or {"records": ()})["records"])
    return not looked_up or (viewer.may(Right.LIST_CASES) and viewer.may(Right.ALL_AGENCIES))


def _own(submission_id: int, viewer: Viewer) -> bool:
    with runtime().database.read() as session:
        sender = session.scalar(select(Submission.person_id).where(Submission.id == submission_id))
    return sender is not None and sender == viewer.person_id


def _files(session: Session, submission_id: int) -> tuple[int, int]:
    query = select(func.count(Attachment.received_at), func.count())
    here, expected = session.execute(
        query.select_from(Attachment).where(Attachment.submission_id == submission_id, Attachment.current)
    ).one()
    return here, expected


def _told(form: Form, title: str) -> dict[str, str]:
    return {"form_id": form.form_id, "title": title, "url": url_for("desk.form", form_id=form.form_id)}


def _page(
    form: Form, version: FormVersion, files: dict[str, str], send: str, *, correcting: str = "", **told: object
) -> Response:
    kinds = unshown(question.type for question in definition_of(version).questions)
    return form_page(
        "forms/fill.html",
        xform=url_for("desk.form_xform", version_id=version.id),
        media=files,
        send=send,
        button=_("Send the correction") if correcting else _("Send"),
        more=told,
        form=_told(form, version.title) | {"version": version.version},
        correcting=correcting,
        unshown=[question_type(kind) for kind in kinds],
    )

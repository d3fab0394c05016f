"""New forms, from workbooks and XForms."""

import re
import unicodedata
from typing import Any
from urllib.parse import unquote

from flask import request
from sqlalchemy.orm import Session

from accounts.projects import get_project
from accounts.roles import Right
from cases.publishing import Checked, check_form, publish_form
from forms.library import FormNotFound, get_form
from server.access import LARGEST, require
from server.api.door import PROJECT, gives, may_answer, query, route, takes_bytes
from server.api.errors import told
from server.api.form_shapes import EXCEL, FormShape
from server.api.forms import XML, one_form
from server.api.problems import Problem, not_offered, taken, unreadable, wrong_value
from server.api.shapes import Flag, Shape
from server.runtime import clock, runtime
from xlsforms.compile import RefusedForm
from xlsforms.findings import Severity

KINDS = {**{content_type: kind for kind, content_type in EXCEL.items()}, XML: "xml", "text/xml": "xml"}
TAKES = tuple(KINDS)
NOT_IN_IDS = re.compile(r"[^A-Za-z0-9._-]+")
RESERVED = re.compile(r"\.(xlsx?|xml)$")
FALLBACK = "X-XlsForm-FormId-Fallback"


class CreationQuery(Shape):
    """What becomes of the form."""

    publish = Flag(load_default=False, metadata={"description": "Tablets fetch it from now on"})
    ignoreWarnings = Flag(load_default=False, metadata={"description": "Warnings do not stop it"})  # noqa: N815


@route("POST", PROJECT + "/forms", tag="forms", endpoint="create_form")
@query(CreationQuery)
@takes_bytes(*TAKES)
@gives(FormShape)
@may_answer(400, 401, 403, 404, 409, 413, 415, 501)
def create(wanted: dict[str, Any], project_id: int) -> dict[str, Any]:
    """A form that is new in this project is published."""
    person, running, now = require(Right.PUBLISH_FORMS), runtime(), clock()
    if not wanted["publish"]:
        raise not_offered("drafts; add ?publish=true, and the form is published at once")
    with running.database.read() as session:
        get_project(session, project_id)
    checked = read_form_body(ignore_warnings=wanted["ignoreWarnings"])
    with running.database.begin() as session:
        require_new(session, project_id, form_id_of(checked))
        version = publish_form(
            session, checked, project_id=project_id, media=(), files=running.files, actor=person.actor, now=now
        )
        row = one_form(session, get_form(session, project_id, form_id_of(checked)), version)
    running.wake_filing()
    return row


def read_form_body(*, ignore_warnings: bool) -> Checked:
    """The form in the request's body, checked; raises Problem, RefusedForm, UnreadableWorkbook."""
    request.max_content_length = LARGEST
    kind = KINDS.get(request.mimetype)
    if kind is None:
        raise Problem("415.1", f"Send a form with one of these types: {', '.join(TAKES)}.", expected=list(TAKES))
    content = request.get_data()
    if not content:
        raise unreadable("The body is empty; send the workbook or the XForm in it.")
    checked = check_form(content, file_name(kind), now=clock())
    if checked.refused:
        raise RefusedForm(checked.findings)
    warned = [one.message for one in checked.findings if one.severity is Severity.WARNING]
    if warned and not ignore_warnings:
        words = "The form can be used, but there are warnings. To go on all the same, add ?ignoreWarnings=true."
        raise Problem(
            "400.16", words, warnings={"xlsFormWarnings": warned}, findings=told(checked.findings)["findings"]
        )
    if RESERVED.search(form_id_of(checked)):
        raise wrong_value("formId", "it may not end in .xls, .xlsx or .xml")
    return checked


def file_name(kind: str) -> str:
    """A name for the upload; a workbook without a form id takes its own from it, so it holds what ids may hold."""
    claimed = unquote(request.headers.get(FALLBACK, ""), errors="replace")
    plain = unicodedata.normalize("NFKD", RESERVED.sub("", claimed)).encode("ascii", "ignore").decode()
    return f"{NOT_IN_IDS.sub('_', plain).strip('._-')[:64] or 'form'}.{kind}"


def form_id_of(checked: Checked) -> str:
    """The form's id."""
    return "" if checked.compiled is None else checked.compiled.definition.form_id


def require_new(session: Session, project_id: int, form_id: str) -> None:
    """Raises Problem when the project has such a form."""
    try:
        get_form(session, project_id, form_id)
    except FormNotFound:
        return
    raise taken("projectId,xmlFormId", f"{project_id},{form_id}")

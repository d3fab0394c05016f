"""A draft read in the forms in which versions are read too: its workbook, its fields, its files."""

from typing import Any

from flask import Response

from accounts.roles import Right
from forms.drafts import slots
from forms.library import FormNotFound
from server.access import require
from server.api.door import gives, gives_bytes, may_answer, query, route
from server.api.drafts import DRAFT, FILE, held_draft
from server.api.form_fields import FieldShape, fields_in
from server.api.form_shapes import EXCEL
from server.api.forms import FieldsQuery
from server.headers import as_download
from server.runtime import runtime
from xlsforms.questions import FormDefinition


@route("GET", DRAFT + ".xlsx", tag="drafts", endpoint="draft_xlsx")
@gives_bytes(EXCEL["xlsx"])
@may_answer(401, 403, 404)
def xlsx(project_id: int, form_id: str) -> Response:
    """The workbook that the draft was made from."""
    return _workbook(project_id, form_id, "xlsx")


@route("GET", DRAFT + ".xls", tag="drafts", endpoint="draft_xls")
@gives_bytes(EXCEL["xls"])
@may_answer(401, 403, 404)
def xls(project_id: int, form_id: str) -> Response:
    """The old workbook that the draft was made from."""
    return _workbook(project_id, form_id, "xls")


@route("GET", DRAFT + "/fields", tag="drafts", endpoint="draft_fields")
@query(FieldsQuery)
@gives(FieldShape, many=True)
@may_answer(400, 401, 403, 404)
def fields(wanted: dict[str, Any], project_id: int, form_id: str) -> list[dict[str, Any]]:
    """The groups and questions of the draft."""
    require(Right.PUBLISH_FORMS)
    with runtime().database.read() as session:
        definition = FormDefinition.from_json(held_draft(session, project_id, form_id).definition)
    return fields_in(definition, odata=wanted["odata"])


@route("GET", FILE, tag="drafts", endpoint="draft_attachment")
@gives_bytes("application/octet-stream")
@may_answer(401, 403, 404, 503)
def attachment(project_id: int, form_id: str, filename: str) -> Response:
    """A file beside the draft."""
    require(Right.PUBLISH_FORMS)
    with runtime().database.read() as session:
        held = slots(session, held_draft(session, project_id, form_id))
    found = next((one.media for one in held if one.name == filename), None)
    if found is None:
        raise FormNotFound("There is no such file beside the draft.")
    answer = as_download(Response(runtime().files.read(found.file_id)), filename, "application/octet-stream")
    answer.content_length = found.size
    answer.set_etag(found.md5)
    return answer


def _workbook(project_id: int, form_id: str, kind: str) -> Response:
    require(Right.PUBLISH_FORMS)
    with runtime().database.read() as session:
        held = held_draft(session, project_id, form_id)
    if not held.filename.lower().endswith(f".{kind}"):
        raise FormNotFound("The draft was not made from such a workbook.")
    return as_download(Response(held.content), f"{form_id}.{kind}", EXCEL[kind])

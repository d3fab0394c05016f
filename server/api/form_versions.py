"""Every version of a form that was published."""

from typing import Any

from flask import Response

from forms.library import list_versions
from server.api.door import FORM, extended, gives, gives_bytes, may_answer, query, route
from server.api.form_fields import FieldShape
from server.api.form_shapes import EXCEL, FormShape, first_published, more, publisher, shown
from server.api.forms import (
    XML,
    FieldsQuery,
    chosen,
    current,
    fields,
    require_reading,
    workbook,
    xform,
)
from server.runtime import runtime

VERSION = FORM + "/versions/<version>"


@route("GET", FORM + "/versions", tag="form versions", endpoint="versions")
@gives(FormShape, many=True)
@may_answer(400, 401, 403, 404)
def versions(project_id: int, form_id: str) -> list[dict[str, Any]]:
    """Every published version, newest first."""
    require_reading()
    in_full = extended()
    with runtime().database.read() as session:
        held, _newest = current(session, project_id, form_id)
        begun = first_published(session, [held])[held.id]
        found = list_versions(session, held)
        rows = [shown(held, one, begun) for one in found]
        if in_full:
            for row, one in zip(rows, found, strict=True):
                row["publishedBy"] = publisher(session, one)
        return rows


@route("GET", VERSION, tag="form versions", endpoint="version")
@gives(FormShape)
@may_answer(400, 401, 403, 404)
def version(project_id: int, form_id: str, version: str) -> dict[str, Any]:
    """One published version; `___` stands for the empty name."""
    person, in_full = require_reading(), extended()
    with runtime().database.read() as session:
        held, wanted = chosen(session, project_id, form_id, version)
        row = shown(held, wanted, first_published(session, [held])[held.id])
        return row | (more(session, held, wanted, viewer=person) if in_full else {})


@route("GET", VERSION + ".xml", tag="form versions", endpoint="version_xml")
@gives_bytes(XML)
@may_answer(401, 403, 404)
def version_xml(project_id: int, form_id: str, version: str) -> Response:
    """The XForm of the version, byte for byte."""
    return xform(project_id, form_id, version)


@route("GET", VERSION + ".xlsx", tag="form versions", endpoint="version_xlsx")
@gives_bytes(EXCEL["xlsx"])
@may_answer(401, 403, 404)
def version_xlsx(project_id: int, form_id: str, version: str) -> Response:
    """The workbook of the version."""
    return workbook(project_id, form_id, version, "xlsx")


@route("GET", VERSION + ".xls", tag="form versions", endpoint="version_xls")
@gives_bytes(EXCEL["xls"])
@may_answer(401, 403, 404)
def version_xls(project_id: int, form_id: str, version: str) -> Response:
    """The old workbook of the version."""
    return workbook(project_id, form_id, version, "xls")


@route("GET", VERSION + "/fields", tag="form versions", endpoint="version_fields")
@query(FieldsQuery)
@gives(FieldShape, many=True)
@may_answer(400, 401, 403, 404)
def version_fields(wanted: dict[str, Any], project_id: int, form_id: str, version: str) -> list[dict[str, Any]]:
    """The groups and questions of the version."""
    return fields(project_id, form_id, version, odata=wanted["odata"])

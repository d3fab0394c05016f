"""Forms: listed, looked at, opened and closed."""

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from accounts.projects import get_project
from accounts.roles import Right, Viewer
from forms.drafts import list_drafts
from forms.library import FormNotFound, find_version, get_form, get_version, list_forms, set_state
from forms.offer import xform_of
from forms.tables import Form, FormState, FormVersion
from server.access import require
from server.api.door import FORM, PROJECT, body, extended, gives, gives_bytes, may_answer, query, route
from server.api.form_fields import FieldShape, fields_of
from server.api.form_shapes import EXCEL, FormShape, first_published, more, shown, shown_draft
from server.api.problems import missing
from server.api.shapes import Flag, Shape, Word
from server.api.verbs import verbs_of
from server.headers import as_download
from server.runtime import clock, runtime

XML = "application/xml"


class ListQuery(Shape):
    """Which forms are wanted."""

    deleted = Flag(load_default=False, metadata={"description": "Deleted forms only; there are none"})


class FieldsQuery(Shape):
    """How fields are named."""

    odata = Flag(load_default=False, metadata={"description": "Names as OData writes them"})


class FormChange(Shape):
    """What may change about a form."""

    state = Word(tuple(FormState))


@route("GET", PROJECT + "/forms", tag="forms", endpoint="forms")
@query(ListQuery)
@gives(FormShape, many=True)
@may_answer(400, 401, 403, 404)
def forms(wanted: dict[str, Any], project_id: int) -> list[dict[str, Any]]:
    """Every published form with the version that tablets fetch, and for designers what is a draft only."""
    person, in_full = require(Right.READ_FORMS), extended()
    with runtime().database.read() as session:
        get_project(session, project_id)
        if wanted["deleted"]:
            return []
        held = list_forms(session, project_id)
        begun = first_published(session, [one.form for one in held])
        rows = [shown(one.form, one.version, begun[one.form.id]) for one in held]
        if in_full:
            for row, one in zip(rows, held, strict=True):
                row |= more(session, one.form, one.version, viewer=person)
        return rows + _drafts(session, project_id, person, {row["xmlFormId"] for row in rows})


@route("GET", FORM, tag="forms", endpoint="form")
@gives(FormShape)
@may_answer(400, 401, 403, 404)
def form(project_id: int, form_id: str) -> dict[str, Any]:
    """One form with the version that tablets fetch; for designers the draft, while there is nothing else."""
    person, in_full = require(Right.READ_FORMS), extended()
    with runtime().database.read() as session:
        try:
            held, version = current(session, project_id, form_id)
        except FormNotFound:
            drafts = _drafts(session, project_id, person, set())
            found = next((one for one in drafts if one["xmlFormId"] == form_id), None)
            if found is None:
                raise
            return found
        row = one_form(session, held, version)
        if in_full:
            row |= more(session, held, version, viewer=person) | {"verbs": verbs_of(person.rights)}
        return row


@route("PATCH", FORM, tag="forms", endpoint="change_form")
@body(FormChange)
@gives(FormShape)
@may_answer(400, 401, 403, 404, 413, 415)
def change(wanted: dict[str, str], project_id: int, form_id: str) -> dict[str, Any]:
    """The form is open, closing or closed."""
    person = require(Right.PUBLISH_FORMS)
    if "state" not in wanted:
        raise missing("state")
    with runtime().database.begin() as session:
        held, version = current(session, project_id, form_id)
        set_state(session, held, FormState(wanted["state"]), actor=person.actor, now=clock())
        row = one_form(session, held, version)
    runtime().wake_filing()
    return row


@route("GET", FORM + ".xml", tag="forms", endpoint="form_xml")
@gives_bytes(XML)
@may_answer(401, 403, 404)
def form_xml(project_id: int, form_id: str) -> Response:
    """The XForm that tablets fetch, byte for byte."""
    return xform(project_id, form_id, None)


@route("GET", FORM + ".xlsx", tag="forms", endpoint="form_xlsx")
@gives_bytes(EXCEL["xlsx"])
@may_answer(401, 403, 404)
def form_xlsx(project_id: int, form_id: str) -> Response:
    """The workbook that the form was made from."""
    return workbook(project_id, form_id, None, "xlsx")


@route("GET", FORM + ".xls", tag="forms", endpoint="form_xls")
@gives_bytes(EXCEL["xls"])
@may_answer(401, 403, 404)
def form_xls(project_id: int, form_id: str) -> Response:
    """The old workbook that the form was made from."""
    return workbook(project_id, form_id, None, "xls")


@route("GET", FORM + "/fields", tag="forms", endpoint="form_fields")
@query(FieldsQuery)
@gives(FieldShape, many=True)
@may_answer(400, 401, 403, 404)
def form_fields(wanted: dict[str, Any], project_id: int, form_id: str) -> list[dict[str, Any]]:
    """The groups and questions of the form in their order."""
    return fields(project_id, form_id, None, odata=wanted["odata"])


def _drafts(session: Session, project_id: int, person: Viewer, published: set[str]) -> list[dict[str, Any]]:
    held = list_drafts(session, project_id) if person.may(Right.PUBLISH_FORMS) else []
    return [shown_draft(session, one) for one in held if one.form_id not in published]


def current(session: Session, project_id: int, form_id: str) -> tuple[Form, FormVersion]:
    """The form and the version that tablets fetch; raises ProjectNotFound, FormNotFound."""
    held = get_form(session, get_project(session, project_id).id, form_id)
    return held, get_version(session, held.current_version_id or 0)


def chosen(session: Session, project_id: int, form_id: str, version: str | None) -> tuple[Form, FormVersion]:
    """The form in the version of this name, `___` for the empty name, or in the one that tablets fetch."""
    held, newest = current(session, project_id, form_id)
    if version is None:
        return held, newest
    return held, find_version(session, held, "" if version == "___" else version)


def one_form(session: Session, held: Form, version: FormVersion) -> dict[str, Any]:
    """One form in one version."""
    return shown(held, version, first_published(session, [held])[held.id])


def xform(project_id: int, form_id: str, version: str | None) -> Response:
    """The XForm of a version, byte for byte."""
    require_reading()
    with runtime().database.read() as session:
        content = xform_of(session, chosen(session, project_id, form_id, version)[1].id)
    return Response(content, content_type=XML)


def workbook(project_id: int, form_id: str, version: str | None, kind: str) -> Response:
    """The workbook of a version; raises FormNotFound when it came in another format."""
    require_reading()
    with runtime().database.read() as session:
        _held, wanted = chosen(session, project_id, form_id, version)
        content, name = wanted.workbook, wanted.workbook_name
    if content is None or not name.lower().endswith(f".{kind}"):
        raise FormNotFound("The form was not made from such a workbook.")
    return as_download(Response(content), f"{form_id}.{kind}", EXCEL[kind])


def fields(project_id: int, form_id: str, version: str | None, *, odata: bool) -> list[dict[str, Any]]:
    """The groups and questions of a version."""
    require_reading()
    with runtime().database.read() as session:
        return fields_of(chosen(session, project_id, form_id, version)[1], odata=odata)


def require_reading() -> Viewer:
    """The caller, who may see forms; raises NotAllowed."""
    return require(Right.READ_FORMS)

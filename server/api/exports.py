"""A form's submissions as CSV: the outermost table alone, or all tables and files as one zip."""

from collections.abc import Callable
from typing import Any

from flask import Response, request

from accounts.projects import get_project
from accounts.roles import Right
from forms.library import get_form
from server.access import require
from server.api.csv_tables import Style, safe
from server.api.disclosure import Asked, Stream, choose_for, disclose, etag_of, pseudonyms, unchanged
from server.api.door import FORM, View, gives_bytes, may_answer, query, route
from server.api.form_tables import form_tables
from server.api.odata.filters import Grammar, fields_of
from server.api.problems import unexpected
from server.api.shapes import Flag, Shape, Text, Word
from server.api.zip_files import Export
from server.headers import as_download
from server.runtime import clock, runtime
from submissions.lines import Lines

S = FORM + "/submissions"
CSV, ZIP = "text/csv; charset=utf-8", "application/zip"
FORMULAS = ("keep", "neutral")


class ExportQuery(Shape):
    """How tables are to look, and which submissions are wanted."""

    attachments = Flag(load_default=True, metadata={"description": "With the files that came with the submissions"})
    groupPaths = Flag(load_default=True, metadata={"description": "With the groups' names in those of columns"})  # noqa: N815
    splitSelectMultiples = Flag(  # noqa: N815
        load_default=False, metadata={"description": "With a column for each choice that was seen"}
    )
    deletedFields = Flag(load_default=False, metadata={"description": "With the questions of older versions"})  # noqa: N815
    formulas = Word(
        FORMULAS,
        load_default="keep",
        metadata={"description": "neutral: with ' before what a spreadsheet program would take for a formula"},
    )
    filter = Text(data_key="$filter", metadata={"description": "As for OData"})


KNOWN = frozenset(field.data_key or name for name, field in ExportQuery().fields.items())


def _offer(method: str, path: str, endpoint: str, content_type: str) -> Callable[[View], View]:
    """A route that answers with an export."""

    def add(view: View) -> View:
        view = may_answer(304, 400, 401, 403, 404, 501, 503)(view)
        view = query(ExportQuery)(gives_bytes(content_type.partition(";")[0])(view))
        return route(method, path, tag="exports", endpoint=endpoint)(view)

    return add


@_offer("GET", S + ".csv", "csv", CSV)
def csv(wanted: dict[str, Any], project_id: int, form_id: str) -> Response:
    """What is asked once in each submission, as CSV; that it was read leaves a trace."""
    return _export(wanted, project_id, form_id, CSV)


@_offer("GET", S + ".csv.zip", "csv_zip", ZIP)
def csv_zip(wanted: dict[str, Any], project_id: int, form_id: str) -> Response:
    """All tables as CSV, and the files of the submissions, in a zip; that it was read leaves a trace."""
    return _export(wanted, project_id, form_id, ZIP)


# Some programs ask by POST, since ODK Central takes passphrases in the body; there are none here.
@_offer("POST", S + ".csv", "post_csv", CSV)
def post_csv(wanted: dict[str, Any], project_id: int, form_id: str) -> Response:
    """The same as GET."""
    return _export(wanted, project_id, form_id, CSV)


@_offer("POST", S + ".csv.zip", "post_csv_zip", ZIP)
def post_csv_zip(wanted: dict[str, Any], project_id: int, form_id: str) -> Response:
    """The same as GET."""
    return _export(wanted, project_id, form_id, ZIP)


def _export(wanted: dict[str, Any], project_id: int, form_id: str, content_type: str) -> Response:
    person, running = require(Right.EXPORT), runtime()
    for name in request.args:
        if name not in KNOWN:
            raise unexpected(name[:80])  # A slip in `formulas` must not pass unnoticed.
    database = running.database
    with database.read() as session:
        held = get_form(session, get_project(session, project_id).id, form_id)
        form = form_tables(session, held, viewer=person, deleted_fields=wanted["deletedFields"])
        etag = etag_of(session, form, person)
        if (same := unchanged(etag)) is not None:
            return same
        lines = Lines(form.form_pk)
        grammar = Grammar(fields_of(lines, person), clock(), postgresql=not database.embedded)
        where = grammar.condition(wanted["filter"]) if wanted.get("filter") else None
        asked = choose_for(session, form, lines, viewer=person, where=where)
    zipped = content_type == ZIP
    files = running.files if zipped and wanted["attachments"] and form.everything else None
    export = Export(form, asked.chosen, _style(wanted), pseudonyms(form, database.keys))
    _disclose(asked, wanted, "csv.zip" if zipped else "csv", files=files is not None)
    answer = Response(Stream(export.zip(database, files) if zipped else export.csv(database)))
    answer.set_etag(etag, weak=True)
    return as_download(answer, safe(f"{form.form_id}.{'csv.zip' if zipped else 'csv'}"), content_type)


def _style(wanted: dict[str, Any]) -> Style:
    split, neutral = wanted["splitSelectMultiples"], wanted["formulas"] == "neutral"
    return Style(group_paths=wanted["groupPaths"], neutral=neutral, split=split)


def _disclose(asked: Asked, wanted: dict[str, Any], kind: str, *, files: bool) -> None:
    columns = asked.form.columns if kind == "csv.zip" else len(asked.form.tables[0].fields)
    facts = {
        "formulas": wanted["formulas"],
        "files": files or None,
        "filtered": bool(request.args.get("$filter")) or None,
    }
    disclose(asked, asked.chosen, kind, columns=columns, **facts)

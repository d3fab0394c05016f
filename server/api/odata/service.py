"""GET F.svc and what stands below it."""

import json
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote, urlencode

from flask import Response, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.projects import get_project
from accounts.roles import Right, Viewer
from forms.library import get_form
from server.access import require
from server.api.disclosure import Asked, Stream, choose_for, disclose, etag_of, pseudonyms, unchanged
from server.api.door import FORM, blueprint, gives_bytes, may_answer, route
from server.api.form_tables import FormTables, form_tables
from server.api.odata.addresses import Resource, find, nothing_there
from server.api.odata.faults import row_is_gone
from server.api.odata.feed import NUMBERED, Feed, Wanted, has_row
from server.api.odata.filters import ROOT, Grammar, fields_of
from server.api.odata.metadata import metadata as edmx
from server.api.odata.model import Entity, model_of
from server.api.odata.options import (
    JSON,
    XML,
    Options,
    Place,
    read_options,
    read_token,
    require_format,
    require_version,
    write_token,
)
from server.api.odata.rows import Writer
from server.api.odata.selection import refuse_both
from server.api.odata.selection import select as selected
from server.runtime import clock, runtime
from submissions.lines import First, Lines
from submissions.tables import Submission

SVC = FORM + ".svc"


@route("GET", SVC, tag="OData", endpoint="odata_service")
@gives_bytes(JSON)
@may_answer(401, 403, 404, 406, 501)
def service(project_id: int, form_id: str) -> Response:
    """The tables of the form."""
    _person, form = _form(project_id, form_id, JSON)
    tables = [{"name": one.name, "kind": "EntitySet", "url": one.name} for one in model_of(form)]
    told = {"@odata.context": f"{_address(project_id, form_id)}/$metadata", "value": tables}
    return Response(json.dumps(told, ensure_ascii=False), content_type=JSON)


@route("GET", SVC + "/$metadata", tag="OData", endpoint="odata_metadata")
@gives_bytes(XML)
@may_answer(401, 403, 404, 406, 501)
@may_answer(401, 403, 404, 406, 501, content_type=XML)
def metadata(project_id: int, form_id: str) -> Response:
    """The types of the tables and of what stands in them."""
    _person, form = _form(project_id, form_id, XML)
    return Response(edmx(form.form_id, model_of(form), everything=form.everything), content_type=XML)


@route("GET", SVC + "/<path:resource>", tag="OData", endpoint="odata_rows")
@gives_bytes(JSON)
@may_answer(304, 400, 401, 403, 404, 406, 501, 503)
def rows(project_id: int, form_id: str, resource: str) -> Response:
    """The rows of a table, or of one submission, as the query options want them; that they were read leaves a trace."""
    person, form = _form(project_id, form_id, JSON)
    options, entities = read_options(request.args), model_of(form)
    found = find(resource, entities)
    refuse_both(options.select, expand=options.expand)
    selection = selected(found.entity, options.select, everything=form.everything)
    database = runtime().database
    key = pseudonyms(form, database.keys)
    with database.read() as session:
        etag = etag_of(session, form, person)
        if (same := unchanged(etag)) is not None:
            return same
        asked = _choose(session, form, person, found, options)
        wanted = _wanted(session, asked, entities, found, options, key)
    columns = form.columns if options.expand else selection.columns
    disclose(asked, wanted.page, "odata", columns=columns, table=found.entity.number)
    writer = Writer(entities, found.entity.number, selection, expand=options.expand, wkt=options.wkt)
    feed = Feed(
        wanted,
        writer,
        key=key,
        context=f"{_address(project_id, form_id)}/$metadata#{found.entity.name}",
        next_page=lambda place: _next_page(place, asked, found),
    )
    answer = Response(Stream(feed.pieces(database)), content_type=JSON)
    answer.set_etag(etag, weak=True)
    return answer


def say_version(answer: Response) -> Response:
    """Every answer of the service says its version, refusals too."""
    if (request.endpoint or "").startswith("api.odata"):
        answer.headers["OData-Version"] = "4.0"
    return answer


blueprint.after_request(say_version)


def _form(project_id: int, form_id: str, content_type: str) -> tuple[Viewer, FormTables]:
    person = require(Right.EXPORT)
    require_version(request)
    require_format(request, content_type)
    if content_type == XML or request.endpoint == "api.odata_service":
        read_options(request.args)
    with runtime().database.read() as session:
        form = get_form(session, get_project(session, project_id).id, form_id)
        return person, form_tables(session, form, viewer=person)


def _choose(session: Session, form: FormTables, person: Viewer, found: Resource, options: Options) -> Asked:
    lines, database = Lines(form.form_pk), runtime().database
    prefix = ROOT if found.entity.path else ""
    grammar = Grammar(fields_of(lines, person), clock(), postgresql=not database.embedded, prefix=prefix)
    where = None if options.filter is None else grammar.condition(options.filter)
    order = [] if options.order is None else grammar.order(options.order)
    if found.instance_id is not None:
        if "\0" in found.instance_id:
            raise nothing_there()
        named = First.instance_id == found.instance_id
        where = named if where is None else where & named
    asked = choose_for(session, form, lines, viewer=person, where=where, order=order)
    if found.instance_id is not None and not len(asked.chosen):
        raise nothing_there()
    return asked


def _wanted(
    session: Session,
    asked: Asked,
    entities: tuple[Entity, ...],
    found: Resource,
    options: Options,
    key: Callable[[str], str],
) -> Wanted:
    """Where the document begins; raises Problem for a $skiptoken that leads nowhere."""
    wanted = Wanted(asked.form, entities, found, options, asked.chosen, countable=not asked.small)
    if options.token is None:
        return wanted if found.entity.path else replace(wanted, start=min(options.skip, len(asked.chosen)))
    place = read_token(options.token, runtime().database.keys.fingerprint, _bound(asked, found))
    start = _find(session, asked, place)
    wanted = replace(wanted, options=replace(options, skip=0), start=start, after=place.row_id)
    if not found.entity.path:
        return replace(wanted, start=start + 1)
    if not has_row(session, wanted, key):
        raise row_is_gone()
    return wanted


def _find(session: Session, asked: Asked, place: Place) -> int:
    """Where a submission stands among the chosen; raises Problem."""
    named = (Submission.form_pk == asked.form.form_pk, Submission.variant == "")
    query = select(Submission.id).where(*named, Submission.instance_id == place.instance_id)
    numbered = place.instance_id.removeprefix(NUMBERED)
    first_id = int(numbered) if numbered != place.instance_id else session.scalar(query)
    found = (at for at, one in enumerate(asked.chosen.ids) if asked.chosen.first_of(one) == first_id)
    start = next(found, None)
    if start is None:
        raise row_is_gone()
    return start


def _bound(asked: Asked, found: Resource) -> list[object]:
    """What a $skiptoken is good for: this person, this table, this filter."""
    return [asked.viewer.person_id, asked.form.form_pk, found.entity.name, request.path, request.args.get("$filter")]


def _next_page(place: Place, asked: Asked, found: Resource) -> str:
    token = write_token(place, runtime().database.keys.fingerprint, _bound(asked, found))
    told = {name: value for name, value in request.args.items() if name not in ("$skip", "$skiptoken")}
    query = urlencode(told | {"$skiptoken": token}, quote_via=quote, safe="$")
    return f"{runtime().settings.base_url}{quote(request.path, safe='/$:()')}?{query}"


def _address(project_id: int, form_id: str) -> str:
    return f"{runtime().settings.base_url}/v1/projects/{project_id}/forms/{quote(form_id, safe='')}.svc"

"""A draft as the tablets see it that scanned its code: one form, whose submissions never reach a case."""

import hashlib
import re
from urllib.parse import quote
from xml.sax.saxutils import escape

from flask import Response, g, request

from accounts.devices import DeviceUnknown
from forms.draft_secrets import KnownDraft
from forms.drafts import find_known, slots
from forms.library import FormNotFound
from forms.tables import FormDraft
from server.access import draft
from server.runtime import clock, runtime
from server.tablet import openrosa
from server.tablet.contact import claims
from server.tablet.door import blueprint
from server.tablet.offers import DECLARATION
from server.tablet.post import read_post
from server.tablet.submission import WORDS
from submissions.draft_submissions import held_parts_of_draft, receive_drafted, require_room
from submissions.instance import Instance, read_instance
from submissions.parts import keep_files
from submissions.receive import Sender
from xlsforms.published import MADE_HERE

PLACE = "/v1/test/<draft_secret>/projects/<int:project_id>/forms/<form_id>/draft"
HERE = re.compile(r"/v1/test/[^/]+/projects/\d+/forms/[^/]+/draft")  # A form id may begin with "draft", too.


@blueprint.get(PLACE + "/formList")
def draft_list(project_id: int, form_id: str) -> Response:
    """The one form that is tried."""
    held, here = _known(project_id, form_id), _address()
    manifest = f"<manifestUrl>{escape(here)}/manifest</manifestUrl>" if _files(held) else ""
    return openrosa.document(
        f'{DECLARATION}<xforms xmlns="http://openrosa.org/xforms/xformsList"><xform>'
        f"<formID>{escape(held.form_id)}</formID><name>{escape(held.title)}</name>"
        f"<version>{escape(held.version)}</version><hash>md5:{held.md5}</hash>"
        f"<downloadUrl>{escape(here)}.xml</downloadUrl>{manifest}</xform></xforms>"
    )


@blueprint.get(PLACE + ".xml")
def draft_form(project_id: int, form_id: str) -> Response:
    """The draft's XForm, byte for byte as it was compiled."""
    row = _row(_known(project_id, form_id))
    return openrosa.with_headers(openrosa.cacheable(Response(row.xform, content_type=openrosa.TYPE), row.md5))


@blueprint.get(PLACE + "/manifest")
def draft_manifest(project_id: int, form_id: str) -> Response:
    """The files that are beside the draft so far."""
    here = _address()
    files = "".join(
        f"<mediaFile><filename>{escape(name)}</filename><hash>md5:{md5}</hash>"
        f"<downloadUrl>{escape(here)}/attachments/{escape(quote(name, safe=''))}</downloadUrl></mediaFile>"
        for name, (md5, _file_id) in _files(_known(project_id, form_id)).items()
    )
    return openrosa.document(
        f'{DECLARATION}<manifest xmlns="http://openrosa.org/xforms/xformsManifest">{files}</manifest>'
    )


@blueprint.get(PLACE + "/attachments/<filename>")
def draft_file(project_id: int, form_id: str, filename: str) -> Response:
    """A file beside the draft."""
    held = _known(project_id, form_id)
    md5, file_id = _files(held).get(filename, ("", ""))
    if not md5:
        raise FormNotFound("There is no such file beside the form.")
    content = runtime().files.read(file_id) if file_id else _row(held).itemsets or b""
    answer = Response(content, content_type="application/octet-stream")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return openrosa.with_headers(openrosa.cacheable(answer, md5))


@blueprint.route(PLACE + "/submission", methods=["HEAD"])
def draft_ready(project_id: int, form_id: str) -> Response:
    """Collect asks before every submission how large a post may be."""
    _known(project_id, form_id)
    return openrosa.with_headers(Response(status=204))


@blueprint.post(PLACE + "/submission")
def draft_submission(project_id: int, form_id: str) -> Response:
    """The test submission stands beside the draft; it is never filed."""
    held, running, now = _known(project_id, form_id), runtime(), clock()
    post = read_post(request, largest=running.settings.largest_post)
    instance = tried(held, post.xml)
    with running.database.read() as session:
        require_room(session, held.id, post.uploads)
        before = held_parts_of_draft(session, held.id, instance)
    parts = keep_files(post.uploads, keys=running.database.keys, files=running.files, held=before)
    sender = Sender(held.actor, **claims())
    with running.database.begin() as session:
        find_known(session, held, lock=True)  # It may have gone meanwhile.
        receipt, _id = receive_drafted(session, instance, parts, draft=held, sender=sender, now=now)
    g.receipt = receipt.value
    return openrosa.message(str(WORDS[receipt]), 201)


def tried(held: KnownDraft, xml: bytes) -> Instance:
    """The answers, which must be to this form; raises BadInstance, FormNotFound."""
    instance = read_instance(xml)
    if instance.form_id != held.form_id:
        raise FormNotFound("These answers are to another form.")
    return instance


def _known(project_id: int, form_id: str) -> KnownDraft:
    held = draft()
    if (held.project_id, held.form_id) != (project_id, form_id):
        raise DeviceUnknown("another draft")
    return held


def _row(held: KnownDraft) -> FormDraft:
    with runtime().database.read() as session:
        return find_known(session, held)


def _files(held: KnownDraft) -> dict[str, tuple[str, str]]:
    """MD5 and place of each file that is there, by name; what was made from the workbook has no place of its own."""
    with runtime().database.read() as session:
        row = find_known(session, held)
        found = {one.name: (one.media.md5, one.media.file_id) for one in slots(session, row) if one.media is not None}
    if row.itemsets is not None:
        found[next(iter(MADE_HERE))] = (hashlib.md5(row.itemsets, usedforsecurity=False).hexdigest(), "")
    return found


def _address() -> str:
    """The draft's own address: the configured one, with the secret that it was called with."""
    path = request.path
    found = HERE.match(path)
    return runtime().settings.base_url + quote(path[: found.end()] if found else path)

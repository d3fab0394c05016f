"""Where statements come in: the custody order of ARCHITECTURE.md, "How a submission travels"."""

from functools import cache

from flask import Response, g, request
from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from accounts.devices import KnownDevice, still_known
from forms.library import FormNotFound
from forms.offer import OfferedForm
from server.access import device
from server.mirroring import mirror
from server.runtime import clock, runtime
from server.tablet import openrosa
from server.tablet.contact import claims, note_within
from server.tablet.door import PLACES, blueprint
from server.tablet.post import read_post
from storage.faults import fault, fault_within
from submissions.instance import Instance, read_instance
from submissions.parts import Part, Upload, held_parts, keep_files
from submissions.receive import Receipt, Sender, receive

WAITING = frozenset({Receipt.CONFLICT, Receipt.HELD})
WORDS = {
    Receipt.STORED: _("Received. Thank you."),
    Receipt.ALREADY_HELD: _("Received before. Nothing is missing."),
    Receipt.ATTACHMENTS_ADDED: _("The files were received. Thank you."),
    Receipt.EDITED: _("The correction was received. Thank you."),
    Receipt.HELD: _("Received and kept. The office must open this version of the form."),
    Receipt.CONFLICT: _("Received and kept. The office will compare it with what it had."),
}


@blueprint.route(PLACES[0] + "/submission", methods=["HEAD"])
@blueprint.route(PLACES[1] + "/submission", methods=["HEAD"])
def ready(project_id: int) -> Response:
    """Collect asks before every submission how large a post may be; only 204 counts as yes."""
    return openrosa.with_headers(Response(status=204))


@blueprint.post(PLACES[0] + "/submission")
@blueprint.post(PLACES[1] + "/submission")
def submit(project_id: int) -> Response:
    """The statement is durably ours before 201 or 202 leaves."""
    tablet, now, running = device(), clock(), runtime()
    post = read_post(request, largest=running.settings.largest_post)
    fault("K2")
    instance = read_instance(post.xml)
    form = _form(tablet, instance)
    parts = _keep(instance, form, post.uploads)
    told = claims()
    sender = Sender(tablet.actor, device_id=tablet.id, **told)

    def keep(session: Session) -> Receipt:
        still_known(session, tablet)
        strict, project_id = running.settings.strict, tablet.project_id
        receipt = receive(
            session, instance, parts, form=form, project_id=project_id, sender=sender, now=now, strict=strict
        )
        note_within(session, tablet, told, now=now)
        fault("K7")
        fault_within("K8", 0.001)
        return receipt

    receipt = running.database.write(keep)
    fault("K9")
    g.receipt = receipt.value
    running.wake_filing()  # The statement is ours from here; filing it has a transaction of its own.
    mirror(running, instance, post.uploads, project_id=tablet.project_id, sender=sender, now=now)
    return openrosa.message(_words(receipt, running.settings.language), 202 if receipt in WAITING else 201)


@cache
def _words(receipt: Receipt, language: str) -> str:
    """What the tablet is told in the office's language, which every answer at this door is in."""
    return str(WORDS[receipt])


def _form(tablet: KnownDevice, instance: Instance) -> OfferedForm:
    form = runtime().offers.of(tablet).forms.get(instance.form_id)
    if form is None:
        raise FormNotFound("There is no such form.")
    return form


def _keep(instance: Instance, form: OfferedForm, uploads: tuple[Upload, ...]) -> list[Part]:
    """The files are on the disk before any row points at them."""
    if not uploads:
        return []
    running = runtime()
    with running.database.read() as session:
        held = held_parts(session, form.id, instance)
    return keep_files(uploads, keys=running.database.keys, files=running.files, held=held)

"""What was received is also written to the mirror before it is acknowledged, and replayed after a restoration."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from accounts.projects import get_project
from accounts.tables import Device, Person, Project
from audit.trail import OPERATOR, Action, Actor, record
from forms.offer import offer
from server.runtime import Runtime, clock
from storage.container import open_container
from storage.frames import BadArchive
from storage.mirror import KIND, Mirror, read_receipt
from storage.sealing import SealBroken
from submissions.instance import BadInstance, Instance, read_instance
from submissions.mirrored import Posted, read_post, write_post
from submissions.parts import Upload, held_parts, keep_files
from submissions.receive import Receipt, Sender, receive

log = logging.getLogger("fieldcase")
NO_FORM, DAMAGED = "form unknown", "damaged"
LACKING = frozenset({Receipt.STORED, Receipt.EDITED, Receipt.HELD, Receipt.CONFLICT, Receipt.ATTACHMENTS_ADDED})


def mirror(
    running: Runtime, instance: Instance, uploads: Sequence[Upload], *, project_id: int, sender: Sender, now: datetime
) -> None:
    """The post is on the mirror's disk, sealed, where one is set; raises FilesUnavailable.

    A tablet's is written after the commit and before the answer, one that was held already too: the answer before may
    not have left because this failed. A script's is written last before the commit, since it is told so only once.
    """
    folder = running.settings.mirror_dir
    if folder is None:
        return
    facts = {
        "project": project_id,
        "form": instance.form_id,
        "device": sender.device_id,
        "person": sender.person_id,
        "install_id": sender.install_id,
        "app_version": sender.app_version,
    }
    Mirror(folder).keep(running.database.keys, write_post(facts, instance.xml, uploads), now=now)


def replay(running: Runtime, folder: Path, *, done: Callable[[], None] = lambda: None) -> Counter[str]:
    """Whatever the receipts hold and the database lacks is received; what became of each is counted.

    A receipt of a form that is not here, or that does not open, is left and counted as that. Raises KeysLocked,
    DatabaseUnavailable, FilesUnavailable.
    """
    counts: Counter[str] = Counter()
    for path in Mirror(folder).receipts():
        try:
            header, contents = open_container(running.ring, KIND, read_receipt(path))
            posted = read_post(contents)
            counts[_replay(running, posted, datetime.fromisoformat(header["received_at"]))] += 1
        except (BadArchive, BadInstance, SealBroken, KeyError, ValueError) as error:
            log.warning("receipt %s was not replayed: %s", path.name, type(error).__name__)
            counts[DAMAGED] += 1
        done()
    with running.database.begin() as session:
        new = sum(counts[one] for one in LACKING)
        record(session, OPERATOR, Action.RECEIPTS_REPLAYED, "mirror", now=clock(), receipts=counts.total(), new=new)
    return counts


def _replay(running: Runtime, posted: Posted, received_at: datetime) -> str:
    instance = read_instance(posted.xml)
    with running.database.read() as session:
        project = session.get(Project, posted.facts["project"]) or get_project(session)
        form = offer(session, project.id).get(posted.facts["form"])
        sender = _sender(session, posted)
        if form is None:
            return NO_FORM
        held = held_parts(session, form.id, instance)
    parts = keep_files(posted.uploads, keys=running.database.keys, files=running.files, held=held)
    with running.database.begin() as session:
        return receive(session, instance, parts, form=form, project_id=project.id, sender=sender, now=received_at).value


def _sender(session: Session, posted: Posted) -> Sender:
    """The tablet or person; one that came after the backup is known by its number in the trail alone."""
    facts = posted.facts
    device_id, person_id = facts.get("device"), facts.get("person")
    kind, number = ("device", device_id) if device_id is not None else ("person", person_id)
    known_device = device_id is not None and session.get(Device, device_id) is not None
    known_person = person_id is not None and session.get(Person, person_id) is not None
    return Sender(
        Actor(kind, "" if number is None else str(number)),
        device_id=device_id if known_device else None,
        person_id=person_id if known_person else None,
        install_id=facts.get("install_id"),
        app_version=facts.get("app_version"),
    )

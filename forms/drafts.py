"""Forms that are being made: a draft holds what was uploaded until it is published or thrown away."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, undefer

from accounts.projects import get_project
from audit.trail import Action, Actor, record
from forms.draft_secrets import DraftUnknown, KnownDraft, give_secret
from forms.tables import DraftMedia, FormDraft
from storage.database import insert_once
from xlsforms.compile import Compiled
from xlsforms.findings import Finding
from xlsforms.published import MADE_HERE
from xlsforms.questions import FormDefinition

WHOLE = (
    *(FormDraft.content, FormDraft.xform, FormDraft.definition),
    *(FormDraft.mapping, FormDraft.mapping_csv, FormDraft.findings, FormDraft.itemsets),
)


class DraftNotFound(Exception):
    """There is no draft of this form."""


class DraftChanged(Exception):
    """The draft was changed meanwhile. Look at it again and publish it then."""


@dataclass(frozen=True)
class Slot:
    """A file that a draft names, and the file itself once it came."""

    name: str
    media: DraftMedia | None


def keep_draft(
    session: Session,
    compiled: Compiled,
    *,
    content: bytes,
    filename: str,
    project_id: int,
    actor: Actor,
    now: datetime,
    mapping: Mapping[str, Any] | None = None,
    mapping_csv: tuple[str, bytes] | None = None,
    findings: Iterable[Finding] = (),
) -> FormDraft:
    """The upload is the form's draft in place of the one before it, whose files stay where they are named still.

    What was proposed or sent back counts no more; the tablets' code stays.
    """
    definition = compiled.definition
    told: dict[str, Any] = {"content": content, "xform": compiled.xform, "filename": filename}
    told |= {"definition": definition.to_json(), "version": definition.version, "title": definition.title}
    told |= {"md5": _md5(compiled.xform), "itemsets": compiled.itemsets, "made_at": now, "made_by": str(actor)}
    told |= {"mapping": None if mapping is None else dict(mapping), "findings": [one.to_json() for one in findings]}
    told |= dict(zip(("mapping_name", "mapping_csv"), mapping_csv or (None, None), strict=True))
    place = {"project_id": get_project(session, project_id).id, "form_id": definition.form_id}
    insert_once(session, FormDraft, {**place, **told})
    draft = find_draft(session, project_id, definition.form_id, lock=True)
    for name, value in told.items():
        setattr(draft, name, value)
    changed(draft)
    draft.returned_at = draft.returned_by = draft.returned_word = None
    if draft.uid is None:
        give_secret(session, draft)
    session.flush()
    record(session, actor, Action.FORM_DRAFTED, subject(draft), now=now, draft_id=draft.id)
    return draft


def find_draft(session: Session, project_id: int, form_id: str, *, lock: bool = False) -> FormDraft:
    """The form's draft with all that was uploaded; with `lock`, nobody else changes it until the transaction ends.

    Raises DraftNotFound.
    """
    query = select(FormDraft).where(FormDraft.project_id == project_id, FormDraft.form_id == form_id)
    query = query.options(*map(undefer, WHOLE)).execution_options(populate_existing=True)
    draft = session.scalar(query.with_for_update() if lock else query)
    if draft is None:
        raise DraftNotFound("There is no draft of this form.")
    return draft


def find_known(session: Session, known: KnownDraft, *, lock: bool = False) -> FormDraft:
    """The very draft whose secret was shown, whatever became of it since; raises DraftUnknown."""
    try:
        draft = find_draft(session, known.project_id, known.form_id, lock=lock)
    except DraftNotFound as error:
        raise DraftUnknown("gone meanwhile") from error
    if (draft.id, draft.uid) != (known.id, known.uid):
        raise DraftUnknown("another draft of the form")
    return draft


def list_drafts(session: Session, project_id: int) -> list[FormDraft]:
    """Every draft of the project, by title and form id."""
    query = select(FormDraft).where(FormDraft.project_id == project_id)
    return list(session.scalars(query.order_by(FormDraft.title, FormDraft.form_id)))


def slots(session: Session, draft: FormDraft) -> list[Slot]:
    """The files that the draft names and that do not come with its workbook, by name."""
    held = {one.filename: one for one in _media(session, draft)}
    named = set(FormDefinition.from_json(draft.definition).media) - MADE_HERE
    return [Slot(name, held.get(name)) for name in sorted(named)]


def put_beside(
    session: Session, draft: FormDraft, name: str, *, file_id: str, md5: str, size: int, actor: Actor, now: datetime
) -> None:
    """The file stands beside the draft, in place of the one before it; sweeping removes what no row names."""
    _remove(session, draft, name)
    media = DraftMedia(draft_id=draft.id, filename=name, file_id=file_id, md5=md5, size=size, made_at=now)
    session.add(media)
    session.flush()
    record(session, actor, Action.FORM_DRAFT_FILE_PUT, subject(draft), now=now, name=name, md5=md5)


def take_away(session: Session, draft: FormDraft, name: str, *, actor: Actor, now: datetime) -> None:
    """No file of this name stands beside the draft."""
    _remove(session, draft, name)
    record(session, actor, Action.FORM_DRAFT_FILE_TAKEN, subject(draft), now=now, name=name)


def _remove(session: Session, draft: FormDraft, name: str) -> None:
    changed(draft)
    session.execute(delete(DraftMedia).where(DraftMedia.draft_id == draft.id, DraftMedia.filename == name))


def changed(draft: FormDraft) -> None:
    """The draft is another than the one that was proposed, so that nothing is proposed."""
    draft.proposed_at = draft.proposed_by = draft.proposed_version = None


def discard_draft(session: Session, draft: FormDraft, *, actor: Actor, now: datetime) -> None:
    """There is no draft of the form, no file beside it, and nothing that was sent to try it."""
    record(session, actor, Action.FORM_DRAFT_DISCARDED, subject(draft), now=now)
    end_draft(session, draft)


def end_draft(session: Session, draft: FormDraft) -> None:
    """The same of a draft that has become a version, which leaves a trace of its own."""
    session.execute(delete(DraftMedia).where(DraftMedia.draft_id == draft.id))
    session.execute(delete(FormDraft).where(FormDraft.id == draft.id))


def subject(draft: FormDraft) -> str:
    """As the trail names the draft, and no other one after it."""
    return f"draft:{draft.uid or draft.id}"


def seen(session: Session, draft: FormDraft) -> str:
    """A mark of the draft with its files, mapping and proposal as they stand: another once any of it changes."""
    mapped = "" if draft.mapping is None else draft.mapping["version"]
    stood = [draft.id, draft.md5, draft.made_at.isoformat(), mapped]
    stood += [draft.proposed_version or "", draft.proposed_by or ""]
    stood.append("" if draft.proposed_at is None else draft.proposed_at.isoformat())
    files = sorted(f"{one.filename} {one.md5}" for one in _media(session, draft))
    return _md5("\n".join(map(str, (*stood, *files))).encode())


def require_seen(session: Session, draft: FormDraft, mark: str) -> None:
    """Raises DraftChanged unless the mark is of the draft as it stands."""
    if mark != seen(session, draft):
        raise DraftChanged("The draft was changed meanwhile. Look at it again and publish it then.")


def _media(session: Session, draft: FormDraft) -> list[DraftMedia]:
    return list(session.scalars(select(DraftMedia).where(DraftMedia.draft_id == draft.id)))


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()

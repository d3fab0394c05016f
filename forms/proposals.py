"""Publishing by two people: one proposes the draft, another looks at it and publishes it or sends it back."""

from datetime import datetime

from sqlalchemy.orm import Session

from audit.trail import Action, Actor, record
from forms.drafts import changed, slots, subject
from forms.library import FormNotFound, find_version, get_form
from forms.offer import xform_of
from forms.publish import MediaMissing, VersionTaken
from forms.tables import FormDraft
from xlsforms.editable import same_but_for_switch

LONGEST_WORD = 1000


class SecondPersonNeeded(Exception):
    """Publishing takes two people here: propose the draft, and another designer or manager publishes it."""


class NotProposed(Exception):
    """Nothing is proposed: the draft was changed, sent back or published meanwhile."""


def propose(session: Session, draft: FormDraft, *, version: str = "", actor: Actor, now: datetime) -> None:
    """The draft is proposed as it stands, under this version name if one is given; any change ends the proposal.

    Raises MediaMissing, VersionTaken.
    """
    missing = [one.name for one in slots(session, draft) if one.media is None]
    if missing:
        raise MediaMissing(
            f"The form names files that were not supplied: {', '.join(missing)}. Add them and try again."
        )
    if taken(session, draft, version or draft.version):
        raise VersionTaken(
            f"Version {version or draft.version} of this form was published before. Propose it under another version."
        )
    draft.proposed_at, draft.proposed_by = now, str(actor)
    draft.proposed_version = version or None
    draft.returned_at = draft.returned_by = draft.returned_word = None
    session.flush()
    record(session, actor, Action.FORM_PROPOSED, subject(draft), now=now)


def taken(session: Session, draft: FormDraft, version: str) -> bool:
    """Whether the name was used before; what tablets have now may have its mapping mended under the same name."""
    try:
        form = get_form(session, draft.project_id, draft.form_id)
        found = find_version(session, form, version)
    except FormNotFound:
        return False
    mapped = "" if draft.mapping is None else draft.mapping["version"]
    same = same_but_for_switch(xform_of(session, found.id), draft.xform)
    mends = same and mapped not in {"", found.mapping_version}
    return not (mends and found.id == form.current_version_id)


def send_back(session: Session, draft: FormDraft, word: str, *, actor: Actor, now: datetime) -> None:
    """Nothing is proposed, and the draft says why; whoever proposed it may take it back so. Raises NotProposed."""
    if draft.proposed_at is None:
        raise NotProposed("Nothing is proposed.")
    changed(draft)
    draft.returned_at, draft.returned_by, draft.returned_word = now, str(actor), word.strip()[:LONGEST_WORD]
    session.flush()
    record(session, actor, Action.FORM_SENT_BACK, subject(draft), now=now)


def may_approve(draft: FormDraft, actor: Actor) -> bool:
    """True for anybody who publishes forms but the one who proposed it."""
    return draft.proposed_at is not None and draft.proposed_by != str(actor)


def require_second_person(draft: FormDraft, actor: Actor) -> None:
    """Raises SecondPersonNeeded unless somebody else proposed the draft as it stands."""
    if not may_approve(draft, actor):
        raise SecondPersonNeeded(
            "Publishing takes two people here: propose the draft, and another designer or manager publishes it."
        )

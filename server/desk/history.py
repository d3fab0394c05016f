"""What happened to a submission, a case, a tablet: the trail's entries in the reader's words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.tables import Device, Person
from audit.history import history
from audit.trail import Action

WORDS = {
    Action.CASE_CONFIRMED: _l("Confirmed"),
    Action.CASE_PROPOSED: _l("Proposed by a questionnaire"),
    Action.DEVICE_ENROLLED: _l("Enrolled"),
    Action.DEVICE_REVOKED: _l("Access ended"),
    Action.SUBMISSION_ATTACHED: _l("Files received"),
    Action.SUBMISSION_CONFLICT: _l("Received with other answers"),
    Action.SUBMISSION_FILED: _l("Filed into the case record"),
    Action.SUBMISSION_HELD: _l("On hold"),
    Action.SUBMISSION_RECEIVED: _l("Received"),
    Action.SUBMISSION_REFILED: _l("Sent to be filed again"),
    Action.SUBMISSION_SET_ASIDE: _l("Set aside"),
}


@dataclass(frozen=True)
class Event:
    """One thing that happened."""

    what: str
    when: datetime
    by: str = ""
    text: str = ""
    href: str = ""
    link: str = ""


def events(session: Session, subject: str, actions: Iterable[Action] = WORDS) -> list[Event]:
    """What happened to the subject, newest first."""
    entries = history(session, subject, actions)
    names = _names(session, {entry.actor for entry in entries})
    return [Event(str(WORDS[Action(entry.action)]), entry.at, names.get(entry.actor, "")) for entry in entries]


def who(session: Session, actor: str) -> str:
    """Who an act's author is, in words."""
    return _names(session, {actor}).get(actor, "")


def _names(session: Session, actors: set[str]) -> dict[str, str]:
    names = {"operator": _("whoever runs the server")}
    for kind, table in (("person", Person), ("device", Device)):
        ids = {int(actor.partition(":")[2]) for actor in actors if actor.startswith(f"{kind}:")}
        rows = session.execute(select(table.id, table.name).where(table.id.in_(ids))) if ids else ()
        names |= {f"{kind}:{row.id}": row.name for row in rows}
    return names

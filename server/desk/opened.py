"""A submission's answers and files, opened for somebody who may read them, or left sealed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from accounts.roles import Viewer
from audit.trail import Action, record
from server.desk.answers import Reading, nodes, not_asked, tongues
from server.desk.definitions import definition
from server.desk.values import form_language, language_code
from server.desk.words import file_type
from server.language import language
from storage.roots import RootDestroyed
from storage.sealing import KeysLocked, SealBroken
from submissions.instance import Instance
from submissions.layout import Line, Part, behind, lay_out
from submissions.opening import OpenAttachment, open_attachments, open_instance
from submissions.tables import Submission
from xlsforms.questions import FormDefinition


@dataclass(frozen=True)
class Opened:
    """What can be shown of a submission; `sealed` says why nothing can."""

    submission_id: int
    definition: FormDefinition | None = None
    parts: tuple[Part, ...] = field(default=(), repr=False)
    behind: tuple[Line, ...] = field(default=(), repr=False)
    files: tuple[OpenAttachment, ...] = field(default=(), repr=False)
    sealed: str = ""

    def moment(self, kind: str) -> datetime | None:
        """What the tablet's clock showed at the start or the end."""
        values = (line.value for line in self.behind if line.question.type == kind)
        return next((value for value in values if isinstance(value, datetime)), None)

    def drawn(self, wanted: str, here: Callable[[str], str], *, unasked: bool) -> dict[str, Any]:
        """The answers as the template takes them; `here` is the address of the page in another form language."""
        listed = [_file(one, self.submission_id) for one in self.files if one.current]
        view: dict[str, Any] = {"nodes": (), "behind": (), "files": listed, "sealed": self.sealed, "lang": language()}
        view |= {"languages_of_form": [], "not_asked": 0}
        if self.definition is None:
            return view
        chosen = form_language(self.definition, wanted or language())
        reading = Reading(self.definition, chosen, self._address, unasked)
        return view | {
            "nodes": nodes(self.parts, reading),
            "behind": nodes(self.behind, reading),
            "languages_of_form": tongues(self.definition, wanted or language(), here),
            "lang": language_code(chosen) or language(),
            "not_asked": not_asked(self.parts),
        }

    def _address(self, name: str) -> str | None:
        found = next((one for one in self.files if one.current and one.name == name and one.received), None)
        return None if found is None else _address(self.submission_id, found)


def open_for(session: Session, held: Submission, *, viewer: Viewer, now: datetime) -> Opened:
    """The submission's answers and files; that they were read leaves a trace in this transaction."""
    record(session, viewer.actor, Action.SUBMISSION_READ, f"submission:{held.id}", now=now)
    try:
        instance = open_instance(session, held)
        files = tuple(open_attachments(session, held.id))
    except RootDestroyed:
        return Opened(held.id, sealed=_("The case that it belongs to was erased, and its answers with it."))
    except KeysLocked:
        return Opened(
            held.id, sealed=_("The answers are sealed, and this server does not hold the key that opens them.")
        )
    except SealBroken:
        return Opened(
            held.id, sealed=_("What is stored was changed or damaged and cannot be opened. Tell your administrator.")
        )
    return _laid_out(session, held, instance, files)


def closed(session: Session, held: Submission) -> Opened:
    """The submission for somebody who may know of it but not read it."""
    return Opened(
        held.id,
        sealed=_("Your work does not include reading answers. You see where this came from and what became of it."),
    )


def _laid_out(session: Session, held: Submission, instance: Instance, files: tuple[OpenAttachment, ...]) -> Opened:
    if held.version_id is None:
        return Opened(held.id, files=files)
    if instance.encrypted:
        return Opened(
            held.id, files=files, sealed=_("The tablet encrypted these answers itself; they cannot be shown here.")
        )
    form = definition(session, held.version_id)
    return Opened(held.id, form, lay_out(instance, form), behind(instance, form), files)


def _file(one: OpenAttachment, submission_id: int) -> dict[str, Any]:
    return {
        "name": one.name,
        "type": file_type(one.content_type),
        "size": one.size,
        "href": _address(submission_id, one) if one.received else None,
        "named": one.expected,
        "sha256": one.sha256,
    }


def _address(submission_id: int, one: OpenAttachment) -> str:
    return url_for("desk.submission_file", submission_id=submission_id, file_id=one.id)

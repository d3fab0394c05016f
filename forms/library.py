"""Forms as people look them up, and whether they are open."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from accounts.catalogue import raise_catalogue
from audit.trail import Action, Actor, record
from forms.tables import Form, FormMapping, FormMedia, FormState, FormVersion
from xlsforms.published import Published
from xlsforms.questions import FormDefinition

LOOKED_AT = (undefer(FormVersion.definition), undefer(FormVersion.findings))


class FormNotFound(Exception):
    """There is no such form."""


@dataclass(frozen=True)
class ListedForm:
    """A form with the version that tablets are to fetch."""

    form: Form
    version: FormVersion


def list_forms(session: Session, project_id: int | None = None) -> list[ListedForm]:
    """Every published form with its current version, by title and form id."""
    query = select(Form, FormVersion).join(FormVersion, FormVersion.id == Form.current_version_id)
    if project_id is not None:
        query = query.where(Form.project_id == project_id)
    rows = session.execute(query.order_by(FormVersion.title, Form.form_id))
    return [ListedForm(form, version) for form, version in rows]


def get_form(session: Session, project_id: int, form_id: str) -> Form:
    """The form; raises FormNotFound."""
    form = session.scalar(select(Form).where(Form.project_id == project_id, Form.form_id == form_id))
    if form is None:
        raise FormNotFound("There is no such form.")
    return form


def list_versions(session: Session, form: Form) -> list[FormVersion]:
    """Every version of the form, newest first."""
    query = select(FormVersion).where(FormVersion.form_pk == form.id).order_by(FormVersion.id.desc())
    return list(session.scalars(query))


def published_in(session: Session, project_id: int) -> Published:
    """Every version name that the project's forms have used, by form id."""
    versions: dict[str, set[str]] = {}
    query = select(Form.form_id, FormVersion.version).join(FormVersion, FormVersion.form_pk == Form.id)
    for form_id, version in session.execute(query.where(Form.project_id == project_id)):
        versions.setdefault(form_id, set()).add(version)
    return Published({form_id: frozenset(names) for form_id, names in versions.items()})


def get_version(session: Session, version_id: int) -> FormVersion:
    """The version with its definition and mapping; raises FormNotFound."""
    version = session.get(FormVersion, version_id, options=LOOKED_AT)
    if version is None:
        raise FormNotFound("There is no such version of the form.")
    return version


UNNAMED = "___"
"""ODK's word, in addresses and commands, for a version whose name is empty."""


def find_version(session: Session, form: Form, version: str) -> FormVersion:
    """The version of this name; raises FormNotFound."""
    query = select(FormVersion).where(FormVersion.form_pk == form.id, FormVersion.version == version)
    found = session.scalar(query.options(*LOOKED_AT))
    if found is None:
        raise FormNotFound("There is no such version of the form.")
    return found


def definition_of(version: FormVersion) -> FormDefinition:
    """The questions, groups and choices of a version."""
    return FormDefinition.from_json(version.definition)


def mapping_of(session: Session, version: FormVersion) -> dict[str, Any] | None:
    """The parts of the version's present case mapping; None when its answers feed no case."""
    held = session.get(FormMapping, (version.id, version.mapping_version))
    return None if held is None else held.parts


def media_of(session: Session, version: FormVersion) -> list[FormMedia]:
    """The files beside a version, by name."""
    return list(
        session.scalars(select(FormMedia).where(FormMedia.version_id == version.id).order_by(FormMedia.filename))
    )


def set_state(session: Session, form: Form, state: FormState, *, actor: Actor, now: datetime) -> None:
    """The form is open (offered, filed), closing (filed) or closed (what still arrives is held)."""
    if form.state != state.value:
        form.state, form.state_at = state.value, now
        session.flush()
        raise_catalogue(session)
        action = Action.FORM_OPENED if state is FormState.OPEN else Action.FORM_CLOSED
        record(session, actor, action, f"form:{form.id}", now=now, state=state.value)

"""Whether tablets may edit what they sent: the server's switch for each form, which holds from its next version on."""

import hashlib
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.trail import Action, Actor, record
from forms.drafts import changed
from forms.tables import Form, FormDraft
from storage.database import insert_once
from xlsforms.compile import Compiled
from xlsforms.definition import FormDefinition
from xlsforms.editable import editable_on_tablets, fixed_on_tablets


class NotEditable(Exception):
    """Tablets cannot edit what they sent of a form that they encrypt: the server could not read the correction."""


def may_be_editable(form: Form) -> bool:
    """Whether the switch may be on: a form is either encrypted on the tablet or editable there. None is encrypted."""
    return bool(form.form_id)


def set_editable(session: Session, form: Form, *, editable: bool, actor: Actor, now: datetime) -> None:
    """Versions that are published from now on may be edited on the tablets, or no longer; raises NotEditable.

    What is published keeps its bytes: tablets tell versions apart by them. A draft gets other ones, and what was
    proposed of it no longer is.
    """
    if editable and not may_be_editable(form):
        raise NotEditable("Tablets encrypt this form, so that what they sent cannot be edited.")
    if form.client_editable != editable:
        form.client_editable = editable
        _serve_draft(session, form)
        session.flush()
        record(session, actor, Action.FORM_EDITABLE, f"form:{form.id}", now=now, editable=editable)


def switch(session: Session, project_id: int, form_id: str, *, editable: bool, actor: Actor, now: datetime) -> None:
    """The same of a form that may not have been published yet, and then is known from now on."""
    insert_once(session, Form, {"project_id": project_id, "form_id": form_id})
    form = session.scalars(select(Form).where(Form.project_id == project_id, Form.form_id == form_id)).one()
    set_editable(session, form, editable=editable, actor=actor, now=now)


def as_served(form: Form | None, compiled: Compiled) -> Compiled:
    """The compiled form as this form's tablets are to get it, whatever it says itself of editing."""
    return editable_on_tablets(compiled) if form is not None and form.client_editable else fixed_on_tablets(compiled)


def _serve_draft(session: Session, form: Form) -> None:
    query = select(FormDraft).where(FormDraft.project_id == form.project_id, FormDraft.form_id == form.form_id)
    draft = session.scalar(query.with_for_update())
    if draft is None:
        return
    compiled = as_served(form, Compiled(draft.xform, FormDefinition.from_json(draft.definition), ()))
    if compiled.xform != draft.xform:
        draft.xform, draft.md5 = compiled.xform, hashlib.md5(compiled.xform, usedforsecurity=False).hexdigest()
        changed(draft)

"""What tablets are offered of a form, who still holds it when it is closed, and whether they edit what they sent."""

from typing import Any

from flask import render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from accounts.projects import get_project
from accounts.roles import Right
from cases.comparing import reach
from forms.editing import set_editable
from forms.library import FormNotFound, get_form, get_version
from forms.tables import Form, FormState
from server.access import require
from server.desk.door import blueprint, see, typed
from server.runtime import clock, runtime


@blueprint.get("/form-state/<form_id>/<state>", endpoint="form_close")
def before_closing(form_id: str, state: str) -> str:
    """What will happen to the tablets that hold the form, and to what they have not sent yet."""
    require(Right.PUBLISH_FORMS)
    if state not in {FormState.CLOSING.value, FormState.CLOSED.value}:
        raise FormNotFound("A form can run out or be closed.")
    with runtime().database.read() as session:
        held = get_form(session, get_project(session).id, form_id)
        title = get_version(session, held.current_version_id or 0).title
        touched = reach(session, held, held.project_id, since=None)
    form = {"form_id": form_id, "title": title, "url": url_for("desk.form", form_id=form_id)}
    return render_template("forms/close.html", form=form, state=state, reach=touched)


@blueprint.post("/form-editable/<form_id>", endpoint="form_editable")
def editable(form_id: str) -> Response:
    """From its next version on, tablets may edit what they sent of this form, or no longer; raises NotEditable."""
    viewer, wanted = require(Right.PUBLISH_FORMS), typed("editable") == "yes"
    with runtime().database.begin() as session:
        held = get_form(session, get_project(session).id, form_id)
        set_editable(session, held, editable=wanted, actor=viewer.actor, now=clock())
    return see("form", notice="editable-on" if wanted else "editable-off", form_id=form_id)


def offered(session: Session, held: Form) -> dict[str, Any]:
    """How the form is offered, and since it is no longer: which tablets have not heard of it."""
    touched = reach(session, held, held.project_id, since=held.state_at)
    return {"reach": touched, "since": held.state_at, "editable": held.client_editable}

"""Which submissions can be corrected, and that of two corrections at once the second hears of the first."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.roles import Viewer
from forms.tables import Form, FormState
from submissions.instance import Instance
from submissions.tables import Filing, Submission
from submissions.versions import find_line

READ = frozenset({Filing.FILED.value, Filing.NOT_MAPPED.value, Filing.SET_ASIDE.value})


class NotCorrectable(Exception):
    """These answers cannot be corrected: newer ones stand already, or their form is closed. Nothing was changed."""


def correctable(session: Session, submission: Submission, *, viewer: Viewer) -> bool:
    """True for what stands, was looked at by filing and belongs to a form that still takes answers."""
    if submission.variant or submission.version_id is None or submission.filing not in READ:
        return False
    if session.get_one(Form, submission.form_pk).state == FormState.CLOSED.value:
        return False
    line = find_line(session, submission.form_pk, submission.instance_id, viewer=viewer)
    return line.current.id == submission.id


def require_correction(session: Session, submission: Submission, correction: Instance, *, viewer: Viewer) -> None:
    """The correction may be received: it corrects what stands, or was received already. Raises NotCorrectable.

    The submission's row is locked until the transaction ends.
    """
    session.execute(select(Submission.id).where(Submission.id == submission.id).with_for_update())
    sent = (Submission.form_pk == submission.form_pk, Submission.instance_id == correction.instance_id)
    held = session.execute(select(Submission.deprecated_id).where(*sent, Submission.variant == "")).first()
    if correction.deprecated_id != submission.instance_id:
        raise NotCorrectable("It does not name what it corrects.")
    if held is None and not correctable(session, submission, viewer=viewer):
        raise NotCorrectable("Newer answers stand already.")

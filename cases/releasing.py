"""Held submissions are let go once what they wait for is there."""

import logging
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.trail import SYSTEM, Action, record
from cases.tables import Record
from forms.library import definition_of, get_version
from forms.offer import file_questions
from forms.tables import Form, FormState, FormVersion
from storage.sealing import SealBroken, keys_of
from submissions.expecting import expect_files
from submissions.tables import Filing, Submission

log = logging.getLogger("fieldcase")


def release_held(session: Session, *, now: datetime) -> int:
    """Submissions whose version, form, parent or record has appeared are pending again; how many is returned."""
    released = 0
    for submission in session.scalars(select(Submission).where(Submission.filing == Filing.HELD.value)).all():
        if _come(session, submission):
            mapped = submission.version_id is not None and get_version(session, submission.version_id).mapping_version
            submission.filing = Filing.PENDING.value if mapped else Filing.NOT_MAPPED.value
            submission.reason = None
            record(session, SYSTEM, Action.SUBMISSION_REFILED, f"submission:{submission.id}", now=now)
            released += 1
    session.flush()
    return released


def _come(session: Session, submission: Submission) -> bool:
    """True when what a held submission waits for is there; its version is then filled in."""
    form = session.get(Form, submission.form_pk)
    if form is None or form.state == FormState.CLOSED.value:
        return False
    if submission.version_id is None and not _find_version(session, submission):
        return False
    reason: dict[str, Any] = submission.reason or {}
    if reason.get("code") == "waits-for-key":
        return keys_of(session).holds(reason["key"])
    if reason.get("code") == "waits-for-record":
        return session.get(Record, reason["record"]) is not None
    if reason.get("code") == "waits-for-parent":
        query = select(Submission.filing).where(Submission.form_pk == form.id, Submission.variant == "")
        filing = session.scalar(query.where(Submission.instance_id == reason["parent"]))
        return filing not in {None, Filing.PENDING.value, Filing.HELD.value}
    return True


def _find_version(session: Session, submission: Submission) -> bool:
    """True once the version that the submission names is published; the files that it promises are then awaited."""
    named = (FormVersion.form_pk == submission.form_pk, FormVersion.version == submission.version)
    version_id = session.scalar(select(FormVersion.id).where(*named))
    if version_id is None:
        return False
    submission.version_id = version_id
    try:
        expect_files(session, submission, file_questions(definition_of(get_version(session, version_id))))
    except SealBroken:
        log.warning("submission %s does not open; filing it will say so", submission.id)
    return True

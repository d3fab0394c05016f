"""Versions and drafts side by side, and how far a change of a form reaches: cases, submissions and tablets."""

from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from accounts.tables import Device
from cases.mapping import Before, Mapping
from cases.publishing import Checked
from cases.tables import Case, Record
from forms.difference import Side
from forms.drafts import slots
from forms.library import FormNotFound, definition_of, get_form, get_version, mapping_of, media_of
from forms.offer import xform_of
from forms.tables import Form, FormDraft, FormVersion
from submissions.tables import Attachment, Filing, Submission
from xlsforms.calculations import calculations
from xlsforms.compile import RefusedForm
from xlsforms.fine_print import fine_print
from xlsforms.questions import FormDefinition

DONE_WITH = frozenset({"closed", "closed_referred", "merged", "not_opened"})
WAITING = (Filing.PENDING, Filing.HELD, Filing.SET_ASIDE, Filing.CONFLICT)


@dataclass(frozen=True)
class Reach:
    """Whom a change of a form touches, as far as the server knows."""

    open_cases: int  # with a submission of the form
    submissions: int
    waiting: int  # submissions that are not filed yet
    files_missing: int  # that submissions name and that are still on the tablets
    tablets: int  # enrolled, so that they are offered the form
    tablets_used: int  # of those, the ones that have sent it
    tablets_behind: int  # of those, the ones not heard from since


def before_of(session: Session, project_id: int, form_id: str) -> Before | None:
    """The version of the form that tablets have now, with what it feeds; None when there is none."""
    try:
        form = get_form(session, project_id, form_id)
    except FormNotFound:
        return None
    if form.current_version_id is None:
        return None
    version = get_version(session, form.current_version_id)
    parts = mapping_of(session, version)
    return Before(definition_of(version), None if parts is None else Mapping.from_json(parts))


def of_version(session: Session, version: FormVersion) -> Side:
    """A published version as it is compared."""
    files = {one.filename: one.md5 for one in media_of(session, version)}
    xform, definition = xform_of(session, version.id), definition_of(version)
    return Side(definition, mapping_of(session, version), calculations(xform), files, fine_print(xform))


def of_draft(session: Session, draft: FormDraft) -> Side:
    """A draft as it is compared; files that have not come are none of it."""
    files = {one.name: one.media.md5 for one in slots(session, draft) if one.media is not None}
    definition, xform = FormDefinition.from_json(draft.definition), draft.xform
    return Side(definition, draft.mapping, calculations(xform), files, fine_print(xform))


def of_checked(checked: Checked, files: AnyMapping[str, str] | None = None) -> Side:
    """A checked upload as it is compared, with the MD5 of the files beside it; raises RefusedForm."""
    if checked.compiled is None:
        raise RefusedForm(checked.findings)
    mapping = None if checked.mapping is None else checked.mapping.to_json()
    compiled = checked.compiled
    return Side(compiled.definition, mapping, calculations(compiled.xform), files or {}, fine_print(compiled.xform))


def reach(session: Session, form: Form | None, project_id: int, *, since: datetime | None) -> Reach:
    """How far a change of the form reaches; `since` is when its tablets were last offered something else."""
    tablets = select(func.count()).select_from(Device).where(Device.project_id == project_id)
    tablets = tablets.where(Device.revoked_at.is_(None))
    enrolled = session.execute(tablets).scalar_one()
    if form is None:
        return Reach(0, 0, 0, 0, enrolled, 0, 0)
    sent = select(Submission.device_id).where(Submission.form_pk == form.id, Submission.device_id.is_not(None))
    used = tablets.where(Device.id.in_(sent))
    late = Device.last_seen_at.is_(None) if since is None else Device.last_seen_at < since
    counts = select(func.count()).select_from(Submission).where(Submission.form_pk == form.id)
    waiting = counts.where(Submission.filing.in_([one.value for one in WAITING]))
    missing = counts.join(Attachment, Attachment.submission_id == Submission.id).where(Attachment.content == "")
    queries = (counts, waiting, missing, used, used.where(late))
    submissions, unfiled, files_missing, tablets_used, behind = (session.execute(one).scalar_one() for one in queries)
    return Reach(_open_cases(session, form), submissions, unfiled, files_missing, enrolled, tablets_used, behind)


def _open_cases(session: Session, form: Form) -> int:
    roots = select(Submission.root_id).where(Submission.form_pk == form.id, Submission.root_id.is_not(None))
    query = select(func.count()).select_from(Case).join(Record, Record.id == Case.record_id)
    return session.execute(query.where(Record.root_id.in_(roots), Case.stage.not_in(DONE_WITH))).scalar_one()

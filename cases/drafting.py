"""A checked upload becomes a draft, and a draft a version: the very bytes that were tried are published."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from audit.trail import Actor
from cases.publishing import Checked, check_form, publish_form
from forms.drafts import end_draft, find_draft, keep_draft, put_beside, require_seen, slots
from forms.editing import as_served
from forms.library import FormNotFound, definition_of, get_form, mapping_of, media_of
from forms.offer import xform_of
from forms.publish import CaseMapping, publish
from forms.tables import DraftMedia, Form, FormDraft, FormVersion
from storage.files import Files
from submissions.draft_submissions import purge_drafted
from xlsforms.compile import Compiled, RefusedForm
from xlsforms.definition import FormDefinition
from xlsforms.findings import Finding
from xlsforms.published import MADE_HERE
from xlsforms.renaming import with_version


@dataclass(frozen=True)
class Upload:
    """A workbook or XForm as it came."""

    name: str
    content: bytes


def draft_form(
    session: Session,
    checked: Checked,
    upload: Upload,
    *,
    project_id: int,
    actor: Actor,
    now: datetime,
    mapping_csv: tuple[str, bytes] | None = None,
) -> FormDraft:
    """The checked upload is the form's draft; what was sent to try the one before it is gone. Raises RefusedForm."""
    if checked.compiled is None or checked.refused:
        raise RefusedForm(checked.findings)
    compiled = as_served(form_of(session, project_id, checked.compiled.definition.form_id), checked.compiled)
    draft = keep_draft(
        session,
        compiled,
        content=upload.content,
        filename=upload.name,
        mapping=None if checked.mapping is None else checked.mapping.to_json(),
        mapping_csv=mapping_csv,
        findings=checked.findings,
        project_id=project_id,
        actor=actor,
        now=now,
    )
    purge_drafted(session, draft.id)
    return draft


def draft_from(
    session: Session, form: Form, version: FormVersion, *, files: Files, actor: Actor, now: datetime
) -> FormDraft:
    """The version is the form's draft as it was published, with its mapping and its files."""
    media, parts = media_of(session, version), mapping_of(session, version)
    itemsets = next((one for one in media if one.filename in MADE_HERE), None)
    rows = None if itemsets is None else b"".join(files.read(itemsets.file_id))
    xform = xform_of(session, version.id)
    compiled = as_served(form, Compiled(xform, definition_of(version), findings_of(version.findings), rows))
    draft = keep_draft(
        session,
        compiled,
        content=xform if version.workbook is None else version.workbook,
        filename=f"{form.form_id}.xml" if version.workbook is None else version.workbook_name,
        mapping=parts,
        findings=compiled.findings,
        project_id=form.project_id,
        actor=actor,
        now=now,
    )
    for one in media:
        if one.filename not in MADE_HERE:
            told: dict[str, Any] = {"file_id": one.file_id, "md5": one.md5, "size": one.size}
            put_beside(session, draft, one.filename, actor=actor, now=now, **told)
    purge_drafted(session, draft.id)
    return draft


def publish_draft(
    session: Session,
    draft: FormDraft,
    *,
    files: Files,
    actor: Actor,
    now: datetime,
    version: str = "",
    seen: str | None = None,
    again: Checked | None = None,
) -> FormVersion:
    """Tablets fetch the draft from now on, under this version name if one is given, and there is no draft any more.

    With the mark of what somebody looked at, only that is published. What `checked_again` told of the draft spares
    the transaction that work. Raises DraftChanged, RefusedForm and what `forms.publish.publish` raises.
    """
    still = find_draft(session, draft.project_id, draft.form_id, lock=True)
    if seen is not None:
        require_seen(session, still, seen)
    beside = [one.media for one in slots(session, still) if one.media is not None]
    at: dict[str, Any] = {"files": files, "actor": actor, "now": now}
    if still.findings is None:
        checked = again or check_form(still.content, still.filename, now=still.made_at)
        if checked.compiled is not None:
            named = with_version(checked.compiled, version) if version else checked.compiled
            named = as_served(form_of(session, still.project_id, still.form_id), named)
            checked = replace(checked, compiled=named)
        media = [(one.filename, b"".join(files.read(one.file_id))) for one in beside]
        made = publish_form(session, checked, project_id=still.project_id, media=media, draft=still, **at)
    else:
        made = _publish_kept(session, still, beside, version=version, **at)
    end_draft(session, still)
    return made


def checked_again(draft: FormDraft) -> Checked | None:
    """A draft of the time before drafts kept what was compiled, checked once more; None of any other.

    It takes long, and is done before the transaction that publishes; nobody drafts without keeping findings any more.
    """
    return check_form(draft.content, draft.filename, now=draft.made_at) if draft.findings is None else None


def compiled_of(draft: FormDraft) -> Compiled:
    """The draft's form as it was compiled."""
    definition = FormDefinition.from_json(draft.definition)
    return Compiled(draft.xform, definition, findings_of(draft.findings or ()), draft.itemsets)


def findings_of(told: Iterable[dict[str, str]]) -> tuple[Finding, ...]:
    """What was found, as it was kept."""
    return tuple(map(Finding.from_json, told))


def form_of(session: Session, project_id: int, form_id: str) -> Form | None:
    """The form that was published under this id; None when none was."""
    try:
        return get_form(session, project_id, form_id)
    except FormNotFound:
        return None


def _publish_kept(
    session: Session,
    draft: FormDraft,
    beside: list[DraftMedia],
    *,
    version: str,
    files: Files,
    actor: Actor,
    now: datetime,
) -> FormVersion:
    compiled, mapping = compiled_of(draft), draft.mapping
    if version and version != compiled.definition.version:
        compiled = with_version(compiled, version)
    is_workbook = not draft.filename.lower().endswith(".xml")
    return publish(
        session,
        compiled,
        project_id=draft.project_id,
        workbook=Upload(draft.filename, draft.content) if is_workbook else None,
        mapping=None if mapping is None else CaseMapping(mapping, mapping["version"]),
        media=[] if compiled.itemsets is None else [("itemsets.csv", compiled.itemsets)],
        draft=draft,
        beside=beside,
        files=files,
        actor=actor,
        now=now,
    )

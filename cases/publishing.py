"""A workbook is compiled, its mapping checked against the dictionary, and both are published together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from audit.trail import Actor
from cases.mapping import Before, Mapping, read_mapping
from cases.mapping.unfinished import check_unfinished
from forms.publish import CaseMapping, publish
from forms.tables import FormDraft, FormVersion
from storage.files import Files
from xlsforms.compile import Compiled, RefusedForm, compile_form, compile_xform, version_at
from xlsforms.findings import Finding, refusing, tidy
from xlsforms.mapping_file import mapping_workbook, with_mapping
from xlsforms.published import NOTHING, Known
from xlsforms.sheets import Workbook
from xlsforms.workbook import read_workbook


@dataclass(frozen=True)
class Checked:
    """A form that was compiled and checked; it can be published unless `refused`."""

    compiled: Compiled | None
    workbook: Workbook | None
    mapping: Mapping | None
    findings: tuple[Finding, ...]

    @property
    def refused(self) -> bool:
        """True when a finding is an error."""
        return self.compiled is None or refusing(self.findings)


def check_form(
    content: bytes,
    name: str,
    *,
    now: datetime,
    mapping_csv: tuple[str, bytes] | None = None,
    before: Before | None = None,
    find_before: Callable[[str], Before | None] | None = None,
    known: Known = NOTHING,
) -> Checked:
    """Everything there is to say about a workbook or XForm, all at once; nothing is stored.

    `mapping_csv` is the name and content of a mapping file beside it, `before` the version that tablets have now
    (or `find_before` finds it by the form id),
    `known` what is published and which files come with it. Raises UnreadableWorkbook.
    """
    workbook = None if name.lower().endswith(".xml") else read_workbook(content, name)
    declared = _mapping_sheets(workbook, mapping_csv)
    told = () if declared is None else declared.findings
    try:
        compiled = _compile(workbook, content, name, now, known)
    except RefusedForm as refused:
        more = (
            () if workbook is None or declared is None else check_unfinished(declared, refused.findings, before=before)
        )
        return Checked(None, workbook, None, tidy((*refused.findings, *told, *more)))
    if before is None and find_before is not None:
        before = find_before(compiled.definition.form_id)
    mapping, found = (None, ()) if declared is None else read_mapping(declared, compiled.definition, before=before)
    return Checked(compiled, workbook, mapping, tidy((*compiled.findings, *told, *found)))


def publish_form(
    session: Session,
    checked: Checked,
    *,
    project_id: int,
    media: Sequence[tuple[str, bytes]],
    files: Files,
    actor: Actor,
    now: datetime,
    draft: FormDraft | None = None,
) -> FormVersion:
    """The form and its mapping are published, as they were drafted if they were.

    Raises RefusedForm, and what `forms.publish.publish` raises.
    """
    if checked.compiled is None or checked.refused:
        raise RefusedForm(checked.findings)
    mapping, itemsets = checked.mapping, checked.compiled.itemsets
    made = [] if itemsets is None else [("itemsets.csv", itemsets)]
    return publish(
        session,
        checked.compiled,
        project_id=project_id,
        workbook=checked.workbook,
        mapping=None if mapping is None else CaseMapping(mapping.to_json(), mapping.version),
        media=[*media, *made],
        draft=draft,
        files=files,
        actor=actor,
        now=now,
    )


def _mapping_sheets(workbook: Workbook | None, mapping_csv: tuple[str, bytes] | None) -> Workbook | None:
    if mapping_csv is None:
        return workbook
    name, content = mapping_csv
    return mapping_workbook(content, name) if workbook is None else with_mapping(workbook, content, name)


def _compile(workbook: Workbook | None, content: bytes, name: str, now: datetime, known: Known) -> Compiled:
    if workbook is None:
        return compile_xform(content, name)
    return compile_form(workbook, fallback_version=version_at(now), known=known)

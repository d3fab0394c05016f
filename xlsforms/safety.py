"""What an XForm may not do, whoever wrote it: looked for in the XForm itself, behind all rules about workbooks."""

from collections.abc import Iterator

from lxml import etree

from xlsforms.columns import setting, view
from xlsforms.definition import FormDefinition
from xlsforms.findings import NOWHERE, Finding, Place, error
from xlsforms.limits import Limits
from xlsforms.references import references, unsafe
from xlsforms.rules.files import unsafe_file
from xlsforms.rules.settings import LONGEST_VERSION, bad_form_id, server_owned_setting, usable_id, version_too_long
from xlsforms.rules.survey import is_more_than, repeat_count
from xlsforms.sheets import Workbook
from xlsforms.xform import attribute, first, kids, resolve

SUBMISSION = {
    "action": "submission_url",
    "base64RsaPublicKey": "public_key",
    "auto-send": "auto_send",
    "auto-delete": "auto_delete",
    "client-editable": "client_editable",
}


def inspect(
    root: etree._Element, definition: FormDefinition, workbook: Workbook | None, limits: Limits
) -> Iterator[Finding]:
    """Every reason to refuse this form; each names the cell when the workbook is known."""
    if not usable_id(definition.form_id):
        yield bad_form_id(definition.form_id, setting(workbook, "form_id")[1] if workbook else NOWHERE)
    if len(definition.version) > LONGEST_VERSION:
        yield version_too_long(setting(workbook, "version")[1] if workbook else NOWHERE)
    if not any(question.type == "instanceID" for question in definition.questions):
        yield error("instance-id-missing", setting(workbook, "omit_instanceid")[1] if workbook else NOWHERE)
    model = first(root, "head", "model")
    for submission in kids(model, "submission") if model is not None else ():
        for name, owned in SUBMISSION.items():
            if attribute(submission, name):
                yield server_owned_setting(owned, setting(workbook, owned)[1] if workbook else NOWHERE)
    for reference in references(root):
        if unsafe(reference):
            yield unsafe_file(reference, _holding(workbook, reference))
    yield from _counts(root, workbook, limits)


def _counts(root: etree._Element, workbook: Workbook | None, limits: Limits) -> Iterator[Finding]:
    """Repeats with a fixed count beyond the limit: in the repeat itself, in a calculation or as a default."""
    model = first(root, "head", "model")
    binds = kids(model, "bind") if model is not None else ()
    fixed = {resolve("", attribute(bind, "nodeset")): attribute(bind, "calculate") for bind in binds}
    for repeat in root.iter("{*}repeat"):
        count = attribute(repeat, "count")
        path = resolve("", count)
        node = first(model, "instance", *path.split("/")[1:])
        default = (node.text or "").strip() if node is not None else ""
        for value in {count, fixed.get(path, ""), default}:
            if is_more_than(value, limits.repeats):
                yield repeat_count(value, limits.repeats, _saying(workbook, value))


def _saying(workbook: Workbook | None, number: str) -> Place:
    """The first cell of the survey that is this number."""
    survey = view(workbook, "survey") if workbook else None
    cells = survey.cells("repeat_count", "calculation", "default") if survey else ()
    places = (survey.sheet.place(row, column.header) for row, column, value in cells if survey and value == number)
    return next(places, NOWHERE)


def _holding(workbook: Workbook | None, reference: str) -> Place:
    """The first cell of survey or choices that names this file."""
    file = reference.partition("://")[2].partition("/")[2] or reference
    for name in ("survey", "choices") if workbook else ():
        sheet = workbook.sheet(name) if workbook else None
        for row in sheet.rows if sheet else ():
            for header, value in row.values.items():
                if sheet and file in value:
                    return sheet.place(row, header)
    return NOWHERE

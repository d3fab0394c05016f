"""Forms that are sent as workbooks and XForms, read and checked."""

import re
import unicodedata
from urllib.parse import unquote

from flask import request

from cases.mapping import Before
from cases.mapping.changes import LOST
from cases.publishing import Checked, check_form
from server.access import LARGEST
from server.api.errors import told
from server.api.form_shapes import EXCEL
from server.api.forms import XML
from server.api.problems import Problem, unreadable, wrong_value
from server.api.shapes import Flag, Shape
from server.language import language
from server.runtime import clock
from xlsforms.compile import RefusedForm
from xlsforms.findings import Severity

KINDS = {**{content_type: kind for kind, content_type in EXCEL.items()}, XML: "xml", "text/xml": "xml"}
TAKES = tuple(KINDS)
NOT_IN_IDS = re.compile(r"[^A-Za-z0-9._-]+")
RESERVED = re.compile(r"\.(xlsx?|xml)$")
FALLBACK = "X-XlsForm-FormId-Fallback"


class CreationQuery(Shape):
    """What becomes of the form."""

    publish = Flag(load_default=False, metadata={"description": "Tablets fetch it from now on"})
    ignoreWarnings = Flag(load_default=False, metadata={"description": "Warnings do not stop it"})  # noqa: N815


def read_form_body(*, ignore_warnings: bool, before: Before | None = None) -> tuple[bytes, str, Checked]:
    """The form in the request's body, the name that it goes by, and what was found.

    What a version would no longer feed, compared with the one `before`, is among it and stops nobody.
    Raises Problem, RefusedForm, UnreadableWorkbook.
    """
    request.max_content_length = LARGEST
    kind = KINDS.get(request.mimetype)
    if kind is None:
        raise Problem("415.1", f"Send a form with one of these types: {', '.join(TAKES)}.", expected=list(TAKES))
    content = request.get_data()
    if not content:
        raise unreadable("The body is empty; send the workbook or the XForm in it.")
    name = file_name(kind)
    checked = check_form(content, name, now=clock(), before=before)
    if checked.refused:
        raise RefusedForm(checked.findings)
    warned = [
        one.said(language()) for one in checked.findings if one.severity is Severity.WARNING and one.code not in LOST
    ]
    if warned and not ignore_warnings:
        words = "The form can be used, but there are warnings. To go on all the same, add ?ignoreWarnings=true."
        raise Problem(
            "400.16", words, warnings={"xlsFormWarnings": warned}, findings=told(checked.findings)["findings"]
        )
    if RESERVED.search(form_id_of(checked)):
        raise wrong_value("formId", "it may not end in .xls, .xlsx or .xml")
    return content, name, checked


def file_name(kind: str) -> str:
    """A name for the upload; a workbook without a form id takes its own from it, so it holds what ids may hold."""
    claimed = unquote(request.headers.get(FALLBACK, ""), errors="replace")
    plain = unicodedata.normalize("NFKD", RESERVED.sub("", claimed)).encode("ascii", "ignore").decode()
    return f"{NOT_IN_IDS.sub('_', plain).strip('._-')[:64] or 'form'}.{kind}"


def form_id_of(checked: Checked) -> str:
    """The form's id."""
    return "" if checked.compiled is None else checked.compiled.definition.form_id

"""Rules about the settings sheet."""

import re
from collections.abc import Iterator

from xlsforms.columns import setting, view
from xlsforms.findings import Finding, Place, error
from xlsforms.limits import Limits
from xlsforms.sheets import Workbook

FORM_ID = re.compile(r"(?=.*[A-Za-z0-9])[A-Za-z0-9._-]{1,64}")
# What a form may not decide for itself; findings.csv has the reason of each.
SERVER_OWNED = ("submission_url", "public_key", "auto_send", "auto_delete", "client_editable")


def server_owned(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """Settings that would take the form or its answers out of the server's hands."""
    settings = view(workbook, "settings")
    for row, column, _value in settings.cells(*SERVER_OWNED):
        yield server_owned_setting(column.name, settings.sheet.place(row, column.header))


def server_owned_setting(name: str, place: Place) -> Finding:
    """The refusal of one such setting."""
    return error("server-owned-setting", place, name=name, reason=f"@{name}")


def form_id(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A form id that could not stand in an address."""
    given, place = setting(workbook, "form_id")
    if not usable_id(given or workbook.stem):
        yield bad_form_id(given or workbook.stem, place, file=None if given else workbook.stem)


def usable_id(text: str) -> bool:
    """Whether this form id can stand in an address."""
    return bool(FORM_ID.fullmatch(text))


def bad_form_id(text: str, place: Place, *, file: str | None = None) -> Finding:
    """The refusal of such a form id; `file` when it is the file's name because the settings give none."""
    return error("form-id", place, form_id=text[:80], file=file)

"""Rules about the settings sheet."""

import re
from collections.abc import Iterator

from xlsforms.columns import setting, view
from xlsforms.findings import Finding, error
from xlsforms.limits import Limits
from xlsforms.sheets import Workbook

FORM_ID = re.compile(r"(?=.*[A-Za-z0-9])[A-Za-z0-9._-]{1,64}")
# What a form may not decide for itself, with the reason.
SERVER_OWNED = {
    "submission_url": "tablets would send statements to that address instead of this server",
    "public_key": "statements would be encrypted to a key that this server may not hold",
    "auto_send": "when tablets send is a setting of the tablets",
    "auto_delete": "when tablets delete what they sent is a setting of the tablets",
    "client_editable": "whether sent forms may be edited is a switch on the form's page",
}


def server_owned(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """Settings that would take the form or its answers out of the server's hands."""
    settings = view(workbook, "settings")
    for row, column, _value in settings.cells(*SERVER_OWNED):
        yield server_owned_setting(column.name, settings.sheet.place(row, column.header))


def server_owned_setting(name: str, place: tuple[str, str]) -> Finding:
    """The refusal of one such setting."""
    words = f"The setting '{name}' is set by the server: {SERVER_OWNED[name]}. Delete the column."
    return error("server-owned-setting", place, words)


def form_id(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A form id that could not stand in an address."""
    given, place = setting(workbook, "form_id")
    if complaint := form_id_complaint(given or workbook.stem):
        lead = "" if given else "The settings give no form_id, so the file's name is taken. "
        yield error("form-id", place, lead + complaint)


def form_id_complaint(text: str) -> str:
    """What is wrong with this form id; "" when nothing is."""
    if FORM_ID.fullmatch(text):
        return ""
    return (
        f"The form id '{text[:80]}' is not usable: in the sheet settings, write a form_id of letters without accents, "
        "digits, '.', '_' and '-', 64 at most."
    )

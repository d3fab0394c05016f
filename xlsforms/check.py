"""Everything that is wrong with a workbook, at once."""

from xlsforms.compile import RefusedForm, compile_form
from xlsforms.findings import Finding
from xlsforms.limits import DEFAULT, Limits
from xlsforms.sheets import Workbook


def check(workbook: Workbook, *, limits: Limits = DEFAULT, fallback_version: str = "") -> tuple[Finding, ...]:
    """All findings of our rules, pyxform and ODK Validate, without doubles, errors first."""
    try:
        return compile_form(workbook, limits=limits, fallback_version=fallback_version).findings
    except RefusedForm as refusal:
        return refusal.findings

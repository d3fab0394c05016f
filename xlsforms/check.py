"""Everything that is wrong with a workbook, at once."""

from collections.abc import Iterable

from xlsforms.compile import RefusedForm, compile_form
from xlsforms.findings import Finding
from xlsforms.limits import DEFAULT, Limits
from xlsforms.published import Known, Published
from xlsforms.sheets import Workbook


def check(
    workbook: Workbook,
    *,
    limits: Limits = DEFAULT,
    fallback_version: str = "",
    published: Published | None = None,
    media: Iterable[str] | None = None,
) -> tuple[Finding, ...]:
    """All findings of our rules, pyxform and ODK Validate, without doubles, errors first.

    `published` and `media` are what the caller knows: the forms there are, and the files that come with this one.
    """
    known = Known(published, None if media is None else frozenset(media))
    try:
        return compile_form(workbook, limits=limits, fallback_version=fallback_version, known=known).findings
    except RefusedForm as refusal:
        return refusal.findings

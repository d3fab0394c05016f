"""Rules about the settings sheet."""

import re
import unicodedata
from collections.abc import Iterator

from xlsforms.columns import setting, view
from xlsforms.findings import Finding, Place, error, info, warning
from xlsforms.limits import Limits
from xlsforms.published import Known
from xlsforms.sheets import Workbook
from xlsforms.wording import closest

FORM_ID = re.compile(r"(?=.*[A-Za-z0-9])[A-Za-z0-9._-]{1,64}")
# What a form may not decide for itself; findings.csv has the reason of each.
SERVER_OWNED = ("submission_url", "public_key", "auto_send", "auto_delete", "client_editable")
LONGEST_VERSION = 120  # characters
STYLES = ("pages", "theme-grid", "theme-formhub", "no-text-transform", "logo")
# Letters and digits that look alike in a list of forms.
LOOKS = str.maketrans({"0": "o", "1": "l", "i": "l", "-": "_", ".": "_", "5": "s"})
YES_OR_NO = ("allow_choice_duplicates", "omit_instanceid", "clean_text_values")


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


def title(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A form without a title is listed on tablets by its id."""
    if view(workbook, "settings").sheet.rows and not setting(workbook, "form_title")[0]:
        yield info("title-missing", setting(workbook, "form_title")[1])


def version(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A version that is hard to tell from another."""
    given, place = setting(workbook, "version")
    if len(given) > LONGEST_VERSION:
        yield version_too_long(place)
    elif given and not re.fullmatch(r"[\w.+:/-]+", given):
        yield warning("version-odd", place)


def version_too_long(place: Place) -> Finding:
    """The refusal of such a version."""
    return error("version-too-long", place, most=LONGEST_VERSION)


def one_row(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """Settings below the first row, which nobody reads."""
    settings = view(workbook, "settings")
    for row in settings.sheet.rows[1:2]:
        first = next(iter(row.values))
        yield warning("settings-rows", settings.sheet.place(row, first), row=settings.sheet.rows[0].number)


def values(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """Settings whose value means nothing."""
    settings = view(workbook, "settings")
    for row, column, value in settings.cells(*YES_OR_NO, "style"):
        place = settings.sheet.place(row, column.header)
        if column.name == "style":
            for word in value.split():
                if word not in STYLES and (near := closest(word, STYLES, cutoff=0.75)):
                    yield warning("setting-value", place, name="style", given=word, wanted=near)
        elif value.lower() not in ("yes", "no", "true", "false", "true()", "false()"):
            yield warning("setting-value", place, name=column.name, given=value, wanted="yes / no")


def beside_published(workbook: Workbook, known: Known) -> Iterator[Finding]:
    """A version that was used before, and a form id that is not the one expected, or looks like another's."""
    published = known.published
    if published is None:
        return
    given, place = setting(workbook, "form_id")
    own = given or workbook.stem
    version, at = setting(workbook, "version")
    if published.form_id and own != published.form_id:
        yield warning("form-id-changed", place, form_id=own, expected=published.form_id)
    elif version and version in published.versions.get(own, ()):
        yield warning("version-used", at, version=version)
    elif own not in published.versions:
        alike = {looks(other): other for other in published.versions}
        if other := alike.get(looks(own)):
            yield warning("form-id-resembles", place, form_id=own, other=other)


def looks(form_id: str) -> str:
    """What a hurried reader sees: without capitals, and alike letters as one."""
    return unicodedata.normalize("NFKD", form_id).casefold().translate(LOOKS)

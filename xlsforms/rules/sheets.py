"""Rules about sheets and their headers: misspelt, missing, or there twice under two names."""

from collections.abc import Iterable, Iterator

from xlsforms.columns import ALIASES, CASE_COLUMNS, EXPRESSIONS, MEDIA, TEXTS, Column, View, view
from xlsforms.findings import Finding, Place, error, warning
from xlsforms.limits import Limits
from xlsforms.sheets import CASE_SHEETS, FORM_SHEETS, Workbook, plain
from xlsforms.wording import closest

LOOKED_FOR = ("survey", "choices", "settings", "external_choices", "entities")
KNOWN: dict[str, tuple[str, ...]] = {
    "survey": (
        *(
            "type",
            "name",
            *TEXTS,
            *MEDIA,
            *EXPRESSIONS,
            *CASE_COLUMNS,
            "appearance",
            "parameters",
            "trigger",
            "save_to",
        ),
        *(
            "autoplay",
            "rows",
            "intent",
            "disabled",
            "body",
            "bind",
            "control",
            "instance",
            "media",
            "accuracythreshold",
        ),
        *(
            "noapperrorstring",
            "no_app_error_string",
            "sms_field",
            "sms_option",
            "sms_separator",
            "compact_tag",
            "query",
        ),
        *("sms_allow_media", "sms_date_format", "sms_datetime_format", "sms_response", "list_name", "text", "itemset"),
    ),
    "choices": ("list_name", "name", "label", *MEDIA, "media", "order", "geometry", *CASE_COLUMNS),
    "external_choices": ("list_name", "name", "label", *MEDIA),
    "settings": (
        *("form_title", "form_id", "version", "default_language", "instance_name", "style", "public_key", "prefix"),
        *("submission_url", "auto_send", "auto_delete", "client_editable", "allow_choice_duplicates", "namespaces"),
        *("omit_instanceid", "instance_id", "name", "sms_keyword", "sms_separator", "sms_allow_media", "delimiter"),
        *("clean_text_values", "add_none_option", "flat", "instance_xmlns", "attribute", "case_form", "sms_response"),
        *("sms_date_format", "sms_datetime_format", "setvalues_by_triggering_ref", "xpath_version"),
    ),
}
NEEDED = {"survey": ("type", "name"), "choices": ("list_name", "name")}
# Words that designers use for their own columns, however near they are to one that is known.
OWN = frozenset({"note", "notes", "comment", "comments", "hidden", "names", "labels", "number", "no", "count", "level"})


def survey_missing(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """No sheet `survey`, with the sheet that must be meant."""
    if workbook.sheet("survey") is None:
        others = [sheet.name for key, sheet in workbook.sheets.items() if key not in FORM_SHEETS]
        near = closest("survey", others)
        yield error("survey-missing", Place(near or "survey"), near=near)


def misspelt_sheets(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A sheet that nobody reads because its name is nearly that of one that is not there."""
    for wanted in LOOKED_FOR[1:]:
        others = [sheet.name for key, sheet in workbook.sheets.items() if key not in FORM_SHEETS + CASE_SHEETS]
        others = [name for name in others if not name.startswith("_")]
        if workbook.sheet(wanted) is None and (near := closest(wanted, others, cutoff=0.8)):
            yield warning("sheet-misspelt", Place(near), sheet_name=wanted, candidates=near)


def missing_columns(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A sheet without a column that it needs; often its first row holds no headers at all."""
    for name, needed in NEEDED.items():
        found = view(workbook, name)
        names = {column.name for column in found.columns}
        lacking = [column for column in needed if column not in names]
        if found.sheet.rows and lacking:
            near = [close for column in lacking if (close := closest(column, found.sheet.header, cutoff=0.7))]
            place = Place(found.sheet.name, f"A{found.sheet.top}")
            if near:
                place = found.sheet.place(found.sheet.top, near[0])
            missing = ", ".join(f"'{column}'" for column in lacking)
            yield error("missing-column", place, sheet_name=found.sheet.name, missing=missing)


def unknown_columns(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A column that nobody reads because its name is nearly that of one that is not there."""
    for name, known in KNOWN.items():
        found = view(workbook, name)
        missing = {each for each in NEEDED.get(name, ()) if each not in {column.name for column in found.columns}}
        for column in found.columns:
            near = _meant(found, column, known)
            if near and near.partition("::")[0] not in missing and not near.startswith("case_"):
                yield warning("unknown-column", found.head(column), near=near)


def same_columns(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """Two headers that mean the same column."""
    for name, known in KNOWN.items():
        found = view(workbook, name)
        first: dict[tuple[str, str], Column] = {}
        for column in found.columns:
            key = column.name, column.language
            if key in first and column.name in known and {column.name, first[key].name} != {"form_id"}:
                cell = found.head(first[key]).cell
                yield error("duplicate-column", found.head(column), first=cell, same=first[key].header)
            first.setdefault(key, column)
        if "form_id" in {column.name for column in found.columns}:
            yield from _two_form_ids(found)


def _two_form_ids(found: View) -> Iterator[Finding]:
    ids = [column for column in found.columns if column.name == "form_id"]
    if len(ids) > 1:
        yield warning("two-form-ids", found.head(ids[-1]))


def _meant(found: View, column: Column, known: Iterable[str]) -> str | None:
    """The header that this one must mean; None when it is known or means something of its own."""
    if column.name in known or column.name in OWN or plain(column.header) in ALIASES or column.name.startswith("_"):
        return None
    if "::" not in column.header and ":" in column.header:  # Another header has `::`, so that this one is not split.
        base, _, language = column.header.partition(":")
        if plain(base) in TEXTS + MEDIA:
            return f"{plain(base)}::{language.strip()}"
    present = {other.name for other in found.columns}
    close = closest(column.name, [*known, *ALIASES], cutoff=0.8)
    close = ALIASES.get(close, close) if close else None
    if close is None or (not column.language and close in present):
        return None
    return f"{close}::{column.language}" if column.language else close

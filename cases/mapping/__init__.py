"""What a form feeds, read from its workbook and checked against the case dictionary."""

import difflib
from collections.abc import Iterator

from cases.dictionary import DICTIONARY, Dictionary
from cases.dictionary.model import nearest
from cases.mapping.codes import read_codes
from cases.mapping.fields import Fed, Known, read_fields
from cases.mapping.model import CASE_FORMS, FieldRule, Mapping, Mode, RecordAction, RecordRule, make_mapping
from cases.mapping.records import ALIAS, read_records
from cases.mapping.survey import SurveyRow, survey_rows
from xlsforms.findings import Finding, error, info, refusing, warning
from xlsforms.questions import FormDefinition
from xlsforms.sheets import Workbook, plain
from xlsforms.wording import near

ASKS_NOTHING = frozenset({"note", "calculate", "hidden", "start", "end", "today", "deviceid", "username", "audit"})
OWN_COLUMNS = {"survey": ("case_field", "case_mode"), "settings": ("case_form",)}
OWN_SHEETS = ("case_records", "case_codes")


def read_mapping(
    workbook: Workbook, definition: FormDefinition, dictionary: Dictionary = DICTIONARY
) -> tuple[Mapping | None, tuple[Finding, ...]]:
    """The mapping that a workbook declares, or None when it declares none or an error stands in it."""
    found = list(_misspelt(workbook))
    if not _declares(workbook):
        return None, tuple(found)
    rows = survey_rows(workbook, definition)
    case_form, findings = _case_form(workbook)
    codes, wrong_codes = read_codes(workbook, rows)
    declared, wrong_records = read_records(workbook, definition, rows, dictionary)
    fed, wrong_fields = read_fields(rows, Known(dictionary, declared, _spoken(workbook, dictionary), codes))
    found += [*findings, *wrong_codes, *wrong_records, *wrong_fields, *_filled_twice(fed)]
    found += [*_identity_before_consent(fed, case_form), *_unmapped(rows, fed)]
    if refusing(found):
        return None, tuple(found)
    rules = tuple(thing.rule for thing in declared.values())
    return make_mapping(case_form, rules, tuple(thing.rule for thing in fed), codes), tuple(found)


def _declares(workbook: Workbook) -> bool:
    survey, records = workbook.sheet("survey"), workbook.sheet("case_records")
    return bool(records and records.rows) or any(row.get("case_field") for row in (survey.rows if survey else ()))


def _spoken(workbook: Workbook, dictionary: Dictionary) -> frozenset[str]:
    """The aliases of case_records, and for a misspelt one the record that it must mean: said once is enough."""
    sheet = workbook.sheet("case_records")
    said = [row.get("record") for row in (sheet.rows if sheet else ())]
    words = [ALIAS.fullmatch(name) for name in said]
    meant = [nearest(name.split("=")[-1].strip(), dictionary.records) for name in said]
    return frozenset([*(word[1] for word in words if word), *(name for name in meant if name)])


def _case_form(workbook: Workbook) -> tuple[str, list[Finding]]:
    sheet = workbook.sheet("settings")
    for row in sheet.rows if sheet else ():
        kind = row.get("case_form")
        if kind and sheet and kind not in CASE_FORMS:
            place = sheet.place(row, "case_form")
            return kind, [error("unknown-case-form", place, name=kind, **near(kind, CASE_FORMS))]
        if kind:
            return kind, []
    nowhere = (sheet.name if sheet else "settings", "")
    return "other", [warning("case-form-missing", nowhere, known=", ".join(CASE_FORMS))]


def _misspelt(workbook: Workbook) -> Iterator[Finding]:
    """A misspelt column or sheet would be passed over without a word, and its answers lost."""
    for name, columns in OWN_COLUMNS.items():
        sheet = workbook.sheet(name)
        for head in sheet.header if sheet else ():
            close = difflib.get_close_matches(plain(head), columns, n=1, cutoff=0.75)
            if sheet and close and plain(head) not in columns and not sheet.has(close[0]):
                place = sheet.place(sheet.top, head)
                yield error("misspelt-column", place, near=close[0])
    for name, sheet in workbook.sheets.items():
        close = difflib.get_close_matches(name, OWN_SHEETS, n=1, cutoff=0.8)
        if close and name not in OWN_SHEETS and close[0] not in workbook.sheets:
            yield error("misspelt-sheet", (sheet.name, ""), near=close[0])


def _filled_twice(fed: tuple[Fed, ...]) -> Iterator[Finding]:
    first: dict[tuple[str, str], Fed] = {}
    for thing in fed:
        target = (thing.rule.record, thing.rule.field)
        if thing.rule.mode is not Mode.FILL:
            continue
        if target in first:
            other = first[target].row.name
            place = thing.row.place("case_field")
            yield error("field-filled-twice", place, other=other, field=thing.row.case_field)
        first.setdefault(target, thing)


def _identity_before_consent(fed: tuple[Fed, ...], case_form: str) -> Iterator[Finding]:
    if case_form != "screening":
        return
    agreed = False
    for thing in fed:
        agreed = agreed or thing.field.record == "consent"
        if thing.field.cls in ("identity", "contact") and not agreed:
            yield error("identity-before-consent", thing.row.place("case_field"), field=thing.field.name)


def _unmapped(rows: tuple[SurveyRow, ...], fed: tuple[Fed, ...]) -> Iterator[Finding]:
    mapped = {thing.rule.question for thing in fed}
    names = [
        row.name
        for row in rows
        if row.question and row.question.type not in ASKS_NOTHING and row.question.path not in mapped
    ]
    if names:
        some = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
        yield info("questions-not-mapped", (rows[0].sheet.name, ""), count=len(names), names=some)


__all__ = [
    "CASE_FORMS",
    "FieldRule",
    "Mapping",
    "Mode",
    "RecordAction",
    "RecordRule",
    "make_mapping",
    "read_mapping",
]

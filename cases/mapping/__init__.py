"""What a form feeds, read from its workbook and checked against the case dictionary."""

from collections.abc import Iterator

from cases.case_forms import CASE_FORMS
from cases.dictionary import DICTIONARY, Dictionary
from cases.dictionary.model import nearest
from cases.mapping.changes import Before, changes
from cases.mapping.codes import read_codes
from cases.mapping.fields import Fed, Known, read_fields
from cases.mapping.misspelt import misspelt
from cases.mapping.model import FieldRule, Mapping, Mode, RecordAction, RecordRule, make_mapping
from cases.mapping.privacy import privacy
from cases.mapping.records import ALIAS, Declared, read_records
from cases.mapping.survey import SurveyRow, survey_rows
from xlsforms.findings import Finding, error, info, refusing, warning
from xlsforms.questions import FormDefinition
from xlsforms.sheets import Workbook
from xlsforms.wording import near

ASKS_NOTHING = frozenset({"note", "calculate", "hidden", "start", "end", "today", "deviceid", "username", "audit"})


def read_mapping(
    workbook: Workbook,
    definition: FormDefinition,
    dictionary: Dictionary = DICTIONARY,
    *,
    before: Before | None = None,
) -> tuple[Mapping | None, tuple[Finding, ...]]:
    """The mapping that a workbook declares, or None when it declares none or an error stands in it.

    Given the version before, the findings say which of its mapped answers would no longer reach their field.
    """
    found, rows = list(misspelt(workbook)), survey_rows(workbook, definition)
    if not _declares(workbook):
        told = changes(rows, definition, (), before) if before else ()
        return None, (*found, *told)
    case_form, findings = _case_form(workbook)
    codes, code_places, wrong_codes = read_codes(workbook, rows)
    declared, wrong_records = read_records(workbook, definition, rows, dictionary)
    known = Known(dictionary, declared, _spoken(workbook, dictionary), codes, code_places)
    fed, wrong_fields = read_fields(rows, known)
    found += [*findings, *wrong_codes, *wrong_records, *wrong_fields, *_filled_twice(fed)]
    found += [*privacy(workbook, fed, case_form), *_never_made(declared, rows), *_unmapped(rows, fed, declared)]
    found += changes(rows, definition, tuple(thing.rule for thing in fed), before) if before else ()
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


def _never_made(declared: dict[str, Declared], rows: tuple[SurveyRow, ...]) -> Iterator[Finding]:
    """A new record that no question feeds and no other hangs on would never be made."""
    fed = {row.case_field.partition(".")[0] for row in rows}
    linked = {thing.rule.link for thing in declared.values()}
    for alias, thing in declared.items():
        if thing.rule.action is RecordAction.NEW and alias not in fed | linked:
            yield info("record-never-made", thing.place("record"), record=alias)


def _unmapped(rows: tuple[SurveyRow, ...], fed: tuple[Fed, ...], declared: dict[str, Declared]) -> Iterator[Finding]:
    mapped = {thing.rule.question for thing in fed} | {thing.rule.match for thing in declared.values()}
    tried = {row.question.path for row in rows if row.question and row.case_field}
    names = [
        row.name
        for row in rows
        if row.question and row.question.type not in ASKS_NOTHING and row.question.path not in mapped | tried
    ]
    if names:
        some = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
        yield info("questions-not-mapped", (rows[0].sheet.name, ""), count=len(names), names=some)


__all__ = [
    "CASE_FORMS",
    "Before",
    "FieldRule",
    "Mapping",
    "Mode",
    "RecordAction",
    "RecordRule",
    "make_mapping",
    "read_mapping",
]

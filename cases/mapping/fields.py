"""The column `case_field`: which field each question feeds, and whether it can."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cases.dictionary import NotAValue, read_value
from cases.dictionary.model import Dictionary, Field
from cases.mapping.codes import Codes, Places, codes_of
from cases.mapping.model import FieldRule, Mode, RecordAction
from cases.mapping.records import Declared
from cases.mapping.survey import SurveyRow
from xlsforms.findings import Finding, error, warning
from xlsforms.questions import Question
from xlsforms.wording import near

NEW = "new"  # on a repeat's row and inside it: each row of the repeat is a record of its own
MODES = (*Mode, NEW)
MOST_GUESSES = 300
FEEDS: dict[str, frozenset[str]] = {
    "text": frozenset({"text"}),
    "barcode": frozenset({"text"}),
    "phonenumber": frozenset({"text"}),
    "email": frozenset({"text"}),
    "username": frozenset({"text"}),
    "deviceid": frozenset({"text"}),
    "time": frozenset({"text"}),
    "integer": frozenset({"integer", "decimal", "text"}),
    "decimal": frozenset({"decimal", "text"}),
    "range": frozenset({"integer", "decimal", "text"}),
    "date": frozenset({"date", "text"}),
    "today": frozenset({"date", "text"}),
    "dateTime": frozenset({"datetime", "date", "text"}),
    "start": frozenset({"datetime", "date", "text"}),
    "end": frozenset({"datetime", "date", "text"}),
    "select_one": frozenset({"code", "codes", "boolean", "integer", "decimal", "text"}),
    "select_multiple": frozenset({"codes"}),
    "rank": frozenset({"codes"}),
    "acknowledge": frozenset({"boolean"}),
    "trigger": frozenset({"boolean"}),
    "geopoint": frozenset({"geopoint"}),
    "image": frozenset({"file"}),
    "audio": frozenset({"file"}),
    "video": frozenset({"file"}),
    "file": frozenset({"file"}),
    # A calculate is text to the tablet and may hold whatever can be read as the field's type.
    "calculate": frozenset({"text", "integer", "decimal", "date", "datetime", "boolean", "code", "codes", "geopoint"}),
}


@dataclass(frozen=True)
class Fed:
    """A rule with the row it was read from and the dictionary's field."""

    rule: FieldRule
    field: Field
    row: SurveyRow


@dataclass(frozen=True)
class Known:
    """What the cells of `case_field` are read against; `spoken` are all aliases of case_records, misread ones too."""

    dictionary: Dictionary
    declared: dict[str, Declared]
    spoken: frozenset[str]
    codes: Codes
    code_places: Places
    guesses: bool = True  # whether the nearest field is looked for


def read_fields(rows: tuple[SurveyRow, ...], known: Known) -> tuple[tuple[Fed, ...], list[Finding]]:
    """The fields that questions feed, in the order of the survey, and what is wrong with the others."""
    fed: list[Fed] = []
    found: list[Finding] = []
    for row in rows:
        if len(found) > MOST_GUESSES:  # Looking for the nearest of some hundred fields takes its time.
            known = replace(known, guesses=False)
        if row.case_field and row.question is None and row.group is not None:
            found += _check_group(row, known)
        elif row.case_field:
            thing, findings = _read(row, known)
            fed += [thing] if thing else []
            found += findings
        elif row.row.get("case_mode"):
            found.append(error("mode-without-field", row.place("case_mode")))
    return tuple(fed), found


def _check_group(row: SurveyRow, known: Known) -> Iterator[Finding]:
    place, name = row.place("case_field"), row.case_field
    if row.group is None or not row.group.repeat:
        yield error("field-on-group", place, name=row.name)
    elif "." in name:
        yield error("field-on-repeat", place, record=name.partition(".")[0])
    elif name not in known.spoken:
        yield _undeclared(row, name, known)
    elif row.row.get("case_mode") not in ("", NEW):
        yield error("mode-on-repeat", row.place("case_mode"))


def _undeclared(row: SurveyRow, alias: str, known: Known) -> Finding:
    place = row.place("case_field")
    if alias in known.dictionary.records:
        return error("record-not-declared", place, name=alias)
    names = list(dict.fromkeys([*known.declared, *known.dictionary.records]))
    return error("unknown-record", place, name=alias, **near(alias, names))


def _read(row: SurveyRow, known: Known) -> tuple[Fed | None, list[Finding]]:
    alias, _, key = row.case_field.partition(".")
    declared = known.declared.get(alias)
    if row.question is None:
        return None, [error("mapped-row-is-no-question", row.place("case_field"), name=row.name)]
    if declared is None:
        return None, [] if alias in known.spoken else [_undeclared(row, alias, known)]
    field = known.dictionary.field(f"{declared.rule.kind}.{key}")
    if field is None:
        return None, [_unknown_field(row, alias, key, declared, known)]
    if field.computed:
        return None, [error("computed-field", row.place("case_field"), field=field.name)]
    mode, wrong_mode = _mode(row, field, declared)
    list_key, codes = codes_of(row, known.codes)
    findings = [*wrong_mode, *_check_record(row, row.question, declared), *_check_type(row, row.question, field)]
    findings += [] if findings else _check_choices(row, row.question, field, codes, known)
    if mode is None:
        return None, findings
    return Fed(FieldRule(row.question.path, alias, key, mode, list_key), field, row), findings


def _unknown_field(row: SurveyRow, alias: str, key: str, declared: Declared, known: Known) -> Finding:
    kind = declared.rule.kind
    close = known.dictionary.nearest(f"{kind}.{key}") if known.guesses else None
    if close and close.startswith(f"{kind}."):
        close = f"{alias}.{close.partition('.')[2]}"
    some = ", ".join(field.key for field in known.dictionary.fields_of(kind)[:12])
    facts = {"field": row.case_field if key else None, "near": close, "kind": kind, "some": some}
    return error("unknown-field", row.place("case_field"), **facts)


def _mode(row: SurveyRow, field: Field, declared: Declared) -> tuple[Mode | None, list[Finding]]:
    word = row.row.get("case_mode") or field.default_mode
    if word == NEW and declared.rule.action is RecordAction.NEW:
        word = field.default_mode
    if word not in MODES:
        return None, [error("unknown-mode", row.place("case_mode"), name=word, **near(word, MODES))]
    if word == NEW:
        return None, [error("mode-not-possible", row.place("case_mode"), record=declared.rule.alias)]
    if word == Mode.ADD and not field.many:
        return None, [error("mode-not-possible", row.place("case_mode"), field=field.name)]
    return Mode(word), []


def _check_record(row: SurveyRow, question: Question, declared: Declared) -> Iterator[Finding]:
    rule, place = declared.rule, row.place("case_field")
    if rule.action is RecordAction.NONE:
        yield error("record-not-touched", place, record=rule.alias)
    elif question.repeat and question.repeat != rule.repeat:
        facts = {"name": question.name, "repeat": question.repeat.rpartition("/")[2], "record": rule.alias}
        yield error("field-in-repeat", place, **facts)
    elif rule.repeat and not question.repeat:
        yield error("field-outside-repeat", place, name=question.name, record=rule.alias)


def _check_type(row: SurveyRow, question: Question, field: Field) -> Iterator[Finding]:
    feeds = FEEDS.get(question.type)
    if feeds is None:
        yield error("type-cannot-feed", row.place("case_field"), type=question.type)
    elif field.type not in feeds:
        able = ", ".join(sorted(kind for kind, types in FEEDS.items() if field.type in types))
        facts = {"field": field.name, "wanted": field.type, "name": question.name, "type": question.type, "able": able}
        yield error("type-clash", row.place("case_field"), **facts)


def _check_choices(
    row: SurveyRow, question: Question, field: Field, codes: dict[str, str], known: Known
) -> list[Finding]:
    if not question.type.startswith(("select", "rank")) or field.type == "text":
        return []
    if not question.choices:
        place = row.place("case_field")
        return [warning("choices-not-checked", place, name=question.name, field=field.name)]
    dictionary, names = known.dictionary, [choice.name for choice in question.choices]
    lost = [name for name in names if codes.get(name, name) and not _fits(codes.get(name, name), field, dictionary)]
    misspelt = [name for name in lost if name in codes and not _is_a_code(codes[name], dictionary)]
    lost = [name for name in lost if name not in misspelt]
    facts = _lost(lost, codes, row, field, dictionary)
    found = [error("choices-without-code", row.place("case_field"), **facts)] if lost else []
    return [*found, *(_misspelt_code(name, codes[name], row, field, known) for name in misspelt)]


def _misspelt_code(choice: str, code: str, row: SurveyRow, field: Field, known: Known) -> Finding:
    """A code that no list has is wrong at its own cell, whatever it should feed."""
    places = known.code_places
    place = places.get((row.name, choice)) or places.get((row.list_name, choice)) or row.place("case_field")
    allowed = list(known.dictionary.codes(field.codes)) or ["yes", "no"]
    return error("case-codes-unknown-code", place, list=row.list_name or row.name, **near(code, allowed))


def _is_a_code(text: str, dictionary: Dictionary) -> bool:
    """Whether some field takes this code."""
    return text in ("yes", "no", "true", "false", "1", "0") or any(text in codes for codes in dictionary.lists.values())


def _fits(code: str, field: Field, dictionary: Dictionary) -> bool:
    try:
        read_value(field, code, dictionary)
    except NotAValue:
        return False
    return True


def _lost(
    lost: list[str], codes: dict[str, str], row: SurveyRow, field: Field, dictionary: Dictionary
) -> dict[str, str]:
    allowed = list(dictionary.codes(field.codes)) or ["yes", "no"]
    some = ", ".join(allowed[:15]) + (f" and {len(allowed) - 15} more" if len(allowed) > 15 else "")
    named = [f"'{name}' (code {codes[name]})" if name in codes else f"'{name}'" for name in lost[:6]]
    shown = ", ".join(named) + (f" and {len(lost) - 6} more" if len(lost) > 6 else "")
    return {"field": field.name, "lost": shown, "list": row.list_name or row.name, "codes": some}

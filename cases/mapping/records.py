"""The sheet `case_records`: which records a form touches, and how."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from cases.dictionary.model import Dictionary, RecordKind
from cases.mapping.model import RecordAction, RecordRule
from cases.mapping.survey import REFERENCE, SurveyRow, find_question, find_repeat
from xlsforms.findings import Finding, Place, error
from xlsforms.questions import FormDefinition, Question
from xlsforms.sheets import Row, Sheet, Workbook
from xlsforms.wording import closest, near

ALIAS = re.compile(r"([a-z][a-z0-9_]*)\s*(?:=\s*([A-Za-z0-9_]+))?")
COLUMNS = ("record", "action", "match", "when", "repeat", "link")
ACTIONS = tuple(RecordAction)
# Types whose answers are never a case code or an entity's id.
NAMES_NOTHING = frozenset(
    {"note", "image", "audio", "video", "file", "geopoint", "geotrace", "geoshape", "select_multiple", "rank"}
    | {"date", "time", "dateTime", "acknowledge", "start", "end", "today", "decimal", "range"}
)


@dataclass(frozen=True)
class Declared:
    """A rule and the row that it was read from."""

    rule: RecordRule
    kind: RecordKind
    sheet: Sheet
    row: Row
    assumed: bool = False  # Its action cannot be read: the fields that it takes are checked all the same.

    def place(self, column: str) -> Place:
        return self.sheet.place(self.row, column)


def read_records(
    workbook: Workbook,
    definition: FormDefinition,
    rows: tuple[SurveyRow, ...],
    dictionary: Dictionary,
) -> tuple[dict[str, Declared], list[Finding]]:
    """The declared records by alias; a row whose record cannot be read is left out, and the findings say why."""
    sheet = workbook.sheet("case_records")
    declared: dict[str, Declared] = {}
    found: list[Finding] = []
    for row in sheet.rows if sheet else ():
        assert sheet is not None
        reader = _RowReader(sheet, row, definition, dictionary, found)
        thing = reader.read(declared)
        if thing is not None:
            declared[thing.rule.alias] = thing
    _take_repeats(rows, declared, found)
    found += [
        finding for thing in declared.values() if not thing.assumed for finding in _check(thing, declared, definition)
    ]
    return _with_usual_links(declared), found


class _RowReader:
    """Reads one row and notes what is wrong with it."""

    def __init__(
        self, sheet: Sheet, row: Row, definition: FormDefinition, dictionary: Dictionary, found: list[Finding]
    ) -> None:
        self.sheet, self.row, self.definition, self.dictionary, self.found = sheet, row, definition, dictionary, found

    def read(self, declared: dict[str, Declared]) -> Declared | None:
        alias, kind = self._name(declared)
        action = self._action()
        match, when, repeat = self._match(), self._when(), self._repeat()
        if kind is None:
            return None
        usual = RecordAction.FIND_OR_PROPOSE if kind.is_root else RecordAction.NEW
        rule = RecordRule(alias, kind.name, action or usual, match, when, repeat, self.row.get("link"))
        return Declared(rule, kind, self.sheet, self.row, assumed=action is None)

    def note(self, code: str, column: str, **facts: object) -> None:
        self.found.append(error(code, self.sheet.place(self.row, column), **facts))

    def _name(self, declared: dict[str, Declared]) -> tuple[str, RecordKind | None]:
        words = ALIAS.fullmatch(self.row.get("record"))
        if not words:
            self.note("case-records-bad-name", "record")
            return "", None
        alias, name = words[1], words[2] or words[1]
        kind = self.dictionary.record(name)
        if kind is None:
            self.note("unknown-record", "record", name=name, **near(name, self.dictionary.records))
        if alias in declared:
            self.note("case-records-twice", "record", record=alias, kind=name)
        return alias, None if alias in declared else kind

    def _action(self) -> RecordAction | None:
        action = self.row.get("action")
        if action in ACTIONS:
            return RecordAction(action)
        absent = not self.sheet.has("action")
        if not absent or (self.row is self.sheet.rows[0] and not closest("action", self.sheet.header)):
            self.note("unknown-action", "action", name=action, **near(action, ACTIONS))
        return None

    def _reference(self, column: str, code: str) -> Question | None:
        cell = self.row.get(column)
        if not cell:
            return None
        words = REFERENCE.fullmatch(cell)
        if not words:
            self.note(code, column, cell_text=f"'{cell}'")
            return None
        question = find_question(self.definition, words[1])
        if question is None:
            names = [question.name for question in self.definition.questions]
            self.note(code, column, name=words[1], near=near(words[1], names).get("near"))
        return question

    def _match(self) -> str:
        question = self._reference("match", "match-not-a-question")
        if question and question.type in NAMES_NOTHING and not question.repeat:
            self.note("match-of-wrong-type", "match", name=question.name, type=question.type)
            return ""
        return question.path if question else ""

    def _when(self) -> str:
        question = self._reference("when", "when-not-a-calculate")
        if question and question.type != "calculate":
            self.note("when-not-a-calculate", "when", question=f"'{question.name}'", type=question.type)
            return ""
        return question.path if question else ""

    def _repeat(self) -> str:
        cell = self.row.get("repeat")
        words = REFERENCE.fullmatch(cell)
        name = words[1] if words else cell
        if not name:
            return ""
        repeat = find_repeat(self.definition, name)
        if repeat is None:
            names = [group.path.rpartition("/")[2] for group in self.definition.groups if group.repeat]
            self.note("unknown-repeat", "repeat", name=name, **near(name, names))
        return repeat.path if repeat else ""


def _take_repeats(rows: tuple[SurveyRow, ...], declared: dict[str, Declared], found: list[Finding]) -> None:
    """A repeat's own row may say which record its rows make: `case_field` movement, `case_mode` new."""
    for row in rows:
        thing = declared.get(row.case_field)
        if row.group is None or not row.group.repeat or thing is None or row.question is not None:
            continue
        if not thing.rule.repeat:
            declared[row.case_field] = replace(thing, rule=replace(thing.rule, repeat=row.group.path))
        elif thing.rule.repeat != row.group.path:
            found.append(error("repeat-clash", row.place("case_field"), record=thing.rule.alias))


def _check(thing: Declared, declared: dict[str, Declared], definition: FormDefinition) -> Iterator[Finding]:
    rule = thing.rule
    if rule.action is RecordAction.NEW and thing.row.get("match"):
        yield error("match-of-new", thing.place("match"), record=rule.alias)
    if rule.action is RecordAction.FIND and not thing.row.get("match") and not rule.link:
        yield error("find-without-match", thing.place("match"), record=rule.alias)
    if rule.action is RecordAction.FIND_OR_PROPOSE and not thing.kind.is_root:
        yield error("cannot-propose", thing.place("action"), kind=rule.kind, record=rule.alias)
    if rule.repeat and rule.action not in (RecordAction.NEW, RecordAction.NONE):
        yield error("repeat-not-new", thing.place("action"), record=rule.alias)
    yield from _check_places(thing, definition)
    yield from _check_link(thing, declared)


def _check_places(thing: Declared, definition: FormDefinition) -> Iterator[Finding]:
    for column, path in (("match", thing.rule.match), ("when", thing.rule.when)):
        question = definition.question(path) if path else None
        if question and question.repeat and question.repeat != thing.rule.repeat:
            yield error(f"{column}-in-repeat", thing.place(column), name=question.name)


def _check_link(thing: Declared, declared: dict[str, Declared]) -> Iterator[Finding]:
    link = thing.rule.link
    if not link:
        return
    if link not in declared:
        yield error("unknown-link", thing.place("link"), name=link, **near(link, declared))
        return
    parent = declared[link].rule
    if link in (thing.rule.alias,) or thing.rule.alias in _ancestors(link, declared):
        yield error("link-circle", thing.place("link"), record=thing.rule.alias, link=link)
    elif parent.repeat and parent.repeat != thing.rule.repeat:
        yield error("link-into-repeat", thing.place("link"), link=link)


def _ancestors(alias: str, declared: dict[str, Declared]) -> set[str]:
    seen: set[str] = set()
    while alias in declared and alias not in seen:
        seen.add(alias)
        alias = declared[alias].rule.link
    return seen


def _with_usual_links(declared: dict[str, Declared]) -> dict[str, Declared]:
    """Every rule without a link gets the usual parent that the form touches, by the dictionary's order of parents."""
    linked = dict(declared)
    for alias, thing in declared.items():
        if not thing.rule.link and thing.rule.action is not RecordAction.NONE:
            link = next(_usual(thing, linked), "")
            linked[alias] = replace(thing, rule=replace(thing.rule, link=link))
    return linked


def _usual(thing: Declared, declared: dict[str, Declared]) -> Iterator[str]:
    """Possible parents, best first: those touched whenever this record is, then the others."""
    rule = thing.rule
    fitting = [
        other.rule
        for kind in thing.kind.parents
        for other in declared.values()
        if other.rule.kind == kind
        and other.rule.action is not RecordAction.NONE
        and other.rule.repeat in ("", rule.repeat)
        and rule.alias not in _ancestors(other.rule.alias, declared)
    ]
    yield from (other.alias for other in fitting if other.when in ("", rule.when))
    yield from (other.alias for other in fitting)

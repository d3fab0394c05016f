"""A form as a paper questionnaire: numbered questions, boxes to tick, and in words when each is asked."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from xlsforms.definition import Choice, FormDefinition, Group, Question
from xlsforms.paper.conditions import Conditions, letters
from xlsforms.paper.speaking import language_spoken, say

HIDDEN = frozenset(
    [
        "calculate",
        "hidden",
        "start",
        "end",
        "today",
        "deviceid",
        "username",
        "phonenumber",
        "email",
        "audit",
        "instanceID",
        "instanceName",
        "start-geopoint",
        "background-geopoint",
        "background-audio",
        "simserial",
        "subscriberid",
    ]
)
MARKS = re.compile(r"<[^>]*>|\*\*|__|^#{1,6} ", re.MULTILINE)
REFERENCE = re.compile(r"\$\{([^}]*)\}")
LONG_LIST = 20  # choices beyond this stand once, in a list at the end
IN_A_TABLE = 5  # questions of a repeat that fit side by side
ROWS = 4  # blank rows of such a table


@dataclass(frozen=True)
class Item:
    """What is printed at one place: a question or note, or a group or repeat with what stands in it."""

    kind: str  # question, note, group, repeat, table
    label: str
    number: str = ""
    hint: str = ""
    when: str = ""  # "Only if question 4 is 'Yes'", "" when it is always asked
    type: str = ""
    how: str = ""  # "Tick one"
    choices: tuple[str, ...] = ()
    required: bool = False
    items: tuple["Item", ...] = ()


@dataclass(frozen=True)
class Paper:
    """A form laid out for print in one of its languages; long lists and conditions stand at the end, by letter."""

    title: str
    form_id: str
    version: str
    language: str
    code: str  # of the language, for the page
    items: tuple[Item, ...]
    lists: tuple[tuple[str, tuple[str, ...]], ...]
    conditions: tuple[tuple[str, str], ...]

    def say(self, word: str, **facts: object) -> str:
        """A phrase of the page's own, in the form's language."""
        return say(word, self.language, **facts)


def printable_language(definition: FormDefinition, wanted: str) -> str:
    """The form's language that somebody means by 'es', 'Español' or 'Español (es)'; its own when it has none such."""
    low = wanted.strip().lower()
    named = [name for name in definition.languages if low in (name.lower(), *re.split(r"[()\s]+", name.lower()))]
    return named[0] if low and named else definition.default_language


def lay_out(definition: FormDefinition, language: str = "") -> Paper:
    """The form on paper, in this language of it or in its own; what the tablet works out by itself is left out."""
    return _Printer(definition, printable_language(definition, language)).paper()


class _Printer:
    def __init__(self, definition: FormDefinition, language: str) -> None:
        self.definition, self.language = definition, language
        self.numbers: dict[str, str] = {}
        for question in definition.questions:
            if question.type not in HIDDEN and question.type != "note":
                self.numbers[question.path] = str(len(self.numbers) + 1)
        by_name: dict[str, str] = {}
        for question in definition.questions:
            by_name.setdefault(question.name, self.numbers.get(question.path, ""))
        self.by_name = by_name
        self.order = {question.path: at for at, question in enumerate(definition.questions)}
        self.lists: dict[tuple[str, ...], str] = {}
        self.conditions = Conditions(definition, language, lambda path: self.numbers.get(path, ""), self.shown)

    def paper(self) -> Paper:
        items = self._within("")
        lists = tuple((letter, choices) for choices, letter in self.lists.items())
        told = self.definition
        code = re.search(r"\(([A-Za-z-]{2,10})\)\s*$", self.language)
        spoken = code[1] if code else language_spoken(self.language)
        conditions = tuple(self.conditions.explained.items())
        return Paper(told.title, told.form_id, told.version, self.language, spoken, items, lists, conditions)

    def shown(self, labels: Mapping[str, str]) -> str:
        """A text in the language, else in the form's own, else in any; answers in it by their number."""
        names = (self.language, self.definition.default_language, "", *labels)
        text = next((labels[name] for name in names if labels.get(name)), "")
        return REFERENCE.sub(self._answer, MARKS.sub("", text)).strip()

    def _answer(self, match: re.Match[str]) -> str:
        number = self.by_name.get(match[1].strip(), "")
        return f"____ ({say('answer', self.language, number=number)})" if number else "____"

    def _within(self, parent: str) -> tuple[Item, ...]:
        """What stands right inside a group, in the order of the form."""
        groups = [group for group in self.definition.groups if group.parent == parent]
        members: list[tuple[int, Item]] = []
        order = self.order
        for question in self.definition.questions:
            if question.group == parent and question.type not in HIDDEN:
                members.append((order[question.path], self._question(question)))
        for group in groups:
            below = [order[path] for path in order if path.startswith(f"{group.path}/")]
            if below and (item := self._group(group)).items:
                members.append((min(below), item))
        return tuple(item for _at, item in sorted(members, key=lambda member: member[0]))

    def _group(self, group: Group) -> Item:
        items = self._within(group.path)
        kind = "group" if not group.repeat else "table" if _fits_in_a_table(items) else "repeat"
        when = self.conditions.words(group.relevant, group.path)
        return Item(kind, self.shown(group.labels), when=when, items=items)

    def _question(self, question: Question) -> Item:
        kind = "note" if question.type == "note" else "question"
        how, choices = self._how(question)
        return Item(
            kind,
            self.shown(question.labels) or question.name,
            number=self.numbers.get(question.path, ""),
            hint=self.shown(question.hints),
            when=self.conditions.words(question.relevant, question.path),
            type=question.type,
            how=how,
            choices=choices,
            required=question.required,
        )

    def _how(self, question: Question) -> tuple[str, tuple[str, ...]]:
        """How it is answered, and the boxes to tick."""
        words = {"select_one": "one", "select_multiple": "many", "rank": "rank"}
        if question.type not in words:
            known = question.type if question.type not in ("note", "boolean") else ""
            return (say(known, self.language) if known in OWN_WAYS else say("text", self.language)), ()
        if not question.choices:
            return say("elsewhere", self.language), ()
        how, choices = say(words[question.type], self.language), self._labels(question.choices)
        if len(choices) <= LONG_LIST:
            return how, choices
        letter = self.lists.setdefault(choices, letters(len(self.lists)))
        return f"{how}. {say('list', self.language, list=letter)}", ()

    def _labels(self, choices: Iterable[Choice]) -> tuple[str, ...]:
        return tuple(self.shown(choice.labels) or choice.name for choice in choices)


OWN_WAYS = frozenset(
    [
        "text",
        "integer",
        "decimal",
        "date",
        "time",
        "dateTime",
        "geopoint",
        "geotrace",
        "geoshape",
        "image",
        "audio",
        "video",
        "file",
        "barcode",
        "acknowledge",
        "range",
    ]
)


def _fits_in_a_table(items: tuple[Item, ...]) -> bool:
    plain = all(item.kind == "question" and not item.when and len(item.choices) <= IN_A_TABLE for item in items)
    return plain and 0 < len(items) <= IN_A_TABLE

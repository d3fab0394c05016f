"""What is different between two versions of a form, or between a version and a draft."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from forms.ordering import out_of_place
from forms.pairing import Pairs, pair
from forms.targets import fields_fed, targets
from xlsforms.fine_print import FinePrint
from xlsforms.questions import Choice, FormDefinition, Question


class Kind(StrEnum):
    """What may be different; in the order in which it is told."""

    QUESTION_REMOVED = "question-removed"
    QUESTION_RETYPED = "question-retyped"
    QUESTION_RENAMED = "question-renamed"
    QUESTION_MOVED = "question-moved"
    QUESTION_ADDED = "question-added"
    CHOICE_REMOVED = "choice-removed"
    CHOICE_RENAMED = "choice-renamed"
    CHOICE_ADDED = "choice-added"
    MAPPING = "mapping"
    RECORDS = "records"
    RELEVANT = "relevant"
    CONSTRAINT = "constraint"
    REQUIRED = "required"
    CALCULATION = "calculation"
    CHOICE_FILTER = "choice-filter"
    READ_ONLY = "read-only"
    DEFAULT = "default"
    SAVETO = "saveto"
    CONSTRAINT_MESSAGE = "constraint-message"
    REQUIRED_MESSAGE = "required-message"
    LABEL = "label"
    HINT = "hint"
    GUIDANCE = "guidance"
    CHOICE_LABEL = "choice-label"
    APPEARANCE = "appearance"
    PARAMETERS = "parameters"
    ORDER = "order"
    GROUP_REMOVED = "group-removed"
    GROUP_RENAMED = "group-renamed"
    GROUP_ADDED = "group-added"
    GROUP_REPEAT = "group-repeat"
    LANGUAGE_REMOVED = "language-removed"
    LANGUAGE_ADDED = "language-added"
    TITLE = "title"
    FILE_REMOVED = "file-removed"
    FILE_CHANGED = "file-changed"
    FILE_ADDED = "file-added"
    OTHER = "other"  # The XForms are not equal, and nothing of the above is different.


ORPHANS = frozenset({Kind.QUESTION_REMOVED, Kind.QUESTION_RETYPED, Kind.CHOICE_REMOVED})
"""What leaves answers behind that were given already."""


@dataclass(frozen=True)
class Side:
    """A version or a draft, as far as it is compared."""

    definition: FormDefinition
    mapping: Mapping[str, Any] | None = None
    calculations: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)  # MD5 by name
    fine: FinePrint = field(default_factory=FinePrint)


@dataclass(frozen=True)
class Change:
    """One thing that is different; `before` or `after` is empty where it is not there."""

    kind: Kind
    path: str = ""  # of the question or group, as it is later; of one that is gone, as it was
    before: str = ""
    after: str = ""
    choice: str = ""
    language: str = ""

    @property
    def orphans(self) -> bool:
        """True when answers that were given already have no place in the later version."""
        return self.kind in ORPHANS and not (self.kind is Kind.QUESTION_RETYPED and self.after == "text")


@dataclass(frozen=True)
class Difference:
    """Everything that is different, and the fields of the case record that the later version no longer feeds."""

    changes: tuple[Change, ...]
    no_longer_fed: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[Kind, int]:
        """How much of each kind."""
        counted = Counter(change.kind for change in self.changes)
        return {kind: counted[kind] for kind in Kind if counted[kind]}

    @property
    def orphans(self) -> tuple[Change, ...]:
        """What leaves answers behind that were given already."""
        return tuple(change for change in self.changes if change.orphans)

    def to_json(self) -> dict[str, Any]:
        """All of it as scripts read it."""
        return {
            "changes": [
                {**asdict(change), "kind": change.kind.value, "orphans": change.orphans} for change in self.changes
            ],
            "counts": {kind.value: number for kind, number in self.counts.items()},
            "fieldsNoLongerFed": list(self.no_longer_fed),
        }


def difference(before: Side, after: Side) -> Difference:
    """Everything in which the later side differs from the earlier one, by kind and then in the form's order."""
    told_before, told_after = targets(before.mapping), targets(after.mapping)
    pairs = pair(before.definition, after.definition, told_before, told_after)
    changes = [*_form(before, after), *_groups(pairs), *_questions(pairs)]
    for old, new in pairs.questions:
        changes += _question(old, new, pairs)
        changes += _text(Kind.MAPPING, new.path, told_before.get(old.path, ""), told_after.get(new.path, ""))
        calculated = pairs.renamed(before.calculations.get(old.path, ""))
        changes += _text(Kind.CALCULATION, new.path, calculated, after.calculations.get(new.path, ""))
    changes += [*_fine(before.fine, after.fine, pairs), *_order(before.definition, pairs)]
    if not changes and before.fine.mark != after.fine.mark:
        changes.append(Change(Kind.OTHER))
    order = list(Kind)
    gone = sorted(fields_fed(before.mapping) - fields_fed(after.mapping))
    return Difference(tuple(sorted(changes, key=lambda one: order.index(one.kind))), tuple(gone))


def _form(before: Side, after: Side) -> Iterator[Change]:
    yield from _text(Kind.TITLE, "", before.definition.title, after.definition.title)
    old, new = before.definition.languages, after.definition.languages
    yield from (Change(Kind.LANGUAGE_REMOVED, before=one, language=one) for one in old if one not in new)
    yield from (Change(Kind.LANGUAGE_ADDED, after=one, language=one) for one in new if one not in old)
    yield from _records(before.mapping, after.mapping)
    for name in sorted({*before.files, *after.files}):
        was, now = before.files.get(name, ""), after.files.get(name, "")
        if was != now:
            kind = Kind.FILE_ADDED if not was else Kind.FILE_REMOVED if not now else Kind.FILE_CHANGED
            yield Change(kind, before=name if was else "", after=name if now else "")


def _records(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Iterator[Change]:
    """Which records the form makes or finds, and what its codes stand for."""
    old, new = _rules(before), _rules(after)
    for name in sorted({*old, *new}):
        yield from _text(Kind.RECORDS, name, old.get(name, ""), new.get(name, ""))


def _rules(mapping: Mapping[str, Any] | None) -> dict[str, str]:
    if mapping is None:
        return {}
    rules = {
        rule["alias"]: " ".join(f"{name}={rule[name]}" for name in rule if rule[name] and name != "alias")
        for rule in mapping["records"]
    }
    codes = {f"{name}: {choice}": code for name, listed in mapping["codes"].items() for choice, code in listed.items()}
    return {"case_form": mapping["case_form"], **rules, **codes}


def _groups(pairs: Pairs) -> Iterator[Change]:
    for old_group, new_group in pairs.groups:
        if old_group.path.rpartition("/")[2] != new_group.path.rpartition("/")[2]:
            yield Change(Kind.GROUP_RENAMED, new_group.path, old_group.path, new_group.path)
        if old_group.repeat != new_group.repeat:
            words = {True: "repeat", False: "group"}
            yield Change(Kind.GROUP_REPEAT, new_group.path, words[old_group.repeat], words[new_group.repeat])
        yield from _texts(Kind.LABEL, new_group.path, old_group.labels, new_group.labels)
    yield from (Change(Kind.GROUP_REMOVED, one.path, before=one.path) for one in pairs.groups_removed)
    yield from (Change(Kind.GROUP_ADDED, one.path, after=one.path) for one in pairs.groups_added)


def _fine(before: FinePrint, after: FinePrint, pairs: Pairs) -> Iterator[Change]:
    """What the XForms say beyond their definitions, of each group and question that stays, and of the whole form."""
    later = {old.path: new.path for old, new in pairs.groups}
    later |= {old.path: new.path for old, new in pairs.questions}
    gone, fresh = {one.path for one in pairs.removed}, {one.path for one in pairs.added}
    told = {new.path: (old, new) for old, new in pairs.questions}
    earlier = {later.get(path, pairs.renamed(path)): said for path, said in before.rules.items() if path not in gone}
    for path in dict.fromkeys((*earlier, *(path for path in after.rules if path not in fresh))):
        was, now = earlier.get(path, {}), after.rules.get(path, {})
        for rule, language in dict.fromkeys((*was, *now)):
            old, new = pairs.renamed(was.get((rule, language), "")), now.get((rule, language), "")
            if old != new and not (path in told and _told_already(rule, *told[path])):
                kind = Kind.CALCULATION if rule == "calculate" else Kind(rule)
                if kind is Kind.REQUIRED:
                    old, new = (IN_ALL.get(words, words) for words in (old, new))
                yield Change(kind, path, old, new, language=language)


IN_ALL = {"": "no", "true()": "yes"}


def _told_already(rule: str, old: Question, new: Question) -> bool:
    return rule in {"relevant", "constraint", "calculate"} or (rule == "required" and old.required != new.required)


def _order(before: FormDefinition, pairs: Pairs) -> Iterator[Change]:
    """The questions that stand elsewhere among those that stay, each with what it stood and stands after."""
    places = {one.path: place for place, one in enumerate(before.questions)}
    stay = [(old, new) for old, new in pairs.questions if pairs.renamed(old.path).rpartition("/")[0] == _around(new)]
    formerly = sorted((old for old, _new in stay), key=lambda one: places[one.path])
    for at in out_of_place([places[old.path] for old, _new in stay]):
        old, new = stay[at]
        stood = formerly.index(old)
        yield Change(
            Kind.ORDER,
            new.path,
            formerly[stood - 1].name if stood else "",
            stay[at - 1][1].name if at else "",
        )


def _around(one: Question) -> str:
    return one.path.rpartition("/")[0]


def _questions(pairs: Pairs) -> Iterator[Change]:
    yield from (Change(Kind.QUESTION_REMOVED, one.path, before=one.type) for one in pairs.removed)
    yield from (Change(Kind.QUESTION_ADDED, one.path, after=one.type) for one in pairs.added)


def _question(old: Question, new: Question, pairs: Pairs) -> Iterator[Change]:
    if old.name != new.name:
        yield Change(Kind.QUESTION_RENAMED, new.path, old.name, new.name)
    elif pairs.renamed(old.path) != new.path:
        yield Change(Kind.QUESTION_MOVED, new.path, old.path, new.path)
    yield from _text(Kind.QUESTION_RETYPED, new.path, old.type, new.type)
    yield from _text(Kind.RELEVANT, new.path, pairs.renamed(old.relevant), new.relevant)
    yield from _text(Kind.CONSTRAINT, new.path, pairs.renamed(old.constraint), new.constraint)
    yield from _text(Kind.REQUIRED, new.path, _yes(required=old.required), _yes(required=new.required))
    yield from _texts(Kind.LABEL, new.path, old.labels, new.labels)
    yield from _texts(Kind.HINT, new.path, old.hints, new.hints)
    yield from _choices(new.path, old.choices, new.choices)


def _choices(path: str, before: tuple[Choice, ...], after: tuple[Choice, ...]) -> Iterator[Change]:
    if not before or not after:
        return  # From a file or from answers, or of a question that chooses no more.
    old, new = {one.name: one.labels for one in before}, {one.name: one.labels for one in after}
    removed, added = [one for one in old if one not in new], [one for one in new if one not in old]
    for name in list(removed):
        now = next((one for one in added if old[name] and new[one] == old[name]), None)
        if now is not None:
            removed.remove(name)
            added.remove(now)
            yield Change(Kind.CHOICE_RENAMED, path, name, now, choice=now)
    yield from (Change(Kind.CHOICE_REMOVED, path, before=_label(old[one]), choice=one) for one in removed)
    yield from (Change(Kind.CHOICE_ADDED, path, after=_label(new[one]), choice=one) for one in added)
    stay = [one for one in old if one in new]
    yield from _text(Kind.ORDER, path, ", ".join(stay), ", ".join(one for one in new if one in old))
    for name in stay:
        yield from _texts(Kind.CHOICE_LABEL, path, old[name], new[name], choice=name)


def _label(labels: Mapping[str, str]) -> str:
    return next(iter(labels.values()), "")


def _texts(
    kind: Kind, path: str, before: Mapping[str, str], after: Mapping[str, str], *, choice: str = ""
) -> Iterator[Change]:
    for language in dict.fromkeys((*before, *after)):
        was, now = before.get(language, ""), after.get(language, "")
        if was != now:
            yield Change(kind, path, was, now, choice=choice, language=language)


def _text(kind: Kind, path: str, before: str, after: str) -> Iterator[Change]:
    if before != after:
        yield Change(kind, path, before, after)


def _yes(*, required: bool) -> str:
    return "yes" if required else "no"

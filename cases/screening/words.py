"""The reasons of a screening in words, English and Spanish."""

import csv
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Protocol

from cases.dictionary import DICTIONARY
from cases.screening.rules import FOLDER, RULES

KEEPS_CAPITALS = 2  # letters: 'ID' stays as it is


class Result(Protocol):
    """What can be put into words."""

    @property
    def class_low(self) -> str: ...
    @property
    def class_high(self) -> str: ...
    @property
    def deciding(self) -> tuple[str, ...]: ...
    @property
    def told(self) -> tuple[tuple[str, ...], ...]: ...
    @property
    def profiles(self) -> tuple[str, ...]: ...
    @property
    def unverified(self) -> bool: ...


def reasons_in(result: Result, language: str) -> tuple[str, ...]:
    """Every reason as a sentence, then what is not known, then what is not verified."""
    words = [in_words(one, language) for one in result.told]
    words += filter(None, (range_in(result, language), unverified_in(result, language)))
    return tuple(words)


def in_words(told: Sequence[str], language: str) -> str:
    """One reason as a sentence without its full stop."""
    kind, *facts = told
    if kind in ("dimension", "few"):
        group = DICTIONARY.label(facts[0], language, codes="dimension")
        signs = "; ".join(f"{count}: {', '.join(found)}" for count, found in weights_in(facts[1:], language))
        return _say(kind, language, group=group, signs=signs)
    if kind == "urgency":
        because = "; ".join(grounds_in(told, language))
        return _say(kind, language, urgency=facts[0], facts=because)
    prefix = {"act": "screening.act.", "purpose": "screening.flag."}.get(kind, "")
    return _say(kind, language, facts=", ".join(_label(f"{prefix}{fact}", language) for fact in facts))


def grounds_in(told: Sequence[str], language: str) -> list[str]:
    """What makes a screening as urgent as it is, each ground in words."""
    _kind, level, *keys = told
    return [_urgency(level, key, language) for key in keys]


def range_in(result: Result, language: str) -> str:
    """'At least X, could be Y; these questions decide', or nothing when all is known."""
    if result.class_low == result.class_high:
        return ""
    return _say(
        "range_none" if result.class_low == "none" else "range",
        language,
        low=_lower(DICTIONARY.label(result.class_low, language, codes="screening_class")),
        high=_lower(DICTIONARY.label(result.class_high, language, codes="screening_class")),
        facts="; ".join(question_in(code, language) for code in result.deciding),
    )


def question_in(code: str, language: str) -> str:
    """What is not known, in words."""
    if code in ("act", "rest"):
        return _say("act_asked" if code == "act" else code, language)
    if code in RULES.flags:
        return _label(f"screening.flag.{code}", language)
    return _lower(DICTIONARY.label(code, language, codes="indicator"))


def unverified_in(result: Result, language: str) -> str:
    """That the weights were never checked against their source, or nothing when they were."""
    named = [name for name in result.profiles if RULES.profiles[name].unverified]
    if not result.unverified:
        return ""
    labels = "; ".join(DICTIONARY.label(name, language, codes="screening_profile") for name in named)
    return _say("unverified", language, profile=f"“{labels}”")


def next_step_in(name: str, language: str) -> str:
    """What the rules propose for a class."""
    return RULES.next_steps[name].get(language) or RULES.next_steps[name]["en"]


def weights_in(facts: Iterable[str], language: str) -> list[tuple[str, list[str]]]:
    """The signs of a dimension by weight, the heaviest first: ('two strong', ['papers held', 'debt'])."""
    by_weight: dict[str, list[str]] = {}
    for fact in facts:
        weight, _blank, code = fact.partition(" ")
        by_weight.setdefault(weight, []).append(_lower(DICTIONARY.label(code, language, codes="indicator")))
    return [(_count(weight, len(signs), language), signs) for weight, signs in by_weight.items()]


def _count(weight: str, number: int, language: str) -> str:
    if number == 1:
        return _say(weight, language)
    spoken = _say(str(number), language) if str(number) in _table() else str(number)
    return _say(f"{weight}_many", language, number=spoken)


def _urgency(level: str, key: str, language: str) -> str:
    if key == "health":
        return _say("health", language)
    found = (rule for rules in RULES.urgency for rule in rules if (rule.level, rule.key) == (level, key))
    rule = next(found, None)
    return (rule.words.get(language) or rule.words["en"]) if rule else key


def _label(name: str, language: str) -> str:
    """The words of a field; of a purpose, only what was made or arranged."""
    words = DICTIONARY.label(name, language)
    return _lower(words.partition(": ")[2] or words)


def _lower(words: str) -> str:
    first = words.split(" ", 1)[0]
    short = first.isupper() and len(first) >= KEEPS_CAPITALS
    return words if short else words[:1].lower() + words[1:]


def _say(reason: str, language: str, **facts: str) -> str:
    row = _table()[reason]
    return (row.get(language) or row["en"]).format(**facts)


@cache
def _table() -> dict[str, dict[str, str]]:
    with (FOLDER / "reasons.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, strict=True)
        return {row["reason"]: {"en": row["words_en"], "es": row["words_es"]} for row in rows}

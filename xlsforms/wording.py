"""The words of findings: findings.csv, read once, with the facts of a finding put in.

In the table `{name}` is a fact, and `${{name}}` a reference to the question whose name is the fact. What stands in
square brackets is said when all its facts are there, else what stands behind its `|`. A fact `@name` stands for the
words of the row `@name`. Where our words need a fact that is not there, `said` (what another program says) takes
their place.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from difflib import get_close_matches
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("findings.csv")
LANGUAGES = ("en", "es")
FACT = re.compile(r"(?<!\$)\{(\w+)\}")
REFERENCE = re.compile(r"\$\{\{(\w+)\}\}")
PART = re.compile(r"\[([^\[\]|]*)(?:\|([^\[\]|]*))?\]")
FEW = 40
MOST_COMPARED = 100_000  # pairs of names: a second or two
_LEFT: ContextVar[list[int] | None] = ContextVar("left", default=None)


@cache
def table() -> dict[str, dict[str, str]]:
    """The rows of findings.csv by code."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {row["code"]: row for row in csv.DictReader(file)}


def say(code: str, part: str, language: str, facts: Mapping[str, str]) -> str:
    """The words of this code, `wrong` or `mend`, in a language that has them, else in English."""
    row = table().get(code, {})
    spoken = language if language in LANGUAGES else LANGUAGES[0]
    template = row.get(f"{part}_{spoken}") or ""
    if facts.get("said") and not all(facts.get(name) for name in needed(row.get(f"wrong_{spoken}") or "{code}")):
        return facts["said"] if part == "wrong" else ""
    told = {name: _phrase(fact, spoken) for name, fact in facts.items()}
    return " ".join(_put_in(PART.sub(lambda part: _chosen(part, told), template), told).split())


def needed(template: str) -> set[str]:
    """The facts without which these words cannot be said."""
    return facts_of(PART.sub("", template))


def facts_of(template: str) -> set[str]:
    """Every fact that these words quote."""
    return {*FACT.findall(template), *REFERENCE.findall(template)}


def near(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> dict[str, str | None]:
    """Facts for a name that does not exist: `near`, the closest one, or else `known`, all when they are few."""
    if _spent():
        return {}
    names = [each for each in dict.fromkeys(known) if each]
    if close := closest(name, names, cutoff=cutoff):
        return {"near": close}
    return {"known": ", ".join(names) if len(names) < FEW and names else None}


def closest(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The known name that a misspelt one must mean, whatever its case; None when none is close."""
    if _spent():
        return None
    names = {each.casefold(): each for each in known}
    if (left := _LEFT.get()) is not None:
        left[0] -= len(names)
    found = get_close_matches(name.casefold(), names, n=1, cutoff=cutoff)
    return names[found[0]] if found else None


@contextmanager
def few_suggestions() -> Iterator[None]:
    """Inside, names are compared only so often that a workbook of mistakes alone does not hold the server up."""
    token = _LEFT.set([MOST_COMPARED])
    try:
        yield
    finally:
        _LEFT.reset(token)


def _spent() -> bool:
    left = _LEFT.get()
    return left is not None and left[0] <= 0


def _phrase(fact: str, language: str) -> str:
    row = table().get(fact) if fact.startswith("@") else None
    return row[f"wrong_{language}"] if row else fact


def _chosen(part: re.Match[str], facts: Mapping[str, str]) -> str:
    return part[1] if all(facts.get(name) for name in facts_of(part[1])) else part[2] or ""


def _put_in(template: str, facts: Mapping[str, str]) -> str:
    told = REFERENCE.sub(lambda found: "${" + facts.get(found[1], "") + "}", template)
    return FACT.sub(lambda found: facts.get(found[1], ""), told)

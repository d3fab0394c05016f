"""The screening rules: data files, read once and laid out so that a screening costs microseconds."""

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cases.dictionary import DICTIONARY

FOLDER = Path(__file__).parent
NAME = "fieldcase-2026.1"
FILES = ("profiles.csv", "thresholds.csv", "classes.csv", "urgency.csv", "dangers.csv")
DIMENSIONS = ("D1", "D2", "D3", "D4", "D5", "D6")
WEIGHTS = ("S", "M", "W")
Words = Mapping[str, str]


@dataclass(frozen=True)
class Profile:
    """One column of weights; `places` is where each indicator counts (dimension times three, plus weight)."""

    name: str
    kind: str
    child: bool
    basis: str
    places: Mapping[str, int]
    strong: frozenset[str]

    @property
    def unverified(self) -> bool:
        """Nobody has checked these weights against their source."""
        return self.basis == "recalled"


@dataclass(frozen=True)
class UrgencyRule:
    """The level that holds as soon as all of `needs` do; `key` names the rule in a stored reason."""

    level: str
    needs: frozenset[str]
    key: str
    words: Words
    private: bool  # rests on something of class health


@dataclass(frozen=True)
class Rules:
    """All rules of one version."""

    version: str
    profiles: Mapping[str, Profile]
    thresholds: tuple[tuple[int, int, int], ...]
    ranks: Mapping[str, int]
    next_steps: Mapping[str, Words]
    urgency: tuple[tuple[UrgencyRule, ...], ...]
    dangers: Mapping[str, frozenset[str]]
    indicators: frozenset[str]
    purposes: frozenset[str]
    acts: tuple[str, ...]
    flags: frozenset[str]
    private: frozenset[str]  # the keys of the urgency rules that rest on health

    def profile(self, kind: str, child: bool) -> Profile:
        """The column for this kind of exploitation and age."""
        return next(one for one in self.profiles.values() if (one.kind, one.child) == (kind, child))


@cache
def load_rules() -> Rules:
    """The rules that ship; their version changes with every file that decides something."""
    flags = frozenset(_keys("screening.flag."))
    classes = _rows("classes.csv")
    thresholds = tuple((int(row["strong"]), int(row["medium"]), int(row["weak"])) for row in _rows("thresholds.csv"))
    dangers: dict[str, frozenset[str]] = {}
    for row in _rows("dangers.csv"):
        dangers[row["danger"]] = dangers.get(row["danger"], frozenset()) | {row["flag"]}
    levels = _levels()
    return Rules(
        version=f"{NAME}-{_digest()}",
        profiles={row["profile"]: _profile(row) for row in _rows("profiles.csv")},
        thresholds=thresholds,
        ranks={row["class"]: int(row["rank"]) for row in classes},
        next_steps={row["class"]: {"en": row["next_en"], "es": row["next_es"]} for row in classes},
        urgency=levels,
        dangers=dangers,
        indicators=frozenset(one.code for one in DICTIONARY.indicators),
        purposes=frozenset(flag for flag in flags if flag.startswith("pur_")),
        acts=tuple(_keys("screening.act.")),
        flags=flags,
        private=frozenset(rule.key for level in levels for rule in level if rule.private),
    )


def _profile(row: dict[str, str]) -> Profile:
    places = {
        one.code: DIMENSIONS.index(one.dimension) * len(WEIGHTS) + WEIGHTS.index(one.weights[row["profile"]])
        for one in DICTIONARY.indicators
        if one.weights[row["profile"]]
    }
    strong = frozenset(code for code, place in places.items() if place % len(WEIGHTS) == 0)
    return Profile(row["profile"], row["kind"], row["child"] == "yes", row["basis"], places, strong)


def _levels() -> tuple[tuple[UrgencyRule, ...], ...]:
    """The rules of each level, the most urgent level first."""
    levels: dict[str, list[UrgencyRule]] = {}
    for row in _rows("urgency.csv"):
        needs = frozenset(row["all_of"].split())
        private = any((known := DICTIONARY.field(f"screening.flag.{one}")) and known.sealed for one in needs)
        words = {"en": row["words_en"], "es": row["words_es"]}
        levels.setdefault(row["urgency"], []).append(
            UrgencyRule(row["urgency"], needs, row["all_of"], words, bool(private))
        )
    return tuple(tuple(levels[name]) for name in sorted(levels))


def _keys(prefix: str) -> list[str]:
    return [name.removeprefix(prefix) for name in DICTIONARY.fields if name.startswith(prefix)]


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def _digest() -> str:
    """Eight digits that stand for all that decides: these files, and the weights in the dictionary."""
    told = hashlib.sha256()
    for name in FILES:
        told.update((FOLDER / name).read_bytes().replace(b"\r\n", b"\n"))
    for one in DICTIONARY.indicators:
        told.update(f"{one.code} {one.dimension} {sorted(one.weights.items())}".encode())
    return told.hexdigest()[:8]


RULES = load_rules()

"""What the answers of one screening add up to: class, urgency, and what they rest on; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cases.screening.rules import DIMENSIONS, RULES, WEIGHTS, Profile, Rules
from cases.screening.words import reasons_in

ADULT = 18
RECRUITMENT = frozenset({"D1", "D2", "D3"})
PURPOSE, DESTINATION = "D4", "D5"
ACT, REST = "act", "rest"  # among the codes that decide: whether there was an act, and all that was not asked
Told = tuple[str, ...]
"""One reason: what kind it is (`reasons.csv`), then its facts; plain enough to be kept as JSON."""


class NotAScreening(ValueError):
    """The rules know no such profile or sign; the message names it."""


@dataclass(frozen=True)
class Screening:
    """What the rules make of a screening: at least `class_low`, and `class_high` if all that is not known holds."""

    class_low: str
    class_high: str
    urgency: str
    positive_dimensions_low: tuple[str, ...]
    positive_dimensions_high: tuple[str, ...]
    deciding: tuple[str, ...]  # the codes that are not known and could lift the class
    told: tuple[Told, ...]
    profiles: tuple[str, ...]
    unverified: bool
    rule_set: str

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons in English words."""
        return self.reasons_in("en")

    def reasons_in(self, language: str) -> tuple[str, ...]:
        """The reasons in words, what is unverified or not known among them."""
        return reasons_in(self, language)

    def to_json(self) -> dict[str, Any]:
        """Plain values that may stand in clear: what rests on health is told as such and no more."""
        told = [
            list(dict.fromkeys("health" if one[0] == "urgency" and fact in RULES.private else fact for fact in one))
            for one in self.told
        ]
        return {
            "dimensions": self.positive_dimensions_low,
            "dimensions_high": self.positive_dimensions_high,
            "deciding": self.deciding,
            "told": told,
            "profiles": self.profiles,
            "unverified": self.unverified,
        }

    @property
    def rank(self) -> tuple[int, int, int]:
        """Larger is more pressing: by urgency, then by class."""
        return (-int(self.urgency[1:]), RULES.ranks[self.class_low], RULES.ranks[self.class_high])


@dataclass(frozen=True)
class Facts:
    """What a screening knows. `act` is None when nobody knows; `unknown` is neither present nor absent."""

    present: frozenset[str]  # indicators, flags and purposes
    unknown: frozenset[str]
    act: bool | None
    child: bool
    age_known: bool
    under_14: bool
    acts: tuple[str, ...] = ()
    unasked: frozenset[str] = frozenset()  # not known either, because the conversation ended before


def screen(
    *,
    profile: str,
    age: int | None,
    act: bool | int | None,
    present: Iterable[str],
    unknown: Iterable[str],
    flags: Iterable[str],
) -> Screening:
    """What the signs of one profile make; whose age is not known counts as a child. Raises NotAScreening."""
    if profile not in RULES.profiles:
        raise NotAScreening(f"There is no profile '{profile}'; there are {', '.join(RULES.profiles)}.")
    years = None if age is None else int(age)
    held = _codes(present) | _codes(flags)
    facts = Facts(
        present=held,
        unknown=_codes(unknown) - held,
        act=None if act is None else bool(int(act)),
        child=years is None or years < ADULT,
        age_known=years is not None,
        under_14=years is None or years < 14,
    )
    return weigh(RULES.profiles[profile], facts)


def weigh(profile: Profile, facts: Facts, rules: Rules = RULES) -> Screening:
    """What the facts make with the profile's weights: once with what is not known as absent, once as present."""
    both = facts.present | facts.unknown | facts.unasked
    all_known = len(both) == len(facts.present)
    low_dimensions = positive(profile, facts.present, rules)
    high_dimensions = low_dimensions if all_known else positive(profile, both, rules)
    low = high = classify(profile, facts, facts.present, low_dimensions, bool(facts.act), rules)
    if not all_known or facts.act is None:
        high = classify(profile, facts, both, high_dimensions, facts.act is not False, rules)
    level, matched = _urgency(profile, facts, low, low_dimensions, rules)
    deciding = () if low == high else _deciding(profile, facts, low_dimensions, high_dimensions, rules)
    told = (*_told(profile, facts, low, low_dimensions, rules), ("urgency", level, *matched))
    unverified = profile.unverified
    return Screening(
        low, high, level, low_dimensions, high_dimensions, deciding, told, (profile.name,), unverified, rules.version
    )


def joined(sure: Iterable[Screening], possible: Iterable[Screening] = ()) -> Screening:
    """The most pressing of several readings of one screening; what any of them could be, it could be.

    A `possible` reading counts only for what the screening could be.
    """
    runs = sorted(sure, key=lambda one: one.rank, reverse=True)
    first = runs[0]
    highest = max((*runs, *possible), key=lambda one: RULES.ranks[one.class_high])
    if RULES.ranks[highest.class_high] <= RULES.ranks[first.class_high]:
        return first
    profiles = tuple(dict.fromkeys((*first.profiles, *highest.profiles)))
    return replace(
        first,
        class_high=highest.class_high,
        positive_dimensions_high=highest.positive_dimensions_high,
        deciding=tuple(dict.fromkeys((*first.deciding, *highest.deciding))),
        profiles=profiles,
        unverified=any(RULES.profiles[name].unverified for name in profiles),
    )


def positive(profile: Profile, codes: Iterable[str], rules: Rules = RULES) -> tuple[str, ...]:
    """The dimensions in which the codes are enough by the profile's weights."""
    counts = [0] * (len(DIMENSIONS) * len(WEIGHTS))
    for code in codes:
        place = profile.places.get(code)
        if place is not None:
            counts[place] += 1
    found = []
    for number, name in enumerate(DIMENSIONS):
        strong, medium, weak = counts[number * 3 : number * 3 + 3]
        if (strong or medium or weak) and any(
            strong >= s and medium >= m and weak >= w for s, m, w in rules.thresholds
        ):
            found.append(name)
    return tuple(found)


def classify(
    profile: Profile, facts: Facts, codes: frozenset[str], dimensions: tuple[str, ...], act: bool, rules: Rules = RULES
) -> str:
    """The first class whose rule holds (docs/screening.md lists them)."""
    found = frozenset(dimensions)
    purpose = PURPOSE in found or not rules.purposes.isdisjoint(codes)
    if purpose and not act:
        return "incomplete"
    if purpose:
        if facts.child or (DESTINATION in found and found & RECRUITMENT):
            return "strong"
        return "indicated" if found - {PURPOSE} else "exploitation_no_means"
    if not profile.places.keys().isdisjoint(codes):
        return "incomplete"
    return "smuggling_only" if "smuggled" in codes else "none"


def _urgency(
    profile: Profile, facts: Facts, low: str, dimensions: tuple[str, ...], rules: Rules
) -> tuple[str, tuple[str, ...]]:
    """The most urgent level of which a rule holds, and the rules of that level that do."""
    true = set(facts.present)
    true.add(low)
    true |= {
        name
        for name, holds in (
            ("child", facts.child),
            ("under_14", facts.under_14),
            ("dimension", dimensions),
            ("any_strong", not profile.strong.isdisjoint(facts.present)),
        )
        if holds
    }
    for level in rules.urgency:
        matched = tuple(rule.key for rule in level if rule.needs <= true)
        if matched:
            return level[0].level, matched
    raise NotAScreening("urgency.csv has no level that always holds")


def _deciding(
    profile: Profile, facts: Facts, low: tuple[str, ...], high: tuple[str, ...], rules: Rules
) -> tuple[str, ...]:
    """What is not known and could lift the class: of the dimensions that it would make positive, if it makes any."""
    new = {DIMENSIONS.index(name) for name in high if name not in low}
    open_codes = [code for code in profile.places if code in facts.unknown]
    within = [code for code in open_codes if profile.places[code] // 3 in new]
    purposes = sorted(rules.purposes & facts.unknown)
    extra = ["smuggled"] if "smuggled" in facts.unknown and not (within or open_codes or purposes) else []
    rest = [REST] if facts.unasked else []
    return (*([ACT] if facts.act is None else []), *purposes, *(within or open_codes), *extra, *rest)


def _told(profile: Profile, facts: Facts, low: str, dimensions: tuple[str, ...], rules: Rules) -> tuple[Told, ...]:
    told: list[Told] = []
    purposes = sorted(rules.purposes & facts.present)
    groups = _groups(profile, facts.present)
    if facts.unasked:
        told.append(("ended_early",))
    told += [("dimension" if name in dimensions else "few", name, *signs) for name, signs in groups.items()]
    if purposes:
        told.append(("purpose", *purposes))
    if purposes or groups:
        told.append(("act", *facts.acts) if facts.acts else ("act_said",) if facts.act else ("no_act",))
    if facts.child and (purposes or groups):
        told.append(("child",) if facts.age_known else ("age_unknown",))
    if low == "exploitation_no_means":
        told.append(("no_means",))
    if "smuggled" in facts.present:
        told.append(("smuggled",))
    if low == "none":
        told.append(("nothing_yet",) if facts.unknown or facts.unasked else ("nothing",))
    return tuple(told)


def _groups(profile: Profile, present: frozenset[str]) -> Mapping[str, list[str]]:
    """The present signs by dimension, the heaviest first, each as `S des_debt`."""
    groups: dict[str, list[str]] = {}
    places = profile.places
    for place, code in sorted((places[code], code) for code in places.keys() & present):
        groups.setdefault(DIMENSIONS[place // 3], []).append(f"{WEIGHTS[place % 3]} {code}")
    return groups


def _codes(given: Iterable[str]) -> frozenset[str]:
    """The codes, of a list or of a text with blanks between; raises NotAScreening for one that the rules lack."""
    codes = frozenset(given.split() if isinstance(given, str) else given) - {""}
    for code in sorted(codes - RULES.indicators - RULES.flags):
        raise NotAScreening(f"There is no sign '{code}'.")
    return codes

"""A screening record's values, read as the rules need them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from cases.dictionary import Value
from cases.plan import Planned
from cases.screening.rules import RULES
from cases.screening.screen import Facts, Screening, Told, joined, weigh

PRESENT, ABSENT = "present", "absent"
OPEN = frozenset({"unknown", "refused", "not_asked"})
SIGNS = {f"screening.indicator.{code}": code for code in RULES.indicators} | {
    f"screening.flag.{code}": code for code in RULES.flags
}
ACTS = {f"screening.act.{code}": code for code in RULES.acts}
UNDER_14, CHILD, UNKNOWN_BAND = frozenset({"0_8", "9_13"}), frozenset({"0_8", "9_13", "14_15", "16_17"}), "unknown"
# What is not known, when a conversation ended early, of all that nobody came to ask.
ASKED = RULES.indicators | RULES.purposes
Standing = Mapping[str, Sequence[Value]]
"""The values that stand in each field of a screening record."""


def assess(values: Standing) -> Screening:
    """What the rules make of a screening record, whatever the order of its values."""
    states = {SIGNS[name]: _state(said) for name, said in values.items() if name in SIGNS}
    acts = {ACTS[name]: _state(said) for name, said in values.items() if name in ACTS}
    dangers = (RULES.dangers.get(str(one), frozenset()) for one in _all(values, "screening.dangers"))
    present = frozenset(code for code, state in states.items() if state == PRESENT).union(*dangers)
    unasked = ASKED - states.keys() if _ended_early(values, states, acts) else frozenset[str]()
    child, known, under_14 = _age(values)
    facts = Facts(
        present=present,
        unknown=frozenset(code for code, state in states.items() if state in OPEN) - present,
        act=_act(acts),
        child=child,
        age_known=known,
        under_14=under_14,
        acts=tuple(code for code in RULES.acts if acts.get(code) == PRESENT),
        unasked=unasked,
    )
    kinds = {RULES.profiles[str(one)].kind for one in _all(values, "screening.profile") if one in RULES.profiles}
    sure = {*(kinds or {"labour"}), *(["sexual"] if "pur_sexual" in present else [])}
    possible = {"sexual"} - sure if "pur_sexual" in facts.unknown | unasked else set[str]()
    return joined(
        (weigh(RULES.profile(kind, child), facts) for kind in sorted(sure)),
        (weigh(RULES.profile(kind, child), facts) for kind in sorted(possible)),
    )


def with_health(result: Screening, values: Standing) -> Screening:
    """The result with matters of health named, for somebody who may read the flags among the values."""
    present = frozenset(SIGNS[name] for name, said in values.items() if name in SIGNS and _state(said) == PRESENT)

    def named(one: Told) -> Told:
        if one[0] != "urgency" or "health" not in one:
            return one
        level = next(rules for rules in RULES.urgency if rules[0].level == one[1])
        private = [rule.key for rule in level if rule.private and rule.needs <= present]
        return (*(fact for fact in one if fact != "health"), *(private or ["health"]))

    return replace(result, told=tuple(map(named, result.told)))


def planned_values(planned: Iterable[Planned]) -> dict[str, list[Value]]:
    """The values that one submission alone makes stand, by field."""
    values: dict[str, list[Value]] = {}
    for one in sorted(planned, key=lambda one: one.question):
        if one.mode == "latest":
            values[one.field.name] = [one.value]
        elif one.mode != "check":
            values.setdefault(one.field.name, []).append(one.value)
    return values


def _state(said: Iterable[Value]) -> str:
    """One state of several that stand: present before not known, not known before absent."""
    states = set(map(str, said))
    if PRESENT in states:
        return PRESENT
    return next(iter(sorted(states & OPEN)), ABSENT) if states != {ABSENT} else ABSENT


def _act(acts: Mapping[str, str]) -> bool | None:
    """Whether there was an act; None unless each of them is known not to have been."""
    if PRESENT in acts.values():
        return True
    return False if len(acts) == len(ACTS) and set(acts.values()) == {ABSENT} else None


def _ended_early(values: Standing, states: Mapping[str, str], acts: Mapping[str, str]) -> bool:
    """Whether more would have been asked: what a finished form left out did not apply."""
    outcomes = set(map(str, _all(values, "screening.outcome")))
    if outcomes:
        return "completed" not in outcomes
    return not acts and ASKED.isdisjoint(states)


def _age(values: Standing) -> tuple[bool, bool, bool]:
    """Whether the person counts as a child, whether that is known, and whether as one younger than 14."""
    bands = set(map(str, _all(values, "screening.age_band"))) - {UNKNOWN_BAND}
    maybe = {_state(values["screening.maybe_child"])} if "screening.maybe_child" in values else set[str]()
    if bands & CHILD:
        return True, True, bool(bands & UNDER_14)
    if bands and ("document" in _all(values, "screening.age_basis") or maybe <= {ABSENT}):
        return False, True, False
    if maybe == {ABSENT}:
        return False, True, False
    return True, PRESENT in maybe, not bands


def _all(values: Standing, name: str) -> list[Value]:
    """Every value of a field, the codes of a list one by one."""
    return [one for said in values.get(name, ()) for one in (said if isinstance(said, list) else [said])]

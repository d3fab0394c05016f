"""The record as a projection of its assertions: pure, and the same whatever the order they arrived in."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from cases.assertions import Said
from cases.dictionary import Value


@dataclass(frozen=True)
class Shown:
    """A value and everybody who said it, earliest first."""

    value: Value
    said: tuple[Said, ...]


@dataclass(frozen=True)
class FieldView:
    """What a record says in one field. `standing` counts; `older` and `checks` are there to look at."""

    field: str
    standing: tuple[Shown, ...]
    older: tuple[Shown, ...] = ()
    checks: tuple[Shown, ...] = ()

    @property
    def conflict(self) -> bool:
        """True when the field should have one value and several stand."""
        return len(self.standing) > 1 and all(one.mode == "fill" for shown in self.standing for one in shown.said)

    @property
    def value(self) -> Value | None:
        """The value that lists show: the first that stands."""
        return self.standing[0].value if self.standing else None


def project(assertions: Iterable[Said]) -> dict[str, FieldView]:
    """Each field of one record, by name. Nothing is lost: what does not stand is in `older`.

    `fill` keeps every different value side by side, `latest` lets the newest observation stand, `add` joins all.
    An observation dated after its receipt never wins over one dated before; observations of one moment stand in the
    order of their instance ids, so that the order in which they arrived plays no part.
    """
    by_field: dict[str, list[Said]] = defaultdict(list)
    for one in assertions:
        by_field[one.field].append(one)
    return {name: _field(name, sorted(found, key=_age)) for name, found in sorted(by_field.items())}


def _field(name: str, found: list[Said]) -> FieldView:
    written = [one for one in found if one.mode != "check"]
    checks = _grouped([one for one in found if one.mode == "check"])
    shown = _grouped(written)
    if any(one.mode == "latest" for one in written):
        newest = _key(written[-1].value)
        standing = tuple(one for one in shown if _key(one.value) == newest)
        return FieldView(name, standing, tuple(one for one in shown if _key(one.value) != newest), checks)
    return FieldView(name, shown, (), checks)


def _grouped(found: list[Said]) -> tuple[Shown, ...]:
    groups: dict[str, list[Said]] = defaultdict(list)
    for one in found:
        groups[_key(one.value)].append(one)
    return tuple(Shown(group[0].value, tuple(group)) for group in groups.values())


def _age(one: Said) -> tuple[bool, float, str]:
    return (one.observed_at <= one.received_at, one.observed_at.timestamp(), one.order)


def _key(value: Value) -> str:
    return json.dumps(sorted(value) if isinstance(value, list) else value, sort_keys=True)

"""The eight roles and what each may do: a table that caseworkers can check, in roles.csv."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from audit.trail import OPERATOR, Actor

ROLES = ("administrator", "manager", "designer", "officer", "caseworker", "supervisor", "analyst", "auditor")


class Right(StrEnum):
    """What may be done; the rows of roles.csv."""

    MANAGE_PEOPLE = "people.manage"
    READ_PEOPLE = "people.read"
    MANAGE_TABLETS = "tablets.manage"
    READ_TABLETS = "tablets.read"
    PUBLISH_FORMS = "forms.publish"
    READ_FORMS = "forms.read"
    LIST_SUBMISSIONS = "submissions.list"
    READ_SUBMISSIONS = "submissions.read"
    CREATE_SUBMISSIONS = "submissions.create"
    REVIEW = "submissions.review"
    EXPORT = "submissions.export"
    REFILE = "submissions.refile"
    LIST_CASES = "cases.list"
    READ_CASES = "cases.read"
    CONFIRM_CASES = "cases.confirm"
    CLASS_CODED = "class.coded"
    CLASS_HEALTH = "class.health"
    CLASS_NARRATIVE = "class.narrative"
    CLASS_IDENTITY = "class.identity"
    CLASS_CONTACT = "class.contact"
    CLASS_LOCATION = "class.location"
    CLASS_SUSPECT = "class.suspect"
    ALL_AGENCIES = "all.agencies"
    READ_TRAIL = "trail.read"


class UnknownRole(Exception):
    """There is no such role."""


class NotAllowed(Exception):
    """Your roles do not include this."""


def load_rights(path: Path) -> dict[str, frozenset[Right]]:
    """The rights of each role.

    Raises ValueError for a row with an unknown or repeated right, a wrong mark or a missing role, which it names, and
    for a right that has no row.
    """
    rights: dict[str, set[Right]] = {role: set() for role in ROLES}
    missing = set(Right)
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            place = f"{path.name}, line {number}"
            if row["right"] not in missing:
                raise ValueError(f"{place}: {row['right']!r} is no right, or stands there twice")
            missing.remove(Right(row["right"]))
            for role in ROLES:
                if row.get(role) not in {"", "x"}:
                    raise ValueError(f"{place}, {role}: write x or nothing, not {row.get(role)!r}")
                if row[role]:
                    rights[role].add(Right(row["right"]))
    if missing:
        raise ValueError(f"{path.name}: no row for {', '.join(sorted(missing))}")
    return {role: frozenset(held) for role, held in rights.items()}


RIGHTS = load_rights(Path(__file__).with_name("roles.csv"))


def rights_of(roles: Iterable[str]) -> frozenset[Right]:
    """What the roles may do together."""
    return frozenset().union(*(RIGHTS[role] for role in roles))


@dataclass(frozen=True)
class Viewer:
    """Somebody who looks or acts, with what they may do."""

    person_id: int | None
    name: str
    email: str = ""
    agency_id: int | None = None
    roles: frozenset[str] = frozenset()
    language: str = "en"
    rights: frozenset[Right] = field(default=frozenset())

    def may(self, right: Right) -> bool:
        """True when one of the roles includes the right."""
        return right in self.rights

    def require(self, right: Right) -> None:
        """Raises NotAllowed when no role includes the right."""
        if right not in self.rights:
            raise NotAllowed(right.value)

    @property
    def everywhere(self) -> bool:
        """True for somebody who sees across agencies."""
        return Right.ALL_AGENCIES in self.rights

    @property
    def actor(self) -> Actor:
        """As the trail names this viewer."""
        return OPERATOR if self.person_id is None else Actor("person", str(self.person_id))


OPERATOR_VIEWER = Viewer(person_id=None, name="operator", rights=frozenset(Right))

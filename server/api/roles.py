"""Roles by number and by name, as ODK Central's clients ask for them; fixed, since they are a table of ours."""

from dataclasses import dataclass
from typing import Any

from accounts.roles import RIGHTS
from server.access import viewer
from server.api.door import gives, may_answer, route
from server.api.problems import Problem
from server.api.shapes import Moment, Shape, Text, Whole, listed
from server.api.verbs import verbs_of


class RoleShape(Shape):
    """A role and what it lets people do."""

    id = Whole(required=True)
    name = Text(required=True)
    system = Text(required=True, allow_none=True)
    verbs = listed(Text(), required=True)
    createdAt = Moment(required=True, allow_none=True)  # noqa: N815
    updatedAt = Moment(required=True, allow_none=True)  # noqa: N815


@dataclass(frozen=True)
class Role:
    """A role's number, its name to people and its name to scripts."""

    id: int
    name: str
    system: str


APP_USER = Role(2, "App User", "app-user")
# ODK Central's clients know 1 and 2 by heart.
NUMBERED = (
    Role(1, "Administrator", "administrator"),
    APP_USER,
    Role(3, "Manager", "manager"),
    Role(4, "Form designer", "designer"),
    Role(5, "Field officer", "officer"),
    Role(6, "Caseworker", "caseworker"),
    Role(7, "Supervisor", "supervisor"),
    Role(8, "Analyst", "analyst"),
    Role(9, "Auditor", "auditor"),
)
OTHER_NAMES = {"admin": "administrator"}
TABLETS_MAY = ("form.list", "form.read", "submission.create")


@route("GET", "/roles", tag="roles", endpoint="roles")
@gives(RoleShape, many=True)
@may_answer(401)
def roles() -> list[dict[str, Any]]:
    """Every role."""
    viewer()
    return [_shown(one) for one in NUMBERED]


@route("GET", "/roles/<role>", tag="roles", endpoint="role")
@gives(RoleShape)
@may_answer(401, 404)
def role(role: str) -> dict[str, Any]:
    """One role, by number or by name."""
    viewer()
    return _shown(find_role(role))


def find_role(named: str) -> Role:
    """The role with this number or name; raises Problem."""
    wanted = OTHER_NAMES.get(named, named)
    found = next((one for one in NUMBERED if wanted in {str(one.id), one.system}), None)
    if found is None:
        raise Problem("404.1", "There is no such role.")
    return found


def _shown(one: Role) -> dict[str, Any]:
    verbs = list(TABLETS_MAY) if one is APP_USER else verbs_of(RIGHTS[one.system])
    return {"id": one.id, "name": one.name, "system": one.system, "verbs": verbs, "createdAt": None, "updatedAt": None}

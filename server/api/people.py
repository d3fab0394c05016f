"""People who may sign in, and their roles: to read; they are made and changed at the desk."""

from typing import Any

from accounts.people import get_person, list_people
from accounts.roles import Right
from accounts.tables import Person
from server.access import require, viewer
from server.api import actors
from server.api.door import extended, gives, may_answer, query, route
from server.api.roles import NUMBERED, find_role
from server.api.shapes import Shape, Text, Whole, listed, mapping
from server.api.verbs import verbs_of
from server.runtime import runtime


class UserShape(actors.Actor):
    """Somebody who may sign in."""

    email = Text(required=True)
    # Of the caller alone, with X-Extended-Metadata: true.
    verbs = listed(Text())
    preferences = mapping()


class UsersQuery(Shape):
    """Who is looked for."""

    q = Text(load_default="", metadata={"description": "A part of the name or the address"})


class AssignmentShape(Shape):
    """Somebody has a role."""

    actorId = Whole(required=True)  # noqa: N815
    roleId = Whole(required=True)  # noqa: N815


@route("GET", "/users", tag="users", endpoint="users")
@query(UsersQuery)
@gives(UserShape, many=True)
@may_answer(400, 401, 403)
def users(wanted: dict[str, str]) -> list[dict[str, Any]]:
    """Everybody who may sign in, by name."""
    require(Right.READ_PEOPLE)
    sought = wanted["q"].casefold().split()
    with runtime().database.read() as session:
        held = [one.person for one in list_people(session) if one.person.disabled_at is None]
    return [shown(one) for one in held if all(part in f"{one.name} {one.email}".casefold() for part in sought)]


@route("GET", "/users/current", tag="users", endpoint="current_user")
@gives(UserShape)
@may_answer(400, 401)
def current() -> dict[str, Any]:
    """The caller."""
    person, in_full = viewer(), extended()
    with runtime().database.read() as session:
        row = shown(get_person(session, person.person_id or 0))
    empty: dict[str, Any] = {"site": {}, "projects": {}}
    return row | ({"verbs": verbs_of(person.rights), "preferences": empty} if in_full else {})


@route("GET", "/users/<int(max=2147483647):user_id>", tag="users", endpoint="user")
@gives(UserShape)
@may_answer(401, 403, 404)
def user(user_id: int) -> dict[str, Any]:
    """One person; everybody may see themselves."""
    person = viewer()
    if user_id != person.person_id:
        person.require(Right.READ_PEOPLE)
    with runtime().database.read() as session:
        return shown(get_person(session, user_id))


@route("GET", "/assignments", tag="roles", endpoint="assignments")
@gives(AssignmentShape, many=True)
@may_answer(401, 403)
def assignments() -> list[dict[str, Any]]:
    """Who has which role; roles hold everywhere, in every project."""
    require(Right.READ_PEOPLE)
    numbers = {one.system: one.id for one in NUMBERED}
    with runtime().database.read() as session:
        return [
            {"actorId": one.person.id, "roleId": numbers[role]}
            for one in list_people(session)
            if one.person.disabled_at is None
            for role in one.roles
        ]


@route("GET", "/assignments/<role>", tag="roles", endpoint="role_assignments")
@gives(actors.Actor, many=True)
@may_answer(401, 403, 404)
def role_assignments(role: str) -> list[dict[str, Any]]:
    """Everybody who has the role."""
    require(Right.READ_PEOPLE)
    wanted = find_role(role)
    with runtime().database.read() as session:
        held = [one for one in list_people(session) if one.person.disabled_at is None]
    return [actors.person(one.person) for one in held if wanted.system in one.roles]


def shown(one: Person) -> dict[str, Any]:
    """A person with the address they sign in with."""
    return actors.person(one) | {"email": one.email}

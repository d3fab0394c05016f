"""People and tablets under one numbering, as scripts know them: actors."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.tables import Device, Person
from server.api.problems import Problem
from server.api.shapes import Moment, Shape, Text, Whole

FIRST_TABLET = 1_000_000
"""Tablets' numbers begin behind it, so that no tablet has the number of a person."""


class Actor(Shape):
    """A person or a tablet."""

    id = Whole(required=True)
    displayName = Text(required=True)  # noqa: N815
    type = Text(required=True)
    createdAt = Moment(required=True)  # noqa: N815
    updatedAt = Moment(required=True, allow_none=True)  # noqa: N815
    deletedAt = Moment(required=True, allow_none=True)  # noqa: N815


def tablet_number(device_id: int) -> int:
    """The tablet's number among the actors."""
    return FIRST_TABLET + device_id


def device_of(actor_id: int) -> int:
    """The tablet behind an actor's number; raises Problem for a person's."""
    if not FIRST_TABLET < actor_id < 2**53:
        raise Problem("404.1", "There is no such app user.")
    return actor_id - FIRST_TABLET


def actor_id(person_id: int | None, device_id: int | None) -> int | None:
    """Who sent or did something, by number."""
    return tablet_number(device_id) if device_id is not None else person_id


def person(one: Person) -> dict[str, Any]:
    """A person as an actor."""
    return _actor(one.id, one.name, "user", one.created_at, one.disabled_at)


def tablet(one: Device) -> dict[str, Any]:
    """A tablet as an actor."""
    return _actor(tablet_number(one.id), one.name, "field_key", one.enrolled_at, one.revoked_at)


def find_actors(session: Session, people: set[int], devices: set[int]) -> dict[int, dict[str, Any]]:
    """The actors of these people and tablets, by number."""
    found = [person(one) for one in session.scalars(select(Person).where(Person.id.in_(people)))]
    found += [tablet(one) for one in session.scalars(select(Device).where(Device.id.in_(devices)))]
    return {one["id"]: one for one in found}


def of_trail(named: str) -> tuple[set[int], set[int]]:
    """The person or tablet behind a name of the trail, such as `person:3`."""
    kind, _, number = named.partition(":")
    held = {int(number)} if number.isdecimal() else set()
    return (held if kind == "person" else set()), (held if kind == "device" else set())


def _actor(number: int, name: str, kind: str, created: datetime, deleted: datetime | None) -> dict[str, Any]:
    return {
        "id": number,
        "displayName": name,
        "type": kind,
        "createdAt": created,
        "updatedAt": None,
        "deletedAt": deleted,
    }

"""People: added, changed, disabled, and loaded as viewers."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from accounts.names import plain_name
from accounts.passwords import hash_password, require_strong
from accounts.roles import ROLES, UnknownRole, Viewer, rights_of
from accounts.tables import Agency, Person, PersonRole, SignInLink, WebSession
from audit.trail import Action, Actor, record
from storage.database import insert_once

ADDRESS = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s.\x00-\x1f\x7f]+(\.[^@\s.\x00-\x1f\x7f]+)*")


class PersonExists(Exception):
    """Somebody with this e-mail address has an account already."""


class PersonNotFound(Exception):
    """There is no such person."""


class BadAddress(Exception):
    """This is not an e-mail address."""


@dataclass(frozen=True)
class Listed:
    """A person as lists show them."""

    person: Person
    agency: str
    roles: tuple[str, ...]


def add_person(
    session: Session,
    *,
    email: str,
    name: str,
    roles: Iterable[str],
    agency: Agency,
    actor: Actor,
    now: datetime,
    password: str | None = None,
    language: str = "en",
) -> Person:
    """The person has an account; without a password they need a sign-in link.

    Raises BadAddress, PersonExists, UnknownRole, WeakPassword.
    """
    email = email.strip().lower()
    if not ADDRESS.fullmatch(email) or len(email) > 254:
        raise BadAddress("Write an e-mail address like ana@example.org.")
    if session.scalar(select(Person.id).where(Person.email == email)) is not None:
        raise PersonExists("Somebody with this e-mail address has an account already.")
    if password is not None:
        require_strong(password, about=email)
    row = {
        "email": email,
        "name": plain_name(name) or plain_name(email),
        "agency_id": agency.id,
        "language": language,
        "password_hash": None if password is None else hash_password(password),
        "created_at": now,
    }
    person_id = insert_once(session, Person, row)
    if person_id is None:  # Somebody else added them at the same moment.
        raise PersonExists("Somebody with this e-mail address has an account already.")
    person = get_person(session, person_id)
    _write_roles(session, person, roles)
    record(session, actor, Action.PERSON_ADDED, f"person:{person.id}", now=now)
    return person


def change_person(
    session: Session, person_id: int, *, name: str, roles: Iterable[str], agency: Agency, actor: Actor, now: datetime
) -> Person:
    """Name, roles and agency are as given; a change of roles or agency ends the person's sessions."""
    person = get_person(session, person_id)
    before = (frozenset(roles_of(session, person_id)), person.agency_id)
    person.name = plain_name(name) or plain_name(person.email)
    person.agency_id = agency.id
    _write_roles(session, person, roles)
    after = (frozenset(roles_of(session, person_id)), agency.id)
    if after != before:
        session.execute(delete(WebSession).where(WebSession.person_id == person_id))
    record(session, actor, Action.PERSON_CHANGED, f"person:{person_id}", now=now, roles=",".join(sorted(after[0])))
    return person


def set_password(session: Session, person: Person, password: str, *, actor: Actor, now: datetime) -> None:
    """The person signs in with the new password, everywhere anew; raises WeakPassword."""
    require_strong(password, about=person.email)
    person.password_hash = hash_password(password)
    session.execute(delete(WebSession).where(WebSession.person_id == person.id))
    session.flush()
    record(session, actor, Action.PASSWORD_SET, f"person:{person.id}", now=now)


def disable_person(session: Session, person_id: int, *, actor: Actor, now: datetime) -> None:
    """The person cannot sign in, their sessions are over and their links void."""
    person = get_person(session, person_id)
    person.disabled_at = now
    session.execute(delete(WebSession).where(WebSession.person_id == person_id))
    session.execute(delete(SignInLink).where(SignInLink.person_id == person_id, SignInLink.used_at.is_(None)))
    session.flush()
    record(session, actor, Action.PERSON_DISABLED, f"person:{person_id}", now=now)


def enable_person(session: Session, person_id: int, *, actor: Actor, now: datetime) -> None:
    """The person can sign in again."""
    get_person(session, person_id).disabled_at = None
    session.flush()
    record(session, actor, Action.PERSON_ENABLED, f"person:{person_id}", now=now)


def set_language(session: Session, person_id: int, language: str) -> None:
    """The person's pages come in this language."""
    get_person(session, person_id).language = language
    session.flush()


def get_person(session: Session, person_id: int) -> Person:
    """The person; raises PersonNotFound."""
    person = session.get(Person, person_id)
    if person is None:
        raise PersonNotFound("There is no such person.")
    return person


def find_person(session: Session, email: str) -> Person:
    """The person with this e-mail address; raises PersonNotFound."""
    person = session.scalar(select(Person).where(Person.email == email.strip().lower()))
    if person is None:
        raise PersonNotFound("Nobody with this e-mail address has an account.")
    return person


def list_people(session: Session) -> list[Listed]:
    """Everybody who has an account, by name."""
    rows = session.execute(
        select(Person, Agency.name).join(Agency, Agency.id == Person.agency_id).order_by(Person.name)
    )
    held: dict[int, list[str]] = {}
    for person_id, role in session.execute(select(PersonRole.person_id, PersonRole.role)):
        held.setdefault(person_id, []).append(role)
    return [Listed(person, agency, tuple(sorted(held.get(person.id, ())))) for person, agency in rows]


def roles_of(session: Session, person_id: int) -> tuple[str, ...]:
    """The person's roles, sorted."""
    return tuple(session.scalars(select(PersonRole.role).where(PersonRole.person_id == person_id).order_by("role")))


def viewer_of(session: Session, person: Person) -> Viewer:
    """The person with everything their roles allow."""
    roles = frozenset(roles_of(session, person.id))
    return Viewer(person.id, person.name, person.email, person.agency_id, roles, person.language, rights_of(roles))


def anybody(session: Session) -> bool:
    """True when at least one person has an account."""
    return bool(session.scalar(select(func.count()).select_from(Person)))


def _write_roles(session: Session, person: Person, roles: Iterable[str]) -> None:
    wanted = set(roles)
    if unknown := wanted - set(ROLES):
        raise UnknownRole(f"There is no role {', '.join(sorted(unknown))}. The roles are: {', '.join(ROLES)}.")
    session.execute(delete(PersonRole).where(PersonRole.person_id == person.id))
    session.add_all(PersonRole(person_id=person.id, role=role) for role in sorted(wanted))
    session.flush()

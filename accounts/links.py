"""Links that work once: one makes the first manager, the others let a person set a password."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from accounts.people import add_person, anybody, get_person, set_password
from accounts.projects import get_agency
from accounts.tables import Person, SignInLink
from accounts.tokens import new_token, token_hash
from audit.trail import NOBODY, Action, Actor, record

VALID_FOR = timedelta(hours=24)
FIRST_ROLES = ("administrator", "manager")


class LinkInvalid(Exception):
    """This link was used already or is too old."""


def first_link(session: Session, *, actor: Actor, now: datetime) -> str | None:
    """The token of a new link that makes the first manager, earlier ones void; None once anybody has an account."""
    if anybody(session):
        return None
    session.execute(delete(SignInLink).where(SignInLink.person_id.is_(None)))
    return _make(session, None, actor=actor, now=now)


def person_link(session: Session, person_id: int, *, actor: Actor, now: datetime) -> str:
    """The token of a new link with which the person sets a password; earlier ones are void."""
    get_person(session, person_id)
    session.execute(delete(SignInLink).where(SignInLink.person_id == person_id, SignInLink.used_at.is_(None)))
    return _make(session, person_id, actor=actor, now=now)


def link_person(session: Session, token: str, *, now: datetime) -> Person | None:
    """Whose link this is, None for the first manager's; raises LinkInvalid."""
    link = _valid(session, token, now)
    return None if link.person_id is None else get_person(session, link.person_id)


def use_first_link(
    session: Session, token: str, *, email: str, name: str, password: str, language: str, now: datetime
) -> Person:
    """The first manager has an account and the link is spent.

    Raises LinkInvalid, and what add_person raises.
    """
    link = _valid(session, token, now)
    if link.person_id is not None or anybody(session):
        raise LinkInvalid("This link was used already or is too old.")
    _spend(session, token, now)
    return add_person(
        session,
        email=email,
        name=name,
        roles=FIRST_ROLES,
        agency=get_agency(session),
        actor=NOBODY,
        now=now,
        password=password,
        language=language,
    )


def use_person_link(session: Session, token: str, *, password: str, now: datetime, name: str = "") -> Person:
    """The person has the password, and the name where one is given, and the link is spent.

    Raises LinkInvalid, WeakPassword.
    """
    person = link_person(session, token, now=now)
    if person is None:
        raise LinkInvalid("This link was used already or is too old.")
    _spend(session, token, now)
    person.name = name.strip()[:120] or person.name
    set_password(session, person, password, actor=Actor("person", str(person.id)), now=now)
    return person


def _make(session: Session, person_id: int | None, *, actor: Actor, now: datetime) -> str:
    token = new_token()
    session.add(SignInLink(token_hash=token_hash(token), person_id=person_id, made_at=now, expires_at=now + VALID_FOR))
    session.flush()
    record(session, actor, Action.LINK_MADE, f"person:{person_id or 'first'}", now=now)
    return token


def _valid(session: Session, token: str, now: datetime) -> SignInLink:
    link = session.scalar(select(SignInLink).where(SignInLink.token_hash == token_hash(token)))
    if link is None or link.used_at is not None or link.expires_at <= now:
        raise LinkInvalid("This link was used already or is too old.")
    return link


def _spend(session: Session, token: str, now: datetime) -> None:
    unused = update(SignInLink).where(SignInLink.token_hash == token_hash(token), SignInLink.used_at.is_(None))
    if session.execute(unused.values(used_at=now)).rowcount != 1:  # type: ignore[attr-defined]
        raise LinkInvalid("This link was used already or is too old.")
    record(session, NOBODY, Action.LINK_USED, "link", now=now)

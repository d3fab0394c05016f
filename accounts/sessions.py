"""Signing in, staying signed in, signing out; failures slow the next try down."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import Session

from accounts.passwords import verify_password
from accounts.people import viewer_of
from accounts.roles import Viewer
from accounts.tables import Person, SignInFailure, SignInLink, WebSession
from accounts.tokens import new_token, token_hash
from audit.trail import NOBODY, Action, Actor, record
from storage.database import insert_once

IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=8)
SCRIPT_LONGEST = timedelta(hours=24)
SEEN_EVERY = timedelta(seconds=60)
FREE_TRIES, LOCK_AT = 5, 10
ADDRESS_TRIES = 30
FORGET_AFTER = timedelta(minutes=15)


class Kind(StrEnum):
    """What holds a session's token: a browser, in its cookie, or a script, which sends it as Bearer."""

    BROWSER = "browser"
    SCRIPT = "script"


class SignInRefused(Exception):
    """The e-mail address or the password is not right."""


class TooManyTries(Exception):
    """Signing in failed too often; wait before the next try. `seconds` says how long."""

    def __init__(self, seconds: int) -> None:
        super().__init__("Signing in failed too often. Wait and try again.")
        self.seconds = seconds


LASTS = {Kind.BROWSER: (IDLE, LONGEST), Kind.SCRIPT: (SCRIPT_LONGEST, SCRIPT_LONGEST)}
"""How long a session lasts without a request, and at most."""


@dataclass(frozen=True)
class SignedIn:
    """A signed-in browser or script: who it is, and what a browser's forms must carry.

    A person who sends a password with each request has no session, so that it neither starts nor ends.
    """

    viewer: Viewer
    csrf: str = ""
    started_at: datetime | None = None
    ends_at: datetime | None = None


def check_password(session: Session, *, email: str, password: str, address: str, now: datetime) -> Person:
    """The person whose password this is; nothing is written, so that the slow hash holds no writer's place.

    Raises SignInRefused alike for a wrong password, an unknown and a disabled account; TooManyTries.
    """
    email = _normal(email)
    for key in _keys(email, address):
        _require_turn(session, key, now)
    person = session.scalar(select(Person).where(Person.email == email))
    right = verify_password(password, person.password_hash if person else None, address=address)
    if person is None or not right or person.disabled_at is not None:
        raise SignInRefused("The e-mail address or the password is not right.")
    return person


def note_failure(session: Session, *, email: str, address: str, now: datetime) -> None:
    """The failure counts for the account and for the address; call it after the refusal rolled back."""
    account, place = _keys(_normal(email), address)
    _count(session, account, FREE_TRIES, LOCK_AT, now)
    _count(session, place, ADDRESS_TRIES, ADDRESS_TRIES, now)
    record(session, NOBODY, Action.SIGN_IN_FAILED, "session", now=now)


def start_session(session: Session, person: Person, *, now: datetime, kind: Kind = Kind.BROWSER) -> str:
    """The token of a new session, of which only the hash is kept; the account's failed tries are forgotten."""
    token = new_token()
    session.execute(delete(SignInFailure).where(SignInFailure.key == _keys(person.email, "")[0]))
    session.add(
        WebSession(
            token_hash=token_hash(token),
            person_id=person.id,
            csrf=new_token(),
            kind=kind.value,
            started_at=now,
            seen_at=now,
        )
    )
    session.flush()
    facts = {"script": True} if kind is Kind.SCRIPT else {}
    record(session, Actor("person", str(person.id)), Action.SIGNED_IN, f"person:{person.id}", now=now, **facts)
    return token


def find_session(
    session: Session, token: str, *, now: datetime, kind: Kind = Kind.BROWSER
) -> tuple[SignedIn | None, bool]:
    """Who holds the token, or None; and whether `touch_session` is due.

    A browser's token opens nothing as a script's, nor the other way round: their sessions last differently.
    """
    row = session.execute(
        select(WebSession, Person)
        .join(Person, Person.id == WebSession.person_id)
        .where(WebSession.token_hash == token_hash(token), WebSession.kind == kind.value)
    ).first()
    if row is None:
        return None, False
    web, person = row
    idle, longest = LASTS[kind]
    if person.disabled_at or now - web.seen_at > idle or now - web.started_at > longest:
        return None, False
    signed_in = SignedIn(viewer_of(session, person), web.csrf, web.started_at, web.started_at + longest)
    return signed_in, kind is Kind.BROWSER and now - web.seen_at > SEEN_EVERY


def touch_session(session: Session, token: str, *, now: datetime) -> None:
    """The session stays open for another 15 minutes."""
    session.execute(update(WebSession).where(WebSession.token_hash == token_hash(token)).values(seen_at=now))


def end_session(session: Session, token: str, *, now: datetime) -> None:
    """The browser is signed out."""
    person_id = session.scalar(select(WebSession.person_id).where(WebSession.token_hash == token_hash(token)))
    if person_id is not None:
        session.execute(delete(WebSession).where(WebSession.token_hash == token_hash(token)))
        record(session, Actor("person", str(person_id)), Action.SIGNED_OUT, f"person:{person_id}", now=now)


def end_other_sessions(session: Session, person_id: int, token: str, *, now: datetime) -> None:
    """The person is signed out everywhere but in the browser that holds the token."""
    others = (WebSession.person_id == person_id, WebSession.token_hash != token_hash(token))
    session.execute(delete(WebSession).where(*others))
    record(session, Actor("person", str(person_id)), Action.SIGNED_OUT, f"person:{person_id}", now=now, others=True)


def open_sessions(session: Session, *, now: datetime) -> dict[int, int]:
    """In how many browsers and scripts each person is signed in; those who are in none have no entry."""
    query = select(WebSession.person_id, func.count()).where(~_over(now)).group_by(WebSession.person_id)
    return dict(session.execute(query).all())


def sweep_sessions(session: Session, *, now: datetime) -> None:
    """Sessions that are over and failures that are forgotten have no rows."""
    session.execute(delete(WebSession).where(_over(now)))
    session.execute(delete(SignInFailure).where(SignInFailure.last_at < now - FORGET_AFTER))


def _over(now: datetime) -> ColumnElement[bool]:
    """Sessions that have ended by themselves, each kind after its own time."""
    return or_(
        *(
            (WebSession.kind == kind.value)
            & ((WebSession.seen_at < now - idle) | (WebSession.started_at < now - longest))
            for kind, (idle, longest) in LASTS.items()
        )
    )


def end_every_session(session: Session) -> None:
    """Nobody is signed in, no link works any more and no failed try counts."""
    for table in (WebSession, SignInLink, SignInFailure):
        session.execute(delete(table))


def _normal(email: str) -> str:
    return email.replace("\0", "").encode("utf-8", "ignore").decode().strip().lower()[:254]


def _keys(email: str, address: str) -> tuple[str, str]:
    return f"a:{token_hash(email)}", f"p:{address}"[:80]


def _require_turn(session: Session, key: str, now: datetime) -> None:
    until = session.scalar(select(SignInFailure.wait_until).where(SignInFailure.key == key))
    if until is not None and until > now:
        raise TooManyTries(max(1, round((until - now).total_seconds())))


def _count(session: Session, key: str, free: int, lock_at: int, now: datetime) -> None:
    insert_once(session, SignInFailure, {"key": key, "count": 0, "last_at": now})
    held = session.get_one(SignInFailure, key, with_for_update=True, populate_existing=True)
    if now - held.last_at > FORGET_AFTER:
        held.count, held.wait_until = 0, None
    held.count += 1
    held.last_at = now
    if held.count >= lock_at:
        held.wait_until = now + FORGET_AFTER
    elif held.count >= free:
        held.wait_until = now + timedelta(seconds=2 ** (held.count - free))
    session.flush()

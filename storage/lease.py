"""One row for each kind of work says which process does it."""

import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import String, delete, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database import Base, Database, DatabaseUnavailable, Moment, insert_once

LENGTH = timedelta(seconds=15)
RENEW = LENGTH.total_seconds() / 3
BACKUP = "backup"


class BackupRuns(Exception):
    """A backup is being made, during which nothing is removed and no other is made. Try again when it is finished."""


class Lease(Base):
    """Who does a kind of work, and until when nobody else may."""

    __tablename__ = "leases"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(80))
    until: Mapped[datetime] = mapped_column(Moment)


def take_lease(session: Session, name: str, holder: str, *, now: datetime) -> bool:
    """True when the holder may do the work for the next 15 seconds; nobody else can meanwhile."""
    if insert_once(session, Lease, {"name": name, "holder": holder, "until": now + LENGTH}) is not None:
        return True
    free = update(Lease).where(Lease.name == name, or_(Lease.holder == holder, Lease.until < now))
    return bool(session.execute(free.values(holder=holder, until=now + LENGTH)).rowcount)  # type: ignore[attr-defined]


def drop_lease(session: Session, name: str, holder: str, *, now: datetime) -> None:
    """Somebody else may take the lease at once."""
    session.execute(update(Lease).where(Lease.name == name, Lease.holder == holder).values(until=now))


def require_no_backup(session: Session, *, now: datetime) -> None:
    """Raises BackupRuns while a backup is being made: what it names must stay until it has read it."""
    held = select(Lease.until).where(Lease.name == BACKUP, Lease.until > now)
    if session.scalar(held) is not None:
        raise BackupRuns("A backup is being made. Nothing is removed until it is finished; try again then.")


@contextmanager
def backing_up(database: Database, clock: Callable[[], datetime]) -> Iterator[None]:
    """Nothing is removed and no other backup is made meanwhile, by whichever process; raises BackupRuns."""
    holder, ended = f"{os.getpid()}-{secrets.token_hex(4)}", threading.Event()

    def take() -> bool:
        with database.begin() as session:
            return take_lease(session, BACKUP, holder, now=clock())

    def renew() -> None:
        while not ended.wait(RENEW):
            try:
                take()
            except DatabaseUnavailable:
                continue  # It is tried again well before others may take it.

    if not take():
        raise BackupRuns("Another backup is being made. Try again when it is finished.")
    renewing = threading.Thread(target=renew, name="lease", daemon=True)
    renewing.start()
    try:
        yield
    finally:
        ended.set()
        renewing.join()
        with database.begin() as session:
            session.execute(delete(Lease).where(Lease.name == BACKUP, Lease.holder == holder))

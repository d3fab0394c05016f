"""One row that says which process does the periodic work."""

from datetime import datetime, timedelta

from sqlalchemy import String, or_, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database import Base, Moment, insert_once

LENGTH = timedelta(seconds=15)


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

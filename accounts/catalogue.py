"""The one row that tells every process when what tablets are offered has changed."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from accounts.tables import Catalogue


def raise_catalogue(session: Session) -> None:
    """Form lists in memory count as stale once this transaction commits."""
    done = session.execute(update(Catalogue).where(Catalogue.id == 1).values(version=Catalogue.version + 1))
    if done.rowcount == 0:  # type: ignore[attr-defined]
        session.add(Catalogue(id=1, version=1))
        session.flush()


def catalogue_version(session: Session) -> int:
    """The present version; 0 before anything was published."""
    return session.scalar(select(Catalogue.version).where(Catalogue.id == 1)) or 0

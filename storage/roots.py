"""One key for each record root (case, person, incident, perpetrator, unattached screening)."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import LargeBinary, String, bindparam, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database import Base, Moment, insert_new
from storage.lease import require_no_backup
from storage.sealing import Keyring, keys_of, new_key

PAGE = 500


class RootDestroyed(Exception):
    """The record was erased: its key is gone and nothing under it can be read again."""


class RootKey(Base):
    """A root's key, wrapped by the master key; `wrapped` is empty once the root is erased."""

    __tablename__ = "root_keys"
    root_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)
    destroyed_at: Mapped[datetime | None] = mapped_column(Moment)


WRAPPED = select(RootKey.root_id, RootKey.wrapped).where(RootKey.root_id.in_(bindparam("root_ids", expanding=True)))


def ensure_roots(session: Session, kinds: Mapping[str, str]) -> dict[str, bytes]:
    """Every root (by id, with its kind) has a key of its own; all of them are returned.

    Raises RootDestroyed, KeysLocked.
    """
    fresh = {root_id: new_key() for root_id in kinds}
    ring = keys_of(session)
    rows = [
        {"root_id": root_id, "kind": kinds[root_id], "wrapped": ring.wrap(key, _place(root_id))}
        for root_id, key in fresh.items()
    ]
    new = insert_new(session, RootKey, rows)
    return {root_id: key if root_id in new else root_key(session, root_id) for root_id, key in fresh.items()}


def root_key(session: Session, root_id: str) -> bytes:
    """The root's key, unwrapped; raises RootDestroyed, KeysLocked."""
    wrapped = session.scalar(select(RootKey.wrapped).where(RootKey.root_id == root_id))
    if wrapped is None:
        raise RootDestroyed(root_id)
    return keys_of(session).unwrap(wrapped, _place(root_id))


def wrapped_roots(session: Session, root_ids: Iterable[str]) -> dict[str, bytes]:
    """The keys of many roots as they are kept, for `unwrap_root`; those that were erased have none."""
    found = session.connection().execute(WRAPPED, {"root_ids": list(root_ids)})
    return {root_id: wrapped for root_id, wrapped in found if wrapped is not None}


def unwrap_root(ring: Keyring, root_id: str, wrapped: bytes) -> bytes:
    """A root's key; raises SealBroken, KeyUnknown."""
    return ring.unwrap(wrapped, _place(root_id))


def destroy_root(session: Session, root_id: str, *, now: datetime) -> None:
    """Nothing sealed under the root can be read again; raises BackupRuns while a backup is being made."""
    require_no_backup(session, now=now)
    session.execute(update(RootKey).where(RootKey.root_id == root_id).values(wrapped=None, destroyed_at=now))


def rewrap_roots(session: Session, *, after: str = "", limit: int = PAGE) -> str | None:
    """Roots' keys behind this id are wrapped by the master key in use; the last id looked at, None behind the last.

    Raises KeysLocked, SealBroken.
    """
    ring = keys_of(session)
    query = select(RootKey.root_id, RootKey.wrapped).where(RootKey.root_id > after).order_by(RootKey.root_id)
    rows = session.execute(query.limit(limit)).all()
    for root_id, wrapped in rows:
        if wrapped is not None and not ring.is_current(wrapped):
            place = _place(root_id)
            # Compared with what was read, since meanwhile the root may have been erased.
            same = (RootKey.root_id == root_id, RootKey.wrapped == wrapped)
            session.execute(update(RootKey).where(*same).values(wrapped=ring.wrap(ring.unwrap(wrapped, place), place)))
    return rows[-1].root_id if rows else None


def older_roots(session: Session) -> int:
    """How many roots' keys are not wrapped by the master key in use; raises KeysLocked."""
    ring = keys_of(session)
    query = select(RootKey.wrapped).where(RootKey.wrapped.is_not(None)).execution_options(yield_per=PAGE)
    return sum(wrapped is not None and not ring.is_current(wrapped) for wrapped in session.scalars(query))


def _place(root_id: str) -> str:
    return f"root_keys.wrapped:{root_id}"

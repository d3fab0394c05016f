"""Which master key is in use, whether a copy of it was verified, and what backups and restorations there were."""

from datetime import datetime

from sqlalchemy import LargeBinary, String, Text, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database import PK, Base, Moment, insert_once
from storage.sealing import IntakeKeys, Keyring


class KeyInUse(Base):
    """A generation of the master key by its public part, and when a copy of it was last read back."""

    __tablename__ = "master_keys"
    key_id: Mapped[str] = mapped_column(String(8), primary_key=True)
    public: Mapped[bytes] = mapped_column(LargeBinary)
    noted_at: Mapped[datetime] = mapped_column(Moment)
    copy_verified_at: Mapped[datetime | None] = mapped_column(Moment)


class Backup(Base):
    """One backup: begun, finished or failed, and verified by being restored elsewhere."""

    __tablename__ = "backups"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    begun_at: Mapped[datetime] = mapped_column(Moment)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)
    verified_at: Mapped[datetime | None] = mapped_column(Moment)
    kept: Mapped[bool] = mapped_column()  # True in the folder of scheduled backups, where it stays until it is old.
    place: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(PK, default=0)  # bytes
    missing: Mapped[int] = mapped_column(default=0)  # files that rows name and that were not there


class Restoration(Base):
    """When this database was restored, and from which backup; sessions from before count no more."""

    __tablename__ = "restorations"
    id: Mapped[int] = mapped_column(PK, primary_key=True)
    restored_at: Mapped[datetime] = mapped_column(Moment)
    backup_id: Mapped[str] = mapped_column(String(32))
    backed_up_at: Mapped[datetime] = mapped_column(Moment)


def note_key(session: Session, keys: IntakeKeys, *, now: datetime) -> None:
    """The key counts as the one in use, for other nodes to see."""
    row = {"key_id": keys.key_id, "public": keys.public, "noted_at": now}
    if insert_once(session, KeyInUse, row) is None:
        session.execute(update(KeyInUse).where(KeyInUse.key_id == keys.key_id).values(noted_at=now))


def note_verified_copy(session: Session, keys: IntakeKeys, *, now: datetime) -> None:
    """A copy of the key in use was read back."""
    row = {"key_id": keys.key_id, "public": keys.public, "noted_at": now}
    insert_once(session, KeyInUse, row)
    session.execute(update(KeyInUse).where(KeyInUse.key_id == keys.key_id).values(copy_verified_at=now))


def copy_verified_at(session: Session, keys: IntakeKeys) -> datetime | None:
    """When a copy of the key in use was last read back."""
    return session.scalar(select(KeyInUse.copy_verified_at).where(KeyInUse.key_id == keys.key_id))


def newer_key(session: Session, keys: IntakeKeys) -> str | None:
    """The id of the key in use where this process holds an older one alone."""
    newest = session.scalar(select(KeyInUse.key_id).order_by(KeyInUse.noted_at.desc()).limit(1))
    held = keys.holds(newest or "") if isinstance(keys, Keyring) else newest == keys.key_id
    return None if newest is None or held else newest

"""The chain that numbers and links the trail's committed rows, so that a missing row shows too."""

import hmac
from dataclasses import dataclass

from sqlalchemy import ForeignKey, String, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from audit.trail import AuditEntry, seal_of
from storage.database import PK, Base
from storage.sealing import intake_keys_of

BATCH = 1000
LATE_COMMITS = 10_000  # On PostgreSQL a transaction may commit after this many entries with higher ids.


class AuditLink(Base):
    """One link of the chain: the entry's place in it and an HMAC over the link before and the entry's seal."""

    __tablename__ = "audit_links"
    number: Mapped[int] = mapped_column(PK, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(ForeignKey(AuditEntry.id), unique=True)
    link: Mapped[str] = mapped_column(String(64))


@dataclass(frozen=True)
class Break:
    """The first place where the chain does not hold."""

    number: int
    entry_id: int | None
    reason: str


def chain(session: Session) -> int:
    """Committed entries that had no number are linked in order of id; how many is returned. One chainer at a time."""
    newest = select(AuditLink).order_by(AuditLink.number.desc()).limit(1)
    last = session.execute(newest.with_only_columns(AuditLink.number, AuditLink.link, AuditLink.entry_id)).first()
    number, link, entry_id = (last.number, last.link, last.entry_id) if last else (0, "", 0)
    loose = session.execute(
        select(AuditEntry.id, AuditEntry.seal)
        .outerjoin(AuditLink, AuditLink.entry_id == AuditEntry.id)
        .where(AuditEntry.id > entry_id - LATE_COMMITS, AuditLink.number.is_(None))
        .order_by(AuditEntry.id)
        .limit(BATCH)
    ).all()
    rows = []
    for entry in loose:
        number, link = number + 1, _link(intake_keys_of(session).audit_key, link, entry.seal)
        rows.append({"number": number, "entry_id": entry.id, "link": link})
    if rows:
        session.execute(insert(AuditLink), rows)
    return len(rows)


def verify(session: Session) -> Break | None:
    """None when every linked entry is whole and in its place; else the first break."""
    key, link = intake_keys_of(session).audit_key, ""
    query = (
        select(AuditLink.number, AuditLink.entry_id, AuditLink.link, AuditEntry)
        .outerjoin(AuditEntry, AuditEntry.id == AuditLink.entry_id)
        .order_by(AuditLink.number)
        .execution_options(yield_per=BATCH)
    )
    with session.execute(query) as rows:
        for expected, (number, entry_id, held, entry) in enumerate(rows, start=1):
            if number != expected:
                return Break(expected, None, "a link is missing")
            if entry is None:
                return Break(number, entry_id, "the entry is missing")
            if _seal_of(session, entry) != entry.seal:
                return Break(number, entry_id, "the entry was changed")
            link = _link(key, link, entry.seal)
            if link != held:
                return Break(number, entry_id, "the link was changed")
    return None


def key_fits(session: Session) -> bool:
    """True unless the oldest entry was sealed under another key: the key file is then another installation's."""
    entry = session.scalar(select(AuditEntry).order_by(AuditEntry.id).limit(1))
    return entry is None or _seal_of(session, entry) == entry.seal


def unlinked(session: Session) -> int:
    """How many entries have no number yet."""
    entries = session.scalar(select(func.count()).select_from(AuditEntry)) or 0
    return entries - (session.scalar(select(func.count()).select_from(AuditLink)) or 0)


def _seal_of(session: Session, entry: AuditEntry) -> str:
    content = {name: getattr(entry, name) for name in ("uid", "at", "actor", "action", "subject", "facts")}
    return seal_of(intake_keys_of(session).audit_key, content)


def _link(key: bytes, before: str, seal: str) -> str:
    return hmac.digest(key, f"{before}:{seal}".encode(), "sha256").hex()

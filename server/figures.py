"""What is counted for those who watch an installation, by /metrics and `fieldcase doctor`: numbers, never names."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session

from accounts.roles import OPERATOR_VIEWER
from accounts.tables import Device
from storage.custody import Backup
from storage.lease import Lease
from submissions.inbox import count_by_filing
from submissions.tables import Attachment, Filing, Submission

SILENT = timedelta(days=7)  # after which a tablet that was not heard from is looked for
LOOKED_BACK = timedelta(days=14)  # over which growth is measured


@dataclass(frozen=True)
class Tablets:
    """Tablets that may send: those heard from lately, and the others."""

    heard: int
    silent: int


@dataclass(frozen=True)
class Growth:
    """What came in each day lately, in bytes: into the database, and into the files."""

    database: float
    files: float
    days: float


def filing_counts(session: Session) -> dict[Filing, int]:
    """How many submissions stand in each state, those without any too."""
    return dict.fromkeys(Filing, 0) | count_by_filing(session, viewer=OPERATOR_VIEWER)


def oldest_pending(session: Session) -> datetime | None:
    """When the submission came in that has waited longest to be filed; None when none waits."""
    waiting = select(Submission.received_at).where(Submission.filing == Filing.PENDING.value)
    return session.scalar(waiting.order_by(Submission.id).limit(1))


def is_silent(now: datetime) -> ColumnElement[bool]:
    """True of a tablet that was not heard from for a week."""
    return func.coalesce(Device.last_seen_at, Device.enrolled_at) < now - SILENT


def count_tablets(session: Session, *, now: datetime) -> Tablets:
    """The tablets whose access was not ended."""
    query = select(func.count(), func.count().filter(is_silent(now))).where(Device.revoked_at.is_(None))
    every, silent = session.execute(query).one()
    return Tablets(heard=every - silent, silent=silent)


def work_ended(session: Session) -> datetime | None:
    """Until when somebody does the periodic work; None before anybody did."""
    return session.scalar(select(func.max(Lease.until)))


def last_backup(session: Session) -> datetime | None:
    """When the newest finished backup was begun; None when there is none."""
    return session.scalar(select(func.max(Backup.begun_at)).where(Backup.finished_at.is_not(None)))


def database_bytes(session: Session) -> int:
    """How much room the database takes."""
    if session.get_bind().dialect.name == "postgresql":
        return int(session.scalar(text("SELECT pg_database_size(current_database())")) or 0)
    pages, size = (session.scalar(text(f"PRAGMA {name}")) for name in ("page_count", "page_size"))
    return int(pages or 0) * int(size or 0)


def free_bytes(folder: Path) -> int:
    """The room that is left where the folder is, or will be."""
    return shutil.disk_usage(next(one for one in (folder, *folder.parents) if one.exists())).free


def growth(session: Session, *, now: datetime) -> Growth | None:
    """What came in each day of the last two weeks, or since the first submission; None when nothing did.

    Of the database each submission takes the same share, since most of it is what was made of them.
    """
    since = now - LOOKED_BACK
    before = select(Submission.id).where(Submission.received_at < since).order_by(Submission.id.desc()).limit(1)
    last = session.scalar(before) or 0
    query = select(func.min(Submission.received_at), func.count()).where(Submission.id > last)
    first, count = session.execute(query).one()
    if not count:
        return None
    days = max(1.0, (now - (since if last else first)) / timedelta(days=1))
    every = session.scalar(select(func.count()).select_from(Submission)) or count
    files = session.scalar(select(func.sum(Attachment.size)).where(Attachment.submission_id > last)) or 0
    return Growth(database_bytes(session) * count / every / days, int(files) / days, days)

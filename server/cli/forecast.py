"""What `fieldcase doctor` tells of the days to come: how long the disk lasts, whose clock will mislead."""

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from accounts.tables import Device
from cases.tables import Source
from server.cli.checks import Check
from server.figures import free_bytes, growth
from server.settings import LOOPBACK, Settings
from submissions.tables import Submission

DAYS_BAD, DAYS_WARN = 7, 60
MB = 1024**2
CLAIMS = timedelta(days=30)  # how far back tablets' clocks are compared with ours
AHEAD = timedelta(minutes=10)
BEHIND = timedelta(days=365)
ENOUGH = 3  # tablets that say the same, before it is our clock that is doubted
NAMED = 3


def disk_forecast(session: Session, settings: Settings, now: datetime) -> Check:
    """At the pace of the last two weeks the disk of the data folder lasts."""
    grown = growth(session, now=now)
    if grown is None:
        return Check("disk forecast", "ok", "nothing came in within 14 days")
    here = grown.database * _database_is_here(settings) + grown.files * (not settings.files_url)
    if not here:
        return Check("disk forecast", "ok", "what comes in lies on other machines", "watch their disks")
    days = free_bytes(settings.data_dir) / here
    says = f"{here / MB:.1f} MB a day came in lately; there is room for {_days(days)}"
    if days < DAYS_WARN:
        return Check(
            "disk forecast", "bad" if days < DAYS_BAD else "warn", says, "move the data folder to a larger disk"
        )
    return Check("disk forecast", "ok", says)


def tablets_clocks(session: Session, settings: Settings, now: datetime) -> Check:
    """What each tablet said of the time when it last sent fits when that came in."""
    recent = select(Submission.id).where(Submission.received_at < now - CLAIMS).order_by(Submission.id.desc()).limit(1)
    newest = (
        select(func.max(Submission.id))
        .where(Submission.id > func.coalesce(recent.scalar_subquery(), 0), Submission.filed_at.is_not(None))
        .group_by(Submission.device_id)
    )
    claims = session.execute(
        select(Device.name, Source.observed_at, Submission.received_at)
        .join(Submission, Submission.id == Source.submission_id)
        .join(Device, Device.id == Submission.device_id)
        .where(Submission.id.in_(newest))
        .order_by(Device.name)
    ).all()
    tablets = {name for name, _claimed, _came in claims}
    names = sorted({name for name, claimed, came in claims if not came - BEHIND < claimed < came + AHEAD})
    if not names:
        return Check("tablets' clocks", "ok", "agree with what came in")
    if len(names) >= ENOUGH and len(names) * 2 > len(tablets):
        says = f"{len(names)} of {len(tablets)} tablets claim other times than this machine's"
        return Check("tablets' clocks", "warn", says, "compare this machine's clock with a telephone's: date")
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    says = f"{', '.join(names[:NAMED])}{more}: the clock is wrong"
    return Check("tablets' clocks", "warn", says, "on the tablet: Settings, Date and time, Automatic")


def _database_is_here(settings: Settings) -> bool:
    """True for SQLite, and for PostgreSQL on this machine, whose disk is most often the same."""
    return settings.database_file is not None or (urlsplit(settings.url).hostname or "localhost") in LOOPBACK


def _days(days: float) -> str:
    return f"{round(days)} days" if days < 730 else f"{round(days / 365)} years"


COMING: tuple[Callable[[Session, Settings, datetime], Check], ...] = (disk_forecast, tablets_clocks)

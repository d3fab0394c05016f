"""What `fieldcase doctor` looks at in the database: its schema and clock, what waits, and the tablets."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from accounts.roles import OPERATOR_VIEWER
from accounts.tables import Device
from audit.chain import key_fits
from audit.trail import AuditEntry
from server.cli.checks import Check
from server.figures import is_silent, oldest_pending
from server.settings import Settings
from storage.database import DatabaseUnavailable, make_engine
from storage.schema import SchemaUnfit, require_current
from submissions.inbox import count_by_filing
from submissions.tables import Filing, Submission

OLD_SECRET = timedelta(days=180)
SLOW, STUCK = timedelta(minutes=5), timedelta(hours=1)  # how long a submission may wait to be filed
SKEW = timedelta(seconds=5)
BORN = datetime(2026, 1, 1, tzinfo=UTC)  # No clock shows less than when this was written.
NAMED = 3  # tablets that are named before the rest are counted


def database(settings: Settings) -> Check:
    """The database answers and has the schema that this version works with."""
    where = str(settings.database_file or "PostgreSQL")
    if settings.database_file is not None and not settings.database_file.exists():
        return Check("database", "bad", f"{where} is not there", "fieldcase init")
    engine = make_engine(settings.url, patience=5)
    try:
        require_current(engine)
    except SchemaUnfit as error:
        return Check("database", "bad", str(error), "do what it says")
    except DatabaseUnavailable:
        do = "check FIELDCASE_DATABASE_URL and that the server runs" if settings.database_url else "check the disk"
        return Check("database", "bad", f"{where} cannot be reached", do)
    finally:
        engine.dispose()
    return Check("database", "ok", where)


def key(session: Session, settings: Settings, now: datetime) -> Check:
    """The key file is the one that the database was made with."""
    if key_fits(session):
        return Check("key", "ok", "fits the database")
    return Check("key", "bad", "is not the one that this database was made with", "put the right key file back")


def clocks(session: Session, settings: Settings, now: datetime) -> Check:
    """The clock is not behind the trail, and agrees with the database server's."""
    newest = session.scalar(select(func.max(AuditEntry.at))) or BORN
    if now < newest - SKEW:
        says = f"this machine's clock shows {now:%Y-%m-%d %H:%M} UTC, before the trail's last entry"
        return Check("clock", "bad", says, "set the clock: timedatectl set-ntp true")
    if settings.database_file is None:
        there = session.execute(select(func.now())).scalar_one()
        if abs(there - now) > SKEW + timedelta(seconds=5):
            return Check("clock", "warn", "the database server's clock differs", "let both keep time by NTP")
    return Check(
        "clock", "ok", f"{now:%Y-%m-%d %H:%M} UTC, {now.astimezone(settings.zone):%H:%M} in {settings.time_zone}"
    )


def set_aside(session: Session, settings: Settings, now: datetime) -> Check:
    """Nothing waits for a person."""
    counts = count_by_filing(session, viewer=OPERATOR_VIEWER)
    waiting = {state: counts.get(state, 0) for state in (Filing.SET_ASIDE, Filing.HELD, Filing.CONFLICT)}
    says = ", ".join(f"{count} {state}" for state, count in waiting.items())
    if not any(waiting.values()):
        return Check("set aside", "ok", "nothing is set aside, held or in conflict")
    state = next(str(state) for state, count in waiting.items() if count)
    return Check("set aside", "warn", says, f'fieldcase submission list --filing "{state}"')


def backlog(session: Session, settings: Settings, now: datetime) -> Check:
    """What came in is filed soon."""
    pending = (Submission.filing == Filing.PENDING.value,)
    oldest, count = oldest_pending(session), session.scalar(select(func.count()).where(*pending))
    if oldest is None:
        return Check("filing", "ok", "nothing waits to be filed")
    waited = now - oldest
    says = f"{count} wait to be filed, the oldest for {round(waited.total_seconds() / 60)} minutes"
    if waited < SLOW:
        return Check("filing", "ok", says)
    who = {"process": "is fieldcase serve running?", "worker": "is fieldcase worker running?"}
    do = who.get(settings.filing, "FIELDCASE_FILING=off: nobody files here")
    return Check("filing", "bad" if waited > STUCK else "warn", says, do)


def silent_tablets(session: Session, settings: Settings, now: datetime) -> Check:
    """Every tablet was heard from within a week."""
    return _tablets(
        session,
        is_silent(now),
        Check("tablets", "ok", "each was heard from within 7 days"),
        (
            "silent for more than 7 days",
            "find them; end the access of those that are lost: fieldcase device revoke NAME",
        ),
    )


def old_secrets(session: Session, settings: Settings, now: datetime) -> Check:
    """No tablet has had the same secret for half a year."""
    return _tablets(
        session,
        Device.enrolled_at < now - OLD_SECRET,
        Check("tablets' secrets", "ok", "none is older than 180 days"),
        ("enrolled more than 180 days ago with the same secret", "enrol them anew and revoke the old access"),
    )


def _tablets(session: Session, which: object, fine: Check, found: tuple[str, str]) -> Check:
    query = select(Device.name).where(Device.revoked_at.is_(None), which).order_by(Device.name)  # type: ignore[arg-type]
    names = list(session.scalars(query))
    if not names:
        return fine
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return Check(fine.name, "warn", f"{', '.join(names[:NAMED])}{more}: {found[0]}", found[1])


INSIDE: tuple[Callable[[Session, Settings, datetime], Check], ...] = (
    key,
    clocks,
    set_aside,
    backlog,
    silent_tablets,
    old_secrets,
)

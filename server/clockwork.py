"""Periodic work under lease rows: the trail is chained, late files join their record, old sessions go."""

import logging
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy.orm import Session

from accounts.sessions import sweep_sessions
from audit.chain import chain
from cases.releasing import release_held
from cases.screened import Turn, rescreen_older
from forms.checks import sweep_checks
from server.runtime import Runtime, clock
from storage.database import DatabaseUnavailable
from storage.lease import drop_lease, take_lease
from storage.sealing import KeysLocked
from submissions.opening import move_late_attachments

log = logging.getLogger("fieldcase")
OPEN, SEALED = "clockwork", "clockwork of what is sealed"
"""The leases: what any node can do, and what needs the whole ring of keys; nodes without it leave that to others."""


def chain_trail(session: Session, now: datetime) -> None:
    """Every committed entry of the trail has its link."""
    while chain(session):
        continue


def join_late_files(session: Session, now: datetime) -> None:
    """Files that came after their submission was filed are sealed under its record."""
    move_late_attachments(session)


def end_sessions(session: Session, now: datetime) -> None:
    """Browsers that were idle too long are signed out."""
    sweep_sessions(session, now=now)


def forget_checks(session: Session, now: datetime) -> None:
    """Workbooks that were only checked are gone after a day."""
    sweep_checks(session, now=now)


def release(session: Session, now: datetime) -> None:
    """Submissions whose form version or parent has appeared are pending again."""
    release_held(session, now=now)


class ScreenAgain:
    """Screenings that older rules screened, or none, are screened by these; each time from where it stopped."""

    def __init__(self) -> None:
        self._turn = Turn()

    def __call__(self, session: Session, now: datetime) -> None:
        rescreen_older(session, self._turn)


# What is done, how many seconds apart, and under which lease.
WORK: tuple[tuple[Callable[[Session, datetime], None], int, str], ...] = (
    (chain_trail, 1, OPEN),
    (release, 5, SEALED),
    (join_late_files, 10, SEALED),
    (ScreenAgain(), 30, SEALED),
    (end_sessions, 60, OPEN),
    (forget_checks, 600, OPEN),
)


@contextmanager
def broken_off_is_said() -> Iterator[None]:
    """What breaks off is logged and tried again when it next falls due; a thread that died would do nothing more."""
    try:
        yield
    except (DatabaseUnavailable, KeysLocked) as error:
        log.warning("periodic work waits: %s", type(error).__name__)
    except Exception as error:
        log.error("periodic work broke off and goes on", exc_info=error)


class Clockwork(threading.Thread):
    """Does the periodic work while it holds the leases, until it is stopped."""

    def __init__(self, running: Runtime) -> None:
        super().__init__(name="clockwork", daemon=True)
        self._running = running
        self._holder = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._stopped = threading.Event()
        self._due = {work: 0.0 for work, *_ in WORK}

    def run(self) -> None:
        """The work is done as it falls due, until `stop`."""
        while not self._stopped.wait(1):
            with broken_off_is_said():
                self.tick(clock())

    def tick(self, now: datetime) -> None:
        """What is due is done, as far as this process holds the leases; each in a transaction of its own."""
        wanted = (OPEN, SEALED) if self._running.unlocked else (OPEN,)
        with self._running.database.begin() as session:
            leases = {name for name in wanted if take_lease(session, name, self._holder, now=now)}
        for work, every, lease in WORK:
            if lease in leases and now.timestamp() >= self._due[work]:
                self._due[work] = now.timestamp() + every
                with broken_off_is_said(), self._running.database.begin() as session:
                    work(session, now)

    def stop(self) -> None:
        """The trail is chained to its end and the leases are free."""
        self._stopped.set()
        if self.is_alive():
            self.join(timeout=30)
        try:
            with self._running.database.begin() as session:
                if take_lease(session, OPEN, self._holder, now=clock()):
                    chain_trail(session, clock())
                for name in (OPEN, SEALED):
                    drop_lease(session, name, self._holder, now=clock())
        except DatabaseUnavailable as error:
            log.warning("the trail is chained at the next start: %s", type(error).__name__)

"""Periodic work under a lease row: the trail is chained, late files join their record, old sessions go."""

import logging
import os
import secrets
import threading
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from accounts.sessions import sweep_sessions
from audit.chain import chain
from cases.releasing import release_held
from server.runtime import Runtime, clock
from storage.database import DatabaseUnavailable
from storage.lease import drop_lease, take_lease
from storage.sealing import Keyring
from submissions.opening import move_late_attachments

log = logging.getLogger("fieldcase")
NAME = "clockwork"


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


def release(session: Session, now: datetime) -> None:
    """Submissions whose form version or parent has appeared are pending again."""
    if isinstance(session.info["keys"], Keyring):
        release_held(session, now=now)


# What is done, and how many seconds apart.
WORK: tuple[tuple[Callable[[Session, datetime], None], int], ...] = (
    (chain_trail, 1),
    (release, 5),
    (join_late_files, 10),
    (end_sessions, 60),
)


class Clockwork(threading.Thread):
    """Does the periodic work while it holds the lease, until it is stopped."""

    def __init__(self, running: Runtime) -> None:
        super().__init__(name="clockwork", daemon=True)
        self._running = running
        self._holder = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._stopped = threading.Event()
        self._due = {work: 0.0 for work, _ in WORK}

    def run(self) -> None:
        """The work is done as it falls due, until `stop`."""
        while not self._stopped.wait(1):
            try:
                self.tick(clock())
            except DatabaseUnavailable as error:
                log.warning("periodic work waits: %s", type(error).__name__)
            except Exception as error:  # A thread that died would leave the trail unchained.
                log.error("periodic work broke off and goes on", exc_info=error)

    def tick(self, now: datetime) -> None:
        """What is due is done, if this process holds the lease; each in a transaction of its own.

        A node that holds the intake key alone leaves it all to those that can open what is stored.
        """
        if not isinstance(self._running.database.keys, Keyring):
            return
        with self._running.database.begin() as session:
            if not take_lease(session, NAME, self._holder, now=now):
                return
        for work, every in WORK:
            if now.timestamp() >= self._due[work]:
                self._due[work] = now.timestamp() + every
                with self._running.database.begin() as session:
                    work(session, now)

    def stop(self) -> None:
        """The trail is chained to its end and the lease is free."""
        self._stopped.set()
        if self.is_alive():
            self.join(timeout=30)
        if not isinstance(self._running.database.keys, Keyring):
            return
        try:
            with self._running.database.begin() as session:
                if take_lease(session, NAME, self._holder, now=clock()):
                    chain_trail(session, clock())
                    drop_lease(session, NAME, self._holder, now=clock())
        except DatabaseUnavailable as error:
            log.warning("the trail is chained at the next start: %s", type(error).__name__)

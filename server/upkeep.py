"""Long periodic work, in a thread of its own: scheduled backups and their trial, pruning, sweeping, sealing anew."""

import logging
import os
import secrets
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from audit.trail import SYSTEM
from server.backups import last_verified, make_backup, newest_backup, note_verified, prune, scheduled_path
from server.rekeying import seal_anew
from server.runtime import Runtime, clock
from server.verifying import verify_backup
from storage.database import DatabaseUnavailable
from storage.files import FilesUnavailable
from storage.lease import BackupRuns, take_lease
from storage.mirror import Mirror
from storage.sweep import sweep_files

log = logging.getLogger("fieldcase")
NAME = "upkeep"
LOOK = 5.0  # seconds between looks at what is due
AGAIN = timedelta(minutes=10)  # after something failed
TRIAL = timedelta(days=7)  # how often a backup is tried
TRY_AGAIN = timedelta(hours=24)  # after a trial that went wrong
SWEEP = timedelta(hours=6)
SEAL = timedelta(hours=24)
COVERED = timedelta(hours=1)  # A receipt that is older than a backup by so much is surely in it.


class Upkeep(threading.Thread):
    """Does the long periodic work where this process holds the lease, until it is stopped."""

    def __init__(self, running: Runtime, now: Callable[[], datetime] = clock) -> None:
        super().__init__(name="upkeep", daemon=True)
        self._running, self._now = running, now
        self._holder = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._stopped = threading.Event()
        self._not_before: dict[str, datetime] = {}
        self._sealed_for = ""

    def run(self) -> None:
        """What is due is done, until `stop`."""
        while not self._stopped.wait(LOOK):
            self.tick()

    def stop(self) -> None:
        """No work goes on; a backup that is being made is broken off and made again at the next start."""
        self._stopped.set()
        if self.is_alive():
            self.join(timeout=10)

    def tick(self) -> None:
        """What is due is done; what fails is tried again later."""
        for name, work in (
            ("backup", self._back_up),
            ("trial", self._try_out),
            ("sweep", self._sweep),
            ("seal", self._seal),
        ):
            now = self._now()
            if now >= self._not_before.get(name, now):
                self._try(name, work, now)

    def _try(self, name: str, work: Callable[[datetime], None], now: datetime) -> None:
        try:
            work(now)
        except (BackupRuns, DatabaseUnavailable, FilesUnavailable) as error:
            self._not_before[name] = now + AGAIN
            log.warning("upkeep: %s waits: %s", name, type(error).__name__)
        except Exception as error:  # A thread that died would make no backup any more.
            self._not_before[name] = max(now + AGAIN, self._not_before.get(name, now))
            log.error("upkeep: %s broke off and is tried again", name, exc_info=error)

    def _mine(self, now: datetime) -> bool:
        with self._running.database.begin() as session:
            return take_lease(session, NAME, self._holder, now=now)

    def _back_up(self, now: datetime) -> None:
        """A scheduled backup that is due is made; old ones go, and with them the receipts that they cover."""
        folder, settings = self._running.settings.backup_dir, self._running.settings
        if folder is None or not self._due(now) or not self._mine(now):
            return
        path = scheduled_path(folder, now)
        made = make_backup(self._running, path, actor=SYSTEM, kept=True, progress=self._break_off)
        log.info("backed up: %s rows, %s files, %s bytes", sum(made.told.rows.values()), made.told.files, made.size)
        if made.told.missing:
            log.error("%s files that rows name are missing", len(made.told.missing))
        for path in prune(folder, keep=timedelta(days=settings.backup_keep_days), now=now):
            log.info("an old backup is removed: %s", path.name)
        if settings.mirror_dir is not None:
            Mirror(settings.mirror_dir).prune(before=now - COVERED)

    def _due(self, now: datetime) -> bool:
        with self._running.database.read() as session:
            last = newest_backup(session, kept=True)
        return last is None or now - last.begun_at >= timedelta(hours=self._running.settings.backup_every)

    def _try_out(self, now: datetime) -> None:
        """The newest backup was restored elsewhere and looked at, once a week; a locked process leaves it."""
        if not self._running.unlocked or self._running.settings.backup_dir is None:
            return
        with self._running.database.read() as session:
            tried, newest = last_verified(session), newest_backup(session, kept=True)
        if newest is None or (tried is not None and now - tried < TRIAL) or not self._mine(now):
            return
        self._not_before["trial"] = now + TRY_AGAIN
        place, source = self._running.settings.data_dir, Path(newest.place)
        verify_backup(self._running.ring, source, place, progress=lambda more: self._break_off(more, 0))
        with self._running.database.begin() as session:
            note_verified(session, newest.id, actor=SYSTEM, now=clock())
        log.info("the backup was tried: it can be restored")

    def _break_off(self, _done: int, _of: int) -> None:
        """Ends the thread in the middle of its work once it is to stop; what is half done is removed on the way."""
        if self._stopped.is_set():
            raise SystemExit

    def _sweep(self, now: datetime) -> None:
        if not self._mine(now):
            return
        self._not_before["sweep"] = now + SWEEP
        if removed := sweep_files(self._running.database, self._running.files, now=now):
            log.info("removed %s files that no row names", removed)

    def _seal(self, now: datetime) -> None:
        """What an interrupted change of the key left is sealed anew; once for each key, and once a day."""
        if not self._running.unlocked:
            return
        key_id = self._running.database.keys.key_id
        again = now >= self._not_before.get("seal again", now)
        if (key_id != self._sealed_for or again) and self._mine(now):
            self._not_before["seal again"] = now + SEAL
            seal_anew(self._running.database)
            self._sealed_for = key_id

"""Filing runs behind the receipt: one thread that is woken by each, and that nothing is lost without."""

import logging
import threading

from cases.filing import file_next
from server.runtime import Runtime, clock
from storage.database import DatabaseUnavailable
from storage.sealing import KeysLocked

log = logging.getLogger("fieldcase")
FEW, MANY = 4, 16  # submissions that are filed at once while posts come in, and while none do
PATIENCE = 2.0  # seconds between looks when nothing woke the thread


class FilingThread(threading.Thread):
    """Files pending submissions one after the other until it is stopped; `filing` in the database is its queue."""

    def __init__(self, running: Runtime) -> None:
        super().__init__(name="filing", daemon=True)
        self._running = running
        self._woken = threading.Event()
        self._stopped = threading.Event()

    def wake(self) -> None:
        """There is something to file."""
        self._woken.set()

    def stop(self) -> None:
        """The thread ends after the submission that it is filing."""
        self._stopped.set()
        self._woken.set()
        if self.is_alive():
            self.join(timeout=30)

    def run(self) -> None:
        """Pending submissions are filed until `stop`."""
        while not self._stopped.is_set():
            self._woken.clear()
            if not self._file_all():
                self._woken.wait(PATIENCE)

    def _file_all(self) -> bool:
        """True when something was filed or set aside and more may wait."""
        if not self._running.unlocked:
            return False  # Unlocking wakes the thread.
        try:
            database = self._running.database
            return file_next(database, now=clock(), at_once=FEW if database.busy else MANY)
        except (DatabaseUnavailable, KeysLocked) as error:
            log.warning("filing waits: %s", type(error).__name__)
        except Exception as error:  # A thread that died would file nothing until the next start.
            log.error("filing broke off and goes on", exc_info=error)
        self._stopped.wait(PATIENCE)
        return False

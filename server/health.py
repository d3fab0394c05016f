"""Whether the database answers in time, asked without ever waiting longer."""

import logging
import threading

from sqlalchemy import select

from accounts.tables import Catalogue
from storage.database import Database, DatabaseUnavailable

log = logging.getLogger("fieldcase")
PATIENCE = 1.0  # seconds


class Health:
    """Asks the database in a thread of its own, one question at a time: a server that hangs holds up nobody else."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._question: _Question | None = None

    def answers(self) -> bool:
        """True when the database gives a row within one second."""
        with self._lock:
            if self._question is None or self._question.over.is_set():
                self._question = _Question(self._database)
            question = self._question
        return question.over.wait(PATIENCE) and question.answered


class _Question:
    """One row read, as soon as the database gives it."""

    def __init__(self, database: Database) -> None:
        self.over = threading.Event()
        self.answered = False
        self._database = database
        threading.Thread(target=self._ask, name="health", daemon=True).start()

    def _ask(self) -> None:
        try:
            with self._database.read() as session:
                self.answered = session.scalar(select(Catalogue.version)) is not None
        except DatabaseUnavailable as error:
            log.warning("the database does not answer: %s", type(error).__name__)
        except Exception as error:  # Whatever it is, the answer is no.
            log.error("the database could not be asked", exc_info=error)
        finally:
            self.over.set()

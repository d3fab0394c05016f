"""Long downloads take turns, so that threads are left for the tablets."""

import threading

AT_ONCE, IN_LINE = 2, 2  # downloads that run, and that wait for one to end, in one process
PATIENCE = 10.0  # seconds


class DownloadsBusy(Exception):
    """As many downloads are running as this server can serve beside the tablets. Try again."""


class Turns:
    """Some act and some wait; for more there is no place."""

    def __init__(self, at_once: int = AT_ONCE, in_line: int = IN_LINE, patience: float = PATIENCE) -> None:
        self._places = threading.BoundedSemaphore(at_once + in_line)
        self._turns = threading.BoundedSemaphore(at_once)
        self._patience = patience

    def take(self) -> None:
        """It is the caller's turn; raises DownloadsBusy."""
        if not self._places.acquire(blocking=False):
            raise DownloadsBusy("no place in the line")
        if not self._turns.acquire(timeout=self._patience):
            self._places.release()
            raise DownloadsBusy("the line did not move")

    def give_back(self) -> None:
        """It is another one's turn."""
        self._turns.release()
        self._places.release()


TURNS = Turns()

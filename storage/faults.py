"""Where a test lets the process die, to see that nothing acknowledged is lost (tests/proofs)."""

import os
import random
import signal
import threading
import time

AT = os.environ.get("FIELDCASE_FAULT_AT", "")  # one of the points below, in tests alone

# The steps of custody, in their order; each is where one call of `fault` stands.
POINTS = {
    "K0": "the headers of a post are read",
    "K1": "a part of its body has come",
    "K2": "the whole post has come",
    "K3": "a file is written, not synced",
    "K4": "it is synced, not renamed",
    "K5": "it is renamed, its folder is not synced",
    "K6": "one of several files is kept",
    "K7": "the rows are written, not committed",
    "K8": "the commit has begun",
    "K9": "it is committed, not answered",
    "K10": "a submission is taken for filing",
    "K11": "its case is written, not committed",
    "K12": "its case is committed",
}

# Further points, outside custody.
BEYOND = {
    "K13": "files that no row names are found, not removed",
    "K15": "the key file holds a new key, nothing is sealed for it",
}


def fault(point: str) -> None:
    """The process is killed here, as by a power cut, if FIELDCASE_FAULT_AT names this point."""
    if point == AT:
        os.kill(os.getpid(), signal.SIGKILL)


def fault_within(point: str, seconds: float) -> None:
    """As `fault`, at some moment of that time while the caller goes on."""
    if point == AT:
        threading.Thread(target=_later, args=(point, random.uniform(0, seconds)), daemon=True).start()  # noqa: S311


def _later(point: str, seconds: float) -> None:
    time.sleep(seconds)
    fault(point)

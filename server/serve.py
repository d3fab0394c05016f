"""The process that serves: waitress in front, filing and periodic work behind."""

import gc
import logging
import signal
import sys
import threading
import types
from collections.abc import Callable
from contextlib import ExitStack

from server.app import create_app
from server.clockwork import Clockwork
from server.control import Control
from server.filing import FilingThread
from server.listening import Listener
from server.logs import log_requests
from server.runtime import Runtime
from server.spooling import encrypt_waitress
from server.upkeep import Upkeep

log = logging.getLogger("fieldcase")
AT_A_STRETCH = 0.001  # seconds that a thread may work while others wait: filing is long, a post is many short steps
MADE_BEFORE_SWEEPING = 20_000  # objects; a request leaves few that refer to each other


def serve(running: Runtime, *, ready: Callable[[], None] = lambda: None) -> None:
    """The doors are open until the process is asked to stop; then what runs is finished and the trail is chained.

    `ready` is called once the doors are open. Raises CannotListen.
    """
    encrypt_waitress()
    sys.setswitchinterval(AT_A_STRETCH)
    asked = _asked_to_stop()
    with ExitStack() as stack:
        stack.callback(running.close)
        app = create_app(running=running)
        log_requests(app)
        listener = Listener(app, running.settings)
        stack.callback(listener.close)
        _start_work(running, stack, filing=running.settings.filing == "process")
        _sweep_seldom()
        log.info("serving at %s", running.settings.base_url)
        ready()
        listener.run(asked)
        log.info("stopping")


def work(running: Runtime, *, ready: Callable[[], None] = lambda: None) -> None:
    """Submissions are filed and periodic work is done until the process is asked to stop."""
    asked = _asked_to_stop()
    with ExitStack() as stack:
        stack.callback(running.close)
        _start_work(running, stack, filing=True)
        _sweep_seldom()
        log.info("working")
        ready()
        asked.wait()
        log.info("stopping")


def _sweep_seldom() -> None:
    """Python looks for garbage less often, and not again through what was there at the start, which stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(MADE_BEFORE_SWEEPING, 20, 20)


def _start_work(running: Runtime, stack: ExitStack, *, filing: bool) -> None:
    """What runs behind the doors; a node that holds the intake key alone leaves it to others, who can do all of it."""
    if running.settings.intake_key_file is not None:
        return
    control = Control(running)
    control.start()
    stack.callback(control.stop)
    if not running.unlocked:
        log.warning("the key file has a passphrase: submissions are taken in; run `fieldcase key unlock` to file them")
    upkeep = Upkeep(running)
    upkeep.start()
    stack.callback(upkeep.stop)
    clockwork = Clockwork(running)
    clockwork.start()
    stack.callback(clockwork.stop)  # Last of all, so that the chain holds what the others did.
    if filing:
        thread = FilingThread(running)
        running.wake_filing = thread.wake
        thread.start()
        stack.callback(thread.stop)


def _asked_to_stop() -> threading.Event:
    """Set by the first SIGTERM or SIGINT; the second ends the process where it stands, which loses nothing stored."""
    asked = threading.Event()

    def stop(number: int, _frame: types.FrameType | None) -> None:
        if asked.is_set():
            raise SystemExit(128 + number)
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return asked

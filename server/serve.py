"""The process that serves: waitress in front, filing and periodic work behind."""

import logging
import signal
import types
from collections.abc import Callable
from contextlib import ExitStack

from flask import Flask
from waitress.server import create_server

from server.app import create_app
from server.clockwork import Clockwork
from server.filing import FilingThread
from server.runtime import Runtime
from server.spooling import encrypt_waitress

log = logging.getLogger("fieldcase")
SLOW_CLIENTS = 2000  # connections; each costs a few kilobytes and no thread until its body is here
FRAMING = 1024 * 1024  # bytes by which waitress's own limit is above ours, so that our answer says it


def serve(running: Runtime) -> None:
    """The doors are open until the process is asked to stop; then the trail is chained and all is closed."""
    settings = running.settings
    encrypt_waitress()
    with ExitStack() as stack:
        stack.callback(running.close)
        if settings.filing == "process":
            filing = FilingThread(running)
            running.wake_filing = filing.wake
            filing.start()
            stack.callback(filing.stop)
        clockwork = Clockwork(running)
        clockwork.start()
        stack.callback(clockwork.stop)
        _listen(create_app(running=running), running)


def work(running: Runtime) -> None:
    """Submissions are filed and periodic work is done until the process is asked to stop."""
    filing, clockwork = FilingThread(running), Clockwork(running)
    with ExitStack() as stack:
        stack.callback(running.close)
        clockwork.start()
        stack.callback(clockwork.stop)
        filing.start()
        stack.callback(filing.stop)
        _until_asked(filing.join)


def _listen(app: Flask, running: Runtime) -> None:
    settings = running.settings
    server = create_server(
        app,
        host=settings.host,
        port=settings.port,
        threads=settings.threads,
        connection_limit=SLOW_CLIENTS,
        asyncore_use_poll=True,
        max_request_body_size=settings.largest_post + FRAMING,
        channel_timeout=120,
        ident=None,
        clear_untrusted_proxy_headers=not settings.behind_proxy,
        trusted_proxy="*" if settings.behind_proxy else None,
        trusted_proxy_headers={"x-forwarded-for", "x-forwarded-proto"} if settings.behind_proxy else None,
    )
    log.info("serving at %s", settings.base_url)
    _until_asked(server.run)
    server.close()


def _until_asked(run: Callable[[], None]) -> None:
    def stop(_signal: int, _frame: types.FrameType | None) -> None:
        raise SystemExit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        run()
    except SystemExit:
        log.info("stopping")

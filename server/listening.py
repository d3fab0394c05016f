"""Waitress's sockets: how they are opened, and how they are closed without cutting anybody off."""

import resource
import threading
import time
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server

from server.reading import Channel
from server.settings import Settings

SLOW_CLIENTS = 2000  # connections; each costs a few kilobytes and no thread until its body is here
OPEN_FILES = 8192
HEADERS = 64 * 1024  # bytes; tablets ask about some hundred list entries in one address
FRAMING = 1024 * 1024  # bytes by which waitress's own limit is above ours, so that our answer says it
SLOW_AFTER, SLOWEST = 60.0, 100.0  # seconds, after which a request must have come at so many bytes a second
LOOK = 0.5  # seconds between looks at whether the process was asked to stop
ANSWERING, ARRIVING = 30.0, 5.0  # seconds that requests have to be answered, and to arrive, once we are asked to stop

PROXY: dict[str, Any] = {
    "trusted_proxy": "*",
    "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
}


class CannotListen(Exception):
    """The address cannot be listened on; the text says which and why."""


class Listener:
    """The open doors of one process."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        """The sockets are bound and connections wait until `run`; raises CannotListen."""
        _allow_open_files()
        self._sockets: dict[int, Any] = {}
        self._next_look = 0.0
        try:
            self._server = create_server(
                app,
                map=self._sockets,
                host=settings.host,
                port=settings.port,
                threads=settings.threads,
                connection_limit=SLOW_CLIENTS,
                asyncore_use_poll=True,
                max_request_header_size=HEADERS,
                max_request_body_size=settings.largest_post + FRAMING,
                channel_timeout=120,
                ident=None,
                clear_untrusted_proxy_headers=True,
                **(PROXY if settings.behind_proxy else {}),
            )
        except (OSError, ValueError) as error:
            why = (error.strerror if isinstance(error, OSError) else None) or "no such address"
            raise CannotListen(
                f"Cannot listen on {settings.host} port {settings.port}: {why}. "
                "Choose others with --host and --port, or FIELDCASE_HOST and FIELDCASE_PORT."
            ) from error
        for listening in self._listening():
            listening.channel_class = Channel

    def run(self, asked: threading.Event) -> None:
        """Requests are answered until the event is set; what has begun by then is finished, within a time."""
        while not asked.is_set():
            self._turn()
        for listening in self._listening():
            wasyncore.dispatcher.close(listening)
        self._finish(time.monotonic())

    def close(self) -> None:
        """No thread works and no socket is open."""
        self._server.task_dispatcher.shutdown()
        wasyncore.close_all(self._sockets)

    def _listening(self) -> list[BaseWSGIServer]:
        return [socket for socket in self._sockets.values() if isinstance(socket, BaseWSGIServer)]

    def _turn(self) -> None:
        wasyncore.loop(timeout=LOOK, use_poll=True, map=self._sockets, count=1)
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + SLOW_AFTER / 6
            self._leave_the_slow(now)

    def _leave_the_slow(self, now: float) -> None:
        """Whoever dribbles is left: no link of a tablet is that slow, and connections are many but not endless."""
        for channel in [socket for socket in self._sockets.values() if isinstance(socket, Channel)]:
            begun = channel.request.age(now) if channel.request is not None else 0.0
            if begun > SLOW_AFTER and channel.request.came < begun * SLOWEST:
                channel.will_close = True

    def _finish(self, begun: float) -> None:
        while channels := [socket for socket in self._sockets.values() if isinstance(socket, HTTPChannel)]:
            waited = time.monotonic() - begun
            for channel in channels:
                answering = channel.requests or channel.total_outbufs_len
                if waited > ANSWERING or not (answering or (channel.request is not None and waited < ARRIVING)):
                    channel.will_close = True
            if waited > ANSWERING:
                return
            self._turn()


def _allow_open_files() -> None:
    """The usual 1024 open files would turn tablets away long before the limit on connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

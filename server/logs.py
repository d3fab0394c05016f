"""Logs: one line an event on standard error, key=value, with the request's id; never names, answers or secrets."""

import logging
import re
import sys
import time
import traceback
from collections.abc import Container
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TextIO

import structlog

from cases.codes import SHAPE

if TYPE_CHECKING:
    from flask import Flask, Response

SECRETS = re.compile(r"(/v1/key/|/first/|/password/|/link/)[^/\s?\"']+")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
# What waitress quotes of a request: paths may hold names of files, headers may hold anything.
QUOTED = re.compile(r"(while serving |proxy header ).*", re.DOTALL)
ID = r"\d{1,18}|(?:uuid:)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|" + SHAPE.pattern
IDS = re.compile(ID, re.IGNORECASE)
LONGEST_PATH = 200
QUIET = frozenset({"health", "metrics"})  # asked every few seconds: told only when something is wrong
OURS = ("fieldcase", "waitress")

log = logging.getLogger("fieldcase")


def set_up_logs(stream: TextIO | None = None) -> None:
    """What Fieldcase and waitress log goes to standard error, or to `stream`; other libraries' warnings do too."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.ExtraAdder(allow=("request_id", "method", "route", "path", "status", "ms")),
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _without_values,
                _without_secrets,
                structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], drop_missing=True),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # A queue is no event: it says so under every load.
    logging.raiseExceptions = False  # A log that cannot be written stops nothing.


def log_requests(app: "Flask") -> None:
    """Each answer is logged with its method, its route, its path as far as it is safe, its status and its duration."""
    from flask import g, request

    words = {part for rule in app.url_map.iter_rules() for part in rule.rule.split("/") if "<" not in part}

    def end(answer: "Response") -> "Response":
        if request.endpoint in QUIET and answer.status_code == 200:
            return answer
        facts: dict[str, Any] = {"request_id": g.get("request_id"), "method": request.method}
        facts |= {"route": request.endpoint, "path": told(request.path, words), "status": answer.status_code}
        facts["ms"] = round((time.perf_counter() - g.begun) * 1000)
        log.info("answered", extra=facts)
        return answer

    app.after_request(end)


def told(path: str, words: Container[str]) -> str:
    """The path with those of its parts alone that are words of our addresses, or ids.

    The others may be a secret, the name of a file, or what somebody typed by mistake.
    """
    parts = (part if part in words or IDS.fullmatch(part) else "***" for part in path[:LONGEST_PATH].split("/"))
    return "/".join(parts)


def redacted(text: str) -> str:
    """The text without the secrets that stand in addresses."""
    return SECRETS.sub(r"\1***", text)


def frames(error: BaseException) -> str:
    """Where an exception came from, innermost call first, and its kind; its text may hold answers and is left out."""
    calls = [
        f"{'/'.join(PurePath(call.filename).parts[-2:])}:{call.lineno}"
        for call in traceback.extract_tb(error.__traceback__)
    ]
    kinds, cause = [type(error).__name__], error.__cause__
    while cause is not None and len(kinds) < 5:
        kinds.append(type(cause).__name__)
        cause = cause.__cause__
    return f"{' from '.join(kinds)} at {' < '.join(reversed(calls[-12:]))}"


def _without_values(_logger: Any, _name: str, event: Any) -> Any:
    """An exception is told by its kind and its calls alone."""
    held = event.pop("exc_info", None)
    if held:
        error = held if isinstance(held, BaseException) else (held if isinstance(held, tuple) else sys.exc_info())[1]
        if error is not None:
            event["error"] = frames(error)
    return event


def _without_secrets(_logger: Any, _name: str, event: Any) -> Any:
    event["event"] = QUOTED.sub(r"\1***", event["event"])
    return {
        name: CONTROL.sub(" ", redacted(value)) if isinstance(value, str) else value for name, value in event.items()
    }

"""Logs: one line an event on standard error, key=value, with the request's id; never names, answers or secrets."""

import logging
import re
import sys
import time
import traceback
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TextIO

import structlog

if TYPE_CHECKING:
    from flask import Flask, Response

SECRETS = re.compile(r"(/v1/key/|/first/|/password/|/link/)[^/\s?\"']+")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
LONGEST_PATH = 200
OURS = ("fieldcase", "waitress")

log = logging.getLogger("fieldcase")


def set_up_logs(stream: TextIO | None = None) -> None:
    """What Fieldcase and waitress log goes to standard error, or to `stream`; other libraries' warnings do too."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.ExtraAdder(allow=("request_id", "method", "path", "status", "ms")),
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
    """Each answer is logged with its method, path without secrets, status and duration."""
    from flask import g, request

    def begin() -> None:
        g.begun = time.perf_counter()

    def end(answer: "Response") -> "Response":
        facts: dict[str, Any] = {"request_id": g.get("request_id"), "method": request.method}
        facts |= {"path": redacted(request.path)[:LONGEST_PATH], "status": answer.status_code}
        facts["ms"] = round((time.perf_counter() - g.get("begun", time.perf_counter())) * 1000)
        log.info("answered", extra=facts)
        return answer

    app.before_request_funcs.setdefault(None, []).insert(0, begin)
    app.after_request(end)


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
    return {
        name: CONTROL.sub(" ", redacted(value)) if isinstance(value, str) else value for name, value in event.items()
    }

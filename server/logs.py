"""Logs: one line an event on standard error, key=value, with the request's id; never names, answers or secrets."""

import logging
import re
import sys
import time
import traceback
from collections.abc import Container
from datetime import UTC, datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TextIO

from cases.codes import SHAPE

if TYPE_CHECKING:
    from flask import Flask, Response

SECRETS = re.compile(r"(/v1/key/|/v1/test/|/first/|/password/|/link/)[^/\s?\"']+")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
# What waitress quotes of a request: paths may hold names of files, headers may hold anything.
QUOTED = re.compile(r"(while serving |proxy header ).*", re.DOTALL)
ID = r"\d{1,18}|(?:uuid:)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|" + SHAPE.pattern
IDS = re.compile(ID, re.IGNORECASE)
LONGEST_PATH = 200
QUIET = frozenset({"health", "metrics"})  # asked every few seconds: told only when something is wrong
OURS = ("fieldcase", "waitress")
FACTS = ("request_id", "method", "route", "path", "status", "ms")
PLAIN = re.compile(r"[\w.:*+-]+")

log = logging.getLogger("fieldcase")


def set_up_logs(stream: TextIO | None = None) -> None:
    """What Fieldcase and waitress log goes to standard error, or to `stream`; other libraries' warnings do too."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(Line())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # A queue is no event: it says so under every load.
    logging.raiseExceptions = False  # A log that cannot be written stops nothing.


class Line(logging.Formatter):
    """An event as one line of key=value; written by hand, since each answer waits for it."""

    def format(self, record: logging.LogRecord) -> str:
        """When, how grave, what, and the facts that were given; of an exception its kind and its calls alone."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds")[:-6]
        event = QUOTED.sub(r"\1***", record.getMessage())
        told = [f"timestamp={at}Z level={record.levelname.lower()} event={_value(event)}"]
        told += [f"{name}={_value(held[name])}" for held in (record.__dict__,) for name in FACTS if name in held]
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            told.append(f"error={_value(frames(error))}")
        return " ".join(told)


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


def _value(held: Any) -> str:
    """A value as it may stand in a line: without secrets, nothing in it that ends the value or the line."""
    text = "" if held is None else str(held)
    if PLAIN.fullmatch(text):
        return text
    text = CONTROL.sub(" ", redacted(text))
    if " " in text or "=" in text or '"' in text:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text

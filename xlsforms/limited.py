"""Work on a stranger's file, done in a child process that may use only so much memory and time."""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from enum import StrEnum
from pathlib import Path
from typing import Any

from xlsforms.limits import Limits

ROOT = str(Path(__file__).resolve().parents[1])
START = "import sys; sys.path.insert(0, sys.argv[1]); from xlsforms.child import main; main()"


class Reason(StrEnum):
    TIME = "time"
    MEMORY = "memory"
    DEPTH = "depth"
    SIZE = "size"
    CRASH = "crash"


class ChildFailed(Exception):
    """The work was stopped: it took too much time or memory, or broke the program that did it."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason, self.detail = reason, detail


# How a child names the exception that ended it.
REASONS = {"MemoryError": Reason.MEMORY, "RecursionError": Reason.DEPTH, "TooLarge": Reason.SIZE}
STOPPED_BY = {-signal.SIGXCPU: Reason.TIME, -signal.SIGKILL: Reason.MEMORY, -signal.SIGABRT: Reason.MEMORY}


def work(job: str, given: bytes, limits: Limits, **settings: Any) -> dict[str, Any]:
    """What a limited child made of these bytes; raises ChildFailed when it did not end well."""
    told = json.dumps({**dataclasses.asdict(limits), **settings})
    with tempfile.TemporaryDirectory(prefix="fieldcase-") as folder:
        answer, status = _talk(
            [sys.executable, "-I", "-B", "-X", "utf8", "-c", START, ROOT, job, told], folder, given, limits
        )
    if status in STOPPED_BY:
        raise ChildFailed(STOPPED_BY[status])
    return _understand(answer, status)


def _talk(command: list[str], folder: str, given: bytes, limits: Limits) -> tuple[bytes, int]:
    environment = {"PATH": os.environ.get("PATH", os.defpath), "TMPDIR": folder}
    late = threading.Event()
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:

        def stop() -> None:
            late.set()
            child.kill()

        clock = threading.Timer(limits.wall_seconds, stop)
        clock.daemon = True
        clock.start()
        try:
            answer = _ask(child, given, limits.output_bytes)
            status = child.wait()
        finally:
            clock.cancel()
            child.kill()
    if late.is_set():
        raise ChildFailed(Reason.TIME)
    return answer, status


def _ask(child: "subprocess.Popen[bytes]", given: bytes, most: int) -> bytes:
    if child.stdin is None or child.stdout is None:
        raise ChildFailed(Reason.CRASH, "no pipes")
    with contextlib.suppress(BrokenPipeError):  # A child that ended early says why by how it ended.
        child.stdin.write(given)
        child.stdin.close()
    answer = child.stdout.read(most + 1)
    if len(answer) > most:
        raise ChildFailed(Reason.SIZE)
    return answer


def _understand(answer: bytes, status: int) -> dict[str, Any]:
    try:
        result = json.loads(answer)
    except ValueError as error:
        raise ChildFailed(Reason.CRASH, f"ended with {status}") from error
    if not isinstance(result, dict):
        raise ChildFailed(Reason.CRASH, "no answer")
    if "crash" in result:
        kind = str(result["crash"])
        raise ChildFailed(REASONS.get(kind, Reason.CRASH), kind)
    return result

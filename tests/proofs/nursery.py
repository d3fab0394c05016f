"""Processes of the command that start at once: forked from one that has imported everything and done nothing.

Proofs among the tests start some hundred servers; the full ones, of `make prove`, start each from nothing.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
import time
from functools import cache
from pathlib import Path
from typing import Any

from tests.tree import ROOT


class Forked:
    """A process of the command, as `subprocess.Popen` would show it."""

    def __init__(self, nursery: "Nursery", pid: int) -> None:
        self._nursery = nursery
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        if self.returncode is None:
            status = self._nursery.ask({"wait": self.pid})
            self.returncode = None if status is None else os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float) -> int:
        """The exit status, once it has ended."""
        until = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
            time.sleep(0.02)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The process that others are forked from."""

    def __init__(self) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FIELDCASE_")}
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.proofs.nursery"],
            cwd=ROOT,
            env={**kept, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self.close)

    def fork(self, arguments: list[str], environment: dict[str, str], said: Path, log: Path) -> Forked:
        """`fieldcase` with these arguments, its standard output and error in files."""
        told = {"arguments": arguments, "environment": environment, "said": str(said), "log": str(log)}
        return Forked(self, self.ask(told))

    def ask(self, question: dict[str, Any]) -> Any:
        """What the nursery answers."""
        with self._lock:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """It has ended; what it forked goes on."""
        if self._process.stdin is not None and self._process.stdout is not None:
            self._process.stdin.close()
            self._process.wait(timeout=30)
            self._process.stdout.close()


@cache
def nursery() -> Nursery:
    """The one of this test process."""
    return Nursery()


def main() -> None:
    """Forks and waits as it is told, until nobody tells it anything more."""
    import server.cli
    import server.logs
    import server.serve
    import server.sole
    import server.tablet.forms
    import server.tablet.submission

    assert server.logs and server.serve and server.sole and server.tablet.forms and server.tablet.submission  # noqa: PT018
    for line in sys.stdin:
        question = json.loads(line)
        if "wait" in question:
            pid, status = os.waitpid(question["wait"], os.WNOHANG)
            print(json.dumps(status if pid else None), flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            become(question)
            server.cli.main()
            os._exit(0)
        print(json.dumps(pid), flush=True)


def become(told: dict[str, Any]) -> None:
    """This process is the command now, as if somebody had started it."""
    import storage.faults

    for number, path in ((1, told["said"]), (2, told["log"])):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(handle, number)
        os.close(handle)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.update(told["environment"])
    storage.faults.AT = told["environment"].get("FIELDCASE_FAULT_AT", "")
    sys.argv = ["fieldcase", *told["arguments"]]


if __name__ == "__main__":
    main()

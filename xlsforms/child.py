"""The limited child process: whatever reads a stranger's workbook runs here, within memory, time and no network."""

import errno
import json
import os
import resource
import sys
from typing import Any

# What neither reading nor compiling needs; an audit hook refuses it, for good.
REFUSED = frozenset(
    {"socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen"}
    | {"os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.kill"}
)


def main() -> None:
    """Do the job that the command line names on what standard input holds; the result is JSON on standard output."""
    job, settings = sys.argv[2], json.loads(sys.argv[3])
    answer = _keep_answer_apart()
    sys.excepthook = lambda _kind, error, _trace: _send(answer, {"crash": _named(error)}, settings["output_bytes"])
    _confine(settings)
    _send(answer, _run(job, settings, sys.stdin.buffer.read()), settings["output_bytes"])


def _named(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return "TooLarge"
    return type(error).__name__


def _keep_answer_apart() -> int:
    """A file descriptor for the answer alone; what libraries print goes to standard error."""
    answer = os.dup(1)
    os.dup2(2, 1)
    return answer


def _confine(settings: dict[str, Any]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (settings["memory_bytes"],) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (settings["cpu_seconds"], settings["cpu_seconds"] + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (settings["output_bytes"],) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.addaudithook(_refuse)


def _refuse(event: str, _arguments: tuple[Any, ...]) -> None:
    if event in REFUSED:
        raise PermissionError(f"{event} is not allowed here")


def _run(job: str, settings: dict[str, Any], given: bytes) -> dict[str, Any]:
    if job == "read":
        from xlsforms.grids import read_grids

        return read_grids(given, settings)
    if job == "mark":
        from xlsforms.marking import mark

        return mark(given)
    from xlsforms.convert import convert_sheets

    sheets: dict[str, Any] = json.loads(given)
    return convert_sheets(sheets)


def _send(answer: int, result: dict[str, Any], most: int) -> None:
    data = json.dumps(result).encode()
    with os.fdopen(answer, "wb") as pipe:
        pipe.write(data if len(data) <= most else b'{"crash": "TooLarge"}')

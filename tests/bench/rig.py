"""What is measured and with what: servers in processes of their own, load from another, figures from /proc."""

import json
import os
import platform
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BIN = Path(sys.executable).parent
SCALE = float(os.environ.get("FIELDCASE_BENCH_SCALE", "1"))
FORM, FORM_ID = ROOT / "xlsforms/questionnaires/field_screening_adult.xlsx", "field_screening_adult"
START, PATIENCE = 120.0, 900.0  # seconds that a server may take to start, and filing to catch up

Figures = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """A figure, what it must be, and what it is."""

    figure: str
    wanted: str
    reached: str
    met: bool


def share(figure: str, reached: float, least: float, aim: float) -> Target:
    """A share that must be reached, with one to aim at."""
    return Target(figure, f"at least {least:g}, aim {aim:g}", f"{reached:.2f}", reached >= least)


def at_most(figure: str, reached: float, most: float, unit: str) -> Target:
    """A figure that may not be larger."""
    return Target(figure, f"at most {most:g} {unit}", f"{reached:.2f} {unit}", reached <= most)


def scaled(count: int, *, least: int) -> int:
    """So many at scale 1."""
    return max(least, int(count * SCALE))


def free_port() -> int:
    """A port of the loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def process(command: list[str], port: int, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A server that answers at the port, ended afterwards."""
    # A pipe that nobody empties would stop the server once it is full.
    with tempfile.TemporaryFile() as log:
        running = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=log, cwd=ROOT)
        try:
            until = time.monotonic() + START
            while not _answers(port):
                if running.poll() is not None or time.monotonic() > until:
                    log.seek(0)
                    raise SystemExit(f"{command} does not answer: {log.read().decode()}")
                time.sleep(0.1)
            yield running
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(60)


@contextmanager
def loading(port: int, request: bytes, connections: int, total: int) -> Iterator[subprocess.Popen[str]]:
    """The load generator at work, in a process of its own."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(request)
        file.flush()
        command = [sys.executable, "-m", "tests.bench.load", str(port), file.name, str(connections), str(total)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as running:
            yield running


def load(port: int, request: bytes, connections: int, total: int) -> Figures:
    """What the load generator measured, as `measured` says."""
    with loading(port, request, connections, total) as running:
        return measured(running)


def measured(running: "subprocess.Popen[str]") -> Figures:
    """What the load generator measured once it has ended; SystemExit when more than one in a hundred was refused."""
    figures: Figures = json.loads(running.communicate()[0])
    if figures["errors"] > figures["requests"] / 100:
        raise SystemExit(f"{figures['errors']} of {figures['requests']} requests were refused")
    return figures


def memory(pid: int) -> float:
    """The process's peak memory in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+)", status)
    return int(found[1]) / 1024 if found else 0.0


def cpu(pid: int) -> float:
    """The process's CPU seconds so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Fieldcase:
    """A Fieldcase installation in a folder of its own, with the shipped screening form and one tablet."""

    def __init__(self, folder: str, filing: str = "process") -> None:
        self.port = free_port()
        self.data = Path(folder)
        self.filing = filing
        self.env = {
            **os.environ,
            "FIELDCASE_DATA_DIR": folder,
            "FIELDCASE_PORT": str(self.port),
            "FIELDCASE_FILING": filing,
        }
        self.run("init")
        self.run("form", "publish", str(FORM))
        self.secret = json.loads(self.run("device", "enrol", "Bench", "--json"))["secret"]
        self.version = json.loads(self.run("form", "list", "--json"))[0]["version"]

    @property
    def path(self) -> str:
        """The tablet's own address."""
        return f"/v1/key/{self.secret}/projects/1"

    @property
    def screening(self) -> bytes:
        """A filled screening for the version that is published here."""
        return screening(self.version)

    def serve(self) -> AbstractContextManager["subprocess.Popen[bytes]"]:
        """The running server."""
        return process([str(BIN / "fieldcase"), "serve"], self.port, self.env)

    def count(self, filing: str) -> int:
        """How many submissions stand in this state."""
        with closing(sqlite3.connect(f"file:{self.data}/fieldcase.db?mode=ro", uri=True)) as database:
            query = "SELECT count(*) FROM submissions WHERE filing = ?"
            return int(database.execute(query, (filing,)).fetchone()[0])

    def caught_up(self) -> float:
        """Seconds until nothing waits to be filed."""
        begin = time.perf_counter()
        while self.filing != "off" and self.count("pending") and time.perf_counter() - begin < PATIENCE:
            time.sleep(0.05)
        return time.perf_counter() - begin

    def run(self, *arguments: str) -> str:
        """What a command says."""
        done = subprocess.run([str(BIN / "fieldcase"), *arguments], env=self.env, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        return done.stdout


def screening(version: str) -> bytes:
    """A filled screening of the size that tablets send, whose answers open a case."""
    text = (HERE / "screening.xml").read_bytes()
    return re.sub(rb'version="[^"]*"', f'version="{version}"'.encode(), text, count=1)


def machine() -> str:
    """What the figures were measured on."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    name = model[1] if model else platform.machine()
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    busy = f"load {os.getloadavg()[0]:.1f} at the beginning"
    return f"{name}, {os.cpu_count()} cores, {gib:.0f} GiB, {versions}, {busy}"


def sync_cost() -> float:
    """The median milliseconds of a 4 KiB write with fsync, where the servers keep their data."""
    with tempfile.NamedTemporaryFile(dir=tempfile.gettempdir()) as file:
        times = []
        for _number in range(200):
            begin = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            times.append((time.perf_counter() - begin) * 1000)
    return sorted(times)[100]

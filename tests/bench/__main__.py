"""`make bench`: Fieldcase beside the floor, in one run; the figures go to docs/performance.md."""

import json
import os
import platform
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from tests.bench import exports
from tests.bench.load import INSTANCE, get, multipart

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BIN = Path(sys.executable).parent
REPORT = ROOT / "docs" / "performance.md"
SCALE = float(os.environ.get("FIELDCASE_BENCH_SCALE", "1"))
POSTS = max(50, int(2000 * SCALE))
READ_BACK = max(100, int(10_000 * SCALE))
PHOTO = 200_000  # bytes
CONNECTIONS = (1, 8, 32)
COLUMNS = (
    "load",
    "floor/s",
    "floor p50 / p99 ms",
    "Fieldcase/s",
    "p50 / p95 / p99 ms",
    "share of the floor",
    "filed/s",
    "share",
    "caught up s",
    "CPU ms each",
    "peak MB",
)


def free_port() -> int:
    """A port of the loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(command: list[str], port: int, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A server that answers at the port, ended afterwards."""
    # A pipe that nobody empties would stop the server once it is full.
    with tempfile.TemporaryFile() as log:
        running = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=log, cwd=ROOT)
        try:
            for _try in range(300):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                if running.poll() is not None:
                    log.seek(0)
                    raise SystemExit(log.read().decode())
                time.sleep(0.1)
            yield running
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(60)


def load(port: int, request: bytes, connections: int, total: int) -> dict[str, Any]:
    """What the load generator measured, in a process of its own."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(request)
        file.flush()
        command = [sys.executable, "-m", "tests.bench.load", str(port), file.name, str(connections), str(total)]
        done = subprocess.run(command, capture_output=True, check=True, cwd=ROOT)
    figures: dict[str, Any] = json.loads(done.stdout)
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

    def __init__(self, folder: Path, filing: str) -> None:
        self.port = free_port()
        self.data = folder
        self.env = {
            **os.environ,
            "FIELDCASE_DATA_DIR": str(folder),
            "FIELDCASE_PORT": str(self.port),
            "FIELDCASE_FILING": filing,
        }
        self._run("init")
        self._run("form", "publish", str(ROOT / "xlsforms/questionnaires/field_screening_adult.xlsx"))
        self.secret = json.loads(self._run("device", "enrol", "Bench", "--json"))["secret"]
        self.version = json.loads(self._run("form", "list", "--json"))[0]["version"]

    @property
    def path(self) -> str:
        """The tablet's own address."""
        return f"/v1/key/{self.secret}/projects/1"

    def serve(self) -> Any:
        """The running server."""
        return process([str(BIN / "fieldcase"), "serve"], self.port, self.env)

    def waiting(self) -> int:
        """How many submissions are not filed yet."""
        with sqlite3.connect(f"file:{self.data}/fieldcase.db?mode=ro", uri=True) as database:
            return int(database.execute("SELECT count(*) FROM submissions WHERE filing = 'pending'").fetchone()[0])

    def count(self, filing: str) -> int:
        """How many submissions stand in this state."""
        with sqlite3.connect(f"file:{self.data}/fieldcase.db?mode=ro", uri=True) as database:
            query = "SELECT count(*) FROM submissions WHERE filing = ?"
            return int(database.execute(query, (filing,)).fetchone()[0])

    def _run(self, *arguments: str) -> str:
        done = subprocess.run([str(BIN / "fieldcase"), *arguments], env=self.env, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        return done.stdout


def screening(version: str) -> bytes:
    """A filled screening of the size that tablets send, whose answers open a case."""
    text = (HERE / "screening.xml").read_bytes()
    return re.sub(rb'version="[^"]*"', f'version="{version}"'.encode(), text, count=1)


def compare(filing: str, photo: bytes, connections: int, total: int) -> dict[str, Any]:
    """Floor and Fieldcase one after the other under the same load."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = [sys.executable, "-m", "tests.bench.floor", f"{folder}/floor.db", str(port)]
        xml = screening("1")
        with process(command, port, dict(os.environ)):
            load(port, multipart("/x", xml, photo), connections, max(20, total // 10))
            floor = load(port, multipart("/x", xml, photo), connections, total)
    with tempfile.TemporaryDirectory() as folder:
        ours = Fieldcase(Path(folder), filing)
        xml = screening(ours.version)
        with ours.serve() as running:
            load(ours.port, multipart(ours.path, xml, photo), connections, max(20, total // 10))
            caught_up(ours)
            begin, spent = time.perf_counter(), cpu(running.pid)
            figures = load(ours.port, multipart(ours.path, xml, photo), connections, total)
            behind = caught_up(ours)
            whole = time.perf_counter() - begin
            figures |= {
                "caught_up": round(behind, 2),
                "filed_rate": round(total / whole, 1),
                "cpu_ms": round((cpu(running.pid) - spent) / total * 1000, 2),
                "memory": round(memory(running.pid)),
                "set_aside": ours.count("set aside"),
            }
    return {"floor": floor, "fieldcase": figures}


def caught_up(ours: Fieldcase) -> float:
    """Seconds until nothing waits to be filed."""
    if ours.env["FIELDCASE_FILING"] == "off":
        return 0.0
    begin = time.perf_counter()
    while ours.waiting() and time.perf_counter() - begin < 300:
        time.sleep(0.05)
    return time.perf_counter() - begin


def form_lists() -> dict[str, Any]:
    """How fast the form list is answered, whole and unchanged."""
    with tempfile.TemporaryDirectory() as folder:
        ours = Fieldcase(Path(folder), "process")
        with ours.serve():
            whole = load(ours.port, get(f"{ours.path}/formList"), 8, POSTS)
    return whole


def downloads() -> Iterator[str]:
    """What it costs to read all submissions back: of 40 questions that feed no case, and of a filed screening."""
    with tempfile.TemporaryDirectory() as folder:
        ours = Fieldcase(Path(folder), "process")
        (Path(folder) / "forty.md").write_text(exports.FORM, encoding="utf-8")
        ours._run("form", "publish", f"{folder}/forty.md")
        with ours.serve() as running:
            for xml in (exports.answers(), screening(ours.version)):
                load(ours.port, multipart(ours.path, xml), 8, READ_BACK)
            caught_up(ours)
            held = exports.token(Path(folder))
            for form in (exports.FORM_ID, "field_screening_adult"):
                yield from exports.table(
                    form, ours.port, held, cpu=lambda: cpu(running.pid), memory=lambda: memory(running.pid)
                )


def machine() -> str:
    """What the figures were measured on."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = os.cpu_count()
    name = model[1] if model else platform.machine()
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return f"{name}, {cores} cores, {gib:.0f} GiB, {versions}"


def plural(connections: int) -> str:
    """So many connections, in words."""
    return f"{connections} connection{'s' if connections > 1 else ''}"


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


def table(rows: list[tuple[str, dict[str, Any]]]) -> Iterator[str]:
    """The comparison as a markdown table."""
    yield f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}\n"
    for name, row in rows:
        floor, ours = row["floor"], row["fieldcase"]
        share = ours["rate"] / floor["rate"]
        yield f"| {name} | {floor['rate']} | {floor['p50']} / {floor['p99']} | {ours['rate']} "
        yield f"| {ours['p50']} / {ours['p95']} / {ours['p99']} | {share:.2f} "
        if "filing" in name:
            yield f"| {ours['filed_rate']} | {ours['filed_rate'] / floor['rate']:.2f} | {ours['caught_up']} "
        else:
            yield "| | | "
        yield f"| {ours['cpu_ms']} | {ours['memory']} |\n"


def main() -> None:
    """The figures are measured, printed and written."""
    assert INSTANCE in screening("1")
    rows = []
    for connections in CONNECTIONS:
        for filing, words in (("off", "receiving"), ("process", "receiving and filing")):
            name = f"{words}, {plural(connections)}"
            rows.append((name, compare(filing, b"", connections, POSTS)))
            print(name, rows[-1][1], flush=True)
    for connections in CONNECTIONS:
        name = f"receiving and filing with a 200 kB photo, {plural(connections)}"
        rows.append((name, compare("process", os.urandom(PHOTO), connections, max(50, POSTS // 5))))
        print(name, rows[-1][1], flush=True)
    lists = form_lists()
    read_back = "".join(downloads())
    disk = shutil.disk_usage(tempfile.gettempdir())
    REPORT.write_text(
        "# Performance\n\n"
        "Measured by `make bench`, which runs the floor and Fieldcase one after the other under the same load on the "
        "same cores. The floor is the least program that could do the job: waitress, werkzeug's multipart, lxml, one "
        "durable row in SQLite; nothing checked, sealed, audited or filed. Compare the figures with each other; they "
        "are no promise for another machine.\n\n"
        f"Measured on {date.today():%d %B %Y}: {machine()}; a 4 KiB write with fsync takes {sync_cost():.2f} ms; "
        f"{disk.free // 2**30} GiB free. {POSTS} posts of {len(screening('1')):,} bytes of XML for each row; the load "
        "generator shares the cores.\n\n"
        + "".join(table(rows))
        + f"\nForm list, 8 connections: {lists['rate']} a second, p99 {lists['p99']} ms.\n"
        + f"\nReading {READ_BACK:,} submissions back, each form in turn:\n\n{exports.HEAD}{read_back}",
        encoding="utf-8",
    )
    print(REPORT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()

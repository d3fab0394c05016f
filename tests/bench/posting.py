"""Posts beside the floor's, and what they cost when many are stored already."""

import os
import sys
import tempfile
import time
from collections.abc import Iterator

from tests.bench.load import multipart
from tests.bench.rig import (
    Fieldcase,
    Figures,
    Target,
    at_most,
    cpu,
    free_port,
    load,
    memory,
    process,
    scaled,
    screening,
    share,
)

POSTS, PHOTOS = scaled(2000, least=50), scaled(400, least=50)
PHOTO = 200_000  # bytes
CONNECTIONS = (1, 8, 32)
STORED = (scaled(1000, least=50), scaled(50_000, least=500))
COLUMNS = (
    "load",
    "connections",
    "floor/s",
    "floor p50 / p95 / p99 ms",
    "Fieldcase/s",
    "p50 / p95 / p99 ms",
    "share of the floor",
    "filed/s",
    "share",
    "caught up s",
    "CPU ms each",
    "peak MB",
)
LOADS = (  # What is done, where filing happens, whether a photo comes with it.
    ("receiving", "off", False),
    ("receiving and filing", "process", False),
    ("receiving with a photo", "off", True),
    ("receiving and filing with a photo", "process", True),
)


def compared() -> Iterator[str | Target]:
    """A row for each load and number of connections, and the targets that hold at 8 connections."""
    yield f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}\n"
    photo = os.urandom(PHOTO)
    for words, filing, with_photo in LOADS:
        for connections in CONNECTIONS:
            floor = _floor(photo if with_photo else b"", connections, PHOTOS if with_photo else POSTS)
            ours = _ours(filing, photo if with_photo else b"", connections, PHOTOS if with_photo else POSTS)
            yield _row(words, connections, floor, ours)
            if connections == 8 and not with_photo:
                yield from _targets(words, floor, ours)


def _targets(words: str, floor: Figures, ours: Figures) -> Iterator[Target]:
    if ours["filed_rate"] is None:
        yield share("receiving, of the floor's rate", ours["rate"] / floor["rate"], 0.4, 0.5)
    else:
        yield share("receiving and filing, of the floor's rate", ours["filed_rate"] / floor["rate"], 0.2, 0.3)
        yield at_most("filing caught up after the last post", ours["caught_up"], 5, "s")
    yield at_most(f"p99 of {words}, to the floor's", ours["p99"] / floor["p99"], 3, "times")


def _row(words: str, connections: int, floor: Figures, ours: Figures) -> str:
    filed = ours["filed_rate"]
    cells = (
        words,
        connections,
        floor["rate"],
        f"{floor['p50']} / {floor['p95']} / {floor['p99']}",
        ours["rate"],
        f"{ours['p50']} / {ours['p95']} / {ours['p99']}",
        f"{ours['rate'] / floor['rate']:.2f}",
        *(("", "", "") if filed is None else (filed, f"{filed / floor['rate']:.2f}", ours["caught_up"])),
        ours["cpu_ms"],
        ours["memory"],
    )
    return f"| {' | '.join(map(str, cells))} |\n"


def _floor(photo: bytes, connections: int, total: int) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = [sys.executable, "-m", "tests.bench.floor", f"{folder}/floor.db", str(port)]
        request = multipart("/x", screening("1"), photo)
        with process(command, port, dict(os.environ)):
            load(port, request, connections, max(20, total // 10))
            return load(port, request, connections, total)


def _ours(filing: str, photo: bytes, connections: int, total: int) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        ours = Fieldcase(folder, filing)
        request = multipart(ours.path, ours.screening, photo)
        with ours.serve() as running:
            load(ours.port, request, connections, max(20, total // 10))
            ours.caught_up()
            begin, spent = time.perf_counter(), cpu(running.pid)
            figures = load(ours.port, request, connections, total)
            behind = ours.caught_up()
            whole = time.perf_counter() - begin
            if ours.count("set aside"):
                raise SystemExit("submissions were set aside")
            return figures | {
                "caught_up": round(behind, 2),
                "filed_rate": None if filing == "off" else round(total / whole, 1),
                "cpu_ms": round((cpu(running.pid) - spent) / total * 1000, 2),
                "memory": round(memory(running.pid)),
            }


def growing() -> Iterator[str | Target]:
    """What a submission costs, received and filed, when few are stored and when many are; and the memory then."""
    with tempfile.TemporaryDirectory() as folder:
        ours = Fieldcase(folder)
        request = multipart(ours.path, ours.screening)
        with ours.serve() as running:
            few, many = STORED
            window = few // 2

            def cost() -> float:
                spent = cpu(running.pid)
                load(ours.port, request, 8, window)
                ours.caught_up()
                return (cpu(running.pid) - spent) / window * 1000

            load(ours.port, request, 8, few - window)
            ours.caught_up()
            first = cost()
            load(ours.port, request, 8, many - few - window)
            ours.caught_up()
            last, peak = cost(), memory(running.pid)
        size = sum(path.stat().st_size for path in ours.data.glob("fieldcase.db*")) / 1e6
    yield f"| stored | CPU ms for one more, received and filed |\n| --- | --- |\n| {few:,} | {first:.2f} |\n"
    yield f"| {many:,} | {last:.2f} |\n\n"
    yield f"With {many:,} stored the database takes {size:,.0f} MB and the server has taken {peak:.0f} MB at most.\n"
    yield at_most(f"cost at {many:,} stored, to that at {few:,}", last / first, 1.2, "times")
    yield at_most(f"server's memory at {many:,} submissions", peak, 250, "MB")

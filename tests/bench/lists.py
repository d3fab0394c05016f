"""How fast form lists are answered, beside a static file of the same server."""

import http.client
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.bench.load import get
from tests.bench.rig import ROOT, Fieldcase, Target, load, scaled, share

FORMS = (1, 100, 500)
REQUESTS = scaled(1000, least=100)
BUILT = ROOT / "server/static/built"


def form_lists() -> Iterator[str | Target]:
    """A row for each length of the list, whole and unchanged, and for a static file as large as the longest list."""
    yield "| answer | bytes | whole/s | p99 ms | unchanged/s | p99 ms |\n| --- | --- | --- | --- | --- | --- |\n"
    rates = {}
    with tempfile.TemporaryDirectory() as folder:
        ours = Fieldcase(folder)
        for count in FORMS:
            _publish_copies(ours.data, count)
            with ours.serve():
                list_path, size = f"{ours.path}/formList", _size(ours.port, f"{ours.path}/formList")
                answers = {f"form list of {count}": list_path}
                if count == FORMS[-1]:
                    answers["static file"] = f"/assets/{_file_of(size)}"
                for name, path in answers.items():
                    row, rates[name] = _measured(ours.port, name, path)
                    yield row
    for number, kind in enumerate(("200", "304")):
        reached = rates[f"form list of {FORMS[-1]}"][number] / rates["static file"][number]
        yield share(f"form list of {FORMS[-1]}, to a static {kind}", reached, 0.5, 0.5)


def _measured(port: int, name: str, path: str) -> tuple[str, tuple[float, float]]:
    known = _known_by(port, path)
    whole, unchanged = load(port, get(path), 8, REQUESTS), load(port, get(path, known), 8, REQUESTS)
    cells = (name, _size(port, path), whole["rate"], whole["p99"], unchanged["rate"], unchanged["p99"])
    return f"| {' | '.join(map(str, cells))} |\n", (whole["rate"], unchanged["rate"])


def _size(port: int, path: str) -> int:
    return len(_ask(port, path)[1])


def _known_by(port: int, path: str) -> str:
    """The header with which the answer is asked for again; SystemExit unless that gives 304."""
    held = _ask(port, path)[0]
    pairs = (("If-None-Match", held.headers["ETag"]), ("If-Modified-Since", held.headers["Last-Modified"]))
    name, value = next(pair for pair in pairs if pair[1])
    if _ask(port, path, {name: value})[0].status != 304:
        raise SystemExit(f"{path} is sent again though it did not change")
    return f"{name}: {value}"


def _ask(port: int, path: str, headers: dict[str, str] | None = None) -> tuple[http.client.HTTPResponse, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", path, headers={"X-OpenRosa-Version": "1.0", **(headers or {})})
        answer = connection.getresponse()
        return answer, answer.read()


def _file_of(size: int) -> str:
    """The name of the built file whose size is nearest."""
    files = [path for path in BUILT.iterdir() if path.suffix in {".js", ".css"}]
    return min(files, key=lambda path: abs(path.stat().st_size - size)).name


def _publish_copies(data: Path, count: int) -> None:
    """So many forms are offered: copies of the one that is, under other ids."""
    with closing(sqlite3.connect(data / "fieldcase.db")) as database, database:
        database.row_factory = sqlite3.Row
        form, version = (dict(database.execute(f"SELECT * FROM {name} LIMIT 1").fetchone()) for name in TABLES)
        have = int(database.execute("SELECT max(id) FROM forms").fetchone()[0])
        last = int(database.execute("SELECT max(id) FROM form_versions").fetchone()[0])
        for number in range(have + 1, count + 1):
            last += 1
            copy = form | {"id": number, "form_id": f"{form['form_id']}_{number}", "current_version_id": last}
            _insert(database, "forms", copy)
            _insert(database, "form_versions", version | {"id": last, "form_pk": number})
        database.execute("UPDATE catalogue SET version = version + 1")


TABLES = ("forms", "form_versions")


def _insert(database: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    marks = ", ".join("?" * len(row))
    database.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))

"""How long workbooks are checked, large ones and bombs, while submissions go on."""

import http.client
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import openpyxl

from tests.bench.exports import token
from tests.bench.load import multipart
from tests.bench.rig import ROOT, Fieldcase, Target, at_most, loading, measured
from tests.proofs.hostile.workbooks import BOOKS

SIZES = (  # Questions; seconds and MB that checking them may take.
    ("300 questions", 300, 2.0, None),
    ("5,000 rows", 4150, 10.0, 300.0),
)
BOMBS = tuple(book for book in BOOKS if "bomb" in book.name or "million" in book.name)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def checked() -> Iterator[str | Target]:
    """A row for each size of a workbook that is checked and compiled, and for each bomb."""
    yield "| workbook | s | MB | becomes |\n| --- | --- | --- | --- |\n"
    for words, questions, seconds, megabytes in SIZES:
        with tempfile.NamedTemporaryFile(suffix=".xlsx") as file:
            Path(file.name).write_bytes(large(questions))
            command = [sys.executable, "-m", "tests.bench.workbooks", file.name]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout)
        yield f"| {words} | {found['seconds']:.2f} | {found['memory']:.0f} | {found['became']} |\n"
        yield at_most(f"{words} checked and compiled", found["seconds"], seconds, "s")
        if megabytes is not None:
            yield at_most(f"memory for {words}", found["memory"], megabytes, "MB")
    yield from _bombs()


def _bombs() -> Iterator[str | Target]:
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        ours = Fieldcase(folder)
        held = token(ours.data)
        request = multipart(ours.path, ours.screening)
        with ours.serve():
            with loading(ours.port, request, 2, 200) as posting:
                before = measured(posting)
            with loading(ours.port, request, 2, 1000) as posting:
                for book in BOMBS:
                    begin = time.perf_counter()
                    status = _send(ours.port, book.build(), book.file, held)
                    took = time.perf_counter() - begin
                    slowest = max(slowest, took)
                    yield f"| {book.name} | {took:.2f} | | {status} |\n"
                during = measured(posting)
    yield f"\nPosts over 2 connections: p99 {before['p99']} ms before and {during['p99']} ms beside the bombs.\n"
    yield at_most("bombs refused", slowest, 20, "s")
    yield at_most("p99 of posts beside the bombs", during["p99"] / 1000, 1, "s")


def _send(port: int, content: bytes, name: str, held: str) -> int:
    headers = {"Authorization": f"Bearer {held}", "Content-Type": XLSX, "X-XlsForm-FormId-Fallback": quote(name)}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
        connection.request("POST", "/v1/projects/1/forms", content, headers)
        return connection.getresponse().status


def large(questions: int) -> bytes:
    """A workbook of so many questions in groups of ten, with choices, relevance and constraints."""
    book = openpyxl.Workbook()
    survey = book.active
    survey.title = "survey"
    survey.append(["type", "name", "label", "relevant", "constraint", "constraint_message"])
    for number in range(questions):
        if number % 10 == 0:
            survey.append(["begin_group", f"g{number}", f"Group {number}"])
        kind = ("integer", "text", "select_one yes_no", "date")[number % 4]
        relevant = f"${{q{number - 2}}} = 'yes'" if number % 4 == 0 and number > 2 else ""
        limit = (". < 200", "It is less than 200.") if kind == "integer" else ("", "")
        survey.append([kind, f"q{number}", f"Question {number}", relevant, *limit])
        if number % 10 == 9 or number == questions - 1:
            survey.append(["end_group"])
    for title, rows in {
        "choices": [["list_name", "name", "label"], ["yes_no", "yes", "Yes"], ["yes_no", "no", "No"]],
        "settings": [["form_title", "form_id", "version"], ["Large", "large", "1"]],
    }.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def check(path: Path) -> dict[str, object]:
    """The seconds that checking takes a process that has checked before, its memory and that of its children."""
    from cases.publishing import check_form

    check_form(large(1), "small.xlsx", now=datetime.now(UTC))
    begin = time.perf_counter()
    found = check_form(path.read_bytes(), path.name, now=datetime.now(UTC))
    seconds = time.perf_counter() - begin
    usage = [resource.getrusage(whose).ru_maxrss / 1024 for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {"seconds": seconds, "memory": max(usage), "became": "refused" if found.refused else "accepted"}


if __name__ == "__main__":
    print(json.dumps(check(Path(sys.argv[1]))))

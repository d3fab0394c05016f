"""Workbooks made to do harm: refused in words, or taken as the harmless things they are, soon and in little memory."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proofs.hostile import workbooks
from tests.proofs.hostile.wire import canary
from tests.proofs.hostile.workbooks import BOOKS, Book
from tests.proofs.rig import PROOF, PROVE, at, slowness
from tests.tree import ROOT

pytestmark = PROOF

LONGEST = 20.0  # seconds
GROWTH = 100.0  # MB
LEAKS = ("Traceback", 'File "', ".py", "/tmp", str(ROOT))


def checked(books: list[Book], folder: Path, path: str) -> Iterator[tuple[Book, dict]]:
    """Each workbook with what one process made of it."""
    command = [sys.executable, "-m", "tests.proofs.checking"]
    environment = {**os.environ, "PATH": path, "FIELDCASE_DATA_DIR": str(folder)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for book in books:
            file = folder / "given"
            file.write_bytes(book.build())
            process.stdin.write(json.dumps({"path": str(file), "name": book.file}) + "\n")
            process.stdin.flush()
            yield book, json.loads(process.stdout.readline())
        process.stdin.close()


def wrong(book: Book, became: dict) -> str:
    said = " ".join(became["said"])
    if (became["outcome"], book.says in said) != (book.outcome, True):
        return f"{became['outcome']}: {said[:200]}"
    if (became["outcome"] != "accepted" and not said) or any(leak in said for leak in LEAKS):
        return f"says: {said[:200]}"
    return "" if became["seconds"] <= LONGEST * slowness() else f"took {became['seconds']:.0f} s"


def test_every_bad_workbook_has_a_name_of_its_own():
    assert len({book.name for book in BOOKS}) == len(BOOKS) > 90


def test_bad_workbooks_are_refused_in_words_and_in_time(tmp_path, record_property):
    java = shutil.which("java") is not None
    # Starting Java for each takes most of the time, so the short proof does it for those alone that only Java sees.
    lanes = [([book for book in BOOKS if not book.java or java], os.environ["PATH"])]
    if not PROVE:
        some = [book for book in BOOKS if not book.java][::2]
        lanes = [(some, str(tmp_path)), ([book for book in BOOKS if book.java and java], os.environ["PATH"])]
    mistakes, memory, slowest, tried = {}, [], 0.0, 0
    with canary() as listening:
        workbooks.PORT[0] = listening.getsockname()[1]
        for books, path in lanes:
            for book, became in checked(books, tmp_path, path):
                tried, slowest = tried + 1, max(slowest, became["seconds"])
                memory.append(became["memory"])
                if complaint := wrong(book, became):
                    mistakes[book.name] = complaint
        with pytest.raises(TimeoutError):
            listening.accept()
    assert mistakes == {}
    assert tried >= at(90, 40)
    assert max(memory) - memory[0] <= GROWTH
    record_property("workbooks", tried)
    record_property("slowest", f"{slowest:.1f} s")
    record_property("memory grew by", f"{max(memory) - memory[0]:.0f} MB")

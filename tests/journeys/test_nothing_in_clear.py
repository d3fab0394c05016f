"""Names planted in a submission stand nowhere in clear: not while it comes in, not once it is filed."""

import base64
import http.client
import os
import socket
import tempfile
import threading
import time
from pathlib import Path

from sqlalchemy import select

from storage.database import Base
from submissions.opening import open_xml
from submissions.tables import Submission
from tests.make import SMALL_FORM
from tests.server.cli.conftest import BOUNDARY, Fieldcase, bare, fieldcase, multipart, wait_until

__all__ = ["bare", "fieldcase"]

NAMES = (
    "Ximena Plantada Inventada",
    "Calle Plantada 4711",
    "foto-plantada-de-ximena.jpg",
    "BYTES-PLANTED-IN-THE-PHOTO",
)
WORDS = [
    form
    for name in NAMES
    for form in (
        name.encode(),
        name.encode("utf-16-le"),
        name.encode().hex().encode(),
        base64.b64encode(name.encode())[:20],
    )
]
SECONDS = 4.0  # that the post takes, so that its spools can be looked at


def planted(content: bytes) -> list[bytes]:
    """Which of the planted names stand in these bytes."""
    return [word for word in WORDS if word in content]


def submission(number: int, alias: str = NAMES[0], born: str = "1990-01-31") -> bytes:
    """A post of two megabytes with planted names in its answers, its file's name and its file."""
    xml = (
        f'<data id="small" version="1"><wants>yes</wants><alias>{alias}, {NAMES[1]}</alias><born>{born}</born>'
        f"<followup>1</followup><meta><instanceID>uuid:{number}</instanceID></meta></data>"
    )
    return multipart(xml, (NAMES[2], (NAMES[3] + "; ").encode() * 70_000))


class Watch(threading.Thread):
    """Reads every file that a process holds open, nameless ones included, again and again until it is stopped."""

    def __init__(self, pid: int) -> None:
        super().__init__()
        self._folder = Path(f"/proc/{pid}/fd")
        self._stopped = threading.Event()
        self.found: dict[str, list[bytes]] = {}
        self.nameless = self.largest = 0

    def run(self) -> None:
        while not self._stopped.wait(0.05):
            for handle in self._folder.iterdir():
                self._look(handle)

    def _look(self, handle: Path) -> None:
        try:
            name = str(handle.readlink())
            if not name.startswith("/") or not handle.is_file():
                return
            content = handle.read_bytes()
        except OSError:
            return  # Closed meanwhile.
        if "(deleted)" in name:
            self.nameless += 1
            self.largest = max(self.largest, len(content))
        if seen := planted(content):
            self.found[name] = seen

    def stop(self) -> None:
        self._stopped.set()
        self.join(timeout=30)


def send_slowly(port: int, path: str, body: bytes) -> int:
    """The status of a post whose body takes some seconds."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=60) as link:
        link.sendall(head.encode())
        step = len(body) // 40
        for start in range(0, len(body), step):
            link.sendall(body[start : start + step])
            time.sleep(SECONDS / 40)
        answer = http.client.HTTPResponse(link)
        answer.begin()
        assert not planted(answer.read())
        return answer.status


def test_a_name_that_is_sent_stands_nowhere_in_clear(fieldcase: Fieldcase) -> None:
    fieldcase.publish(SMALL_FORM)
    secret = fieldcase.json("device", "enrol", "Tablet 01")["secret"]
    path = f"/v1/key/{secret}/projects/1/submission"
    with fieldcase.serving() as server:
        watch = Watch(server.process.pid)
        watch.start()
        try:
            assert send_slowly(server.port, path, submission(1)) == 201
            assert server.post(path, submission(1, alias="Other")) == 202
            assert server.post(path, submission(2, born=NAMES[0])) == 201  # It cannot be filed.
            broken = submission(3).replace(b"</data>", b"</dat>")
            assert server.post(path, broken) == 400
            assert server.post(path, submission(4)[:-30]) == 400
            assert server.post(path.replace("projects/1", "projects/2"), submission(5)) == 401
            wait_until(lambda: _states(fieldcase) == ["filed", "conflict", "set aside"])
        finally:
            watch.stop()
        assert watch.nameless > 0  # The spools were there to be looked at,
        assert watch.largest > 1_000_000  # and held the post.
        assert watch.found == {}
        assert server.stop() == 0
    listed = fieldcase.run("submission", "list", "--json").stdout
    assert NAMES[0] not in listed
    assert _found_on_disk(fieldcase) == {}
    assert _found_in_rows(fieldcase) == []
    with fieldcase.making() as make:  # It is there for those who hold the key.
        first = make.session.scalars(select(Submission).order_by(Submission.id)).first()
        assert NAMES[0].encode() in open_xml(make.session, first)


def test_the_watch_sees_what_stands_in_clear(tmp_path: Path) -> None:
    """A proof that cannot fail proves nothing."""
    with tempfile.TemporaryFile() as file:
        file.write(submission(1))
        file.flush()
        watch = Watch(os.getpid())
        watch.start()
        time.sleep(0.5)
        watch.stop()
    assert len(watch.found) == 1
    assert watch.largest > 1_000_000


def _states(fieldcase: Fieldcase) -> list[str]:
    with fieldcase.making() as make:
        return list(make.session.scalars(select(Submission.filing).order_by(Submission.id)))


def _found_on_disk(fieldcase: Fieldcase) -> dict[str, list[bytes]]:
    """Planted names in the files of the installation: database, write-ahead log, attachments, logs of the server."""
    files = [path for path in fieldcase.folder.rglob("*") if path.is_file() and path.suffix not in {".md", ".pyc"}]
    logs = [path for path in files if path.suffix == ".log"]
    assert logs
    assert any(path.stat().st_size > 1_000_000 for path in files)
    return {str(path): seen for path in files if (seen := planted(path.read_bytes()))}


def _found_in_rows(fieldcase: Fieldcase) -> list[str]:
    """Planted names in any row, as somebody sees who holds the database alone."""
    found = []
    with fieldcase.making() as make:
        for table in Base.metadata.sorted_tables:
            for row in make.session.execute(select(table)):
                shown = b" ".join(
                    bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode() for value in row
                )
                if planted(shown):
                    found.append(table.name)
    return found

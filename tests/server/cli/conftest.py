"""An installation that `fieldcase init` made, with the command at hand: in this process, and as a real one."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, text

from audit.trail import AuditEntry
from server.cli import main
from server.runtime import clock
from storage.database import Base, Database, make_engine
from storage.files import LocalFiles
from storage.keyfile import make_key_file, read_key_file
from tests.make import SMALL_FORM, Make

FIELDCASE = Path(sys.executable).with_name("fieldcase")
PATIENCE = 60.0  # seconds that a process has to say that it is ready


@dataclass
class Server:
    """A `fieldcase serve` that runs."""

    process: subprocess.Popen[str]
    port: int
    log: Path
    said: dict[str, Any]

    def get(self, path: str, method: str = "GET") -> http.client.HTTPResponse:
        """The answer, read."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path)
        answer = connection.getresponse()
        answer.text = answer.read().decode()  # type: ignore[attr-defined]
        connection.close()
        return answer

    def post(self, path: str, body: bytes) -> int:
        """The status of a submission that is sent at once."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("POST", path, body, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
        status = connection.getresponse().status
        connection.close()
        return status

    def stop(self, signum: int = signal.SIGTERM) -> int:
        """The exit status after the process was asked to stop."""
        self.process.send_signal(signum)
        return self.process.wait(timeout=60)


BOUNDARY = "one-two-three"


def multipart(xml: str, *files: tuple[str, bytes]) -> bytes:
    """A post as Collect sends it."""
    parts = [("xml_submission_file", "submission.xml", "text/xml", xml.encode())]
    parts += [(name, name, "application/octet-stream", content) for name, content in files]
    body = b""
    for name, filename, kind, content in parts:
        head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: {kind}'
        body += f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


@dataclass
class Fieldcase:
    """The command with the settings of one installation."""

    folder: Path
    environment: dict[str, str]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def key(self) -> Path:
        return self.data / "keys" / "master.key"

    @property
    def url(self) -> str:
        return self.environment.get("FIELDCASE_DATABASE_URL") or f"sqlite:///{self.data / 'fieldcase.db'}"

    def run(self, *arguments: str, input: str | None = None, **more: str) -> Result:
        """The command run in this process; `more` are settings."""
        return CliRunner().invoke(main, list(arguments), input=input, env={**self.environment, **more})

    def json(self, *arguments: str, input: str | None = None, **more: str) -> Any:
        """What the command prints as JSON; it must succeed and print nothing else."""
        result = self.run(*arguments, "--json", input=input, **more)
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    def publish(self, markdown: str = SMALL_FORM) -> None:
        """The form of a markdown workbook is published."""
        path = self.folder / "form.md"
        path.write_text(markdown)
        result = self.run("form", "publish", str(path))
        assert result.exit_code == 0, result.stdout

    def process(self, *arguments: str, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        """The command run as its users run it."""
        command = [str(FIELDCASE), *arguments]
        return subprocess.run(
            command, env=self._whole(more), cwd=cwd or self.folder, capture_output=True, text=True, timeout=120
        )

    def spawn(self, *arguments: str, code: str = "", log: Path, **more: str) -> tuple[subprocess.Popen[str], Any]:
        """A process that goes on running, and the JSON that it prints once it is ready; `code` is run first."""
        command = [sys.executable, "-c", f"{code}\nfrom server.cli import main\nmain()", *arguments, "--json"]
        with log.open("w") as errors:
            process = subprocess.Popen(
                command, env=self._whole(more), cwd=self.folder, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        self.started.append(process)
        lines: list[str] = []
        assert process.stdout is not None
        while not lines or lines[-1] != "}\n":
            lines.append(process.stdout.readline())
            assert lines[-1], log.read_text()
        return process, json.loads("".join(lines))

    def end(self) -> None:
        """No process that was started runs on."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait(timeout=30)
            if process.stdout is not None:
                process.stdout.close()

    @contextmanager
    def serving(self, doors: str = "tablet", *, code: str = "", **more: str) -> Iterator[Server]:
        """A server that runs until the end of the block, if the test has not stopped it."""
        port, log = free_port(), self.folder / f"serve-{len(self.started)}.log"
        settings = {"FIELDCASE_PORT": str(port), "FIELDCASE_DOORS": doors, **more}
        process, said = self.spawn("serve", code=code, log=log, **settings)
        try:
            yield Server(process, port, log, said)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(timeout=30)

    @contextmanager
    def making(self) -> Iterator[Make]:
        """Things made by the real acts in this installation."""
        database = Database(self.url, read_key_file(self.key), patience=30)
        try:
            with database.begin() as session:
                yield Make(session, LocalFiles(self.data / "files"), clock())
        finally:
            database.close()

    def trail(self, *actions: str) -> list[str]:
        """Who did these acts, in their order."""
        with self.making() as make:
            query = select(AuditEntry.actor).where(AuditEntry.action.in_(actions)).order_by(AuditEntry.id)
            return list(make.session.scalars(query))

    def execute(self, statement: str) -> None:
        """The statement is run on the database."""
        engine = make_engine(self.url, patience=30)
        with engine.begin() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def _whole(self, more: dict[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FIELDCASE_")}
        return {**kept, **self.environment, **more, "PYTHONPATH": str(Path(__file__).parents[3])}


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Fieldcase]:
    """A machine on which `fieldcase init` has not been run."""
    settings = {"FIELDCASE_DATA_DIR": str(tmp_path / "data"), "HOME": str(tmp_path)}
    # Java is out of the way: starting it for each form would take most of the tests' time.
    machine = Fieldcase(tmp_path, {**settings, "PATH": str(FIELDCASE.parent)})
    yield machine
    machine.end()


@pytest.fixture
def embedded(bare: Fieldcase) -> Fieldcase:
    """An installation on SQLite."""
    assert bare.run("init").exit_code == 0
    return bare


@pytest.fixture
def fieldcase(request: pytest.FixtureRequest, bare: Fieldcase, database_url: str) -> Iterator[Fieldcase]:
    """An installation on SQLite and on PostgreSQL in turn; the schema was there before it."""
    bare.environment["FIELDCASE_DATABASE_URL"] = database_url
    bare.data.mkdir(mode=0o700)
    make_key_file(bare.key)
    assert bare.run("init").exit_code == 0
    yield bare
    if not database_url.startswith("sqlite"):
        names = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
        bare.execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


def wait_until(true: Any, seconds: float = PATIENCE) -> None:
    """Returns once the condition holds; the test fails when it does not in time."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.2)

"""An S3-speaking server on loopback, for tests: nanio, a process of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from storage.s3_files import S3Files

ACCESS, SECRET = "invented-access", "invented-secret"
PATIENCE = 60.0  # seconds


@dataclass
class ObjectStore:
    """A running server, with one bucket."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The settings with which Fieldcase keeps its files here."""
        return {
            "FIELDCASE_FILES_URL": "s3://cases/files",
            "FIELDCASE_S3_ENDPOINT": self.endpoint,
            "FIELDCASE_S3_ACCESS_KEY": ACCESS,
            "FIELDCASE_S3_SECRET_KEY": SECRET,
        }

    def files(self, place: str = "s3://cases/files", *, secret: str = SECRET) -> S3Files:
        """Files in a folder of the bucket."""
        return S3Files(place, endpoint=self.endpoint, access_key=ACCESS, secret_key=secret)

    def start(self) -> None:
        """The server answers."""
        (self.folder / "cases").mkdir(parents=True, exist_ok=True)
        keys = {"NANIO_ACCESS_KEY": ACCESS, "NANIO_SECRET_KEY": SECRET}
        command = [sys.executable, "-m", "nanio", "serve", "--data-dir", str(self.folder), "--host", "127.0.0.1"]
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port), "--no-access-log", "--log-level", "error"],
            env={**os.environ, **keys},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + PATIENCE
        while not self._answers():
            assert time.monotonic() < until, "the object store did not start"
            time.sleep(0.05)

    def stop(self) -> None:
        """Nobody answers any more."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=30)
            self.process = None

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def object_store(folder: Path) -> Iterator[ObjectStore]:
    """A server that runs until the end of the block."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        store = ObjectStore(folder, held.getsockname()[1])
    store.start()
    try:
        yield store
    finally:
        store.stop()

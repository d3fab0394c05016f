"""A browser, and the pages of invented data served to it under the strict policy."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from waitress import create_server

from storage.database import Database
from storage.files import LocalFiles
from tests.server.desk.look import look_app
from tests.server.desk.office import Office


@pytest.fixture(scope="session")
def pages_url() -> Iterator[str]:
    """Where the pages of invented data are served."""
    server = create_server(look_app(), host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join()


@pytest.fixture
def office(database: Database, files: LocalFiles, tmp_path: Path) -> Office:
    """An installation with its desk, on each database."""
    return Office(database, files, tmp_path)

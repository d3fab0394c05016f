"""A browser, and the pages of invented data served to it under the strict policy."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from storage.database import Database
from storage.files import LocalFiles
from tests.server.desk.look import look_app
from tests.server.desk.office import Office


@pytest.fixture(scope="session")
def pages_url() -> Iterator[str]:
    """Where the pages of invented data are served."""
    server = make_server("127.0.0.1", 0, look_app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def office(database: Database, files: LocalFiles, tmp_path: Path) -> Office:
    """An installation with its desk, on each database."""
    return Office(database, files, tmp_path)

"""An installation with its JSON door."""

from pathlib import Path

import pytest

from storage.database import Database
from storage.files import LocalFiles
from tests.server.api.scripts import Installation


@pytest.fixture
def place(database: Database, files: LocalFiles, tmp_path: Path) -> Installation:
    """An installation with all doors, on each database."""
    return Installation(database, files, tmp_path, {"doors": ("tablet", "desk", "api")})


@pytest.fixture
def secure(database: Database, files: LocalFiles, tmp_path: Path) -> Installation:
    """The same, reached over https."""
    settings = {"doors": ("tablet", "desk", "api"), "base_url": "https://fieldcase.example.org"}
    return Installation(database, files, tmp_path, settings)

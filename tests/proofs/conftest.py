"""Installations for proofs, each with processes of its own."""

from collections.abc import Iterator

import pytest

from tests.proofs.rig import Site
from tests.server.cli.conftest import Fieldcase, bare, embedded, fieldcase

__all__ = ["bare", "embedded", "fieldcase"]


@pytest.fixture
def site(fieldcase: Fieldcase) -> Iterator[Site]:
    """An installation on SQLite and on PostgreSQL in turn."""
    made = Site(fieldcase)
    yield made
    made.end()


@pytest.fixture
def small_site(embedded: Fieldcase) -> Iterator[Site]:
    """An installation on SQLite."""
    made = Site(embedded)
    yield made
    made.end()

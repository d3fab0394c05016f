"""What the tablet's own tests may ask for."""

from collections.abc import Iterator

import pytest

from tests.collect.fixtures import javarosa, make_tablet
from tests.collect.strict_server import StrictServer

__all__ = ["javarosa", "make_tablet"]


@pytest.fixture
def server() -> Iterator[StrictServer]:
    """A form server that must have nothing to complain about when the test is over."""
    server = StrictServer()
    yield server
    server.close()
    assert server.complaints == []

"""Installations behind each of the proxies of deploy/."""

from collections.abc import Iterator

import pytest

from tests.deploy.fronts import Caddy, Nginx, Place
from tests.server.cli.conftest import bare, embedded

__all__ = ["bare", "embedded"]


@pytest.fixture(scope="module", params=[Nginx, Caddy])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """An installation behind nginx and behind Caddy in turn."""
    opened = Place.open(request.param, tmp_path_factory.mktemp("place"))
    yield opened
    opened.close()

"""Journeys run with the tablet made of software, a server in a process of its own, and a real browser."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.collect.fixtures import javarosa, make_tablet
from tests.journeys.browsing import House, watched

__all__ = ["javarosa", "make_tablet"]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """New browser windows; what the browser complains of while they are open is a failure."""
    opened = []

    def make(**options: Any) -> Page:
        opened.append(watched(browser, **options))
        return opened[-1].page

    yield make
    for one in opened:
        one.context.close()
    assert [words for one in opened for words in one.complaints] == []


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A new installation that is served, and in which nobody has an account yet."""
    made = House(tmp_path)
    made.start()
    yield made
    made.stop()

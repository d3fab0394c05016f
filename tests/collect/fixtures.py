"""Pytest fixtures around the tablet made of software; import them into the conftest of the tests that need them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.collect.building import missing
from tests.collect.javarosa import JavaRosa
from tests.collect.tablet import Tablet


@pytest.fixture(scope="session")
def javarosa() -> Iterator[JavaRosa]:
    """One Java process for all tests of this process; without a Java compiler the test is skipped, or fails in CI."""
    reason = missing()
    if reason and os.environ.get("FIELDCASE_REQUIRE_ALL") == "1":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    with JavaRosa() as engine:
        yield engine


@pytest.fixture
def make_tablet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Tablet]]:
    """Tablets, each in a folder of its own and without open connections when the test is over."""
    made: list[Tablet] = []

    def make(settings_qr: str | None = None, **options: Any) -> Tablet:
        folder: Path = options.pop("folder", None) or tmp_path_factory.mktemp("tablet")
        tablet = Tablet(folder, seed=options.pop("seed", len(made)), **options)
        made.append(tablet)
        if settings_qr is not None:
            tablet.scan(settings_qr)
        return tablet

    yield make
    for tablet in made:
        tablet.close()

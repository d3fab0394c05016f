"""The tablet's own fixtures for its own tests."""

from tests.collect.fixtures import javarosa, make_tablet

__all__ = ["javarosa", "make_tablet"]

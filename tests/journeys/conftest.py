"""Journeys run with the tablet made of software."""

from tests.collect.fixtures import javarosa, make_tablet

__all__ = ["javarosa", "make_tablet"]

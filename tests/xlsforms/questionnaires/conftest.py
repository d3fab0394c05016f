"""The tablet's form engine, and the questionnaires as a publisher would check them."""

from tests.collect.fixtures import javarosa

__all__ = ["javarosa"]

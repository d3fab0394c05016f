"""Passwords that cost no time, where the hash itself is not what is looked at."""

import pytest
from argon2 import PasswordHasher

from accounts import passwords


@pytest.fixture
def cheap_hash(monkeypatch):
    """argon2 at its least cost."""
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr(passwords, "_nobody", [])

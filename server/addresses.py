"""The addresses that people are handed, which work once."""

from server.settings import Settings


def first_person(settings: Settings, token: str) -> str:
    """Where the first manager's account is made."""
    return f"{settings.base_url}/first/{token}"


def password(settings: Settings, token: str) -> str:
    """Where a person sets a password."""
    return f"{settings.base_url}/password/{token}"

"""Random tokens that are shown once and kept only as hashes (a fast hash is right for 256 random bits)."""

import hashlib
import secrets


def new_token() -> str:
    """256 random bits in 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """The SHA-256 of the token, 64 hex digits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()

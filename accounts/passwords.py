"""Passwords: argon2id as RFC 9106 and OWASP advise; two hashes at once, and few that wait for their turn."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST, FEWEST_DIFFERENT = 12, 1024, 5
HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)
PLACES, KEPT = 5, 2  # Of the places, so many are kept for addresses that have none.
_turns, _lock = threading.BoundedSemaphore(2), threading.Lock()
_taken: Counter[str] = Counter()
_nobody: list[str] = []


class WeakPassword(Exception):
    """The password is too easy to guess; the text says what to change."""


class PasswordsBusy(Exception):
    """As many passwords are being looked at as this server can bear beside its tablets; nothing was looked at."""


def require_strong(password: str, *, about: str = "") -> None:
    """Raises WeakPassword for a password that is short, monotonous or made of the person's own address."""
    if len(password) < SHORTEST:
        raise WeakPassword(f"Choose a password of at least {SHORTEST} characters; four unrelated words are good.")
    if len(password) > LONGEST:
        raise WeakPassword(f"Choose a password of at most {LONGEST} characters.")
    own = about.split("@")[0].casefold()
    if len(set(password)) < FEWEST_DIFFERENT or (len(own) > 3 and own in password.casefold()):
        raise WeakPassword("Choose a password that does not repeat itself or your e-mail address.")


def hash_password(password: str) -> str:
    """The argon2id hash (64 MiB, 3 passes). Raises PasswordsBusy."""
    with _turn():
        return HASHER.hash(password)


def verify_password(password: str, held: str | None, *, address: str = "") -> bool:
    """True when the password made the hash; takes as long for somebody who has none.

    Raises PasswordsBusy, the sooner for an address that tries several at once.
    """
    if not _nobody:
        _nobody.append(hash_password("nobody has this password"))
    with _turn(address):
        try:
            return HASHER.verify(held or _nobody[0], password[:LONGEST]) and held is not None
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False


@contextmanager
def _turn(address: str = "") -> Iterator[None]:
    with _lock:
        if _taken.total() >= PLACES - (KEPT if address and _taken[address] else 0):
            raise PasswordsBusy("Many people are signing in at this moment. Try again in half a minute.")
        _taken[address] += 1
    try:
        with _turns:
            yield
    finally:
        with _lock:
            _taken[address] -= 1
            if not _taken[address]:
                del _taken[address]

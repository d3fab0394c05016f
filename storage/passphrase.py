"""A master key that only a passphrase opens: argon2id (RFC 9106) and AES-256-GCM, with the intake part in clear."""

import base64
import secrets
from dataclasses import dataclass, field

from argon2.low_level import Type, hash_secret_raw

from storage.sealing import KEY_BYTES, IntakeKeys, MasterKey, SealBroken, seal, unseal

SALT_BYTES = 16
PASSES, MEMORY, LANES = 3, 256 * 1024, 4  # memory in KiB: half a second on a small machine
MOST_MEMORY, MOST_PASSES, MOST_LANES = 4 * 1024 * 1024, 100, 64  # beyond these a file is damaged


class WrongPassphrase(Exception):
    """This is not the passphrase of the key file."""


@dataclass(frozen=True)
class Protected:
    """A master key under a passphrase; its intake part can be used without."""

    intake: IntakeKeys
    salt: bytes
    cost: tuple[int, int, int]  # passes, memory in KiB, lanes
    sealed: bytes = field(repr=False)

    def open(self, passphrase: str) -> MasterKey:
        """The master key; raises WrongPassphrase."""
        key = _key(passphrase, self.salt, self.cost)
        try:
            return unpack(unseal(key, self.sealed, _place(self.intake)))
        except SealBroken as error:
            raise WrongPassphrase("This is not the passphrase of the key file.") from error

    def to_text(self) -> str:
        """One line that `from_text` reads."""
        cost = ":".join(map(str, self.cost))
        return f"{_write(self.salt)} {cost} {_write(self.sealed)} {self.intake.to_text()}"

    @classmethod
    def from_text(cls, text: str) -> "Protected":
        """What stands in a line that `to_text` wrote; raises ValueError."""
        salt, cost, sealed, intake = text.split(None, 3)
        passes, memory, lanes = map(int, cost.split(":"))
        if not (0 < passes <= MOST_PASSES and 0 < memory <= MOST_MEMORY and 0 < lanes <= MOST_LANES):
            raise ValueError("a cost that cannot be")
        return cls(IntakeKeys.from_text(intake), _read(salt), (passes, memory, lanes), _read(sealed))


def protect(master: MasterKey, intake: IntakeKeys, passphrase: str) -> Protected:
    """The master key, to be opened by the passphrase alone."""
    salt, cost = secrets.token_bytes(SALT_BYTES), (PASSES, MEMORY, LANES)
    return Protected(intake, salt, cost, seal(_key(passphrase, salt, cost), pack(master), _place(intake)))


def pack(master: MasterKey) -> bytes:
    """The anchor, then the seeds."""
    return b"".join((master.anchor, *master.seeds))


def unpack(content: bytes) -> MasterKey:
    """The master key that `pack` gave; raises ValueError."""
    parts = [content[start : start + KEY_BYTES] for start in range(0, len(content), KEY_BYTES)]
    if len(parts) < 2 or len(parts[-1]) != KEY_BYTES:
        raise ValueError("no anchor with its seeds")
    return MasterKey(parts[0], tuple(parts[1:]))


def _key(passphrase: str, salt: bytes, cost: tuple[int, int, int]) -> bytes:
    passes, memory, lanes = cost
    return hash_secret_raw(passphrase.encode(), salt, passes, memory, lanes, KEY_BYTES, Type.ID)


def _place(intake: IntakeKeys) -> str:
    return f"key file:{intake.to_text()}"


def _write(part: bytes) -> str:
    return base64.b64encode(part).decode()


def _read(text: str) -> bytes:
    return base64.b64decode(text, validate=True)

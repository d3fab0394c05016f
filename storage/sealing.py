"""How what must stay secret is sealed: AES-256-GCM under data keys, and the envelopes that keep those keys."""

import base64
import hmac
import secrets
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.orm import Session

KEY_BYTES = 32
NONCE_BYTES = 12
FORMAT = b"\x01"
HPKE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)  # RFC 9180


class SealBroken(Exception):
    """A sealed value does not open: it was changed, moved to another place, or sealed under another key."""


class KeysLocked(Exception):
    """This process holds only the intake key; opening what is stored needs the key file."""


def new_key() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(KEY_BYTES)


def seal(key: bytes, plain: bytes, place: str) -> bytes:
    """The value sealed by AES-256-GCM and bound to its place (`table.column:row`)."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return FORMAT + nonce + AESGCM(key).encrypt(nonce, plain, place.encode())


def unseal(key: bytes, sealed: bytes, place: str) -> bytes:
    """The value as it was before sealing; raises SealBroken."""
    if sealed[:1] != FORMAT:
        raise SealBroken(f"{place}: unknown format")
    nonce, body = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, body, place.encode())
    except (InvalidTag, ValueError) as error:
        raise SealBroken(place) from error


def derive(master: bytes, purpose: str) -> bytes:
    """A key of its own for each purpose, by HKDF-SHA-256 (RFC 5869)."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"fieldcase {purpose}".encode()).derive(master)


@dataclass(frozen=True)
class IntakeKeys:
    """All that a node needs to take submissions in; it opens nothing that is stored."""

    public: bytes
    fingerprint_key: bytes = field(repr=False)
    audit_key: bytes = field(repr=False)

    @cached_property
    def _recipient(self) -> X25519PublicKey:
        return X25519PublicKey.from_public_bytes(self.public)

    def envelope(self, data_key: bytes, place: str) -> bytes:
        """The data key sealed to the intake public key (HPKE, RFC 9180), to be opened at this place only."""
        return FORMAT + HPKE.encrypt(data_key, self._recipient, info=place.encode())

    def fingerprint(self, content: bytes) -> str:
        """Equal for equal bytes, and of no use to somebody who guesses them without the key; 64 hex digits."""
        return hmac.digest(self.fingerprint_key, content, "sha256").hex()

    def to_text(self) -> str:
        """One line that `from_text` reads."""
        parts = (self.public, self.fingerprint_key, self.audit_key)
        return " ".join(base64.b64encode(part).decode() for part in parts)

    @classmethod
    def from_text(cls, text: str) -> "IntakeKeys":
        """The keys of a line that `to_text` wrote; raises ValueError."""
        parts = [base64.b64decode(part, validate=True) for part in text.split()]
        if [len(part) for part in parts] != [KEY_BYTES] * 3:
            raise ValueError("not three keys")
        return cls(*parts)


@dataclass(frozen=True)
class Keyring(IntakeKeys):
    """Everything that is derived from the master key: it opens what intake sealed and wraps the record roots' keys."""

    private: X25519PrivateKey = field(repr=False, kw_only=True)
    wrapping_key: bytes = field(repr=False, kw_only=True)
    blind_key: bytes = field(repr=False, kw_only=True)
    code_key: bytes = field(repr=False, kw_only=True)

    @classmethod
    def of(cls, master: bytes) -> "Keyring":
        """The ring of one master key of 32 bytes."""
        private = X25519PrivateKey.from_private_bytes(derive(master, "intake"))
        return cls(
            public=private.public_key().public_bytes_raw(),
            fingerprint_key=derive(master, "fingerprint"),
            audit_key=derive(master, "audit"),
            private=private,
            wrapping_key=derive(master, "root keys"),
            blind_key=derive(master, "blind index"),
            code_key=derive(master, "case codes"),
        )

    @property
    def intake(self) -> IntakeKeys:
        """The part that an intake-only node is given."""
        return IntakeKeys(self.public, self.fingerprint_key, self.audit_key)

    def open_envelope(self, envelope: bytes, place: str) -> bytes:
        """The data key that intake sealed; raises SealBroken."""
        if envelope[:1] != FORMAT:
            raise SealBroken(f"{place}: unknown format")
        try:
            return HPKE.decrypt(envelope[1:], self.private, info=place.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBroken(place) from error

    def wrap(self, key: bytes, place: str) -> bytes:
        """A root's key sealed under the master key."""
        return seal(self.wrapping_key, key, place)

    def unwrap(self, wrapped: bytes, place: str) -> bytes:
        """A root's key as it was wrapped; raises SealBroken."""
        return unseal(self.wrapping_key, wrapped, place)

    def blind(self, name: str, value: str) -> str:
        """The blind index of a normalised value of one field: equal values match, nothing else shows; 64 hex digits."""
        return hmac.digest(derive(self.blind_key, name), value.encode(), "sha256").hex()

    def code_bytes(self, identity: str) -> bytes:
        """32 bytes that follow from an identity and cannot be guessed without the key."""
        return hmac.digest(self.code_key, identity.encode(), "sha256")


def intake_keys_of(session: Session) -> IntakeKeys:
    """The keys that the session's database was opened with."""
    keys: IntakeKeys = session.info["keys"]
    return keys


def keys_of(session: Session) -> Keyring:
    """The whole ring that the session's database was opened with; raises KeysLocked on an intake-only node."""
    keys = intake_keys_of(session)
    if not isinstance(keys, Keyring):
        raise KeysLocked("the key file is not open in this process")
    return keys

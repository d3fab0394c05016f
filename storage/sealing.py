"""How what must stay secret is sealed: AES-256-GCM under data keys, and the envelopes that keep those keys."""

import base64
import hashlib
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
ID_BYTES = 4
FORMAT = b"\x01"
KEYED = b"\x02"  # The id of the master key's generation follows.
HPKE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)  # RFC 9180


class SealBroken(Exception):
    """A sealed value does not open: it was changed, moved to another place, or sealed under another key."""


class KeyUnknown(SealBroken):
    """A value was sealed for a newer key than this node's key file holds. Copy the newest key file to this node."""

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"The key file of this node does not hold the key {key_id}. Copy the newest key file to this node."
        )
        self.key_id = key_id


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

    @cached_property
    def key_id(self) -> str:
        """Which generation of the master key this is, 8 hex digits; it tells nothing of the key."""
        return hashlib.sha256(self.public).digest()[:ID_BYTES].hex()

    def envelope(self, data_key: bytes, place: str) -> bytes:
        """The data key sealed to the intake public key (HPKE, RFC 9180), to be opened at this place only."""
        return KEYED + bytes.fromhex(self.key_id) + HPKE.encrypt(data_key, self._recipient, info=place.encode())

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
class MasterKey:
    """What the key file holds: the anchor, of which all comes that must never change, and a seed for each generation.

    The last seed is the one in use; the earlier ones open what was sealed before the key was changed.
    """

    anchor: bytes = field(repr=False)
    seeds: tuple[bytes, ...] = field(repr=False)

    @classmethod
    def new(cls) -> "MasterKey":
        """A new installation's key, of one random seed."""
        return cls.grown(new_key())

    @classmethod
    def grown(cls, first: bytes) -> "MasterKey":
        """The key of one seed, which the anchor follows from and does not give away."""
        return cls(derive(first, "anchor"), (first,))

    def rotated(self) -> "MasterKey":
        """The key with a new seed in use; all that the earlier ones sealed still opens."""
        return MasterKey(self.anchor, (*self.seeds, new_key()))


@dataclass(frozen=True)
class Generation:
    """What one seed opens."""

    key_id: str
    private: X25519PrivateKey = field(repr=False)
    wrapping_key: bytes = field(repr=False)

    @classmethod
    def of(cls, seed: bytes) -> "Generation":
        """The keys of a seed."""
        private = X25519PrivateKey.from_private_bytes(derive(seed, "intake"))
        public = private.public_key().public_bytes_raw()
        return cls(hashlib.sha256(public).digest()[:ID_BYTES].hex(), private, derive(seed, "root keys"))


@dataclass(frozen=True)
class Keyring(IntakeKeys):
    """Everything that comes of the master key: it opens what intake sealed and wraps the record roots' keys."""

    blind_key: bytes = field(repr=False, kw_only=True)
    code_key: bytes = field(repr=False, kw_only=True)
    generations: tuple[Generation, ...] = field(repr=False, compare=False, kw_only=True)  # oldest first
    master: MasterKey = field(repr=False, kw_only=True)

    @classmethod
    def of(cls, master: "MasterKey | bytes") -> "Keyring":
        """The ring of a master key; of 32 bytes, as the first key files held them, they are anchor and seed at once."""
        held = MasterKey(master, (master,)) if isinstance(master, bytes) else master
        generations = tuple(map(Generation.of, held.seeds))
        return cls(
            public=generations[-1].private.public_key().public_bytes_raw(),
            fingerprint_key=derive(held.anchor, "fingerprint"),
            audit_key=derive(held.anchor, "audit"),
            blind_key=derive(held.anchor, "blind index"),
            code_key=derive(held.anchor, "case codes"),
            generations=generations,
            master=held,
        )

    @property
    def private(self) -> X25519PrivateKey:
        """The private part of the intake key in use."""
        return self.generations[-1].private

    @property
    def wrapping_key(self) -> bytes:
        """What wraps the roots' keys now."""
        return self.generations[-1].wrapping_key

    @property
    def intake(self) -> IntakeKeys:
        """The part that an intake-only node is given."""
        return IntakeKeys(self.public, self.fingerprint_key, self.audit_key)

    def holds(self, key_id: str) -> bool:
        """True when something sealed for this key can be opened."""
        return any(generation.key_id == key_id for generation in self.generations)

    def is_current(self, sealed: bytes) -> bool:
        """True when an envelope or a wrapped key is for the key in use."""
        return key_id_of(sealed) == self.key_id

    def open_envelope(self, envelope: bytes, place: str) -> bytes:
        """The data key that intake sealed, whichever generation it was sealed for; raises SealBroken, KeyUnknown."""
        body = _body(envelope)
        for generation in self._for(envelope, place):
            try:
                return HPKE.decrypt(body, generation.private, info=place.encode())
            except (InvalidTag, ValueError):
                continue
        raise SealBroken(place)

    def wrap(self, key: bytes, place: str) -> bytes:
        """A root's key sealed under the master key."""
        return KEYED + bytes.fromhex(self.key_id) + seal(self.wrapping_key, key, place)

    def unwrap(self, wrapped: bytes, place: str) -> bytes:
        """A root's key as it was wrapped, by whichever generation; raises SealBroken, KeyUnknown."""
        body = wrapped if wrapped[:1] == FORMAT else _body(wrapped)
        for generation in self._for(wrapped, place):
            try:
                return unseal(generation.wrapping_key, body, place)
            except SealBroken:
                continue
        raise SealBroken(place)

    def blind(self, name: str, value: str) -> str:
        """The blind index of a normalised value of one field: equal values match, nothing else shows; 64 hex digits."""
        return hmac.digest(derive(self.blind_key, name), value.encode(), "sha256").hex()

    def code_bytes(self, identity: str) -> bytes:
        """32 bytes that follow from an identity and cannot be guessed without the key."""
        return hmac.digest(self.code_key, identity.encode(), "sha256")

    def _for(self, sealed: bytes, place: str) -> tuple[Generation, ...]:
        if sealed[:1] == FORMAT:
            return self.generations  # Of the time before ids: it is not said which.
        if sealed[:1] != KEYED:
            raise SealBroken(f"{place}: unknown format")
        named = key_id_of(sealed)
        found = tuple(generation for generation in self.generations if generation.key_id == named)
        if not found:
            raise KeyUnknown(named)
        return found


def key_id_of(sealed: bytes) -> str:
    """For which generation an envelope or a wrapped key is; empty for those of the time before ids."""
    return sealed[1 : 1 + ID_BYTES].hex() if sealed[:1] == KEYED else ""


def _body(sealed: bytes) -> bytes:
    return sealed[1 + ID_BYTES :] if sealed[:1] == KEYED else sealed[1:]


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

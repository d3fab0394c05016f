"""The secret by which a tablet reaches one draft and nothing else; it follows from the keys, and no row holds it."""

import re
import secrets
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.tokens import token_hash
from audit.trail import Actor
from forms.tables import FormDraft
from storage.sealing import intake_keys_of

TOKEN = re.compile(r"[0-9a-f]{64}")


class DraftUnknown(Exception):
    """There is no draft with this code any more; it was published, discarded, or its code was renewed."""


@dataclass(frozen=True)
class KnownDraft:
    """A draft whose secret somebody has shown."""

    id: int
    project_id: int
    form_id: str
    version: str
    title: str
    md5: str
    uid: str | None = None  # what the secret follows from

    @property
    def actor(self) -> Actor:
        """As the trail names whoever tries the draft."""
        return Actor("draft", str(self.id))


def give_secret(session: Session, draft: FormDraft) -> None:
    """The draft has a new secret; one that it had opens nothing any more."""
    draft.uid = secrets.token_hex(16)
    draft.token_hash = token_hash(secret_of(session, draft))
    session.flush()


def secret_of(session: Session, draft: FormDraft) -> str:
    """The draft's secret, 64 hex digits; empty for one that was made before drafts had any."""
    if draft.uid is None:
        return ""
    return intake_keys_of(session).fingerprint(f"draft secret {draft.uid}".encode())


def known_draft(session: Session, secret: str) -> KnownDraft:
    """The draft whose secret this is; raises DraftUnknown."""
    columns = (FormDraft.id, FormDraft.project_id, FormDraft.form_id, FormDraft.version, FormDraft.title)
    row = None
    if TOKEN.fullmatch(secret):
        row = session.execute(
            select(*columns, FormDraft.md5, FormDraft.uid).where(FormDraft.token_hash == token_hash(secret))
        ).first()
    if row is None:
        raise DraftUnknown("no such secret")
    return KnownDraft(*row)

"""What was done, by whom, to what: one row an act, written in the act's own transaction."""

import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import Index, String, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database import PK, Base, Json, Moment, table_of
from storage.sealing import intake_keys_of

Fact = str | int | bool | None


class Action(StrEnum):
    """Every act that leaves a trace."""

    AGENCY_ADDED = "agency.add"
    AGENCY_RENAMED = "agency.rename"
    BACKED_UP = "backup.make"
    BACKUP_VERIFIED = "backup.verify"
    CASE_CONFIRMED = "case.confirm"
    CASE_PROPOSED = "case.propose"
    CASE_READ = "case.read"
    CASES_LISTED = "case.list"
    COMMENTS_READ = "comment.read"
    DEVICE_ENROLLED = "device.enrol"
    DEVICE_REVOKED = "device.revoke"
    FORM_CLOSED = "form.close"
    FORM_DRAFTED = "form.draft"
    FORM_DRAFT_DISCARDED = "form.discard"
    FORM_DRAFT_FILE_PUT = "form.draft_file"
    FORM_DRAFT_FILE_TAKEN = "form.draft_file_taken"
    FORM_DRAFT_RENEWED = "form.draft_code"
    FORM_DRAFT_TRIED = "form.try"
    FORM_EDITABLE = "form.editable"
    FORM_OPENED = "form.open"
    FORM_PROPOSED = "form.propose"
    FORM_PUBLISHED = "form.publish"
    FORM_REMAPPED = "form.remap"
    FORM_SENT_BACK = "form.return"
    INSTALLED = "install"
    INTAKE_KEY_WRITTEN = "key.intake"
    KEY_CHANGED = "key.rotate"
    KEY_COPIED = "key.copy"
    KEY_COPY_VERIFIED = "key.verify"
    KEY_LOCKED = "key.lock"
    KEY_PROTECTED = "key.protect"
    KEY_UNLOCKED = "key.unlock"
    LINK_MADE = "link.make"
    LINK_USED = "link.use"
    PERSON_ADDED = "person.add"
    PERSON_CHANGED = "person.change"
    PERSON_DISABLED = "person.disable"
    PERSON_ENABLED = "person.enable"
    PASSWORD_SET = "person.password"  # noqa: S105
    RECEIPTS_REPLAYED = "mirror.replay"
    REFUSED = "refused"
    RESTORED = "restore"
    SIGN_IN_FAILED = "session.fail"
    SIGNED_IN = "session.start"
    SIGNED_OUT = "session.end"
    SUBMISSION_ATTACHED = "submission.attach"
    SUBMISSION_COMMENTED = "submission.comment"
    SUBMISSION_CONFLICT = "submission.conflict"
    SUBMISSION_FILED = "submission.file"
    SUBMISSION_HELD = "submission.hold"
    SUBMISSION_READ = "submission.read"
    SUBMISSION_RECEIVED = "submission.receive"
    SUBMISSION_REFILED = "submission.refile"
    SUBMISSION_REVIEWED = "submission.review"
    SUBMISSION_SET_ASIDE = "submission.set_aside"
    SUBMISSIONS_EXPORTED = "submission.export"
    SUBMISSIONS_LISTED = "submission.list"
    ATTACHMENT_READ = "attachment.read"


@dataclass(frozen=True)
class Actor:
    """Who acts: a person, a device, the operator at the command line, the system itself, or nobody known."""

    kind: str
    id: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}" if self.id else self.kind


OPERATOR = Actor("operator")
SYSTEM = Actor("system")
NOBODY = Actor("nobody")


class AuditEntry(Base):
    """One act; `seal` is an HMAC over all of it, so that a changed row shows."""

    __tablename__ = "audit_entries"
    id: Mapped[int] = mapped_column(PK, primary_key=True)
    uid: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(Moment)
    actor: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(120))
    facts: Mapped[dict[str, Fact]] = mapped_column(Json)
    seal: Mapped[str] = mapped_column(String(64))
    __table_args__ = (Index("ix_audit_entries_subject_id", "subject", "id"), Index("ix_audit_entries_actor", "actor"))


ADD = insert(table_of(AuditEntry))


@dataclass(frozen=True)
class Entry:
    """An act to be recorded; `facts` are ids and counts, never answers or names."""

    action: Action
    subject: str
    facts: dict[str, Fact]


def record(session: Session, actor: Actor, action: Action, subject: str, *, now: datetime, **facts: Fact) -> None:
    """The act stands in the trail with its transaction; `facts` are ids and counts, never answers or names."""
    record_all(session, actor, [Entry(action, subject, facts)], now=now)


def record_all(session: Session, actor: Actor, entries: Sequence[Entry], *, now: datetime) -> None:
    """As `record`, for several acts of one actor at once."""
    key, rows = intake_keys_of(session).audit_key, []
    for entry in entries:
        row = {
            "uid": secrets.token_hex(16),
            "at": now,
            "actor": str(actor),
            "action": entry.action.value,
            "subject": entry.subject,
            "facts": entry.facts,
        }
        rows.append({**row, "seal": seal_of(key, row)})
    if rows:
        session.connection().execute(ADD, rows)


def seal_of(audit_key: bytes, row: dict[str, object]) -> str:
    """The HMAC-SHA-256 of an entry's content, 64 hex digits."""
    at = row["at"]
    if not isinstance(at, datetime):
        raise TypeError("an entry needs its moment")
    parts = [row["uid"], at.astimezone(UTC).isoformat(), row["actor"], row["action"], row["subject"], row["facts"]]
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hmac.digest(audit_key, canonical.encode(), "sha256").hex()

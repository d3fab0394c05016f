"""The rows of what tablets send to try a draft: apart from all other submissions, gone with the draft."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, deferred, mapped_column

from accounts.tables import Person
from forms.tables import FormDraft
from storage.database import PK, Base, Moment


class DraftSubmission(Base):
    """One filled draft exactly as sent, sealed; it is never filed."""

    __tablename__ = "draft_submissions"
    id: Mapped[int] = mapped_column(PK, primary_key=True)
    uid: Mapped[str] = mapped_column(String(32))  # what its seals are bound to
    draft_id: Mapped[int] = mapped_column(ForeignKey(FormDraft.id, ondelete="CASCADE"), index=True)
    version: Mapped[str] = mapped_column(String(250))
    instance_id: Mapped[str] = mapped_column(String(250))
    fingerprint: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    install_id: Mapped[str | None] = mapped_column(String(120))  # as the sender claims them
    app_version: Mapped[str | None] = mapped_column(String(120))
    received_at: Mapped[datetime] = mapped_column(Moment)
    size: Mapped[int] = mapped_column(PK)
    envelope: Mapped[bytes] = deferred(mapped_column(LargeBinary, nullable=False))
    sealed_xml: Mapped[bytes] = deferred(mapped_column(LargeBinary, nullable=False))
    __table_args__ = (UniqueConstraint("draft_id", "instance_id", "fingerprint"),)


class DraftAttachment(Base):
    """A file that came with a filled draft."""

    __tablename__ = "draft_attachments"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey(DraftSubmission.id, ondelete="CASCADE"), index=True)
    slot: Mapped[str] = mapped_column(String(64))
    content: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime] = mapped_column(Moment)
    size: Mapped[int] = mapped_column(PK)
    file_id: Mapped[str] = mapped_column(String(32), index=True)
    envelope: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_facts: Mapped[bytes] = mapped_column(LargeBinary)  # JSON: name, sha256, type
    __table_args__ = (UniqueConstraint("submission_id", "slot", "content"),)

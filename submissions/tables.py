"""The rows of submissions and their attachments."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, deferred, mapped_column

from accounts.tables import Device, Person, Project
from forms.tables import Form, FormVersion
from storage.database import PK, Base, Json, Moment

WAITING = text("filing = 'pending'")


class Filing(StrEnum):
    """What has become of a submission."""

    PENDING = "pending"
    FILED = "filed"
    SET_ASIDE = "set aside"  # needs a person
    HELD = "held"  # waits for something that the server will see by itself
    CONFLICT = "conflict"
    NOT_MAPPED = "not mapped"


class Submission(Base):
    """One submission exactly as sent, sealed; `variant` is empty but for other content under the same instance id."""

    __tablename__ = "submissions"
    id: Mapped[int] = mapped_column(PK, primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey(Project.id))
    form_pk: Mapped[int] = mapped_column(ForeignKey(Form.id))
    version: Mapped[str] = mapped_column(String(250))
    version_id: Mapped[int | None] = mapped_column(ForeignKey(FormVersion.id))
    instance_id: Mapped[str] = mapped_column(String(250))
    variant: Mapped[str] = mapped_column(String(64), default="")
    deprecated_id: Mapped[str | None] = mapped_column(String(250))
    superseded_by: Mapped[int | None] = mapped_column(PK)
    device_id: Mapped[int | None] = mapped_column(ForeignKey(Device.id))
    person_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    install_id: Mapped[str | None] = mapped_column(String(120))  # as the sender claims them
    app_version: Mapped[str | None] = mapped_column(String(120))
    received_at: Mapped[datetime] = mapped_column(Moment)
    filing: Mapped[str] = mapped_column(String(12))
    reason: Mapped[dict[str, str] | None] = mapped_column(Json)
    filed_at: Mapped[datetime | None] = mapped_column(Moment)
    size: Mapped[int] = mapped_column(PK)
    fingerprint: Mapped[str] = mapped_column(String(64))
    root_id: Mapped[str | None] = mapped_column(String(36), index=True)
    envelope: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    sealed_xml: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    __table_args__ = (
        UniqueConstraint("form_pk", "instance_id", "variant"),
        Index(
            "ix_submissions_waiting",
            "id",
            sqlite_where=text("filing = 'pending'"),
            postgresql_where=text("filing = 'pending'"),
        ),
        Index("ix_submissions_filing_id", "filing", "id"),
        Index("ix_submissions_form_pk_id", "form_pk", "id"),
        Index(
            "ix_submissions_edits",
            "form_pk",
            "deprecated_id",
            sqlite_where=text("deprecated_id IS NOT NULL"),
            postgresql_where=text("deprecated_id IS NOT NULL"),
        ),
    )


class Attachment(Base):
    """A file that came with a submission, or that its answers name and that has not come yet (`file_id` empty)."""

    __tablename__ = "attachments"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey(Submission.id))
    slot: Mapped[str] = mapped_column(String(64))  # keyed fingerprint of the name
    content: Mapped[str] = mapped_column(
        String(64), default=""
    )  # keyed fingerprint of the bytes, empty until they came
    expected: Mapped[bool] = mapped_column()
    current: Mapped[bool] = mapped_column(default=True)
    received_at: Mapped[datetime | None] = mapped_column(Moment)
    size: Mapped[int] = mapped_column(PK, default=0)
    file_id: Mapped[str | None] = mapped_column(String(32), index=True)
    root_id: Mapped[str | None] = mapped_column(String(36))
    envelope: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_facts: Mapped[bytes] = mapped_column(LargeBinary)  # JSON: name, sha256, type
    __table_args__ = (UniqueConstraint("submission_id", "slot", "content"),)


class Review(Base):
    """What somebody who looked at a submission said of it; never changed, since the newest counts."""

    __tablename__ = "submission_reviews"
    id: Mapped[int] = mapped_column(PK, primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey(Submission.id), index=True)  # the first version
    version_id: Mapped[int] = mapped_column(ForeignKey(Submission.id))  # the version that was looked at
    state: Mapped[str] = mapped_column(String(10))
    person_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    made_at: Mapped[datetime] = mapped_column(Moment)


class Comment(Base):
    """What somebody wrote about a submission, sealed under the submission's data key."""

    __tablename__ = "submission_comments"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey(Submission.id), index=True)  # the first version
    person_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    made_at: Mapped[datetime] = mapped_column(Moment)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)

"""The rows of forms, their versions and media."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, deferred, mapped_column

from accounts.tables import Project
from storage.database import PK, Base, Json, Moment


class FormState(StrEnum):
    """Whether tablets are offered the form, and whether what they send is filed at once."""

    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class Form(Base):
    """A questionnaire of a project, known by its form id."""

    __tablename__ = "forms"
    id: Mapped[int] = mapped_column(PK, primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey(Project.id))
    form_id: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(10), default=FormState.OPEN.value)
    current_version_id: Mapped[int | None] = mapped_column(PK)
    state_at: Mapped[datetime | None] = mapped_column(Moment)  # since when it is in this state; None since ever
    client_editable: Mapped[bool] = mapped_column(server_default=false())  # of the versions that are published from now
    __table_args__ = (UniqueConstraint("project_id", "form_id"),)


class FormVersion(Base):
    """A version as published: the exact bytes that tablets get, and what they were made from; never changed."""

    __tablename__ = "form_versions"
    id: Mapped[int] = mapped_column(PK, primary_key=True)
    form_pk: Mapped[int] = mapped_column(ForeignKey(Form.id))
    version: Mapped[str] = mapped_column(String(120))
    title: Mapped[str] = mapped_column(Text)
    xform: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    md5: Mapped[str] = mapped_column(String(32))
    definition: Mapped[dict[str, Any]] = deferred(mapped_column(Json))
    mapping_version: Mapped[str] = mapped_column(String(16), default="")
    workbook: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))
    workbook_name: Mapped[str] = mapped_column(Text, default="")
    findings: Mapped[list[dict[str, str]]] = deferred(mapped_column(Json))
    published_at: Mapped[datetime] = mapped_column(Moment)
    published_by: Mapped[str] = mapped_column(String(80))
    __table_args__ = (UniqueConstraint("form_pk", "version"),)


class FormMedia(Base):
    """A file that a version's tablets fetch beside it."""

    __tablename__ = "form_media"
    id: Mapped[int] = mapped_column(PK, primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey(FormVersion.id))
    filename: Mapped[str] = mapped_column(String(255))
    md5: Mapped[str] = mapped_column(String(32))
    size: Mapped[int] = mapped_column(PK)
    file_id: Mapped[str] = mapped_column(String(32))
    __table_args__ = (UniqueConstraint("version_id", "filename"),)


class FormMapping(Base):
    """What the server does with a version's answers; mended ones stand beside the older ones."""

    __tablename__ = "form_mappings"
    version_id: Mapped[int] = mapped_column(ForeignKey(FormVersion.id), primary_key=True)
    mapping_version: Mapped[str] = mapped_column(String(16), primary_key=True)
    parts: Mapped[dict[str, Any]] = mapped_column(Json)
    made_at: Mapped[datetime] = mapped_column(Moment)
    made_by: Mapped[str] = mapped_column(String(80))


class FormDraft(Base):
    """A form that is being made: what was uploaded, compiled; only tablets that scan its own code see it."""

    __tablename__ = "form_drafts"
    id: Mapped[int] = mapped_column(PK, primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey(Project.id))
    form_id: Mapped[str] = mapped_column(String(120))
    version: Mapped[str] = mapped_column(String(120))
    title: Mapped[str] = mapped_column(Text)
    filename: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes] = deferred(mapped_column(LargeBinary, nullable=False))
    xform: Mapped[bytes] = deferred(mapped_column(LargeBinary, nullable=False))
    md5: Mapped[str] = mapped_column(String(32))
    definition: Mapped[dict[str, Any]] = deferred(mapped_column(Json, nullable=False))
    mapping: Mapped[dict[str, Any] | None] = deferred(mapped_column(Json, nullable=True))
    mapping_csv: Mapped[bytes | None] = deferred(mapped_column(LargeBinary, nullable=True))
    mapping_name: Mapped[str | None] = mapped_column(Text)
    findings: Mapped[list[dict[str, Any]] | None] = deferred(mapped_column(Json, nullable=True))
    itemsets: Mapped[bytes | None] = deferred(mapped_column(LargeBinary, nullable=True))
    made_at: Mapped[datetime] = mapped_column(Moment)
    made_by: Mapped[str] = mapped_column(String(80))
    uid: Mapped[str | None] = mapped_column(String(32))  # what its tablets' secret follows from
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True, index=True)
    proposed_at: Mapped[datetime | None] = mapped_column(Moment)
    proposed_by: Mapped[str | None] = mapped_column(String(80))
    proposed_version: Mapped[str | None] = mapped_column(String(120))
    returned_at: Mapped[datetime | None] = mapped_column(Moment)
    returned_by: Mapped[str | None] = mapped_column(String(80))
    returned_word: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (UniqueConstraint("project_id", "form_id"),)


class DraftMedia(Base):
    """A file that was uploaded beside a draft."""

    __tablename__ = "form_draft_media"
    id: Mapped[int] = mapped_column(PK, primary_key=True)
    draft_id: Mapped[int] = mapped_column(ForeignKey(FormDraft.id))
    filename: Mapped[str] = mapped_column(String(255))
    md5: Mapped[str] = mapped_column(String(32))
    size: Mapped[int] = mapped_column(PK)
    file_id: Mapped[str] = mapped_column(String(32))
    made_at: Mapped[datetime] = mapped_column(Moment)
    __table_args__ = (UniqueConstraint("draft_id", "filename"),)


class FormCheck(Base):
    """An upload that was checked, kept for a day, so that whoever sent it need not send it again."""

    __tablename__ = "form_checks"
    token: Mapped[str] = mapped_column(String(32), primary_key=True)
    actor: Mapped[str] = mapped_column(String(80))
    filename: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes] = deferred(mapped_column(LargeBinary, nullable=False))
    mapping_name: Mapped[str] = mapped_column(Text, default="")
    mapping_csv: Mapped[bytes | None] = deferred(mapped_column(LargeBinary, nullable=True))
    findings: Mapped[list[dict[str, Any]]] = deferred(mapped_column(Json, nullable=False))
    facts: Mapped[dict[str, Any]] = mapped_column(Json)
    checked_at: Mapped[datetime] = mapped_column(Moment, index=True)


class FormCheckMedia(Base):
    """A file that was uploaded beside a form that was checked."""

    __tablename__ = "form_check_media"
    id: Mapped[int] = mapped_column(PK, primary_key=True)
    token: Mapped[str] = mapped_column(ForeignKey(FormCheck.token, ondelete="CASCADE"), index=True)
    filename: Mapped[str] = mapped_column(String(255))
    md5: Mapped[str] = mapped_column(String(32))
    size: Mapped[int] = mapped_column(PK)
    file_id: Mapped[str] = mapped_column(String(32))

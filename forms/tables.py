"""The rows of forms, their versions and media."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint
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
    """A form that is being made: what was uploaded, compiled; tablets never see it."""

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
    made_at: Mapped[datetime] = mapped_column(Moment)
    made_by: Mapped[str] = mapped_column(String(80))
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

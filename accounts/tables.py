"""The rows of projects, agencies, people and tablets."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import PK, Base, Moment


class Project(Base):
    """A programme: its forms, its tablets and its submissions."""

    __tablename__ = "projects"
    id: Mapped[int] = mapped_column(PK, primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)


class Agency(Base):
    """A body whose people and tablets work together."""

    __tablename__ = "agencies"
    id: Mapped[int] = mapped_column(PK, primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)


class Person(Base):
    """Somebody who signs in at the desk."""

    __tablename__ = "people"
    id: Mapped[int] = mapped_column(PK, primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    agency_id: Mapped[int] = mapped_column(ForeignKey(Agency.id))
    language: Mapped[str] = mapped_column(String(10), default="en")
    password_hash: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Moment)
    disabled_at: Mapped[datetime | None] = mapped_column(Moment)


class PersonRole(Base):
    """One role of a person; roles add up."""

    __tablename__ = "person_roles"
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id), primary_key=True)
    role: Mapped[str] = mapped_column(String(20), primary_key=True)


class WebSession(Base):
    """A signed-in browser or script; only the hash of its token is kept."""

    __tablename__ = "web_sessions"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(10), server_default="browser")
    started_at: Mapped[datetime] = mapped_column(Moment)
    seen_at: Mapped[datetime] = mapped_column(Moment)


class SignInLink(Base):
    """A link that works once: it makes the first manager, or lets a person set a password."""

    __tablename__ = "sign_in_links"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id), index=True)
    made_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)


class SignInFailure(Base):
    """How often signing in has failed lately for one account or one address."""

    __tablename__ = "sign_in_failures"
    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    count: Mapped[int] = mapped_column()
    last_at: Mapped[datetime] = mapped_column(Moment)
    wait_until: Mapped[datetime | None] = mapped_column(Moment)


class Device(Base):
    """A tablet and the hash of its one secret."""

    __tablename__ = "devices"
    id: Mapped[int] = mapped_column(PK, primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey(Project.id))
    agency_id: Mapped[int] = mapped_column(ForeignKey(Agency.id))
    name: Mapped[str] = mapped_column(String(120), unique=True)
    username: Mapped[str] = mapped_column(String(80), unique=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    enrolled_at: Mapped[datetime] = mapped_column(Moment)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)
    last_seen_at: Mapped[datetime | None] = mapped_column(Moment)
    app_version: Mapped[str | None] = mapped_column(String(120))
    install_id: Mapped[str | None] = mapped_column(String(120))


class Catalogue(Base):
    """One row whose version rises with everything that a form list in memory depends on."""

    __tablename__ = "catalogue"
    id: Mapped[int] = mapped_column(PK, primary_key=True)
    version: Mapped[int] = mapped_column(PK, default=1)
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

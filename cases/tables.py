"""The rows of the case record: records, the links between them, and what was asserted about each."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from accounts.tables import Agency, Person, Project
from storage.database import PK, Base, Json, Moment
from storage.roots import RootKey
from submissions.tables import Submission


class Record(Base):
    """A case, a person, a screening, ... ; its id follows from its kind and key, so that it is made once."""

    __tablename__ = "records"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    key: Mapped[str] = mapped_column(String(600))
    root_id: Mapped[str] = mapped_column(ForeignKey(RootKey.root_id), index=True)
    made_at: Mapped[datetime] = mapped_column(Moment)
    __table_args__ = (UniqueConstraint("kind", "key"),)


class Case(Base):
    """What lists and queues know of a case: coded values in clear, projected from its assertions."""

    __tablename__ = "cases"
    record_id: Mapped[str] = mapped_column(ForeignKey(Record.id), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey(Project.id))
    code: Mapped[str] = mapped_column(String(20), unique=True)
    stage: Mapped[str] = mapped_column(String(20))
    proposed: Mapped[bool] = mapped_column()
    agency_id: Mapped[int] = mapped_column(ForeignKey(Agency.id))
    access_class: Mapped[str] = mapped_column(String(20))
    opened_on: Mapped[date] = mapped_column(Date)
    district: Mapped[str | None] = mapped_column(String(40))
    changed_at: Mapped[datetime] = mapped_column(Moment)
    screening_id: Mapped[str | None] = mapped_column(String(36))  # the most pressing of its screenings
    pressing: Mapped[int] = mapped_column(server_default="0")  # by urgency, then class; larger is more pressing
    __table_args__ = (Index("ix_cases_agency_id_changed_at", "agency_id", "changed_at"),)


class Source(Base):
    """Where assertions come from: one filing of a submission, or a person at the desk.

    A replay or a correction replaces a source, after which nothing it said counts; all of it is kept.
    """

    __tablename__ = "sources"
    id: Mapped[int] = mapped_column(PK, primary_key=True)
    submission_id: Mapped[int | None] = mapped_column(ForeignKey(Submission.id), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    observed_at: Mapped[datetime] = mapped_column(Moment)
    recorded_at: Mapped[datetime] = mapped_column(Moment)
    mapping_version: Mapped[str] = mapped_column(String(16), default="")
    replaced_at: Mapped[datetime | None] = mapped_column(Moment)


class RecordLink(Base):
    """One record belongs to another, because a source says so."""

    __tablename__ = "record_links"
    id: Mapped[int] = mapped_column(PK, primary_key=True)
    record_id: Mapped[str] = mapped_column(ForeignKey(Record.id), index=True)
    parent_id: Mapped[str] = mapped_column(ForeignKey(Record.id), index=True)
    source_id: Mapped[int] = mapped_column(ForeignKey(Source.id), index=True)


class Screened(Base):
    """What the rules make of a screening record: follows from its assertions, and is made anew whenever they change."""

    __tablename__ = "screenings"
    record_id: Mapped[str] = mapped_column(ForeignKey(Record.id), primary_key=True)
    class_low: Mapped[str] = mapped_column(String(30))
    class_high: Mapped[str] = mapped_column(String(30))
    urgency: Mapped[str] = mapped_column(String(2))
    rule_set: Mapped[str] = mapped_column(String(40))
    result: Mapped[dict[str, Any]] = mapped_column(Json)
    since: Mapped[datetime] = mapped_column(Moment)  # when the record was made; its clock runs from there


class Assertion(Base):
    """A value that a source asserts of one field of a record; never moved and never overwritten.

    `value` holds coded values in clear; every other class stands in `sealed`, under the record root's key.
    """

    __tablename__ = "assertions"
    id: Mapped[int] = mapped_column(PK, primary_key=True)
    record_id: Mapped[str] = mapped_column(ForeignKey(Record.id), index=True)
    source_id: Mapped[int] = mapped_column(ForeignKey(Source.id), index=True)
    field: Mapped[str] = mapped_column(String(80))
    mode: Mapped[str] = mapped_column(String(10))
    question: Mapped[str] = mapped_column(String(600), default="")  # XPath with positions, empty for a person
    value: Mapped[Any] = mapped_column(Json, nullable=True)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)

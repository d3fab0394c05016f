"""Projects and agencies, and the first ones that a new installation has."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.names import LONGEST, plain_name
from accounts.tables import Agency, Catalogue, Project
from audit.trail import Action, Actor, record
from storage.database import insert_once

FIRST_PROJECT = "Default project"
FIRST_AGENCY = "Our agency"


class ProjectNotFound(Exception):
    """There is no such project."""


class AgencyNotFound(Exception):
    """There is no such agency."""


class AgencyExists(Exception):
    """An agency of this name exists already."""


class BadAgencyName(Exception):
    """An agency needs a name of 1 to 120 characters."""


def set_up(session: Session) -> None:
    """The default project, one agency and the catalogue row exist."""
    if session.get(Catalogue, 1) is None:
        session.add(Catalogue(id=1, version=1))
    if session.scalar(select(Project.id).limit(1)) is None:
        session.add(Project(name=FIRST_PROJECT))
    if session.scalar(select(Agency.id).limit(1)) is None:
        session.add(Agency(name=FIRST_AGENCY))
    session.flush()


def list_projects(session: Session) -> list[Project]:
    """All projects by name."""
    return list(session.scalars(select(Project).order_by(Project.name)))


def get_project(session: Session, project_id: int | None = None) -> Project:
    """The project, or the first one; raises ProjectNotFound."""
    query = select(Project).order_by(Project.id).limit(1)
    project = session.scalar(query if project_id is None else query.where(Project.id == project_id))
    if project is None:
        raise ProjectNotFound("There is no such project.")
    return project


def get_agency(session: Session, name: str | None = None) -> Agency:
    """The agency of this name, or the first one; raises AgencyNotFound."""
    query = select(Agency).order_by(Agency.id).limit(1)
    agency = session.scalar(query if name is None else query.where(Agency.name == name))
    if agency is None:
        raise AgencyNotFound(f"There is no agency called {name}.")
    return agency


def list_agencies(session: Session) -> list[Agency]:
    """All agencies by name."""
    return list(session.scalars(select(Agency).order_by(Agency.name)))


def add_agency(session: Session, name: str, *, actor: Actor, now: datetime) -> Agency:
    """The agency exists; raises AgencyExists, BadAgencyName."""
    agency_id = insert_once(session, Agency, {"name": _agency_name(name)})
    agency = None if agency_id is None else session.get(Agency, agency_id)
    if agency is None:
        raise AgencyExists("An agency of this name exists already.")
    record(session, actor, Action.AGENCY_ADDED, f"agency:{agency.id}", now=now)
    return agency


def rename_agency(session: Session, agency_id: int, name: str, *, actor: Actor, now: datetime) -> Agency:
    """The agency has the new name; raises AgencyNotFound, AgencyExists, BadAgencyName."""
    agency, name = session.get(Agency, agency_id), _agency_name(name)
    if agency is None:
        raise AgencyNotFound("There is no such agency.")
    if session.scalar(select(Agency.id).where(Agency.name == name, Agency.id != agency_id)) is not None:
        raise AgencyExists("An agency of this name exists already.")
    agency.name = name
    session.flush()
    record(session, actor, Action.AGENCY_RENAMED, f"agency:{agency.id}", now=now)
    return agency


def _agency_name(typed: str) -> str:
    name = plain_name(typed)
    if not name or len(typed.strip()) > LONGEST:
        raise BadAgencyName("Give the agency a name of 1 to 120 characters.")
    return name

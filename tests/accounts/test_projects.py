"""Projects, agencies and the catalogue row."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, func, select

from accounts.catalogue import catalogue_version, raise_catalogue
from accounts.projects import (
    AgencyExists,
    AgencyNotFound,
    BadAgencyName,
    ProjectNotFound,
    add_agency,
    get_agency,
    get_project,
    list_agencies,
    rename_agency,
    set_up,
)
from accounts.tables import Agency, Catalogue, Project
from audit.trail import OPERATOR, Action, AuditEntry

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)


def add(session, name):
    return add_agency(session, name, actor=OPERATOR, now=NOON)


def test_a_new_installation_has_one_project_one_agency_and_a_catalogue(session):
    set_up(session)
    for table in (Project, Agency, Catalogue):
        assert session.scalar(select(func.count()).select_from(table)) == 1
    assert get_project(session).name == "Default project"
    assert get_agency(session).name == "Our agency"


def test_setting_up_again_brings_back_nothing_that_was_renamed(session):
    rename_agency(session, get_agency(session).id, "Ministry", actor=OPERATOR, now=NOON)
    set_up(session)
    assert [agency.name for agency in list_agencies(session)] == ["Ministry"]


def test_agencies_are_added_renamed_and_listed_by_name(session):
    agency = add(session, "  Zeta\n agency ")
    assert agency.name == "Zeta agency"
    rename_agency(session, agency.id, "Alpha agency", actor=OPERATOR, now=NOON)
    assert [one.name for one in list_agencies(session)] == ["Alpha agency", "Our agency"]
    assert get_agency(session, "Alpha agency").id == agency.id
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == [Action.AGENCY_ADDED.value, Action.AGENCY_RENAMED.value]


def test_two_agencies_of_one_name_are_refused(session):
    agency = add(session, "Alpha agency")
    with pytest.raises(AgencyExists):
        add(session, "Alpha agency ")
    with pytest.raises(AgencyExists):
        rename_agency(session, agency.id, "Our agency", actor=OPERATOR, now=NOON)
    assert rename_agency(session, agency.id, "Alpha agency", actor=OPERATOR, now=NOON).name == "Alpha agency"


@pytest.mark.parametrize("name", ["", "  ", "\0", "x" * 121])
def test_an_agency_needs_a_name(session, name):
    with pytest.raises(BadAgencyName):
        add(session, name)
    with pytest.raises(BadAgencyName):
        rename_agency(session, get_agency(session).id, name, actor=OPERATOR, now=NOON)


def test_what_is_not_there_is_said_not_to_be_there(session):
    with pytest.raises(ProjectNotFound):
        get_project(session, 4711)
    with pytest.raises(AgencyNotFound, match="Nowhere"):
        get_agency(session, "Nowhere")
    with pytest.raises(AgencyNotFound):
        rename_agency(session, 4711, "Somewhere", actor=OPERATOR, now=NOON)


def test_the_catalogue_rises_with_its_transaction(database):
    with database.read() as session:
        before = catalogue_version(session)
    with database.begin() as session:
        raise_catalogue(session)
    with database.read() as session:
        assert catalogue_version(session) == before + 1


def test_a_catalogue_that_was_lost_is_made_again(session):
    session.execute(delete(Catalogue))
    assert catalogue_version(session) == 0
    raise_catalogue(session)
    assert catalogue_version(session) == 1

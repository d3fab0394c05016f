"""A workbook is compiled, its mapping checked, and both are published together or not at all."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from accounts.projects import get_project
from audit.trail import OPERATOR
from cases.publishing import check_form, publish_form
from forms.library import mapping_of
from forms.offer import offer, xform_of
from forms.tables import FormVersion
from tests.cases.books import SCREEN
from tests.make import SMALL_FORM, checked, plain_xform
from xlsforms.compile import RefusedForm
from xlsforms.sheets import UnreadableWorkbook

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
MAPPING = b"sheet,name,case_field,record,action\nsurvey,name,person.alias,,\ncase_records,,,person,find_or_propose\n"


@pytest.fixture
def put(session, files):
    def put(form, media=()):
        project_id = get_project(session).id
        return publish_form(session, form, project_id=project_id, media=media, files=files, actor=OPERATOR, now=NOON)

    return put


def errors(form):
    return [finding for finding in form.findings if finding.severity == "error"]


def test_a_workbook_is_published_with_its_mapping(session, put):
    version = put(checked(SMALL_FORM, NOON))
    parts = mapping_of(session, version)
    assert {rule["alias"] for rule in parts["records"]} == {"person", "case", "consent"}
    assert version.mapping_version == parts["version"]
    assert offer(session, get_project(session).id)["small"].current.mapped


def test_what_tablets_get_tells_nothing_of_the_mapping(session, put):
    """A lost tablet must not tell which answers lead to help."""
    xform = xform_of(session, put(checked(SMALL_FORM, NOON)).id).decode()
    for word in (
        "case_field",
        "case_mode",
        "case_records",
        "case_codes",
        "person.alias",
        "find_or_propose",
        "consent.a",
    ):
        assert word not in xform


def test_a_mapping_that_does_not_fit_refuses_the_form_and_names_the_cell(session, put):
    wrong = check_form(SMALL_FORM.replace("person.birthdate", "person.birthdat ").encode(), "form.md", now=NOON)
    assert wrong.refused
    assert [(one.sheet, one.cell[0]) for one in errors(wrong)] == [("survey", "E")]
    with pytest.raises(RefusedForm):
        put(wrong)
    assert session.scalars(select(FormVersion.id)).all() == []


def test_a_form_that_does_not_compile_is_refused_with_its_findings(put):
    broken = check_form(SMALL_FORM.replace("${wants}", "${wanted}").encode(), "form.md", now=NOON)
    assert broken.refused
    assert errors(broken)
    with pytest.raises(RefusedForm):
        put(broken)


def test_a_file_that_is_no_workbook_is_said_to_be_none():
    with pytest.raises(UnreadableWorkbook):
        check_form(b"\x00\x01\x02", "form.xlsx", now=NOON)


def test_an_xform_is_published_as_it_is(session, put):
    form = check_form(plain_xform(), "plain.xml", now=NOON)
    assert not form.refused, form.findings
    assert xform_of(session, put(form).id) == plain_xform()
    assert not offer(session, get_project(session).id)["plain"].current.mapped


def test_a_mapping_beside_an_xform_feeds_a_case(session, put):
    form = check_form(plain_xform(), "plain.xml", now=NOON, mapping_csv=("mapping.csv", MAPPING))
    assert not form.refused, form.findings
    version = put(form)
    assert [rule["field"] for rule in mapping_of(session, version)["fields"]] == ["alias"]


def test_a_workbook_without_a_version_is_given_the_present_moment(put):
    text = SCREEN.replace("| version |", "| instance_name |").replace("| screen | 1 |", "| screen | 'one' |")
    assert put(checked(text, NOON)).version == "20260503120000"


def test_a_version_that_is_too_long_to_be_kept_is_refused():
    form = check_form(plain_xform(version="1" * 121), "plain.xml", now=NOON)
    assert [one.code for one in errors(form)] == ["version-too-long"]

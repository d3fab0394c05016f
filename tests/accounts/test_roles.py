"""The eight roles and what each may do, as the table says it."""

from pathlib import Path

import pytest

import accounts.roles
from accounts.roles import OPERATOR_VIEWER, RIGHTS, ROLES, NotAllowed, Right, Viewer, load_rights, rights_of

TABLE = Path(accounts.roles.__file__).with_name("roles.csv")
ANSWERS = frozenset(right for right in Right if right.value.startswith("class.")) | {
    Right.READ_CASES,
    Right.READ_SUBMISSIONS,
}


@pytest.fixture
def mended(tmp_path):
    """The table with one text replaced by another."""

    def replace(old, new):
        text = TABLE.read_text()
        assert old in text
        path = tmp_path / "roles.csv"
        path.write_text(text.replace(old, new, 1))
        return path

    return replace


def test_the_table_that_ships_gives_every_role_its_rights():
    assert load_rights(TABLE) == RIGHTS
    assert set(RIGHTS) == set(ROLES)
    assert all(RIGHTS.values())


def test_every_right_belongs_to_some_role():
    assert rights_of(ROLES) == frozenset(Right)


def test_an_administrator_reads_no_answers():
    assert not RIGHTS["administrator"] & ANSWERS


def test_a_designer_an_officer_and_an_auditor_read_no_answers():
    for role in ("designer", "officer", "auditor"):
        assert not RIGHTS[role] & ANSWERS


def test_an_analyst_reads_coded_columns_only():
    assert RIGHTS["analyst"] & ANSWERS == {Right.CLASS_CODED}
    assert Right.LIST_CASES not in RIGHTS["analyst"]


def test_a_manager_may_do_what_a_designer_and_a_supervisor_may_and_enrol_tablets():
    both = RIGHTS["designer"] | RIGHTS["supervisor"]
    assert both | {Right.MANAGE_TABLETS} <= RIGHTS["manager"]
    assert Right.MANAGE_PEOPLE not in RIGHTS["manager"]


def test_only_an_administrator_gives_roles():
    assert [role for role in ROLES if Right.MANAGE_PEOPLE in RIGHTS[role]] == ["administrator"]


def test_a_caseworker_sees_the_own_agency_only():
    assert Right.ALL_AGENCIES not in RIGHTS["caseworker"]
    assert Right.ALL_AGENCIES in RIGHTS["supervisor"]


def test_roles_add_up():
    assert rights_of(["designer", "analyst"]) == RIGHTS["designer"] | RIGHTS["analyst"]
    assert rights_of([]) == frozenset()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("people.manage", "people.mange", r"roles\.csv, line 2: 'people\.mange' is no right"),
        ("people.read,see", "people.manage,see", r"line 3: 'people\.manage' is no right, or stands there twice"),
        (",x,,,,,,,\n", ",y,,,,,,,\n", r"line 2, administrator: write x or nothing, not 'y'"),
        (",x,,,,,,,\n", ",X,,,,,,,\n", r"line 2, administrator: write x or nothing, not 'X'"),
        (",x,,,,,,,\n", ",x,,,,,,\n", r"line 2, auditor: write x or nothing, not None"),
        (",auditor\n", ",auditer\n", r"line 2, auditor: write x or nothing, not None"),
        ("all.agencies,see across agencies,,x,,,,x,,x\n", "", r"roles\.csv: no row for all\.agencies"),
    ],
)
def test_a_bad_row_is_refused_and_named(mended, old, new, words):
    with pytest.raises(ValueError, match=words):
        load_rights(mended(old, new))


def test_a_viewer_without_a_right_is_refused():
    viewer = Viewer(1, "Invented Person", rights=frozenset({Right.READ_FORMS}))
    viewer.require(Right.READ_FORMS)
    with pytest.raises(NotAllowed, match=r"cases\.read"):
        viewer.require(Right.READ_CASES)
    assert not viewer.may(Right.READ_CASES)
    assert not viewer.everywhere


def test_the_operator_holds_the_key_file_and_may_do_everything():
    assert all(OPERATOR_VIEWER.may(right) for right in Right)
    assert str(OPERATOR_VIEWER.actor) == "operator"
    assert str(Viewer(7, "Invented Person").actor) == "person:7"

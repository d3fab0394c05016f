"""`fieldcase init` and `fieldcase migrate`."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

import storage.revision
import storage.schema
from server.sole import only_server
from storage.database import make_engine
from storage.revision import is_newest, newest_revision
from tests.server.cli.conftest import Fieldcase

NEXT = '''"""A later column."""

import sqlalchemy as sa
from alembic import op

revision = "9001"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("agencies", sa.Column("later", sa.Text(), nullable=True))
'''


def later_version(folder: Path) -> Path:
    """The migrations of a later Fieldcase, which has one more."""
    migrations = folder / "later"
    shutil.copytree(storage.schema.FOLDER, migrations, ignore=shutil.ignore_patterns("__pycache__"))
    (migrations / "versions" / "9001_later.py").write_text(NEXT.format(head=newest_revision()))
    return migrations


@pytest.fixture
def later(monkeypatch, tmp_path):
    """This Fieldcase is a later one."""
    migrations = later_version(tmp_path)
    monkeypatch.setattr(storage.schema, "FOLDER", migrations)
    monkeypatch.setattr(storage.revision, "VERSIONS", migrations / "versions")


def test_init_makes_all_that_is_needed_for_the_owner_alone(bare):
    result = bare.run("init")
    assert result.exit_code == 0
    assert bare.data.stat().st_mode & 0o777 == 0o700
    assert bare.key.stat().st_mode & 0o777 == 0o600
    assert "lies beside the data" in result.stderr
    assert "fieldcase serve" in result.stdout
    assert bare.json("form", "list") == []
    assert bare.json("audit", "verify")["whole"]


def test_init_again_changes_nothing(embedded):
    key, agencies = embedded.key.read_bytes(), embedded.json("agency", "list")
    facts = embedded.json("init")
    assert facts["made"] is False
    assert embedded.key.read_bytes() == key
    assert embedded.json("agency", "list") == agencies


def test_init_takes_an_empty_database(bare, empty_url):
    facts = bare.json("init", FIELDCASE_DATABASE_URL=empty_url)
    assert facts["made"] is True
    assert bare.json("form", "list", FIELDCASE_DATABASE_URL=empty_url) == []


def test_a_key_file_that_lies_elsewhere_brings_no_warning(bare, tmp_path):
    place = tmp_path / "stick" / "master.key"
    facts = bare.json("init", FIELDCASE_KEY_FILE=str(place))
    assert facts["warnings"] == []
    assert place.exists()
    assert not bare.key.exists()


def test_init_makes_no_second_key_for_a_database_that_has_one(embedded):
    embedded.key.rename(embedded.folder / "kept.key")
    result = embedded.run("init")
    assert result.exit_code == 1
    assert "Put the file back" in result.stderr
    assert not embedded.key.exists()


def test_another_installations_key_opens_nothing_and_says_so(embedded, tmp_path):
    other = Fieldcase(tmp_path / "other", {"FIELDCASE_DATA_DIR": str(tmp_path / "other" / "data")})
    assert other.run("init").exit_code == 0
    for words in (["init"], ["device", "enrol", "Tablet 01"], ["case", "list"]):
        result = embedded.run(*words, FIELDCASE_KEY_FILE=str(other.key))
        assert result.exit_code == 1
        assert "is not the key that this database was made with" in result.stderr
        assert result.stderr.count("\n") == 1


def test_a_folder_with_other_things_in_it_keeps_its_mode(bare):
    bare.data.mkdir(mode=0o755)
    (bare.data / "holiday.jpg").touch()
    assert bare.run("init").exit_code == 0
    assert bare.data.stat().st_mode & 0o777 == 0o755
    checks = {one["name"]: one["state"] for one in json.loads(bare.run("doctor", "--json").stdout)["checks"]}
    assert checks["data folder"] == "warn"


def test_the_quick_look_at_the_schema_agrees_with_the_migrations(embedded):
    engine = make_engine(embedded.url)
    assert newest_revision() == storage.schema.newest()
    assert is_newest(engine)
    engine.dispose()


def test_migrate_keeps_a_copy_of_an_older_sqlite_database(embedded, later):
    assert "Run `fieldcase migrate`" in embedded.run("agency", "list").stderr
    facts = embedded.json("migrate")
    assert facts["migrated"] is True
    copy = Path(facts["snapshot"])
    assert copy.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(copy) as held:
        columns = [row[1] for row in held.execute("PRAGMA table_info(agencies)")]
    held.close()
    assert "later" not in columns
    assert embedded.json("agency", "list") == [{"id": 1, "name": "Our agency"}]
    assert embedded.json("migrate") == {"migrated": False, "snapshot": None}


def test_migrate_waits_for_nobody_who_serves(embedded, later):
    with only_server(embedded.data / "fieldcase.db"):
        result = embedded.run("migrate")
    assert result.exit_code == 1
    assert "Another `fieldcase serve`" in result.stderr
    assert embedded.run("migrate").exit_code == 0


def test_migrate_brings_postgresql_up_to_date_where_serve_refuses(bare, request, later, monkeypatch):
    bare.environment["FIELDCASE_DATABASE_URL"] = request.getfixturevalue("new_postgresql")()
    with monkeypatch.context() as before:
        before.setattr(storage.schema, "FOLDER", Path(storage.schema.__file__).with_name("migrations"))
        before.setattr(storage.revision, "VERSIONS", storage.schema.FOLDER / "versions")
        assert bare.run("init").exit_code == 0
    refused = bare.run("serve", FIELDCASE_PORT="1")
    assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)
    assert "Run `fieldcase migrate`" in refused.stderr
    assert bare.json("migrate") == {"migrated": True, "snapshot": None}
    assert bare.json("agency", "list") == [{"id": 1, "name": "Our agency"}]


def test_a_database_of_a_newer_version_is_refused_by_every_command(fieldcase):
    fieldcase.execute("UPDATE alembic_version SET version_num = '9999'")
    try:
        for words in (["form", "list"], ["serve"], ["migrate"], ["init"]):
            result = fieldcase.run(*words)
            assert result.exit_code == 1
            assert "newer Fieldcase" in result.stderr
            assert result.stderr.count("\n") == 1
    finally:
        fieldcase.execute(f"UPDATE alembic_version SET version_num = '{newest_revision()}'")

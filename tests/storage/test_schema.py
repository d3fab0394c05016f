"""The schema: made from nothing, the same as the models, older ones brought up to date, newer ones refused."""

import sqlite3
import stat
import subprocess
import sys
import textwrap
from contextlib import closing
from datetime import UTC, datetime
from subprocess import PIPE

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from storage.database import Base, DatabaseUnavailable, make_engine
from storage.schema import Schema, SchemaUnfit, migrate, newest, require_current, schema_of, snapshot

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)


@pytest.fixture
def engine(empty_url):
    held = make_engine(empty_url)
    yield held
    held.dispose()


def set_revision(engine, revision):
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def test_the_migrations_make_every_table_from_nothing(engine):
    assert schema_of(engine) is Schema.EMPTY
    migrate(engine)
    assert schema_of(engine) is Schema.CURRENT
    require_current(engine)
    assert {table.name for table in Base.metadata.sorted_tables} <= set(inspect(engine).get_table_names())


def test_the_tables_are_those_of_the_models(engine):
    migrate(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_a_current_database_changes_nothing(engine):
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO agencies (name) VALUES ('One')"))
    migrate(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM agencies")) == 1


def test_an_empty_database_is_refused_with_the_command_that_sets_it_up(engine):
    with pytest.raises(SchemaUnfit, match="fieldcase init"):
        require_current(engine)


def test_a_newer_schema_is_refused_and_left_alone(engine):
    migrate(engine)
    set_revision(engine, "9999_from_the_future")
    assert schema_of(engine) is Schema.NEWER
    for act in (require_current, migrate):
        with pytest.raises(SchemaUnfit, match="newer Fieldcase"):
            act(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999_from_the_future"


def test_a_database_that_cannot_be_reached_is_unavailable_and_not_empty(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'gone' / 'x.db'}")
    with pytest.raises(DatabaseUnavailable):
        schema_of(engine)
    engine.dispose()


NODE = """
    import sys
    from storage.database import make_engine
    from storage.schema import migrate, schema_of

    engine = make_engine(sys.argv[1], patience=20)
    print("ready", flush=True)
    sys.stdin.readline()
    migrate(engine)
    print(schema_of(engine))
"""


def test_nodes_that_start_at_once_migrate_one_after_the_other(engine):
    url = engine.url.render_as_string(hide_password=False)
    nodes = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(NODE), url], stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True
        )
        for _ in range(2)
    ]
    for node in nodes:
        assert node.stdout.readline() == "ready\n"
    for node in nodes:
        node.stdin.write("go\n")
        node.stdin.flush()
    assert [node.communicate(timeout=60) for node in nodes] == [("current\n", "")] * 2


def test_a_migration_that_fails_half_way_leaves_the_schema_as_it_was(engine, monkeypatch):
    def upgrade(config, _to):
        config.attributes["connection"].execute(text("CREATE TABLE half (id INTEGER)"))
        raise RuntimeError

    monkeypatch.setattr("alembic.command.upgrade", upgrade)
    with pytest.raises(RuntimeError):
        migrate(engine)
    assert inspect(engine).get_table_names() == []


def test_the_newest_revision_has_a_name():
    assert newest()


def test_a_snapshot_is_a_whole_database_that_its_owner_alone_can_read(tmp_path, sqlite_template):
    path = tmp_path / "fieldcase.db"
    path.write_bytes(sqlite_template.read_bytes())
    engine = make_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO agencies (name) VALUES ('One')"))
        copy = snapshot(path, now=NOON)  # Somebody is writing meanwhile: only what is committed counts.
    with closing(sqlite3.connect(copy)) as held:
        assert held.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert held.execute("SELECT count(*) FROM agencies").fetchone() == (0,)
    assert copy.name == "fieldcase.db.before-20260503T120000Z"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    engine.dispose()


def test_a_snapshot_holds_what_stands_in_the_write_ahead_log(tmp_path, sqlite_template):
    path = tmp_path / "fieldcase.db"
    path.write_bytes(sqlite_template.read_bytes())
    engine = make_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO agencies (name) VALUES ('One')"))
    assert path.with_name("fieldcase.db-wal").stat().st_size > 0
    with closing(sqlite3.connect(snapshot(path, now=NOON))) as held:
        assert held.execute("SELECT name FROM agencies").fetchall() == [("One",)]
    engine.dispose()

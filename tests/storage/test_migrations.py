"""Each migration keeps what stood in the database before it."""

import pytest
from alembic import command
from sqlalchemy import text

from storage.database import begin, make_engine
from storage.schema import _config, migrate

AT = "'2026-05-03 12:00:00+00:00'"

# One row of each table that the second migration changes, as the first one left them.
SEEDED = (
    "INSERT INTO projects (id, name) VALUES (1, 'Invented project')",
    "INSERT INTO agencies (id, name) VALUES (1, 'Invented agency')",
    "INSERT INTO people (id, email, name, agency_id, language, created_at)"
    f" VALUES (1, 'ana@example.org', 'Invented Ana', 1, 'en', {AT})",
    "INSERT INTO web_sessions (token_hash, person_id, csrf, started_at, seen_at)"
    f" VALUES ('{'a' * 64}', 1, 'token', {AT}, {AT})",
    "INSERT INTO forms (id, project_id, form_id, state) VALUES (1, 1, 'small', 'open')",
    "INSERT INTO submissions (id, project_id, form_pk, version, instance_id, variant, deprecated_id, received_at,"
    " filing, size, fingerprint)"
    f" VALUES (1, 1, 1, '1', 'uuid:one', '', NULL, {AT}, 'filed', 10, '{'b' * 64}'),"
    f" (2, 1, 1, '1', 'uuid:two', '', 'uuid:one', {AT}, 'filed', 10, '{'c' * 64}')",
)


@pytest.fixture
def engine(empty_url):
    held = make_engine(empty_url)
    yield held
    held.dispose()


@pytest.fixture
def seeded(engine):
    """A database as the first migration left it, with rows."""
    with engine.connect() as connection, begin(connection, write=True):
        command.upgrade(_config(connection), "0001")
        for statement in SEEDED:
            connection.execute(text(statement))
    return engine


def test_sessions_and_submissions_stay_when_scripts_may_sign_in(seeded):
    migrate(seeded)
    with seeded.connect() as connection:
        assert connection.execute(text("SELECT person_id, csrf, kind FROM web_sessions")).all() == [
            (1, "token", "browser")
        ]
        told = connection.execute(
            text("SELECT instance_id, deprecated_id, filing, install_id, app_version FROM submissions ORDER BY id")
        ).all()
        assert told == [
            ("uuid:one", None, "filed", None, None),
            ("uuid:two", "uuid:one", "filed", None, None),
        ]
        for table in ("submission_reviews", "submission_comments", "form_drafts", "form_draft_media"):
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0


def test_what_was_there_stays_when_keys_and_backups_become_known(seeded):
    with seeded.connect() as connection, begin(connection, write=True):
        command.upgrade(_config(connection), "0002")
        connection.execute(text("INSERT INTO root_keys (root_id, kind) VALUES ('root', 'case')"))
    migrate(seeded)
    with seeded.connect() as connection:
        assert connection.execute(text("SELECT root_id, kind FROM root_keys")).all() == [("root", "case")]
        assert connection.scalar(text("SELECT count(*) FROM submissions")) == 2
        for table in ("master_keys", "backups", "restorations"):
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0


def test_forms_and_drafts_stay_when_drafts_are_tried_on_tablets(seeded):
    with seeded.connect() as connection, begin(connection, write=True):
        command.upgrade(_config(connection), "0003")
        connection.execute(
            text(
                "INSERT INTO form_drafts (id, project_id, form_id, version, title, filename, content, xform, md5,"
                f" definition, made_at, made_by) VALUES (1, 1, 'small', '2', 'Small form', 'small.md', :bytes, :bytes,"
                f" '{'d' * 32}', '{{}}', {AT}, 'operator')"
            ),
            {"bytes": b"invented"},
        )
    migrate(seeded)
    with seeded.connect() as connection:
        form = connection.execute(text("SELECT form_id, state, state_at, client_editable FROM forms")).one()
        assert (form.form_id, form.state, form.state_at, bool(form.client_editable)) == ("small", "open", None, False)
        draft = connection.execute(text("SELECT version, uid, proposed_at, mapping_name FROM form_drafts")).one()
        assert tuple(draft) == ("2", None, None, None)
        for table in ("form_checks", "form_check_media", "draft_submissions", "draft_attachments"):
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0


def test_cases_stay_when_screenings_get_a_result(seeded):
    with seeded.connect() as connection, begin(connection, write=True):
        command.upgrade(_config(connection), "0004")
        connection.execute(text("INSERT INTO root_keys (root_id, kind) VALUES ('root', 'case')"))
        connection.execute(
            text(f"INSERT INTO records (id, kind, key, root_id, made_at) VALUES ('root', 'case', 'k', 'root', {AT})")
        )
        connection.execute(
            text(
                "INSERT INTO cases (record_id, project_id, code, stage, proposed, agency_id, access_class, opened_on,"
                " changed_at) VALUES ('root', 1, 'TIP-2222-2', 'intake', true, 1, 'open_team', '2026-05-03', "
                + AT
                + ")"
            )
        )
    migrate(seeded)
    with seeded.connect() as connection:
        case = connection.execute(text("SELECT code, screening_id, pressing FROM cases")).one()
        assert tuple(case) == ("TIP-2222-2", None, 0)
        assert connection.scalar(text("SELECT count(*) FROM screenings")) == 0

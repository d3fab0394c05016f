"""Periodic work: done by whoever holds the lease and, where it needs them, the keys."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from audit.chain import AuditLink, unlinked
from audit.trail import OPERATOR
from forms.checks import keep_check
from forms.tables import FormCheck
from server import clockwork
from server.clockwork import OPEN, SEALED, Clockwork
from server.runtime import Runtime
from server.settings import Settings
from server.tablet.offers import Offers
from storage.lease import Lease, take_lease
from submissions.tables import Attachment, Submission
from tests.cases.books import SCREEN, screening
from tests.make import Make, upload

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)


@pytest.fixture
def running(database, files, tmp_path):
    settings = Settings(data_dir=tmp_path, key_file=tmp_path / "master.key")
    return Runtime(settings, database, files, Offers(database))


@pytest.fixture
def waiting(database, files):
    """A submission that waits for its version, which is published by now; and a file that came after filing."""
    with database.begin() as session:
        make = Make(session, files, NOON)
        form = make.form(SCREEN)
        make.receive(screening(make, form, version="2"), form)
        make.form(SCREEN, version="2")
        filed = screening(make, form)
        make.filed(filed, form)
        make.receive(filed, form, upload("late.jpg"))


def state(database):
    """How many entries have no link, filing states, and how many files are not yet under their record's key."""
    with database.read() as session:
        loose = session.scalar(select(func.count()).select_from(Attachment).where(Attachment.root_id.is_(None)))
        return unlinked(session), sorted(session.scalars(select(Submission.filing))), loose


def test_what_is_due_is_done(database, running, waiting):
    assert state(database)[1:] == (["filed", "held"], 1)
    Clockwork(running).tick(NOON)
    unlinked_now, filing, loose = state(database)
    assert unlinked_now <= 1  # The release leaves a trace of its own, which is linked at the next turn.
    assert (filing, loose) == (["filed", "pending"], 0)


def test_a_workbook_that_was_only_checked_is_gone_after_a_day_though_nobody_checks_another(database, running):
    with database.begin() as session:
        told = {"mapping_csv": None, "findings": (), "facts": {}, "media": (), "actor": OPERATOR, "now": NOON}
        keep_check(session, content=b"invented", filename="a.md", **told)
    for now, left in ((NOON + timedelta(hours=23), 1), (NOON + timedelta(hours=25), 0)):
        Clockwork(running).tick(now)
        with database.read() as session:
            assert session.scalar(select(func.count()).select_from(FormCheck)) == left


def test_a_second_process_does_nothing_while_the_first_holds_the_leases(database, running, waiting):
    with database.begin() as session:
        for name in (OPEN, SEALED):
            assert take_lease(session, name, "another process", now=NOON)
    before = state(database)
    own = Clockwork(running)
    own.tick(NOON)
    assert state(database) == before
    own.tick(LATER)
    assert state(database) != before


def test_a_process_whose_key_is_locked_chains_the_trail_and_leaves_the_rest_to_others(database, running, waiting, keys):
    running.database.keys = keys.intake
    Clockwork(running).tick(NOON)
    assert state(database)[0] == 0
    assert state(database)[1] == ["filed", "held"]
    running.database.keys = keys
    Clockwork(running).tick(LATER)
    assert state(database)[1] == ["filed", "pending"]


def test_stopping_chains_the_trail_to_its_end_and_frees_the_leases(database, running, waiting):
    Clockwork(running).stop()
    assert state(database)[0] == 0
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(AuditLink))
        assert all(until <= datetime.now(UTC) for until in session.scalars(select(Lease.until)))


def test_a_work_that_breaks_off_is_told_and_keeps_the_others_from_nothing(
    database, running, waiting, monkeypatch, caplog
):
    def broken(_session, _now):
        raise ZeroDivisionError

    monkeypatch.setattr(clockwork, "WORK", ((broken, 0, OPEN), *clockwork.WORK))
    Clockwork(running).tick(NOON)
    assert "broke off and goes on" in caplog.text
    assert state(database)[1:] == (["filed", "pending"], 0)

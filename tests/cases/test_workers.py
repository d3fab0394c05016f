"""Several workers file at once: each submission once, each record once."""

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from cases.filing import file_next, file_one
from cases.tables import Assertion, Case, Record, Source
from storage.database import DatabaseUnavailable
from submissions.tables import Submission
from tests.cases.books import SCREEN, screening
from tests.make import Make

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)


@pytest.fixture
def waiting(database, files):
    """Receives screenings, given as entity ids, and leaves them pending."""

    def receive(*people, **more):
        with database.begin() as session:
            make = Make(session, files, NOON)
            form = make.form(SCREEN)
            instances = [screening(make, form, who=who, **more) for who in people]
            for instance in instances:
                make.receive(instance, form)
            return instances, form

    return receive


def together(*acts):
    """All acts start at the same moment; what they raised."""
    barrier, raised = threading.Barrier(len(acts)), []

    def run(act):
        barrier.wait()
        try:
            act()
        except Exception as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def work(database):
    """A worker: files until nothing is left, and goes on after a database that was busy."""

    def run():
        while True:
            try:
                if not file_next(database, now=NOON):
                    return
            except DatabaseUnavailable:
                continue

    return run


def counts(database):
    with database.read() as session:
        return {table: session.scalar(select(func.count()).select_from(table)) for table in (Case, Record, Source)}


def states(database):
    with database.read() as session:
        return set(session.execute(select(Submission.filing, Submission.reason)).all())


WHO = "aaaaaaaa-0000-4000-8000-000000000001"


def test_two_workers_that_file_one_new_person_make_one_case(database, waiting):
    waiting(WHO, WHO)
    assert together(work(database), work(database)) == []
    assert states(database) == {("filed", None)}
    assert counts(database) == {Case: 1, Record: 4, Source: 2}


def test_two_transactions_that_make_one_case_at_the_same_moment_make_one(database, waiting):
    """Both have looked for the case and found none before either has made it, where the database allows it."""
    instances, _form = waiting(WHO, WHO)
    inside = threading.Barrier(1 if database.embedded else 2)

    def file(instance):
        def act():
            with database.begin() as session:
                query = select(Submission).where(Submission.instance_id == instance.instance_id)
                submission = session.scalars(query).one()
                assert session.scalar(select(func.count()).select_from(Case)) == 0 or database.embedded
                inside.wait(timeout=10)
                file_one(session, submission, now=NOON)

        return act

    assert together(*(file(instance) for instance in instances)) == []
    assert states(database) == {("filed", None)}
    assert counts(database) == {Case: 1, Record: 4, Source: 2}


def test_four_workers_file_forty_submissions_of_ten_people_once_each(database, waiting):
    people = [f"aaaaaaaa-0000-4000-8000-{number % 10:012d}" for number in range(40)]
    waiting(*people)
    assert together(*(work(database) for _ in range(4))) == []
    assert states(database) == {("filed", None)}
    assert counts(database) == {Case: 10, Record: 60, Source: 40}
    with database.read() as session:
        told = select(func.count()).select_from(Assertion).group_by(Assertion.source_id)
        assert set(session.scalars(told)) == {4}


def test_a_worker_passes_over_what_another_is_filing(database, waiting):
    if database.embedded:
        return  # One writer at a time: nobody can be in the middle of filing while another starts.
    waiting(WHO, "aaaaaaaa-0000-4000-8000-000000000002")
    with database.begin() as session:
        first = session.scalars(select(Submission).order_by(Submission.id).limit(1).with_for_update()).one()
        assert file_next(database, now=NOON)
        assert not file_next(database, now=NOON)
        with database.read() as other:
            assert other.scalars(select(Submission.filing).order_by(Submission.id)).all() == ["pending", "filed"]
        file_one(session, first, now=NOON)
    assert states(database) == {("filed", None)}


def test_two_corrections_of_the_same_answers_at_the_same_moment_are_not_both_taken(database, files, waiting):
    (first,), form = waiting(WHO)
    file_next(database, now=NOON)
    with database.begin() as session:
        make = Make(session, files, NOON)
        edits = [screening(make, form, corrects=first.instance_id) for _ in range(2)]
        for edit in edits:
            make.receive(edit, form)
    assert together(work(database), work(database)) == []
    with database.read() as session:
        told = session.execute(select(Submission.filing, Submission.reason).order_by(Submission.filing)).all()
    assert [filing for filing, _ in told] == ["filed", "filed", "set aside"]
    assert told[2][1]["code"] == "already-corrected"

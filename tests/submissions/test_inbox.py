"""Submissions as lists show them: to those who may see them, with nothing of their answers."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from accounts.roles import OPERATOR_VIEWER, NotAllowed
from audit.trail import OPERATOR, Action, AuditEntry
from submissions.inbox import (
    SubmissionNotFound,
    count_by_filing,
    count_since,
    get_submission,
    list_submissions,
    refile,
    visible_ids,
)
from submissions.tables import Filing
from tests.make import YES, upload

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def sent(make):
    """Three submissions of two agencies' tablets, oldest first."""
    form, other = make.plain(), make.agency()
    tablets = [make.device("A"), make.device("B", agency=other), make.device("C")]
    instances = []
    for number, tablet in enumerate(tablets):
        instances.append(make.instance(form, "<photo>1.jpg</photo>"))
        make.receive(
            instances[-1], form, *([upload("1.jpg")] if number else []), device=tablet, now=NOON + number * HOUR
        )
    return [make.submission(instance) for instance in instances]


def names(listed):
    return [one.device for one in listed]


def test_submissions_are_listed_newest_first_with_form_tablet_and_files(session, sent):
    listed = list_submissions(session, viewer=OPERATOR_VIEWER)
    assert names(listed) == ["C", "B", "A"]
    assert [(one.form_id, one.title) for one in listed] == [("plain", "Plain form")] * 3
    assert [(one.files_received, one.files_expected) for one in listed] == [(1, 1), (1, 1), (0, 1)]


def test_pages_lead_on_and_back(session, sent):
    first, second, third = (one.id for one in sent)
    assert names(list_submissions(session, viewer=OPERATOR_VIEWER, limit=2)) == ["C", "B"]
    assert names(list_submissions(session, viewer=OPERATOR_VIEWER, limit=2, before=second)) == ["A"]
    assert names(list_submissions(session, viewer=OPERATOR_VIEWER, limit=1, after=first)) == ["B"]
    assert names(list_submissions(session, viewer=OPERATOR_VIEWER, after=third)) == []


def test_lists_can_be_narrowed(session, make, sent):
    assert names(list_submissions(session, viewer=OPERATOR_VIEWER, device="B")) == ["B"]
    assert names(list_submissions(session, viewer=OPERATOR_VIEWER, form_id="other")) == []
    assert names(list_submissions(session, viewer=OPERATOR_VIEWER, filing=[Filing.PENDING])) == []
    assert len(list_submissions(session, viewer=OPERATOR_VIEWER, filing=[Filing.NOT_MAPPED, Filing.PENDING])) == 3


def test_a_caseworker_sees_what_the_own_agency_sent_and_a_supervisor_sees_all(session, make, sent):
    assert names(list_submissions(session, viewer=make.viewer("caseworker"))) == ["C", "A"]
    assert names(list_submissions(session, viewer=make.viewer("supervisor"))) == ["C", "B", "A"]
    assert names(list_submissions(session, viewer=make.viewer("caseworker", agency=make.agency()))) == []


def test_who_may_not_list_submissions_gets_no_list(session, make, sent):
    for role in ("designer", "officer", "analyst"):
        for act in (
            lambda viewer: list_submissions(session, viewer=viewer),
            lambda viewer: count_by_filing(session, viewer=viewer),
            lambda viewer: count_since(session, NOON, viewer=viewer),
            lambda viewer: get_submission(session, sent[0].id, viewer=viewer),
        ):
            with pytest.raises(NotAllowed):
                act(make.viewer(role))
        assert visible_ids(session, [sent[0].id], viewer=make.viewer(role)) == frozenset()


def test_a_submission_of_another_agency_looks_like_one_that_is_not_there(session, make, sent):
    viewer, told = make.viewer("caseworker"), []
    for submission_id in (sent[1].id, 4711):
        with pytest.raises(SubmissionNotFound) as caught:
            get_submission(session, submission_id, viewer=viewer)
        told.append(str(caught.value))
    assert told[0] == told[1]
    assert get_submission(session, sent[0].id, viewer=viewer).id == sent[0].id
    assert visible_ids(session, [one.id for one in sent], viewer=viewer) == {sent[0].id, sent[2].id}


def test_counts_are_of_what_the_viewer_may_see(session, make, sent):
    viewer = make.viewer("caseworker")
    assert count_by_filing(session, viewer=viewer) == {Filing.NOT_MAPPED: 2}
    assert count_by_filing(session, viewer=OPERATOR_VIEWER, states=[Filing.PENDING]) == {}
    assert count_since(session, NOON + HOUR, viewer=viewer) == 1
    assert count_since(session, NOON + HOUR, viewer=OPERATOR_VIEWER) == 2
    assert count_since(session, NOON, viewer=OPERATOR_VIEWER) == 3
    assert count_since(session, NOON + 9 * HOUR, viewer=OPERATOR_VIEWER) == 0


@pytest.mark.parametrize("filing", list(Filing))
def test_only_what_is_set_aside_or_not_mapped_waits_to_be_filed_again(session, make, filing):
    form = make.form()
    instance = make.instance(form, YES)
    make.receive(instance, form)
    submission = make.submission(instance)
    submission.filing = filing.value
    refile(session, submission, actor=OPERATOR, now=NOON)
    again = filing in {Filing.SET_ASIDE, Filing.NOT_MAPPED}
    assert submission.filing == (Filing.PENDING.value if again else filing.value)
    traces = session.scalars(select(AuditEntry.id).where(AuditEntry.action == Action.SUBMISSION_REFILED.value)).all()
    assert len(traces) == again

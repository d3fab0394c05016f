"""Submissions with their corrections as lines, and what somebody may have of them."""

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from storage.database import table_of
from storage.roots import destroy_root
from submissions import pages
from submissions.choosing import choose
from submissions.instance import read_instance
from submissions.lines import First, Lines
from submissions.pages import open_pages
from submissions.tables import Review, Submission
from tests.conftest import NOON
from tests.make import YES, upload


def told(session, form, viewer, lines=None, **how):
    chosen = choose(session, lines or Lines(form.id), viewer=viewer, **how)
    return [one for page in open_pages(session, chosen) for one in page]


def ids(session, form, viewer, **how):
    return [one.instance_id for one in told(session, form, viewer, **how)]


@pytest.fixture
def manager(make):
    return make.viewer("supervisor")


def sent(make, form, answers="", *uploads, minutes=0, corrects=None, **more):
    instance = make.instance(
        form, answers, corrects=corrects and corrects.instance_id, version=more.pop("version", None)
    )
    make.receive(instance, form, *uploads, now=NOON + timedelta(minutes=minutes), **more)
    return instance


def reviewed(session, first, state, of=None, minutes=0):
    row = {"submission_id": first.id, "version_id": (of or first).id, "state": state}
    session.execute(insert(table_of(Review)), [{**row, "made_at": NOON + timedelta(minutes=minutes)}])


def test_the_newest_comes_first(make, session, manager):
    form = make.plain()
    sent_ = [sent(make, form, minutes=minutes).instance_id for minutes in (0, 5, 5, 2)]
    assert ids(session, form, manager) == [sent_[2], sent_[1], sent_[3], sent_[0]]


def test_a_correction_takes_the_place_of_what_it_corrects(make, session, manager):
    form = make.plain()
    first = sent(make, form, "<name>old</name>", device=make.device("Tablet A"))
    other = sent(make, form, minutes=1)
    second = sent(make, form, "<name>newer</name>", corrects=first, minutes=2)
    sent(make, form, "<name>newest</name>", corrects=second, minutes=3, device=make.device("Tablet B"))
    found = told(session, form, manager)
    assert [one.instance_id for one in found] == [other.instance_id, first.instance_id]
    line = found[1]
    assert [child.text for child in line.root if child.tag == "name"] == ["newest"]
    assert (line.edits, line.submitted_at, line.sender, line.review) == (2, NOON, "Tablet A", "edited")
    assert line.updated_at == NOON + timedelta(minutes=3)
    assert found[0].edits == 0
    assert found[0].updated_at is None


def test_a_filed_correction_does_as_well(make, session, manager):
    form = make.form()
    first = sent(make, form, YES)
    sent(make, form, YES.replace("Invented", "Mended"), corrects=first)
    make.file_all()
    found = told(session, form, manager)
    assert [(one.instance_id, one.edits) for one in found] == [(first.instance_id, 1)]


@pytest.mark.parametrize("filed", [False, True])
def test_of_two_corrections_of_the_same_the_first_one_counts(make, session, manager, filed):
    form = make.form()
    first = sent(make, form, YES)
    sent(make, form, YES.replace("Invented", "One"), corrects=first)
    sent(make, form, YES.replace("Invented", "Two"), corrects=first)
    if filed:
        make.file_all()
    (line,) = told(session, form, manager)
    assert line.root.findtext("alias") == "One"


def test_a_correction_whose_original_has_not_come_stands_for_itself(make, session, manager):
    form = make.plain()
    missing = make.instance(form)
    edit = sent(make, form, corrects=missing)
    assert ids(session, form, manager) == [edit.instance_id]
    make.receive(missing, form)
    assert ids(session, form, manager) == [missing.instance_id]


def test_a_correction_in_an_unknown_version_waits(make, session, manager):
    form = make.plain()
    first = sent(make, form, "<name>old</name>")
    sent(make, form, "<name>new</name>", corrects=first, version="99")
    (line,) = told(session, form, manager)
    assert (line.root.findtext("name"), line.edits) == ("old", 0)


def test_corrections_in_a_circle_end(make, session, manager):
    form = make.plain()
    one, two = make.instance(form), make.instance(form)
    first = make.instance(form, corrects=two.instance_id, instance_id=one.instance_id)
    second = make.instance(form, corrects=one.instance_id, instance_id=two.instance_id)
    for instance in (first, second, make.instance(form, corrects=two.instance_id)):
        make.receive(instance, form)
    itself = make.instance(form)
    make.receive(make.instance(form, corrects=itself.instance_id, instance_id=itself.instance_id), form)
    assert ids(session, form, manager) == [itself.instance_id]


def test_other_content_under_a_taken_id_is_left_out(make, session, manager):
    form = make.plain()
    first = sent(make, form, "<name>one</name>")
    make.receive(make.instance(form, "<name>two</name>", instance_id=first.instance_id), form)
    (line,) = told(session, form, manager)
    assert line.root.findtext("name") == "one"


def test_what_other_agencies_sent_is_left_out(make, session):
    form, mine, theirs = make.plain(), make.agency(), make.agency()
    own = sent(make, form, device=make.device(agency=mine))
    sent(make, form, device=make.device(agency=theirs))
    assert ids(session, form, make.viewer("analyst", agency=mine)) == [own.instance_id]
    assert len(ids(session, form, make.viewer("supervisor", agency=mine))) == 2


def test_other_forms_are_left_out(make, session, manager):
    one, other = make.plain("one"), make.plain("other")
    sent(make, other)
    kept = sent(make, one)
    assert ids(session, one, manager) == [kept.instance_id]


def test_what_was_erased_is_left_out_and_counted(make, session, manager):
    form = make.form()
    gone, kept = make.filed(make.instance(form, YES), form), make.filed(make.instance(form, YES), form)
    assert gone.root_id is not None
    before = choose(session, Lines(form.id), viewer=manager)
    destroy_root(session, gone.root_id, now=NOON)
    after = choose(session, Lines(form.id), viewer=manager)
    assert (len(before), before.erased, len(after), after.erased) == (2, 0, 1, 1)
    # What is erased after the choice is left out too.
    assert [one.id for page in open_pages(session, before) for one in page] == [kept.id]


def test_the_newest_review_counts_until_the_next_correction(make, session, manager):
    form = make.plain()
    first = sent(make, form)
    row = make.submission(first)
    reviewed(session, row, "hasIssues", minutes=1)
    reviewed(session, row, "approved", minutes=2)
    (line,) = told(session, form, manager)
    assert (line.review, line.updated_at) == ("approved", NOON + timedelta(minutes=2))
    edit = make.submission(sent(make, form, corrects=first, minutes=5))
    (line,) = told(session, form, manager)
    assert (line.review, line.updated_at) == ("edited", NOON + timedelta(minutes=5))
    reviewed(session, row, "rejected", of=edit, minutes=7)
    (line,) = told(session, form, manager)
    assert (line.review, line.updated_at) == ("rejected", NOON + timedelta(minutes=7))


def test_queries_see_reviews_and_changes_as_the_rows_do(make, session, manager):
    form = make.plain()
    plain, approved, edited = (sent(make, form, minutes=minutes) for minutes in range(3))
    reviewed(session, make.submission(approved), "approved", minutes=4)
    sent(make, form, corrects=edited, minutes=5)
    lines = Lines(form.id)
    rows = session.execute(lines.select(First.instance_id, lines.review, lines.updated_at, lines.edits)).all()
    seen = {row[0]: tuple(row[1:]) for row in rows}
    assert seen == {
        plain.instance_id: (None, None, 0),
        approved.instance_id: ("approved", NOON + timedelta(minutes=4), 0),
        edited.instance_id: ("edited", NOON + timedelta(minutes=5), 1),
    }
    assert seen == {one.instance_id: (one.review, one.updated_at, one.edits) for one in told(session, form, manager)}
    assert ids(session, form, manager, lines=lines, where=lines.review == "approved") == [approved.instance_id]
    assert ids(session, form, manager, order=[First.instance_id.asc()])[0] == plain.instance_id


def test_files_are_counted(make, session, manager):
    form = make.plain()
    sent(make, form, "<photo>a.jpg</photo><talk><sound>b.m4a</sound></talk>", upload("a.jpg"))
    (line,) = told(session, form, manager)
    assert (line.files_present, line.files_expected) == (1, 2)


def test_an_encrypted_submission_and_a_broken_one_keep_their_row(make, session, manager):
    form = make.plain()
    broken = make.submission(sent(make, form))
    broken.sealed_xml = broken.sealed_xml[:-1] + bytes([broken.sealed_xml[-1] ^ 1])
    session.flush()
    instance = make.instance(form)
    make.receive(read_instance(instance.xml.replace(b"<data ", b'<data encrypted="yes" ')), form)
    found = told(session, form, manager)
    assert [(one.sealed, one.root) for one in found] == [("encrypted", None), ("broken", None)]


def test_pages_hold_no_more_than_their_measure(make, session, manager, monkeypatch):
    form = make.plain()
    kept = [
        sent(make, form, "<name>" + "x" * size + "</name>", minutes=-n).instance_id
        for n, size in enumerate([1, 900, 1, 1, 1])
    ]
    chosen = choose(session, Lines(form.id), viewer=manager)
    monkeypatch.setattr(pages, "MOST_ROWS", 2)
    monkeypatch.setattr(pages, "MOST_BYTES", 1000)
    found = [[one.instance_id for one in page] for page in open_pages(session, chosen)]
    assert found == [kept[:1], kept[1:2], kept[2:4], kept[4:]]
    assert sum(map(len, found)) == session.scalar(select(func.count()).select_from(Submission))
    assert [one.instance_id for page in open_pages(session, chosen.cut(1, 3)) for one in page] == kept[1:3]

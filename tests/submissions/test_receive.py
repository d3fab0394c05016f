"""A statement comes into our custody: kept exactly as sent, whatever comes again and in whatever order."""

import hashlib
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from audit.trail import Action, AuditEntry
from cases.releasing import release_held
from forms.tables import FormState
from submissions.instance import read_instance
from submissions.opening import open_attachments, open_xml, read_file
from submissions.receive import FormClosed, InstanceConflict, Receipt, VersionUnknown
from submissions.tables import Attachment, Filing, Submission
from tests.make import YES, Make, upload

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
PHOTO = "<photo>1.jpg</photo>"


def count(session, table=Submission):
    return session.scalar(select(func.count()).select_from(table))


def rows(session):
    return list(session.scalars(select(Submission).order_by(Submission.id).execution_options(populate_existing=True)))


def traces(session):
    query = select(AuditEntry.action).where(AuditEntry.subject.like("submission:%")).order_by(AuditEntry.id)
    return session.scalars(query).all()


def held_files(session, files, instance):
    """Name, bytes (None for what did not come), whether expected and whether current, of every file that is held."""
    submission = session.scalars(select(Submission).where(Submission.instance_id == instance.instance_id)).first()
    return [
        (one.name, b"".join(read_file(files, one)) if one.received else None, one.expected, one.current)
        for one in open_attachments(session, submission.id)
    ]


def test_a_statement_is_kept_byte_for_byte(session, make):
    form = make.plain()
    instance = make.instance(form, "<name>Ana Ejemplo, invented &#x2603;</name>")
    assert make.receive(instance, form) is Receipt.STORED
    held = rows(session)[0]
    assert open_xml(session, held) == instance.xml
    assert (held.instance_id, held.version, held.size) == (instance.instance_id, "1", len(instance.xml))
    assert held.received_at == NOON
    assert traces(session) == [Action.SUBMISSION_RECEIVED.value]


def test_it_is_known_which_tablet_sent_it_whatever_the_answers_claim(session, make):
    form, tablet = make.plain(), make.device("Tablet 07")
    make.receive(make.instance(form, "<username>somebody else</username>"), form, device=tablet)
    assert rows(session)[0].device_id == tablet.id
    assert session.scalars(select(AuditEntry.actor).where(AuditEntry.action == "submission.receive")).one() == str(
        tablet.actor
    )


def test_a_statement_of_a_mapped_form_waits_to_be_filed_and_one_of_another_does_not(session, make):
    small, plain = make.form(), make.plain()
    make.receive(make.instance(small, YES), small)
    make.receive(make.instance(plain), plain)
    assert [row.filing for row in rows(session)] == [Filing.PENDING.value, Filing.NOT_MAPPED.value]


def test_the_same_bytes_sent_again_change_nothing(session, make):
    form = make.form()
    instance = make.instance(form, YES)
    make.receive(instance, form, upload("1.jpg"))
    before = (count(session), count(session, Attachment), traces(session))
    for _ in range(3):
        assert make.receive(instance, form, upload("1.jpg"), now=LATER) is Receipt.ALREADY_HELD
    assert (count(session), count(session, Attachment), traces(session)) == before
    assert rows(session)[0].received_at == NOON


def test_a_file_sent_again_is_not_written_again(session, make, files):
    form = make.plain()
    instance = make.instance(form, PHOTO)
    make.receive(instance, form, upload("1.jpg"))
    before = list(files.ids())
    make.receive(instance, form, upload("1.jpg"), upload("1.jpg"))
    assert list(files.ids()) == before


def test_the_same_id_under_another_form_is_another_statement(session, make):
    one, other = make.plain("one"), make.plain("other")
    assert make.receive(make.instance(one, instance_id="uuid:1"), one) is Receipt.STORED
    assert make.receive(make.instance(other, instance_id="uuid:1"), other) is Receipt.STORED
    assert count(session) == 2


def test_other_answers_under_the_same_id_are_kept_beside_the_first_once_for_each_content(session, make):
    form = make.form()
    first, *others = (make.instance(form, f"<alias>{name}</alias>", instance_id="uuid:1") for name in "ABC")
    make.receive(first, form)
    for _ in range(2):
        for other in others:
            assert make.receive(other, form) is Receipt.CONFLICT
    held = rows(session)
    assert [open_xml(session, row) for row in held] == [first.xml, *(other.xml for other in others)]
    assert [row.filing for row in held] == ["pending", "conflict", "conflict"]
    assert held[1].reason == {"code": "other-content"}
    assert traces(session) == ["submission.receive", "submission.conflict", "submission.conflict"]


def test_the_first_answers_sent_again_after_a_conflict_are_still_the_first(session, make):
    form = make.plain()
    first, other = (make.instance(form, f"<name>{name}</name>", instance_id="uuid:1") for name in "AB")
    make.receive(first, form)
    make.receive(other, form)
    assert make.receive(first, form) is Receipt.ALREADY_HELD
    assert count(session) == 2


def test_with_the_strict_setting_a_conflict_is_refused_and_nothing_is_kept(session, make):
    form = make.plain()
    first, other = (make.instance(form, f"<name>{name}</name>", instance_id="uuid:1") for name in "AB")
    make.receive(first, form, strict=True)
    with pytest.raises(InstanceConflict):
        make.receive(other, form, strict=True)
    assert count(session) == 1
    assert make.receive(first, form, strict=True) is Receipt.ALREADY_HELD


def test_a_statement_without_an_id_sent_again_is_known(session, make):
    form = make.plain()
    one, other = (read_instance(f'<data id="plain" version="1"><name>{name}</name></data>'.encode()) for name in "AB")
    assert make.receive(one, form) is Receipt.STORED
    assert make.receive(one, form) is Receipt.ALREADY_HELD
    assert make.receive(other, form) is Receipt.STORED
    assert count(session) == 2


def test_an_unknown_version_is_held_and_let_go_once_it_is_published(session, make, files):
    form = make.plain()
    instance = make.instance(form, PHOTO + "<talk><sound>a.m4a</sound></talk>", version="2")
    assert make.receive(instance, form, upload("1.jpg"), upload("extra.bin")) is Receipt.HELD
    assert rows(session)[0].reason == {"code": "unknown-version"}
    assert release_held(session, now=NOON) == 0
    make.plain(version="2")
    assert release_held(session, now=NOON) == 1
    held = rows(session)[0]
    assert (held.filing, held.reason) == (Filing.NOT_MAPPED.value, None)
    assert held.version_id == next(reversed(make.offered("plain").versions.values())).id
    assert held_files(session, files, instance) == [
        ("1.jpg", b"bytes", True, True),
        ("a.m4a", None, True, True),
        ("extra.bin", b"bytes", False, True),
    ]


def test_a_held_statement_of_a_mapped_form_waits_to_be_filed_once_its_version_is_published(session, make):
    form = make.form()
    make.receive(make.instance(form, YES, version="2"), form)
    make.form(version="2")
    release_held(session, now=NOON)
    assert rows(session)[0].filing == Filing.PENDING.value


def test_what_comes_for_a_closed_form_is_held_until_the_form_is_opened(session, make):
    form = make.close(make.form())
    instance = make.instance(form, YES)
    assert make.receive(instance, form) is Receipt.HELD
    assert make.receive(instance, form, upload("1.jpg")) is Receipt.HELD
    assert rows(session)[0].reason == {"code": "form-closed"}
    assert release_held(session, now=NOON) == 0
    make.close(form, FormState.OPEN)
    assert release_held(session, now=NOON) == 1
    assert rows(session)[0].filing == Filing.PENDING.value


def test_a_closing_form_still_takes_statements(session, make):
    form = make.close(make.form(), FormState.CLOSING)
    assert make.receive(make.instance(form, YES), form) is Receipt.STORED


@pytest.mark.parametrize(("version", "state", "refusal"), [
    ("2", FormState.OPEN, VersionUnknown), ("1", FormState.CLOSED, FormClosed),
])  # fmt: skip
def test_with_the_strict_setting_what_would_be_held_is_refused(session, make, version, state, refusal):
    form = make.close(make.plain(), state)
    with pytest.raises(refusal):
        make.receive(make.instance(form, version=version), form, strict=True)
    assert count(session) == 0


def test_files_may_come_with_the_statement_after_it_and_in_any_order(session, make, files):
    form = make.plain()
    instance = make.instance(form, PHOTO + "<talk><sound>a.m4a</sound></talk><talk><sound>b.m4a</sound></talk>")
    assert make.receive(instance, form, upload("b.m4a", b"second")) is Receipt.STORED
    assert make.receive(instance, form, upload("1.jpg", b"photo")) is Receipt.ATTACHMENTS_ADDED
    assert held_files(session, files, instance) == [
        ("1.jpg", b"photo", True, True),
        ("a.m4a", None, True, True),
        ("b.m4a", b"second", True, True),
    ]
    assert (
        make.receive(instance, form, upload("a.m4a", b"first"), upload("1.jpg", b"photo")) is Receipt.ATTACHMENTS_ADDED
    )
    assert held_files(session, files, instance) == [
        ("1.jpg", b"photo", True, True),
        ("a.m4a", b"first", True, True),
        ("b.m4a", b"second", True, True),
    ]
    assert traces(session) == ["submission.receive", "submission.attach", "submission.attach"]


def test_a_file_that_the_answers_do_not_name_is_kept_too(session, make, files):
    form = make.plain()
    instance = make.instance(form)
    make.receive(instance, form, upload("audit.csv", b"event"))
    make.receive(instance, form, upload("odd.bin", b"odd"))
    assert held_files(session, files, instance) == [
        ("audit.csv", b"event", False, True),
        ("odd.bin", b"odd", False, True),
    ]


def test_an_empty_file_has_come(session, make, files):
    form = make.plain()
    instance = make.instance(form, PHOTO)
    make.receive(instance, form, upload("1.jpg", b""))
    assert held_files(session, files, instance) == [("1.jpg", b"", True, True)]


def test_other_bytes_under_the_same_name_are_kept_both_and_the_newest_is_current(session, make, files):
    form = make.plain()
    instance = make.instance(form, PHOTO)
    make.receive(instance, form, upload("1.jpg", b"old"))
    assert make.receive(instance, form, upload("1.jpg", b"new"), now=LATER) is Receipt.ATTACHMENTS_ADDED
    both = [("1.jpg", b"old", True, False), ("1.jpg", b"new", True, True)]
    assert held_files(session, files, instance) == both
    assert make.receive(instance, form, upload("1.jpg", b"old"), now=LATER) is Receipt.ALREADY_HELD
    assert held_files(session, files, instance) == both


@pytest.mark.parametrize("late", [False, True])
def test_one_name_twice_in_one_post_leaves_one_current_file(session, make, files, late):
    form = make.plain()
    instance = make.instance(form, PHOTO)
    if late:
        make.receive(instance, form)
    make.receive(instance, form, upload("1.jpg", b"old"), upload("1.jpg", b"new"))
    assert sorted(held_files(session, files, instance)) == [
        ("1.jpg", b"new", True, True),
        ("1.jpg", b"old", True, False),
    ]


def test_a_files_name_type_and_hash_are_those_that_came(session, make):
    form = make.plain()
    instance = make.instance(form, "<photo>ñ ☃.jpg</photo>")
    make.receive(instance, form, upload("ñ ☃.jpg", b"photo", "image/jpeg"))
    facts = open_attachments(session, rows(session)[0].id)[0]
    assert (facts.name, facts.content_type, facts.size) == ("ñ ☃.jpg", "image/jpeg", 5)
    assert facts.sha256 == hashlib.sha256(b"photo").hexdigest()
    assert facts.expected


def test_a_large_file_comes_back_whole(session, make, files):
    form, content = make.plain(), bytes(range(256)) * 10_000
    instance = make.instance(form, PHOTO)
    make.receive(instance, form, upload("1.jpg", content))
    assert held_files(session, files, instance) == [("1.jpg", content, True, True)]


def test_files_that_come_with_other_answers_stay_with_them(session, make, files):
    form = make.plain()
    first, other = (make.instance(form, f"<name>{name}</name>", instance_id="uuid:1") for name in "AB")
    make.receive(first, form, upload("1.jpg", b"one"))
    assert make.receive(other, form, upload("1.jpg", b"one"), upload("2.jpg", b"two")) is Receipt.CONFLICT
    assert make.receive(first, form, upload("2.jpg", b"two")) is Receipt.ATTACHMENTS_ADDED
    for row in rows(session):
        told = [(one.name, b"".join(read_file(files, one))) for one in open_attachments(session, row.id)]
        assert told == [("1.jpg", b"one"), ("2.jpg", b"two")]


def test_a_file_that_comes_late_for_a_conflict_joins_it_and_is_answered_as_one(session, make):
    form = make.plain()
    first, other = (make.instance(form, f"<name>{name}</name>", instance_id="uuid:1") for name in "AB")
    make.receive(first, form)
    make.receive(other, form)
    assert make.receive(other, form, upload("1.jpg")) is Receipt.CONFLICT
    assert [len(open_attachments(session, row.id)) for row in rows(session)] == [0, 1]


def test_a_correction_is_told_apart_and_kept_beside_what_it_corrects(session, make):
    form = make.form()
    first = make.instance(form, YES)
    second = make.instance(form, YES, corrects=first.instance_id)
    assert make.receive(second, form) is Receipt.EDITED
    assert make.receive(first, form) is Receipt.STORED
    assert make.receive(second, form) is Receipt.ALREADY_HELD
    assert [row.deprecated_id for row in rows(session)] == [first.instance_id, None]


def test_an_encrypted_submission_is_kept_with_its_parts(session, make, files):
    form = make.plain()
    instance = read_instance(
        b'<data xmlns="http://www.opendatakit.org/xforms/encrypted" id="plain" version="1" encrypted="yes">'
        b'<orx:meta xmlns:orx="http://openrosa.org/xforms"><orx:instanceID>uuid:1</orx:instanceID></orx:meta>'
        b"<media><file>1.jpg.enc</file></media><encryptedXmlFile>submission.xml.enc</encryptedXmlFile></data>"
    )
    make.receive(instance, form, upload("1.jpg.enc"), upload("submission.xml.enc"))
    assert [name for name, *_ in held_files(session, files, instance)] == ["1.jpg.enc", "submission.xml.enc"]


# Many posts at once.


@pytest.fixture
def plain(database, files):
    """A form that feeds no case, and a tablet that sends it, committed."""
    with database.begin() as session:
        make = Make(session, files, NOON)
        return make.plain(), make.tablet()


def at_once(database, files, tablet, form, posts):
    """The receipts of posts (instance, uploads) that all start at the same moment."""
    told, barrier = [], threading.Barrier(len(posts))

    def send(instance, uploads):
        barrier.wait()
        try:
            with database.begin() as session:
                told.append(Make(session, files, NOON).receive(instance, form, *uploads, device=tablet))
        except Exception as error:
            told.append(error)

    threads = [threading.Thread(target=send, args=post) for post in posts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(told, key=str)


def test_twenty_identical_posts_at_once_are_one_statement(database, files, plain):
    form, tablet = plain
    instance = Make(None, files, NOON).instance(form, PHOTO)
    told = at_once(database, files, tablet, form, [(instance, [upload("1.jpg")]) for _ in range(20)])
    assert told == [Receipt.ALREADY_HELD] * 19 + [Receipt.STORED]
    with database.read() as session:
        assert count(session) == 1
        assert held_files(session, files, instance) == [("1.jpg", b"bytes", True, True)]


def test_of_twenty_contents_at_once_under_one_id_one_is_stored_and_all_are_kept(database, files, plain):
    form, tablet = plain
    instances = [Make(None, files, NOON).instance(form, f"<name>{n}</name>", instance_id="uuid:1") for n in range(20)]
    told = at_once(database, files, tablet, form, [(instance, []) for instance in instances])
    assert told == [Receipt.CONFLICT] * 19 + [Receipt.STORED]
    with database.read() as session:
        held = rows(session)
        assert {open_xml(session, row) for row in held} == {instance.xml for instance in instances}
        assert sorted(row.filing for row in held) == ["conflict"] * 19 + ["not mapped"]


def test_parts_that_come_at_once_are_all_kept(database, files, plain):
    form, tablet = plain
    instance = Make(None, files, NOON).instance(form, PHOTO)
    posts = [(instance, [upload(f"{number}.jpg", b"%d" % number)]) for number in range(10)]
    at_once(database, files, tablet, form, posts * 2)
    with database.read() as session:
        told = held_files(session, files, instance)
    assert told == [(f"{number}.jpg", b"%d" % number, number == 1, True) for number in range(10)]


def test_parts_of_a_conflict_that_come_at_once_are_all_kept(database, files, plain):
    form, tablet = plain
    first, other = (
        Make(None, files, NOON).instance(form, f"<name>{name}</name>", instance_id="uuid:1") for name in "AB"
    )
    at_once(database, files, tablet, form, [(first, [])])
    told = at_once(database, files, tablet, form, [(other, [upload(f"{n}.jpg", b"%d" % n)]) for n in range(6)])
    assert told == [Receipt.CONFLICT] * 6
    with database.read() as session:
        held = rows(session)
        assert len(held) == 2
        assert [one.name for one in open_attachments(session, held[1].id)] == [f"{n}.jpg" for n in range(6)]

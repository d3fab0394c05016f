"""Nothing that a tablet sent stands anywhere in clear, and each seal opens at its own place only."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from storage.database import Base
from storage.roots import RootDestroyed, destroy_root, ensure_roots
from storage.sealing import KeysLocked, SealBroken
from submissions.opening import (
    move_late_attachments,
    move_to_root,
    open_attachments,
    open_instance,
    open_xml,
    read_file,
    unlock,
)
from submissions.tables import Attachment, Submission
from tests.make import Make, upload

NAMES = ("Ana Ejemplo Inventada", "Calle Inventada 4711", "foto-de-ana.jpg", "the bytes of an invented photo")


@pytest.fixture
def sent(session, make):
    """A submission with a photo, received."""
    form = make.plain()
    instance = make.instance(form, f"<name>{NAMES[0]}, {NAMES[1]}</name><photo>{NAMES[2]}</photo>")
    make.receive(instance, form, upload(NAMES[2], NAMES[3].encode() * 100, "image/jpeg"))
    return make.submission(instance)


def move(session, submission, root_id="root"):
    root = ensure_roots(session, {root_id: "case"})[root_id]
    move_to_root(session, submission, root_id, root=root, data_key=unlock(session, submission))
    session.flush()
    session.expire_all()


def test_a_submission_that_is_filed_while_it_is_read_is_read(database, files):
    with database.begin() as session:
        make = Make(session, files, datetime.now(UTC))
        form = make.plain()
        instance = make.instance(form, f"<name>{NAMES[0]}</name>")
        make.receive(instance, form)
    with database.read() as reader:
        submission = Make(reader, files, datetime.now(UTC)).submission(instance)
        with database.begin() as session:
            move(session, Make(session, files, datetime.now(UTC)).submission(instance))
        assert open_xml(reader, submission) == instance.xml


def plain_rows(session):
    """Every value that the database would show to somebody who holds it alone."""
    values = [value for table in Base.metadata.sorted_tables for row in session.execute(select(table)) for value in row]
    return [bytes(value) if isinstance(value, bytes | memoryview) else str(value) for value in values]


def test_no_row_shows_a_name_that_was_sent(session, sent):
    shown = plain_rows(session)
    assert len(shown) > 50
    for name in NAMES:
        for value in shown:
            assert name not in value if isinstance(value, str) else name.encode() not in value


def test_no_file_of_the_installation_shows_a_name_that_was_sent(database, files, tmp_path):
    with database.begin() as session:
        make = Make(session, files, datetime.now(UTC))
        form = make.plain()
        instance = make.instance(form, f"<name>{NAMES[0]}, {NAMES[1]}</name><photo>{NAMES[2]}</photo>")
        make.receive(instance, form, upload(NAMES[2], NAMES[3].encode() * 100))
    found = [path for path in tmp_path.rglob("*") if path.is_file()]
    if database.embedded:
        found += list(Path(database.engine.url.database).parent.iterdir())
    assert len(found) >= (4 if database.embedded else 1)  # The photo; the database with its log and index.
    for path in found:
        content = path.read_bytes()
        for name in NAMES:
            assert name.encode() not in content, path
            assert name.encode("utf-16-le") not in content, path


def test_the_name_of_a_file_on_the_disk_tells_nothing(sent, files):
    for file_id in files.ids():
        assert set(file_id) <= set("0123456789abcdef")


def test_who_knows_the_answers_cannot_find_them_by_their_hash(session, sent):
    xml = open_xml(session, sent)
    shown = " ".join(value for value in plain_rows(session) if isinstance(value, str))
    for algorithm in ("md5", "sha1", "sha256", "sha512"):
        assert hashlib.new(algorithm, xml).hexdigest() not in shown
        assert hashlib.new(algorithm, NAMES[3].encode() * 100).hexdigest() not in shown


def test_a_node_that_only_takes_in_cannot_open_what_it_took(session, sent, keys):
    session.info["keys"] = keys.intake
    for act in (lambda: open_xml(session, sent), lambda: open_attachments(session, sent.id)):
        with pytest.raises(KeysLocked):
            act()


def test_what_such_a_node_took_in_the_others_open(session, make, keys):
    session.info["keys"] = keys.intake
    form = make.plain()
    instance = make.instance(form, f"<name>{NAMES[0]}</name>")
    make.receive(instance, form, upload("1.jpg", b"photo"))
    session.info["keys"] = keys
    submission = make.submission(instance)
    assert open_instance(session, submission).xml == instance.xml
    assert [one.name for one in open_attachments(session, submission.id)] == ["1.jpg"]


def test_answers_moved_into_another_submissions_place_do_not_open(session, make):
    form = make.plain()
    one, other = make.instance(form, "<name>A</name>"), make.instance(form, "<name>B</name>")
    make.receive(one, form)
    make.receive(other, form)
    held = session.execute(
        select(Submission.envelope, Submission.sealed_xml).where(Submission.instance_id == one.instance_id)
    ).one()
    session.execute(
        update(Submission)
        .where(Submission.instance_id == other.instance_id)
        .values(envelope=held.envelope, sealed_xml=held.sealed_xml)
    )
    session.expire_all()
    with pytest.raises(SealBroken):
        open_xml(session, make.submission(other))


def test_a_changed_byte_of_the_answers_is_seen(session, make, sent):
    sealed = bytearray(session.scalars(select(Submission.sealed_xml)).one())
    sealed[40] ^= 1
    session.execute(update(Submission).values(sealed_xml=bytes(sealed)))
    session.expire_all()
    with pytest.raises(SealBroken):
        open_xml(session, session.scalars(select(Submission)).one())


def test_once_filed_only_the_records_root_opens_it(session, sent, files):
    xml = open_xml(session, sent)
    before = {sent.envelope, *session.scalars(select(Attachment.envelope))}
    move(session, sent)
    submission = session.scalars(select(Submission)).one()
    assert submission.root_id == "root"
    assert open_xml(session, submission) == xml
    assert [b"".join(read_file(files, one)) for one in open_attachments(session, submission.id)] == [
        NAMES[3].encode() * 100
    ]
    assert not before & {submission.envelope, *session.scalars(select(Attachment.envelope))}


def test_what_lies_under_an_erased_root_cannot_be_opened_again(session, sent):
    move(session, sent)
    destroy_root(session, "root", now=sent.received_at)
    submission = session.scalars(select(Submission)).one()
    with pytest.raises(RootDestroyed):
        open_xml(session, submission)
    with pytest.raises(RootDestroyed):
        open_attachments(session, submission.id)


def test_moving_it_a_second_time_leaves_it_under_the_newer_root_alone(session, sent):
    xml = open_xml(session, sent)
    move(session, sent)
    move(session, session.scalars(select(Submission)).one(), "other")
    destroy_root(session, "root", now=sent.received_at)
    assert open_xml(session, session.scalars(select(Submission)).one()) == xml


def test_a_file_that_came_after_filing_joins_the_record_root(session, make, sent, files):
    form = make.offered("plain")
    instance = open_instance(session, sent)
    move(session, sent)
    make.receive(instance, form, upload("late.jpg", b"late"))
    assert move_late_attachments(session) == 1
    assert move_late_attachments(session) == 0
    assert set(session.scalars(select(Attachment.root_id))) == {"root"}
    late = next(one for one in open_attachments(session, sent.id) if one.name == "late.jpg")
    assert b"".join(read_file(files, late)) == b"late"


def test_a_file_that_came_after_its_record_was_erased_disturbs_nothing_else(session, make, sent):
    form = make.offered("plain")
    instance = open_instance(session, sent)
    move(session, sent)
    make.receive(instance, form, upload("late.jpg", b"late"))
    destroy_root(session, "root", now=sent.received_at)
    other = make.instance(form)
    make.receive(other, form)
    move(session, make.submission(other), "other root")
    make.receive(other, form, upload("other.jpg"))
    assert move_late_attachments(session) == 1
    assert move_late_attachments(session) == 0


def test_a_file_that_was_swapped_for_another_on_the_disk_does_not_open(session, make, files):
    form = make.plain()
    instance = make.instance(form)
    make.receive(instance, form, upload("1.jpg", b"one"), upload("2.jpg", b"two"))
    one, other = open_attachments(session, make.submission(instance).id)
    paths = [Path(files.folder, held.file_id[:2], held.file_id) for held in (one, other)]
    paths[0].write_bytes(paths[1].read_bytes())
    with pytest.raises(SealBroken):
        b"".join(read_file(files, one))
    assert b"".join(read_file(files, other)) == b"two"


def test_no_secret_and_no_name_shows_when_an_attachment_is_printed(session, sent):
    held = open_attachments(session, sent.id)[0]
    assert held.file_key.hex() not in repr(held)
    assert repr(held.file_key) not in repr(held)

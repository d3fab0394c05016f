"""What is sent to try a draft: sealed, once, apart, and sealed anew after a change of the key."""

import io

import pytest
from sqlalchemy import select

from accounts.projects import get_project
from audit.trail import OPERATOR
from forms.draft_secrets import DraftUnknown, KnownDraft, give_secret, known_draft, secret_of
from forms.drafts import discard_draft, find_known, keep_draft
from storage.sealing import Keyring
from submissions import draft_submissions
from submissions.draft_submissions import (
    DraftSubmissionNotFound,
    count_drafted,
    files_of_drafted,
    find_drafted,
    get_drafted,
    held_parts_of_draft,
    list_drafted,
    open_drafted,
    read_drafted_file,
    receive_drafted,
)
from submissions.draft_tables import DraftAttachment, DraftSubmission
from submissions.instance import read_instance
from submissions.parts import Upload, keep_files
from submissions.receive import Receipt, Sender
from submissions.rekeying import reseal_draft_attachments, reseal_draft_submissions
from tests.make import plain_xform
from xlsforms.compile import Compiled
from xlsforms.questions import read_form


@pytest.fixture
def draft(session, make):
    xform = plain_xform()
    at = {"project_id": get_project(session).id, "actor": OPERATOR, "now": make.now}
    return keep_draft(session, Compiled(xform, read_form(xform), ()), content=xform, filename="plain.xml", **at)


@pytest.fixture
def send(session, make, files, draft):
    def receive(instance_id="uuid:one", answers="<a>Zora (invented)</a>", *uploads):
        xml = f'<data id="plain" version="1">{answers}<meta><instanceID>{instance_id}</instanceID></meta></data>'
        instance, known = read_instance(xml.encode()), known_draft(session, secret_of(session, draft))
        held = held_parts_of_draft(session, draft.id, instance)
        parts = keep_files(uploads, keys=session.info["keys"], files=files, held=held)
        return receive_drafted(session, instance, parts, draft=known, sender=Sender(known.actor), now=make.now)

    return receive


def photo(content=b"invented picture"):
    return Upload("a.jpg", "image/jpeg", io.BytesIO(content))


def test_the_same_again_changes_nothing_and_late_files_are_added(session, send, draft, files, make):
    assert send()[0] is Receipt.STORED
    assert send()[0] is Receipt.ALREADY_HELD
    assert send("uuid:one", "<a>Zora (invented)</a>", photo())[0] is Receipt.ATTACHMENTS_ADDED
    assert send("uuid:one", "<a>Zora (invented)</a>", photo())[0] is Receipt.ALREADY_HELD
    held = find_drafted(session, draft, "uuid:one")
    (one,) = files_of_drafted(session, held)
    assert (one.name, b"".join(read_drafted_file(files, one))) == ("a.jpg", b"invented picture")
    assert b"Zora" in open_drafted(session, held, actor=OPERATOR, now=make.now).xml
    assert count_drafted(session, draft) == 1
    with pytest.raises(DraftSubmissionNotFound):
        get_drafted(session, draft, held.id + 1)


def test_a_changed_key_opens_them_and_the_old_one_is_needed_no_more(session, send, draft, files, make):
    send("uuid:one", "<a>Zora (invented)</a>", photo())
    grown = Keyring.of(session.info["keys"].master.rotated())
    session.info["keys"] = grown
    assert reseal_draft_submissions(session) is not None
    assert reseal_draft_attachments(session) is not None
    for table in (DraftSubmission, DraftAttachment):
        assert all(grown.is_current(one) for one in session.scalars(select(table.envelope)))
    held = find_drafted(session, draft, "uuid:one")
    session.expire_all()
    assert b"Zora" in open_drafted(session, held, actor=OPERATOR, now=make.now).xml
    assert b"".join(read_drafted_file(files, files_of_drafted(session, held)[0])) == b"invented picture"


def test_only_the_newest_are_kept(session, send, draft, monkeypatch):
    monkeypatch.setattr(draft_submissions, "MOST", 2)
    for number in range(4):
        send(f"uuid:{number}")
    assert [one.instance_id for one in list_drafted(session, draft)] == ["uuid:3", "uuid:2"]


def test_a_new_secret_ends_the_one_before_and_a_draft_that_went_has_none(session, draft, make):
    first = secret_of(session, draft)
    known = known_draft(session, first)
    assert isinstance(known, KnownDraft)
    assert (known.form_id, str(known.actor)) == ("plain", f"draft:{draft.id}")
    give_secret(session, draft)
    second = secret_of(session, draft)
    for secret in (first, "", "x" * 64, first.upper()):
        with pytest.raises(DraftUnknown):
            known_draft(session, secret)
    again = known_draft(session, second)
    assert again.id == known.id
    assert find_known(session, again).id == draft.id
    with pytest.raises(DraftUnknown):
        find_known(session, known)
    discard_draft(session, draft, actor=OPERATOR, now=make.now)
    with pytest.raises(DraftUnknown):
        find_known(session, again)
    with pytest.raises(DraftUnknown):
        known_draft(session, second)


def test_a_tablet_reaches_no_other_draft_that_came_in_the_place_of_its_own(session, draft, make):
    known = known_draft(session, secret_of(session, draft))
    discard_draft(session, draft, actor=OPERATOR, now=make.now)
    xform = plain_xform(version="2")
    at = {"project_id": known.project_id, "actor": OPERATOR, "now": make.now}
    keep_draft(session, Compiled(xform, read_form(xform), ()), content=xform, filename="plain.xml", **at)
    with pytest.raises(DraftUnknown, match="another draft of the form"):
        find_known(session, known, lock=True)

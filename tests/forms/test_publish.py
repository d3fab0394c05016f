"""A form becomes a version that tablets fetch: its exact bytes, once and for all."""

import hashlib
import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from accounts.catalogue import catalogue_version
from accounts.projects import ProjectNotFound, get_project
from audit.trail import OPERATOR, Action, AuditEntry
from forms.editing import set_editable
from forms.library import (
    FormNotFound,
    definition_of,
    find_version,
    get_form,
    get_version,
    list_forms,
    list_versions,
    mapping_of,
    media_of,
    set_state,
)
from forms.offer import offer, xform_of
from forms.publish import CaseMapping, MediaMissing, MediaUnwanted, VersionTaken, publish
from forms.tables import Form, FormState, FormVersion
from tests.make import SMALL_FORM, plain_xform
from xlsforms.compile import Compiled
from xlsforms.editable import editable_on_tablets
from xlsforms.questions import read_form
from xlsforms.sheets import Workbook
from xlsforms.workbook import read_workbook

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
MAPPING = CaseMapping({"case_form": "other"}, "a" * 16)
MENDED = CaseMapping({"case_form": "screening"}, "b" * 16)


def compiled(form_id="plain", version="1", **more):
    xform = plain_xform(form_id, version, **more)
    return Compiled(xform, read_form(xform), ())


def md5(content):
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.fixture
def put(session, files):
    def put(form=None, **more):
        project_id = more.pop("project_id", get_project(session).id)
        form = form or compiled()
        return publish(session, form, project_id=project_id, files=files, actor=OPERATOR, now=NOON, **more)

    return put


def offered(session, form_id="plain"):
    return offer(session, get_project(session).id)[form_id]


def test_the_bytes_that_tablets_get_are_those_that_were_published(session, put):
    version = put()
    assert xform_of(session, version.id) == compiled().xform
    assert version.md5 == md5(compiled().xform)


def test_what_the_form_was_made_from_stays_with_its_version(session, put):
    workbook: Workbook = read_workbook(SMALL_FORM.encode(), "form.md")
    version = get_version(session, put(workbook=workbook).id)
    session.refresh(version, ["workbook", "workbook_name"])
    assert version.workbook == SMALL_FORM.encode()
    assert version.workbook_name == "form.md"
    assert definition_of(version) == compiled().definition


def test_a_version_that_was_used_once_is_never_used_again(session, put):
    put()
    for other in (compiled(title="Another title"), compiled()):
        with pytest.raises(VersionTaken, match=r"Version 1 of this form .* Change `version` on the settings sheet"):
            put(other)
    put(compiled(version="2"))
    with pytest.raises(VersionTaken):
        put(compiled(version="1", title="Back again"))
    assert [
        version.version for version in list_versions(session, get_form(session, get_project(session).id, "plain"))
    ] == [
        "2",
        "1",
    ]


def test_a_form_without_a_version_is_published_once(session, put):
    put(compiled(version=""))
    with pytest.raises(VersionTaken):
        put(compiled(version="", title="Another title"))


def test_a_new_version_takes_the_place_of_the_one_before_it(session, put):
    put()
    second = put(compiled(version="2"))
    form = offered(session)
    assert form.current.id == second.id
    assert list(form.versions) == ["1", "2"]


def test_two_forms_may_have_the_same_version(session, put):
    put()
    put(compiled("other"))
    assert [one.form.form_id for one in list_forms(session)] == ["other", "plain"]


def test_the_same_form_with_another_mapping_mends_the_mapping_alone(session, put):
    first = put(mapping=MAPPING)
    before = catalogue_version(session)
    mended = put(mapping=MENDED)
    assert mended.id == first.id
    assert mended.mapping_version == MENDED.version
    assert mapping_of(session, mended) == dict(MENDED.parts)
    assert catalogue_version(session) == before + 1
    assert xform_of(session, mended.id) == compiled().xform
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == [Action.FORM_PUBLISHED.value, Action.FORM_REMAPPED.value]


def test_a_mapping_is_mended_whatever_tablets_may_edit_since(session, put):
    first = put(mapping=MAPPING)
    form = get_form(session, get_project(session).id, "plain")
    for editable, mapping in ((True, MENDED), (False, MAPPING)):
        set_editable(session, form, editable=editable, actor=OPERATOR, now=NOON)
        assert put(mapping=mapping).id == first.id
        assert xform_of(session, first.id) == compiled().xform


def test_a_form_does_not_say_of_itself_that_tablets_may_edit_it(session, put):
    said = editable_on_tablets(compiled())
    assert b"client-editable" not in xform_of(session, put(said).id)


def test_a_mapping_may_be_added_and_an_older_one_taken_again(session, put):
    put()
    assert not offered(session).current.mapped
    put(mapping=MAPPING)
    put(mapping=MENDED)
    put(mapping=MAPPING)
    assert offered(session).current.mapped
    assert mapping_of(session, find_version(session, get_form(session, get_project(session).id, "plain"), "1")) == dict(
        MAPPING.parts
    )


def test_the_same_mapping_again_is_refused(put):
    put(mapping=MAPPING)
    with pytest.raises(VersionTaken):
        put(mapping=MAPPING)


def test_a_mapping_of_an_older_version_is_mended_and_the_newer_stays_current(session, put):
    put(mapping=MAPPING)
    second = put(compiled(version="2"), mapping=MAPPING)
    put(mapping=MENDED)
    assert offered(session).current.id == second.id


def test_files_that_the_form_names_are_kept_beside_it(session, put, files):
    version = put(compiled(media="map.png"), media=[("map.png", b"picture")])
    media = media_of(session, version)
    assert [(one.filename, one.md5, one.size) for one in media] == [("map.png", md5(b"picture"), 7)]
    assert b"".join(files.read(media[0].file_id)) == b"picture"
    assert [one.filename for one in offered(session).current.media] == ["map.png"]


def test_a_file_that_was_not_supplied_is_named(put):
    with pytest.raises(MediaMissing, match=r"not supplied: map\.png"):
        put(compiled(media="map.png"))


@pytest.mark.parametrize("name", ["other.png", "../map.png", "a/map.png", "", "x" * 201, "new\nline.png"])
def test_a_file_that_the_form_does_not_name_is_refused(put, name):
    with pytest.raises(MediaUnwanted, match="does not name these files"):
        put(media=[(name, b"picture")])


def test_two_files_of_one_name_are_refused(put):
    with pytest.raises(MediaUnwanted, match="same name"):
        put(compiled(media="map.png"), media=[("map.png", b"one"), ("map.png", b"two")])


def test_a_mended_mapping_brings_no_other_files_into_a_version(session, put):
    put(compiled(media="map.png"), media=[("map.png", b"picture")], mapping=MAPPING)
    with pytest.raises(VersionTaken):
        put(compiled(media="map.png"), media=[("map.png", b"another picture")], mapping=MENDED)
    assert put(compiled(media="map.png"), media=[("map.png", b"picture")], mapping=MENDED)


def test_nothing_is_published_in_a_project_that_is_not_there(put):
    with pytest.raises(ProjectNotFound):
        put(project_id=4711)


def test_publishing_raises_the_catalogue_and_leaves_a_trace(session, put):
    before = catalogue_version(session)
    version = put()
    assert catalogue_version(session) == before + 1
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.subject) == (Action.FORM_PUBLISHED.value, f"form:{version.form_pk}")
    assert entry.facts == {"version_id": version.id}


@pytest.mark.parametrize("mapping", [None, MAPPING])
def test_one_version_published_twice_at_once_is_there_once(database, files, mapping):
    with database.read() as session:
        project_id = get_project(session).id
    told, barrier = [], threading.Barrier(2)

    def act():
        barrier.wait()
        try:
            with database.begin() as session:
                where = {"project_id": project_id, "files": files, "actor": OPERATOR, "now": NOON}
                publish(session, compiled(), mapping=mapping, **where)
                told.append("published")
        except VersionTaken:
            told.append("taken")

    threads = [threading.Thread(target=act) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["published", "taken"]
    with database.read() as session:
        assert len(session.scalars(select(FormVersion.id)).all()) == 1


def test_a_closed_form_is_offered_no_more_but_its_versions_are_known(session, put):
    put()
    form = get_form(session, get_project(session).id, "plain")
    before = catalogue_version(session)
    set_state(session, form, FormState.CLOSED, actor=OPERATOR, now=NOON)
    closed = offered(session)
    assert closed.current is None
    assert list(closed.versions) == ["1"]
    assert catalogue_version(session) == before + 1
    set_state(session, form, FormState.CLOSED, actor=OPERATOR, now=NOON)
    assert catalogue_version(session) == before + 1
    set_state(session, form, FormState.OPEN, actor=OPERATOR, now=NOON)
    assert offered(session).current is not None
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions[1:] == [Action.FORM_CLOSED.value, Action.FORM_OPENED.value]


def test_a_closing_form_is_offered_no_more(session, put):
    put()
    set_state(session, session.scalars(select(Form)).one(), FormState.CLOSING, actor=OPERATOR, now=NOON)
    assert offered(session).current is None
    assert offered(session).state is FormState.CLOSING


def test_the_questions_that_are_answered_by_a_file_are_known(session, put):
    put()
    assert offered(session).current.file_questions == {"/data/photo", "/data/talk/sound"}


def test_a_project_offers_its_own_forms(session, put):
    from accounts.tables import Project

    other = Project(name="Other project")
    session.add(other)
    session.flush()
    put()
    put(compiled("elsewhere"), project_id=other.id)
    put(compiled("plain"), project_id=other.id)
    assert set(offer(session, get_project(session).id)) == {"plain"}
    assert set(offer(session, other.id)) == {"elsewhere", "plain"}


def test_what_is_not_there_is_said_not_to_be_there(session, put):
    put()
    form = get_form(session, get_project(session).id, "plain")
    with pytest.raises(FormNotFound):
        get_form(session, get_project(session).id, "other")
    with pytest.raises(FormNotFound):
        get_version(session, 4711)
    with pytest.raises(FormNotFound):
        find_version(session, form, "2")

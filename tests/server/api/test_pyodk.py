"""ODK Central's public client, unchanged, against a server that runs."""

import pytest
from pyodk.client import Client
from pyodk.errors import PyODKError

from tests.make import plain_xform
from tests.server.api.test_forms import excel
from tests.server.cli.conftest import bare, fieldcase
from tests.server.desk.office import PASSWORD, SAID, workbook

__all__ = ["bare", "fieldcase"]

TALK = (
    '<data id="talk" version="1">{answers}<meta><instanceID>{instance_id}</instanceID>{corrects}</meta></data>'
).format
PHOTO = SAID + "<papers><photo>a.jpg</photo></papers>"


@pytest.fixture
def client(fieldcase, tmp_path):
    """The client of a manager, set up by its own configuration file."""
    added = fieldcase.run(
        *("person", "add", "ana@example.org", "--name", "Invented Ana", "--role", "manager", "--password-stdin"),
        input=f"{PASSWORD}\n",
    )
    assert added.exit_code == 0, added.output
    config = tmp_path / "pyodk.toml"
    with fieldcase.serving("tablet,api") as server:
        config.write_text(
            f'[central]\nbase_url = "http://127.0.0.1:{server.port}"\nusername = "ana@example.org"\n'
            f'password = "{PASSWORD}"\ndefault_project_id = 1\n'
        )
        with Client(config_path=config, cache_path=tmp_path / "cache.toml") as held:
            yield held


@pytest.fixture
def talk(client, tmp_path):
    """The form of the invented talk, made by the client from a workbook."""
    path = tmp_path / "talk.xlsx"
    path.write_bytes(excel(workbook()))
    return client.forms.create(definition=path)


def test_projects_and_app_users_are_read_and_made(client):
    projects = client.projects.list()
    assert [client.projects.get(one.id).name for one in projects] == [projects[0].name]
    users = client.projects.create_app_users(["Tablet 07", "Tablet 08"], forms=[])
    assert [one.displayName for one in users] == ["Tablet 07", "Tablet 08"]
    assert all(len(one.token) == 43 for one in users)


def test_forms_are_made_from_workbooks_and_xforms_with_their_files(client, talk, tmp_path):
    assert (talk.xmlFormId, talk.version) == ("talk", "1")
    card = tmp_path / "card.png"
    card.write_bytes(b"picture")
    made = client.forms.create(definition=plain_xform(media="card.png").decode(), attachments=[card])
    assert made.xmlFormId == "plain"
    assert sorted(one.xmlFormId for one in client.forms.list()) == ["plain", "talk"]
    assert client.forms.get("talk").publishedAt is not None
    assert client.forms.get_xml("plain", encoding=None) == plain_xform(media="card.png")
    client.forms.update("plain", definition=plain_xform(version="2", media="card.png").decode(), attachments=[card])
    client.forms.update("plain", attachments=[card], version_updater=lambda version: f"{version}.1")
    assert client.forms.get("plain").version == "2.1"
    client.projects.create_app_users(["Tablet 07"], forms=["talk", "plain"])
    with pytest.raises(PyODKError) as refused:
        client.forms.create(definition=plain_xform().decode())
    assert refused.value.is_central_error(409.3)


def test_submissions_are_sent_read_corrected_reviewed_and_commented_on(client, talk, tmp_path):
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"picture" * 20_000)
    sent = client.submissions.create(
        TALK(answers=PHOTO, instance_id="uuid:one", corrects=""),
        form_id="talk",
        device_id="a laptop",
        attachments=[photo],
    )
    assert (sent.instanceId, sent.deviceId, sent.reviewState) == ("uuid:one", "a laptop", None)
    assert [(one.name, one.exists) for one in sent.attachments] == [("a.jpg", True)]
    assert [one.instanceId for one in client.submissions.list(form_id="talk")] == ["uuid:one"]
    assert client.submissions.get("uuid:one", form_id="talk").submitterId == sent.submitterId
    path = "projects/1/forms/talk/submissions/uuid:one"
    assert client.get(f"{path}/attachments/a.jpg").content == b"picture" * 20_000
    corrects = "<deprecatedID>uuid:one</deprecatedID>"
    corrected = TALK(answers=SAID, instance_id="uuid:two", corrects=corrects)
    client.submissions.edit("uuid:one", corrected, form_id="talk", comment="Mended")
    assert client.get(f"{path}.xml").text == corrected
    assert client.submissions.get("uuid:one", form_id="talk").reviewState == "edited"
    client.submissions.review("uuid:one", "approved", form_id="talk", comment="¡Bien!")
    assert client.submissions.get("uuid:one", form_id="talk").reviewState == "approved"
    assert [one.body for one in client.submissions.list_comments("uuid:one", form_id="talk")] == ["¡Bien!", "Mended"]
    with pytest.raises(PyODKError) as refused:
        client.submissions.edit("uuid:one", corrected, form_id="talk")
    assert refused.value.is_central_error(409.9)


def test_a_token_from_an_earlier_run_is_used_again(client, tmp_path):
    kept = (tmp_path / "cache.toml").read_text()
    with Client(config_path=tmp_path / "pyodk.toml", cache_path=tmp_path / "cache.toml") as again:
        assert again.projects.list()
    assert (tmp_path / "cache.toml").read_text() == kept

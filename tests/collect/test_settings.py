"""A settings code is taken or refused as Collect takes it."""

import base64
import json
import zlib

import pytest

from tests.collect.openrosa import TabletError
from tests.collect.settings import ADMIN, Settings


def code(told: object) -> str:
    return base64.b64encode(zlib.compress(json.dumps(told).encode())).decode()


def test_a_scanned_code_configures_the_tablet(make_tablet):
    general = {
        "server_url": "https://forms.example/v1/projects/1",
        "username": "tablet-7",
        "password": "p",
        "form_update_mode": "match_exactly",
        "autosend": "wifi_and_cellular",
        "delete_send": True,
    }
    tablet = make_tablet(code({"general": general, "admin": {"admin_pw": "x", "change_server": False}}))
    assert tablet.server_url == "https://forms.example/v1/projects/1"
    assert (tablet.client.login.username, tablet.client.login.password) == ("tablet-7", "p")
    assert tablet.device()["username"] == "tablet-7"
    assert tablet.settings.general["delete_send"] is True
    assert (tablet.settings.admin["change_server"], tablet.settings.admin["access_settings"]) == (False, True)


def test_every_key_that_a_code_leaves_out_returns_to_its_default(make_tablet):
    tablet = make_tablet(
        code({"general": {"server_url": "https://a.example", "delete_send": True}, "admin": {"admin_pw": "x"}})
    )
    tablet.scan(code({"general": {}, "admin": {}}))
    assert tablet.server_url == "https://demo.getodk.org"
    assert tablet.settings.general["delete_send"] is False
    assert tablet.settings.admin == ADMIN


@pytest.mark.parametrize(
    "text",
    [
        "not base64!",
        base64.b64encode(b"not zlib").decode(),
        base64.b64encode(zlib.compress(b"not json")).decode(),
        base64.b64encode(zlib.compress(b"\xff")).decode(),
        code([]),
        code({"general": {}}),
        code({"admin": {}}),
        code({"general": {"delete_send": "true"}, "admin": {}}),
        code({"general": {"server_url": None}, "admin": {}}),
        code({"general": {}, "admin": {"change_server": "no"}}),
        code({"general": {}, "admin": {"admin_pw": 1234}}),
        code({"general": {}, "admin": {}, "project": {"name": 5}}),
        code({"general": {}, "admin": {}, "project": []}),
        code({"general": {"protocol": "google_sheets"}, "admin": {}}),
        "A" * 3_000,
    ],
)
def test_a_code_of_the_wrong_shape_is_no_code_at_all(make_tablet, text):
    tablet = make_tablet()
    tablet.configure("https://before.example")
    with pytest.raises(TabletError):
        tablet.scan(text)
    assert tablet.server_url == "https://before.example"


def test_what_the_tablet_would_pass_over_is_named(make_tablet):
    told = {"general": {"autosend": "always", "wallpaper": "blue"}, "admin": {"self_destruct": True}}
    settings = Settings.from_qr(code(told))
    assert settings.dropped == ["general.autosend", "general.wallpaper", "admin.self_destruct"]
    assert settings.general["autosend"] == "off"
    with pytest.raises(TabletError) as error:
        make_tablet().scan(code(told))
    assert error.value.rule == "7.2"
    make_tablet(strict=False).scan(code(told))


def test_a_period_alone_means_that_known_forms_are_updated():
    told = {"general": {"periodic_form_updates_check": "every_one_hour"}, "admin": {}}
    assert Settings.from_qr(code(told)).general["form_update_mode"] == "previously_downloaded"


def test_settings_make_a_code_that_says_the_same():
    settings = Settings.from_json(json.dumps({"general": {"username": "é"}, "admin": {}, "project": {"name": "Field"}}))
    assert Settings.from_qr(settings.qr()) == settings

"""The settings that a tablet scans, as ODK Collect reads them (contract 7)."""

import base64
import json
import re
import zlib

import pytest

from accounts.settings_qr import Provisioning, provisioning, settings, settings_text

SECRET = "s" * 43
YES_NO = {True, False}
# Contract 7.3 and 7.4: what Collect takes for each key; a wrong type voids the whole code.
GENERAL = {
    "server_url": str,
    "username": str,
    "password": str,
    "form_update_mode": {"manual", "previously_downloaded", "match_exactly"},
    "periodic_form_updates_check": {
        "every_fifteen_minutes",
        "every_one_hour",
        "every_six_hours",
        "every_24_hours",
    },
    "automatic_update": YES_NO,
    "hide_old_form_versions": YES_NO,
    "autosend": {"off", "wifi_only", "cellular_only", "wifi_and_cellular"},
    "delete_send": YES_NO,
    "constraint_behavior": {"on_swipe", "on_finalize"},
    "high_resolution": YES_NO,
    "image_size": {"original_image_size", "large", "medium", "small", "very_small"},
    "guidance_hint": {"no", "yes", "yes_collapsed"},
    "instance_sync": YES_NO,
    "analytics": YES_NO,
    "app_language": str,
    "protocol": {"odk_default"},
}
ADMIN = {
    "change_server",
    "access_settings",
    "delete_saved",
    "change_autosend",
    "delete_after_send",
    "form_update_mode",
    "periodic_form_updates_check",
    "analytics",
    "bulk_finalize",
}


def told(base_url="https://fieldcase.example.org", language="es"):
    return provisioning(base_url, project_id=3, username="tablet-07", secret=SECRET, language=language)


def read(text):
    return json.loads(zlib.decompress(base64.b64decode(text, validate=True)))


def test_over_https_the_secret_is_the_password_and_no_part_of_the_address():
    general = settings(told())["general"]
    assert general["server_url"] == "https://fieldcase.example.org/v1/projects/3"
    assert (general["username"], general["password"]) == ("tablet-07", SECRET)


def test_over_http_the_secret_is_in_the_path_since_collect_sends_no_password():
    general = settings(told("http://192.168.1.20:8080"))["general"]
    assert general["server_url"] == f"http://192.168.1.20:8080/v1/key/{SECRET}/projects/3"
    assert (general["username"], general["password"]) == ("", "")


def test_the_text_is_base64_of_zlib_of_json_on_one_line_and_short_enough_for_a_code():
    text = settings_text(told())
    assert re.fullmatch(r"[A-Za-z0-9+/]+=*", text)
    assert len(text) < 1500
    assert read(text)["general"]["app_language"] == "es"


def test_both_parts_that_collect_requires_are_there():
    assert {"general", "admin"} <= set(read(settings_text(told())))


@pytest.mark.parametrize("name", GENERAL)
def test_every_general_setting_is_one_that_collect_takes(name):
    value, allowed = read(settings_text(told()))["general"][name], GENERAL[name]
    if isinstance(allowed, set):
        assert value in allowed
        assert isinstance(value, bool) == (allowed == YES_NO)
    else:
        assert isinstance(value, allowed)


def test_no_setting_is_unknown_to_collect():
    body = read(settings_text(told()))
    assert set(body["general"]) == set(GENERAL)
    assert set(body["admin"]) == ADMIN | {"admin_pw"}
    assert all(value is False for name, value in body["admin"].items() if name != "admin_pw")


def test_what_a_lost_tablet_would_tell_is_kept_small():
    general = settings(told())["general"]
    assert general["delete_send"] is True
    assert general["analytics"] is False
    assert general["form_update_mode"] == "match_exactly"


def test_the_settings_are_locked_by_a_password_that_nobody_can_guess():
    one, other = settings(told())["admin"]["admin_pw"], settings(told())["admin"]["admin_pw"]
    assert one != other
    assert len(one) >= 16


def test_a_projects_name_in_any_script_survives():
    text = settings_text(Provisioning("https://example.org/v1/projects/1", project_name="Señales ☃"))
    assert read(text)["project"]["name"] == "Señales ☃"


def test_no_secret_shows_when_the_provisioning_is_printed():
    assert SECRET not in repr(told())
    assert SECRET not in repr(told("http://192.168.1.20:8080"))

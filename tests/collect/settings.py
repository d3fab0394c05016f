"""Settings of a Collect project: what a QR code may say, and what every key is when it says nothing."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from dataclasses import dataclass, field
from typing import Any

from tests.collect.openrosa import TabletError

INVALID = "QR code does not contain valid settings"
LARGEST_QR = 2_953  # Bytes that the largest QR code holds with error correction L.

# Key: (default, allowed values); a default of None means that the key is absent until somebody sets it.
GENERAL: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "protocol": ("odk_default", ("odk_default", "google_sheets")),
    "server_url": ("https://demo.getodk.org", ()),
    "username": ("", ()),
    "password": ("", ()),
    "selected_google_account": (None, ()),
    "google_sheets_url": (None, ()),
    "appTheme": (None, ("system", "light_theme", "dark_theme")),
    "app_language": ("", ()),
    "font_size": ("21", ("13", "17", "21", "25", "29")),
    "navigation": ("swipe_buttons", ("swipe", "buttons", "swipe_buttons")),
    "basemap_source": ("google", ("google", "mapbox", "osm", "usgs", "stamen", "carto")),
    "google_map_style": ("1", ("1", "2", "3", "4")),
    "mapbox_map_style": (
        "mapbox://styles/mapbox/streets-v11",
        tuple(
            f"mapbox://styles/mapbox/{style}"
            for style in (
                "light-v10",
                "dark-v10",
                "satellite-v9",
                "satellite-streets-v11",
                "streets-v11",
                "outdoors-v11",
            )
        ),
    ),
    "usgs_map_style": ("topographic", ("topographic", "hybrid", "satellite")),
    "carto_map_style": ("positron", ("positron", "dark_matter")),
    "reference_layer": (None, ()),
    "form_update_mode": ("manual", ("manual", "previously_downloaded", "match_exactly")),
    "periodic_form_updates_check": (
        "every_fifteen_minutes",
        ("every_fifteen_minutes", "every_one_hour", "every_six_hours", "every_24_hours"),
    ),
    "automatic_update": (False, ()),
    "hide_old_form_versions": (True, ()),
    "autosend": ("off", ("off", "wifi_only", "cellular_only", "wifi_and_cellular")),
    "delete_send": (False, ()),
    "default_completed": (None, (True, False)),
    "constraint_behavior": ("on_swipe", ("on_swipe", "on_finalize")),
    "high_resolution": (True, ()),
    "image_size": ("original_image_size", ("original_image_size", "small", "very_small", "medium", "large")),
    "guidance_hint": ("yes_collapsed", ("no", "yes", "yes_collapsed")),
    "external_app_recording": (False, ()),
    "instance_sync": (True, ()),
    "analytics": (True, ()),
    "metadata_username": ("", ()),
    "metadata_phonenumber": ("", ()),
    "metadata_email": ("", ()),
    "background_location": (True, ()),
    "background_recording": (True, ()),
}
ADMIN: dict[str, Any] = {
    "admin_pw": "",
    **dict.fromkeys(
        [
            "edit_saved",
            "send_finalized",
            "view_sent",
            "get_blank",
            "delete_saved",
            "change_server",
            "change_project_display",
            "change_app_theme",
            "change_app_language",
            "change_font_size",
            "change_navigation",
            "maps",
            "form_update_mode",
            "periodic_form_updates_check",
            "automatic_update",
            "hide_old_form_versions",
            "change_autosend",
            "delete_after_send",
            "change_constraint_behavior",
            "high_resolution",
            "image_size",
            "guidance_hint",
            "external_app_recording",
            "instance_form_sync",
            "change_form_metadata",
            "analytics",
            "moving_backwards",
            "access_settings",
            "change_language",
            "jump_to",
            "save_mid",
            "mark_as_finalized",
            "save_as_draft",
            "finalize",
            "finalize_in_form_entry",
            "bulk_finalize",
        ],
        True,
    ),
}
PROJECT = {"name": "", "icon": "", "color": ""}


@dataclass
class Settings:
    """One project's settings; `dropped` names the keys of the code that the tablet passed over in silence."""

    general: dict[str, Any] = field(repr=False)
    admin: dict[str, Any] = field(repr=False)
    project: dict[str, str]
    dropped: list[str]

    @classmethod
    def defaults(cls) -> Settings:
        return _settled({"general": {}, "admin": {}})

    @classmethod
    def from_qr(cls, text: str) -> Settings:
        """The settings in a code's text; every key that it leaves out is back at its default.

        Raises TabletError when Collect would not take the code.
        """
        if len(text.encode()) > LARGEST_QR:
            raise TabletError(f"{INVALID}: {len(text)} characters fit in no QR code", rule="7.1")
        try:
            told = zlib.decompress(base64.b64decode(text, validate=True)).decode()
        except (binascii.Error, zlib.error, UnicodeDecodeError) as wrong:
            raise TabletError(f"{INVALID}: {wrong}", rule="7.1") from wrong
        return cls.from_json(told)

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """The settings in this JSON, as a managed tablet gets them (`settings_json`)."""
        try:
            told = json.loads(text)
        except json.JSONDecodeError as wrong:
            raise TabletError(f"{INVALID}: {wrong}", rule="7.1") from wrong
        _check(told)
        return _settled(told)

    def qr(self) -> str:
        """The text of a code with all of these settings."""
        told = {"general": self.general, "admin": self.admin, "project": self.project}
        return base64.b64encode(zlib.compress(json.dumps(told).encode())).decode()


def _kind(key: str, allowed: tuple[Any, ...], default: Any) -> type:
    return bool if isinstance(default, bool) or (allowed and isinstance(allowed[0], bool)) else str


def _check(told: Any) -> None:
    if not isinstance(told, dict) or not {"general", "admin"} <= told.keys():
        raise TabletError(f"{INVALID}: general and admin are required", rule="7.1")
    kinds: dict[str, dict[str, type]] = {
        "general": {key: _kind(key, allowed, default) for key, (default, allowed) in GENERAL.items()},
        "admin": {key: type(default) for key, default in ADMIN.items()},
        "project": dict.fromkeys(PROJECT, str),
    }
    for section, known in kinds.items():
        values = told.get(section, {})
        if not isinstance(values, dict):
            raise TabletError(f"{INVALID}: {section} is not an object", rule="7.2")
        for key, value in values.items():
            if key in known and not isinstance(value, known[key]):
                raise TabletError(f"{INVALID}: {section}.{key} must be {known[key].__name__}", rule="7.2")
    if told["general"].get("protocol") == "google_sheets":
        raise TabletError("Collect no longer works with Google Drive projects", rule="7.3")


def _settled(told: dict[str, Any]) -> Settings:
    dropped = [
        f"general.{key}" for key, value in told["general"].items() if key not in GENERAL or not _allowed(key, value)
    ]
    dropped += [f"admin.{key}" for key in told["admin"] if key not in ADMIN]
    general = {key: default for key, (default, _) in GENERAL.items() if default is not None}
    general |= {key: value for key, value in told["general"].items() if f"general.{key}" not in dropped}
    if "periodic_form_updates_check" in told["general"] and "form_update_mode" not in told["general"]:
        general["form_update_mode"] = "previously_downloaded"
    admin = ADMIN | {key: value for key, value in told["admin"].items() if key in ADMIN}
    project = PROJECT | {key: value for key, value in told.get("project", {}).items() if key in PROJECT}
    return Settings(general, admin, project, dropped)


def _allowed(key: str, value: Any) -> bool:
    allowed = GENERAL[key][1]
    return not allowed or value in allowed

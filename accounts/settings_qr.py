"""What ODK Collect needs to know, as the text of a QR code: base64 of zlib of JSON (docs.getodk.org)."""

import base64
import json
import secrets
import zlib
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Provisioning:
    """Where a tablet sends to and how it proves who it is."""

    server_url: str = field(repr=False)
    username: str = ""
    password: str = field(default="", repr=False)
    project_name: str = "Fieldcase"
    language: str = "en"


def provisioning(base_url: str, *, project_id: int, username: str, secret: str, language: str) -> Provisioning:
    """How a tablet reaches us: Basic over https; over http, where Collect sends none, the secret in the path."""
    if base_url.startswith("https://"):
        return Provisioning(f"{base_url}/v1/projects/{project_id}", username, secret, language=language)
    return Provisioning(f"{base_url}/v1/key/{secret}/projects/{project_id}", language=language)


def settings(provisioning: Provisioning) -> dict[str, dict[str, object]]:
    """Every key a tablet should have, since scanning resets the others to Collect's defaults."""
    return {
        "general": {
            "server_url": provisioning.server_url,
            "username": provisioning.username,
            "password": provisioning.password,
            "form_update_mode": "match_exactly",
            "periodic_form_updates_check": "every_fifteen_minutes",
            "automatic_update": True,
            "hide_old_form_versions": True,
            "autosend": "wifi_and_cellular",
            "delete_send": True,
            "constraint_behavior": "on_swipe",
            "high_resolution": True,
            "image_size": "medium",
            "guidance_hint": "yes_collapsed",
            "instance_sync": False,
            "analytics": False,
            "app_language": provisioning.language,
            "protocol": "odk_default",
        },
        "admin": {
            "admin_pw": secrets.token_urlsafe(12),
            "change_server": False,
            "access_settings": False,
            "delete_saved": False,
            "change_autosend": False,
            "delete_after_send": False,
            "form_update_mode": False,
            "periodic_form_updates_check": False,
            "analytics": False,
            "bulk_finalize": False,
        },
        "project": {"name": provisioning.project_name, "color": "#12413a"},
    }


def settings_text(provisioning: Provisioning) -> str:
    """The text of the settings QR code."""
    body = json.dumps(settings(provisioning), separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(zlib.compress(body.encode(), 9)).decode()

"""Addresses that tablets and scripts share: whoever asks is answered at the own door."""

from flask import current_app, request

from server.access import cookie_name

TWINS = {
    "tablet.current_form": "api.form_xml",
    "tablet.form_version": "api.version_xml",
    "tablet.current_media": "api.form_attachment",
    "tablet.version_media": "api.version_attachment",
}


def choose_door() -> None:
    """A script's request at a shared address goes to the JSON door, if that is open."""
    twin, arguments = TWINS.get(request.endpoint or "", ""), dict(request.view_args or {})
    if twin not in current_app.view_functions or "secret" in arguments or not _is_script():
        return
    if arguments.pop("version_id", None) is not None:  # Tablets name a version by its number, scripts by its name.
        named = request.path.rpartition("/versions/")[2]
        arguments["version"] = named.removesuffix(".xml").partition("/")[0]
    request.url_rule, request.view_args = next(current_app.url_map.iter_rules(twin)), arguments


def _is_script() -> bool:
    """A tablet's own user name holds no @."""
    if "Authorization" not in request.headers:
        return cookie_name() in request.cookies
    login = request.authorization
    return login is not None and (login.type == "bearer" or "@" in (login.username or ""))

"""The compiled style sheet, scripts, fonts and images, served under names that carry their content's hash."""

import json
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, abort, request, send_from_directory, url_for

BUILT = Path(__file__).parent.parent / "static" / "built"
WEB_FORMS = "web-forms/"
A_YEAR = 365 * 24 * 60 * 60

blueprint = Blueprint("assets", __name__)


class AssetsNotBuilt(Exception):
    """The pages' assets are not compiled yet: run `make setup`."""


@cache
def manifest() -> dict[str, str]:
    """Which hashed file stands for which plain name, as the last build left it."""
    try:
        return dict(json.loads((BUILT / "manifest.json").read_text()))
    except FileNotFoundError as missing:
        raise AssetsNotBuilt(AssetsNotBuilt.__doc__) from missing


def asset(name: str) -> str:
    """The address of a built file, which may be kept for ever because other content would have another address."""
    return url_for("assets.built", name=manifest()[name])


def import_map() -> dict[str, dict[str, str]]:
    """What ODK Web Forms and its parts call each other, and where each is."""
    parts = [name.removeprefix(WEB_FORMS) for name in manifest() if name.startswith(WEB_FORMS)]
    places = {url_for("assets.built", name=name): asset(WEB_FORMS + name) for name in parts}
    named = {"vue": asset(f"{WEB_FORMS}vue.js"), "@getodk/web-forms": asset(f"{WEB_FORMS}index.js")}
    return {"imports": named | places}


@blueprint.get("/assets/<name>")
def built(name: str) -> Response:
    """A built file, compressed where the browser takes it."""
    if name not in manifest().values():
        abort(404)
    compressed = request.accept_encodings.quality("gzip") > 0 and (BUILT / f"{name}.gz").exists()
    response = send_from_directory(BUILT, f"{name}.gz" if compressed else name, mimetype=mimetype(name), etag=False)
    response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
    response.headers["Vary"] = "Accept-Encoding"
    if compressed:
        response.headers["Content-Encoding"] = "gzip"
    return response


@blueprint.get("/favicon.ico")
def icon() -> Response:
    """Our mark, for pages that name none: those that are printed or saved stand by themselves."""
    return built(manifest()["mark.svg"])


def mimetype(name: str) -> str:
    """The media type by the name's ending, the same on every machine."""
    types = {
        ".css": "text/css",
        ".js": "text/javascript",
        ".svg": "image/svg+xml",
        ".txt": "text/plain",
        ".woff2": "font/woff2",
    }
    return types.get(Path(name).suffix, "application/octet-stream")

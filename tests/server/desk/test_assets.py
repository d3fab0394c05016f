import gzip
import json
import re
from pathlib import Path

import pytest

from server.desk.assets import BUILT, WEB_FORMS, import_map, manifest
from tests.server.desk.look import look_app

ASSETS = Path(__file__).parents[3] / "server" / "assets"


@pytest.fixture
def client():
    return look_app().test_client()


def test_a_built_file_may_be_kept_for_ever(client):
    answer = client.get(f"/assets/{manifest()['desk.css']}", buffered=True)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.mimetype == "text/css"


def test_a_browser_that_takes_compressed_files_gets_the_same_bytes_in_fewer(client):
    address = f"/assets/{manifest()['desk.css']}"
    plain = client.get(address, buffered=True)
    small = client.get(address, headers={"Accept-Encoding": "gzip"}, buffered=True)
    assert small.headers["Content-Encoding"] == "gzip"
    assert len(small.data) < len(plain.data) / 4
    assert gzip.decompress(small.data) == plain.data


def test_pages_that_name_no_picture_of_their_own_get_our_mark(client):
    answer = client.get("/favicon.ico", buffered=True)
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")


@pytest.mark.parametrize("name", ["manifest.json", ".done", "desk.css", "../built/manifest.json"])
def test_nothing_but_built_files_is_served(client, name):
    assert client.get(f"/assets/{name}").status_code == 404


def test_the_style_sheet_and_scripts_name_no_other_site_and_nothing_of_gov_uk(client):
    css = (BUILT / manifest()["desk.css"]).read_text()
    assert "url(http" not in css
    assert "@import" not in css
    assert "url(data:" not in css
    assert "GDS Transport" not in css
    assert "crown" not in css


def test_every_file_that_a_built_file_names_is_there():
    ours = {plain: hashed for plain, hashed in manifest().items() if not plain.startswith(WEB_FORMS)}
    for name in ours.values():
        if name.endswith((".css", ".js")):
            text = (BUILT / name).read_text()
            for other in ours.values():
                stem = other.split(".")[0]
                assert f'"./{stem}.js"' not in text, f"{name} imports {stem}.js by its plain name"
                assert not (other.endswith(".woff2") and "@font-face" in text) or other in text


def test_every_part_of_web_forms_is_found_by_the_import_map_and_speaks_the_page_s_language():
    with look_app().test_request_context():
        places = import_map()["imports"]
    parts = {
        plain.removeprefix(WEB_FORMS): hashed for plain, hashed in manifest().items() if plain.startswith(WEB_FORMS)
    }
    assert {"vue", "@getodk/web-forms"} < set(places)
    said, found = 0, set[str]()
    for plain, hashed in parts.items():
        assert places[f"/assets/{plain}"] == f"/assets/{hashed}"
        assert (BUILT / f"{hashed}.gz").exists()
        text = (BUILT / hashed).read_text()
        named = re.findall(r'^import [^;"]+ from "([^"]+)"', text, re.MULTILINE)
        for other in named:
            assert other in places or f"/assets/{other.removeprefix('./')}" in places, f"{plain} imports {other}"
        said += text.count("globalThis.formWords")
        found.update(named)
    assert {"vue", "./index-"} <= {name[:8] for name in found}
    assert said >= 20


def test_licences_of_everything_served_go_along():
    text = (BUILT / manifest()["licences.txt"]).read_text()
    served = ("atkinson-hyperlegible-next", "govuk-frontend", "@ministryofjustice/frontend", "htmx.org")
    for name in (*served, "@getodk/web-forms", "vue"):
        assert name in text
    assert "Apache License" in text
    assert "SIL OPEN FONT LICENSE" in text.upper()


def test_the_lock_says_no_address_of_a_registry():
    lock = json.loads((ASSETS / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert all("integrity" in package for package in packages.values())

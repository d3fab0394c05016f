"""Every route is closed unless it is listed: walked one by one."""

import re
from dataclasses import replace

import pytest
from werkzeug.test import Client, TestResponse

from server.access import OPEN
from server.app import create_app
from server.runtime import Runtime
from server.settings import Settings
from server.tablet.offers import Offers
from storage.database import Database
from storage.sealing import Keyring

SAFE = {"GET", "HEAD", "OPTIONS"}


@pytest.fixture
def app(tmp_path, sqlite_template, files):
    """The application with all its doors."""
    path = tmp_path / "fieldcase.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}", Keyring.of(bytes(32)))
    settings = Settings(data_dir=tmp_path, key_file=tmp_path / "master.key")
    app = create_app(running=Runtime(settings, database, files, Offers(database)))
    yield app
    database.close()


def filled_in(rule):
    """An address of the rule, every part of it filled in."""
    return re.sub(r"<(?:[^<>]*:)?(\w+)>", lambda part: "A" * 43 if part[1] == "secret" else "1", rule.rule)


def walk(app):
    """Every route: its endpoint, an address of it, and each of its methods."""
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods - {"OPTIONS"}):
            yield rule.endpoint, filled_in(rule), method


def test_every_route_is_closed_to_strangers_unless_it_is_listed(app):
    client, open_to_all, walked = Client(app, TestResponse), set(), 0
    for endpoint, path, method in walk(app):
        with client.open(path, method=method) as answer:  # Files that it gives out are closed.
            walked += 1
        assert answer.status_code != 500, (method, path)
        if endpoint in OPEN:
            open_to_all.add(endpoint)
            continue
        sent_to_sign_in = answer.status_code in {302, 303} and "sign-in" in answer.headers["Location"]
        assert sent_to_sign_in or answer.status_code in {401, 403}, (method, path, answer.status_code)
    assert walked > 20
    assert open_to_all == {endpoint for endpoint in OPEN if endpoint in app.view_functions}


def test_no_listed_route_changes_anything_for_another_site(app):
    client = Client(app, TestResponse)
    for endpoint, path, method in walk(app):
        if endpoint in OPEN and method not in SAFE:
            for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
                answer = client.open(path, method=method, headers=headers)
                assert answer.status_code in {400, 403, 415}, (method, path, headers, answer.status_code)


def test_every_name_that_is_listed_as_open_is_a_route(app):
    assert set(app.view_functions) >= OPEN


def test_an_answer_of_every_door_carries_what_closes_the_page(app):
    client = Client(app, TestResponse)
    for path in ("/sign-in", "/nowhere", "/v1/nowhere", "/v1/key/x/projects/1/formList", "/healthz"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] in {"no-referrer", "same-origin"}
        assert len(headers["X-Request-Id"]) == 16
        assert "Strict-Transport-Security" not in headers


def test_over_https_browsers_are_told_to_stay_there(app):
    running = app.extensions["fieldcase"]
    settings = replace(running.settings, base_url="https://fieldcase.example.org")
    secure = create_app(running=replace(running, settings=settings))
    assert Client(secure, TestResponse).get("/healthz").headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize("path", ["/nowhere", "/v1/nowhere", "/v1/projects/1/forms/x/y/z", "/v1", "//", "/%00", "/%ff"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "BREW"])
def test_what_is_not_there_is_said_not_to_be_there_at_every_door(app, path, method):
    answer = Client(app, TestResponse).open(path, method=method)
    assert answer.status_code in {401, 404, 405}
    assert answer.data


@pytest.mark.parametrize("doors", [("tablet",), ("desk",), ("api",), ("tablet", "api")])
def test_a_door_that_is_not_opened_is_not_there(app, doors):
    running = app.extensions["fieldcase"]
    partly = create_app(running=replace(running, settings=replace(running.settings, doors=doors)))
    assert {endpoint.partition(".")[0] for endpoint in partly.view_functions if "." in endpoint} <= {*doors, "assets"}
    client = Client(partly, TestResponse)
    for path in ("/sign-in", "/v1/key/x/projects/1/formList", "/v1/projects", "/nowhere"):
        assert client.get(path).status_code < 500

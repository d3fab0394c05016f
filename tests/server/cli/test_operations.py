"""What `fieldcase doctor` says of the machine, of the way to it, and of the days to come."""

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from sqlalchemy import text, update

from cases.tables import Source
from server.cli.durability import durability
from server.cli.forecast import disk_forecast, tablets_clocks
from server.cli.machine_checks import clock_is_kept, owner, said_of_clock
from server.cli.reach_checks import certificate, proxy
from server.figures import free_bytes
from server.settings import Settings
from submissions.tables import Attachment, Submission
from tests.authority import Authority, Certified
from tests.conftest import NOON
from tests.make import YES, Make, upload


def settings(folder: Path = Path("/nowhere"), **more) -> Settings:
    return Settings(data_dir=folder, key_file=folder / "master.key", **more)


@pytest.mark.parametrize(
    "more, state, word",
    [
        ({}, "ok", "none is declared"),
        ({"base_url": "https://fieldcase.example.org"}, "warn", "no declared proxy"),
        ({"base_url": "https://fieldcase.example.org", "behind_proxy": True}, "ok", "one is declared"),
        ({"base_url": "http://192.0.2.7", "behind_proxy": True}, "warn", "not encrypted"),
        ({"base_url": "https://a.example.org", "behind_proxy": True, "host": "0.0.0.0"}, "warn", "directly"),
    ],
)
def test_a_proxy_is_declared_exactly_where_one_stands(more, state, word):
    said = proxy(settings(**more))
    assert said.state == state
    assert word in said.says
    assert said.do or state == "ok"


class Answer(BaseHTTPRequestHandler):
    """A proxy that answers everything with one status."""

    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Silent."""


@contextmanager
def tls(certified: Certified | None, status: int = 200) -> Iterator[str]:
    """The address of a server on this machine with this certificate, or with none."""

    class Quiet(HTTPServer):
        def handle_error(self, *_words: object) -> None:
            """A client that trusts nobody hangs up, as it should."""

    server = Quiet(("127.0.0.1", 0), type("Handler", (Answer,), {"status": status}))
    if certified is not None:
        server.socket = certified.server_context().wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"https://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def authority(tmp_path, monkeypatch) -> Authority:
    """An authority that this machine trusts, as it trusts the public ones."""
    held = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(held.trusted))
    return held


@pytest.mark.parametrize(
    "days, status, state, word",
    [
        (30, 200, "ok", "the proxy reaches Fieldcase"),
        (30, 502, "warn", "/healthz answers 502"),
        (10, 200, "warn", "9 days"),
        (2, 200, "bad", "1 days"),
        (-1, 200, "bad", "expired"),
    ],
)
def test_a_certificate_on_this_machine_is_looked_at(authority, days, status, state, word):
    with tls(authority.certify("localhost", days=days), status) as address:
        said = certificate(settings(base_url=address))
    assert (said.state, word in said.says) == (state, True), said


def test_a_certificate_that_tablets_do_not_trust_is_bad(tmp_path):
    with tls(Authority(tmp_path).certify("localhost")) as address:
        said = certificate(settings(base_url=address))
    assert said.state == "bad"
    assert "tablets do not trust it" in said.says


def test_a_certificate_for_another_name_is_bad(authority):
    with tls(authority.certify("fieldcase.example.org")) as address:
        assert certificate(settings(base_url=address)).state == "bad"


def test_where_no_tls_is_spoken_it_is_told(tmp_path):
    with tls(None) as address:
        assert "speaks no TLS" in certificate(settings(base_url=address)).says
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        said = certificate(settings(base_url=f"https://localhost:{closed.getsockname()[1]}"))
    assert (said.state, "nobody answers" in said.says) == ("bad", True)


@pytest.mark.parametrize("host", ["192.0.2.7", "fieldcase.example.org"])
def test_another_machine_is_never_called(host):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = certificate(settings(base_url=f"https://{host}:{port}"))
    assert (said.state, "another machine" in said.says) == ("ok", True)
    assert f"openssl s_client -connect {host}:{port}" in said.do


def test_a_name_that_leads_to_a_router_first_is_looked_at_over_the_loopback(authority):
    with tls(authority.certify("fieldcase.example.org")) as address:
        said = certificate(settings(base_url=address.replace("localhost", "fieldcase.example.org")))
    assert (said.state, "reaches Fieldcase" in said.says) == ("ok", True)


def test_files_of_another_user_are_told(tmp_path):
    assert owner(settings(tmp_path)).state == "ok"
    if os.geteuid():
        assert owner(settings(Path("/usr/share/doc"))).state == "warn"
        return
    (tmp_path / "fieldcase.db-wal").touch()
    os.chown(tmp_path / "fieldcase.db-wal", 12345, 12345)
    said = owner(settings(tmp_path))
    assert (said.state, said.says.split()[0]) == ("bad", "1")
    os.chown(tmp_path, 12345, 12345)
    os.chown(tmp_path / "fieldcase.db-wal", 12345, 12345)
    assert owner(settings(tmp_path)).do == "sudo -u user 12345 fieldcase ..."


def test_a_clock_that_nobody_keeps_is_a_warning():
    assert [said_of_clock(kept).state for kept in (True, False, None)] == ["ok", "warn", "ok"]
    assert clock_is_kept() in {True, False, None}


def received(make: Make, at: datetime) -> None:
    """A submission with a picture of 2,000 bytes."""
    form = make.plain() if not make.session.query(Submission).count() else make.offered("plain")
    instance = make.instance(form, "<name>Invented</name><photo>a.jpg</photo>")
    make.receive(instance, form, upload("a.jpg", b"x" * 2000), now=at)


def test_the_disk_is_foretold_from_what_came_in_lately(make, tmp_path):
    session, here = make.session, settings(tmp_path)
    assert disk_forecast(session, here, NOON).says == "nothing came in within 14 days"
    for days in (40, 30, 4, 2):
        received(make, NOON - timedelta(days=days))
    said = disk_forecast(session, here, NOON)
    assert (said.state, "room for" in said.says) == ("ok", True)
    session.execute(update(Attachment).values(size=free_bytes(tmp_path) // 10))
    assert "room for 70 days" in disk_forecast(session, here, NOON).says  # Two within 14 days take a tenth each.
    session.execute(update(Attachment).values(size=free_bytes(tmp_path) // 5))
    assert disk_forecast(session, here, NOON).state == "warn"
    session.execute(update(Attachment).values(size=free_bytes(tmp_path) * 4))
    assert disk_forecast(session, here, NOON).state == "bad"


def test_what_lies_elsewhere_fills_no_disk_here(make, tmp_path):
    received(make, NOON - timedelta(days=1))
    far = settings(tmp_path, files_url="s3://bucket/files", database_url="postgresql://fieldcase@192.0.2.7/fieldcase")
    assert "other machines" in disk_forecast(make.session, far, NOON).says


def test_a_tablet_with_a_wrong_clock_is_named_until_it_is_right(make):
    session, form = make.session, make.form()
    tablets = [make.device(f"Tablet {number}") for number in range(1, 5)]
    for tablet in tablets:
        make.filed(make.instance(form, YES), form, device=tablet)
    assert tablets_clocks(session, settings(), NOON).state == "ok"

    def shifted(shift: timedelta, *names: str) -> None:
        ids = [tablet.id for tablet in tablets if tablet.name in names]
        sent = session.scalars(Submission.__table__.select().where(Submission.device_id.in_(ids))).all()
        session.execute(update(Source).where(Source.submission_id.in_(sent)).values(observed_at=NOON + shift))

    shifted(timedelta(days=-20), "Tablet 1")
    assert tablets_clocks(session, settings(), NOON).state == "ok"  # Three weeks without a network are nothing odd.
    shifted(timedelta(hours=3), "Tablet 1")
    said = tablets_clocks(session, settings(), NOON)
    assert (said.state, said.says) == ("warn", "Tablet 1: the clock is wrong")
    shifted(timedelta(days=-20_000), "Tablet 2", "Tablet 3")
    assert "3 of 4 tablets claim other times than this machine's" in tablets_clocks(session, settings(), NOON).says
    for tablet in tablets:
        make.filed(make.instance(form, YES), form, device=tablet)
    assert tablets_clocks(session, settings(), NOON).state == "ok"


PRETEND = """
CREATE SCHEMA pretend;
CREATE FUNCTION pretend.current_setting(name text) RETURNS text LANGUAGE sql AS $$
SELECT CASE name WHEN '{name}' THEN '{value}' WHEN 'fsync' THEN 'on' WHEN 'synchronous_commit' THEN 'on'
WHEN 'full_page_writes' THEN 'on' ELSE pg_catalog.current_setting(name) END $$;
SET LOCAL search_path = pretend, public, pg_catalog;
"""


@pytest.mark.parametrize(
    "name, value, state, word",
    [
        ("fsync", "on", "ok", "confirms what is on the disk"),
        ("fsync", "off", "bad", "fsync is off"),
        ("synchronous_commit", "off", "bad", "synchronous_commit is off"),
        ("full_page_writes", "off", "bad", "full_page_writes is off"),
        ("server_version_num", "130011", "warn", "no longer mended"),
        ("max_connections", "1", "warn", "connections are taken"),
    ],
)
def test_a_database_that_confirms_too_early_is_told(session, name, value, state, word):
    if session.get_bind().dialect.name == "sqlite":
        assert durability(session, settings(), NOON).state == "ok"
        return
    session.execute(text(PRETEND.format(name=name, value=value)))
    said = durability(session, settings(database_url="postgresql://fieldcase@127.0.0.1/fieldcase"), NOON)
    assert (said.state, word in said.says) == (state, True), said


def test_doctor_tells_all_of_it(fieldcase):
    said = {one["name"] for one in json.loads(fieldcase.run("doctor", "--json").stdout)["checks"]}
    assert {"owner", "time keeping", "proxy", "certificate", "disk forecast", "tablets' clocks", "durability"} <= said

"""A database gone or locked, a disk that is full: the tablet is told at once, nothing is lost, and all mends itself."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.collect.store import Instance
from tests.proofs import ledger
from tests.proofs.outages import Diary, Heard, PostgresqlServer, limit_files, locked, small_disk
from tests.proofs.rig import PROOF, Node, Site, all_at_once, at, deliver, filled, slowness
from tests.server.cli.conftest import Fieldcase

pytestmark = PROOF

SOON, AGAIN = 2.0, 5.0  # seconds until the first 503, and until all is well by itself, on a quiet machine
LANES = 4


@pytest.fixture
def postgresql() -> Iterator[PostgresqlServer]:
    server = PostgresqlServer()
    yield server
    server.close()


@pytest.fixture
def own_site(bare: Fieldcase, postgresql: PostgresqlServer) -> Iterator[Site]:
    """An installation on a PostgreSQL server of its own."""
    bare.environment["FIELDCASE_DATABASE_URL"] = postgresql.url
    made = bare.run("init")
    assert made.exit_code == 0, made.stderr
    site = Site(bare)
    yield site
    site.end()


class Load:
    """Tablets that send one instance after the other, each until it is acknowledged."""

    def __init__(self, site: Site) -> None:
        self.diaries = [Diary(site.tablet(timeout=30)) for _ in range(LANES)]
        self.sent: list[Instance] = []
        self.stopped = False

    def lane(self, lane: int) -> None:
        number = 0
        while not self.stopped:
            number += 1
            instance = filled(100_000 * (lane + 1) + number, photos=number % 2, size=20_000)
            deliver(self.diaries[lane].tablet, instance, seconds=600)
            self.sent.append(instance)

    def heard(self) -> list[Heard]:
        return [one for diary in self.diaries for one in diary.heard]


def under_load(site: Site, happening: object) -> Load:
    """What the tablets heard while something happened to the server, told in `happening`."""
    load = Load(site)

    def happen() -> None:
        try:
            happening()  # type: ignore[operator]
        finally:
            load.stopped = True

    all_at_once([happen, *(lambda lane=lane: load.lane(lane) for lane in range(LANES))])
    return load


def test_a_database_that_is_shut_down_under_load_is_said_at_once_and_missed_no_longer_than_it_is_gone(
    own_site: Site, postgresql: PostgresqlServer, record_property
):
    gone, moments = at(60.0, 8.0), []
    server = own_site.start()

    def outage() -> None:
        time.sleep(2)
        moments.append(time.monotonic())
        postgresql.stop()
        time.sleep(gone)
        postgresql.start()
        moments.append(time.monotonic())
        time.sleep(3)

    load = under_load(own_site, outage)
    ledger.all_filed(own_site)
    server.stop()
    stopped, started = moments
    during = [one for one in load.heard() if one.asked > stopped + 1 and one.came < started - 1]
    refused = [one for one in load.heard() if one.status == 503]
    told = min(one.came for one in refused) - stopped
    back = min(one.came for one in load.heard() if one.status == 201 and one.came > started) - started
    assert {(one.status, one.retry_after is None) for one in during} == {(503, False)}
    assert {one.status for one in load.heard()} <= {201, 204, 503}
    assert ledger.check(own_site, acknowledged=load.sent) == len(load.sent)
    assert told <= SOON * slowness()
    assert max(one.took for one in refused) <= SOON * slowness()
    assert back <= AGAIN * slowness()
    record_property("gone for", f"{gone:.0f} s")
    record_property("first 503 after", f"{told:.2f} s")
    record_property("longest wait for a 503", f"{max(one.took for one in refused):.2f} s")
    record_property("first 201 after it was back", f"{back:.2f} s")
    record_property("acknowledged", len(load.sent))


def test_a_database_that_another_process_locks_is_said_in_time(small_site: Site, record_property):
    server, held_for = small_site.start(), at(30.0, 6.0)
    database = small_site.fieldcase.data / "fieldcase.db"

    def lock() -> None:
        time.sleep(1)
        with locked(database):
            time.sleep(held_for)
        time.sleep(2)

    load = under_load(small_site, lock)
    ledger.all_filed(small_site)
    server.stop()
    refused = [one for one in load.heard() if one.status == 503]
    assert {one.retry_after is None for one in refused} == {False}
    assert {one.status for one in load.heard()} == {201, 204, 503}
    assert ledger.check(small_site, acknowledged=load.sent) == len(load.sent)
    assert max(one.took for one in refused) <= SOON * slowness()
    record_property("locked for", f"{held_for:.0f} s")
    record_property("503s", len(refused))
    record_property("longest wait for one", f"{max(one.took for one in refused):.2f} s")


def test_a_full_disk_is_said_leaves_nothing_half_written_and_is_forgotten_when_there_is_room(
    bare: Fieldcase, record_property
):
    size = at(64, 24)
    with ExitStack() as stack:
        mounted = stack.enter_context(small_disk(bare.data, size))
        assert bare.run("init").exit_code == 0
        site = Site(bare)
        stack.callback(site.end)
        server = site.start()
        tablet, sent = site.tablet(), []
        diary = Diary(tablet)
        ballast = bare.data / "ballast"

        def send(count: int, photos: int = 1) -> list[int]:
            statuses = []
            for _ in range(count):
                instance = filled(len(sent) + 1, photos=photos, size=1_000_000)
                outcome = tablet.submit(instance)
                statuses.append(outcome.statuses[-1])
                sent.extend([instance] if outcome.sent else [])
            return statuses

        assert send(2) == [201, 201]
        for _ in range(2):
            if mounted:
                fill_up(ballast, size)
            else:
                limit_files(server, 4096)
            assert set(send(5)) == {503}
            assert set(send(3, photos=0)) <= {201, 503}
            assert halves(site) == []
            ballast.unlink(missing_ok=True)
            limit_files(server, None)
            assert_well(server, lambda: send(1) == [201])
        ledger.all_filed(site)
        refused = [one for one in diary.heard if one.status == 503]
        assert {one.retry_after is None for one in refused} == {False}
        server.stop()
        held = ledger.check(site, acknowledged=sent)
    record_property("disk", f"{size} MB, {'a real one' if mounted else 'a limit on files'}")
    record_property("503s", len(refused))
    record_property("held", held)


def fill_up(ballast: object, size: int) -> None:
    """Nothing more fits on the disk."""
    with open(ballast, "wb", buffering=0) as file:  # type: ignore[call-overload]  # noqa: PTH123
        try:
            for block in (1024 * 1024, 4096):
                for _ in range(size * 1024 * 1024 // block):
                    file.write(bytes(block))
        except OSError:
            file.write(b"")
    _top_up(ballast)


def _top_up(ballast: object) -> None:
    with open(ballast, "ab", buffering=0) as file:  # type: ignore[call-overload]  # noqa: PTH123
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


def halves(site: Site) -> list[str]:
    """Files that somebody began to write."""
    return [path.name for path in (site.fieldcase.data / "files").rglob("*.half")]


def assert_well(server: Node, well: object) -> None:
    """Within the time, without a new start."""
    until = time.monotonic() + AGAIN * slowness()
    while not well():  # type: ignore[operator]
        assert server.alive
        assert time.monotonic() < until, "it does not recover by itself"
        time.sleep(0.2)

"""Many tablets that return at once are no event: nothing is lost or doubled, and who must wait is told how long."""

import random
import threading
import time

from tests.collect.faults import Faults
from tests.proofs import ledger
from tests.proofs.rig import PROOF, Site, all_at_once, at, filled, listen_to, slowness

pytestmark = PROOF

TABLETS, EACH, PHOTO = at((200, 5, 1_000_000), (24, 3, 150_000))
THREADS = 8  # of the server
LOST = 0.3  # of the answers
SYNCED = 180.0  # seconds, on a quiet machine of two cores


def number_of(lane: int, number: int) -> int:
    return 1_000 * (lane + 1) + number


def test_all_tablets_return_at_once_over_bad_links_and_nothing_is_lost_or_doubled(site, record_property):
    server = site.start()
    tablets = [site.tablet() for _ in range(TABLETS)]
    refusals = [listen_to(tablet) for tablet in tablets]
    start = threading.Barrier(TABLETS)

    def sync(lane: int) -> None:
        tablet, chance, links = tablets[lane], random.Random(lane), Faults(seed=lane, lose_answer=LOST)
        start.wait()
        for number in range(EACH):
            instance = filled(number_of(lane, number), photos=1, size=PHOTO)
            until = time.monotonic() + 1_800
            while not tablet.submit(instance, links).sent:
                assert time.monotonic() < until, "never acknowledged"
                time.sleep(chance.uniform(0.05, 0.2))

    begun = time.monotonic()
    all_at_once([lambda lane=lane: sync(lane) for lane in range(TABLETS)])
    took = time.monotonic() - begun
    ledger.all_filed(site)
    caught_up = time.monotonic() - begun - took
    peak = server.memory("VmHWM")
    server.stop()
    told = [refusal for heard in refusals for refusal in heard]
    assert [refusal for refusal in told if refusal[0] != 503 or not refusal[1]] == []
    sent = (filled(number_of(lane, n), photos=1, size=PHOTO) for lane in range(TABLETS) for n in range(EACH))
    assert ledger.check(site, acknowledged=sent) == TABLETS * EACH
    attempts = [attempt for tablet in tablets for attempt in tablet.journal.attempts]
    assert sum(attempt.status == 0 for attempt in attempts) > TABLETS * EACH * LOST / 3
    assert took <= SYNCED * slowness()
    record_property("submissions", f"{TABLETS} tablets x {EACH}, {PHOTO / 1e6:g} MB of photo each")
    record_property("posts", len(attempts))
    record_property("refused", len(told))
    record_property("all acknowledged after", f"{took:.1f} s")
    record_property("all filed after another", f"{caught_up:.1f} s")
    record_property("peak memory", f"{peak:.0f} MB")


def test_a_storm_of_one_post_makes_one_row_with_one_effect(site, record_property):
    clients, posts = at((20, 1_000), (10, 120))
    server, instance = site.start(), filled(1, photos=2)
    tablets = [site.tablet() for _ in range(clients)]
    start, outcomes = threading.Barrier(clients), []

    def storm(lane: int) -> None:
        start.wait()
        for _ in range(posts // clients):
            outcomes.append(tablets[lane].submit(filled(1, photos=2)).statuses)

    begun = time.monotonic()
    all_at_once([lambda lane=lane: storm(lane) for lane in range(clients)])
    took = time.monotonic() - begun
    ledger.all_filed(site)
    server.stop()
    assert set(outcomes) == {(201,)}
    assert ledger.check(site, acknowledged=[instance]) == 1
    assert files(site) <= 2 * THREADS, "what is known was written again"  # Those at the same moment know nothing yet.
    record_property("posts", posts)
    record_property("clients", clients)
    record_property("took", f"{took:.1f} s")


def files(site: Site) -> int:
    """How many files lie on the disk."""
    return sum(path.is_file() for path in (site.fieldcase.data / "files").rglob("*"))

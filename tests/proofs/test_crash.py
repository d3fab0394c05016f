"""A server that is killed at any moment has lost nothing that it acknowledged, and doubled nothing."""

import random
import time

from storage.faults import POINTS
from tests.proofs import ledger
from tests.proofs.rig import PROOF, READY, Site, all_at_once, at, deliver, filled, slowness

pytestmark = PROOF

RECEIVING = [point for point in POINTS if int(point[1:]) < 10]
FILING = [point for point in POINTS if int(point[1:]) >= 10]


def ready_in_time(site: Site) -> bool:
    return max(site.starts) <= READY * slowness()


def test_a_server_killed_at_any_step_of_custody_has_lost_and_doubled_nothing(site, record_property):
    times = at(5, 1)
    tablet, number = site.tablet(timeout=20), 1
    calm = filled(number, photos=2)
    server = site.start()
    deliver(tablet, calm)
    server.kill()

    victims = []
    for point in RECEIVING * times:
        server = site.start(FIELDCASE_FAULT_AT=point)
        number += 1
        victims.append(filled(number, photos=2))
        outcome = tablet.submit(victims[-1])
        server.killed_itself()
        assert point == "K8" or not outcome.sent, f"acknowledged at {point}"

    server = site.start()
    for victim in [calm, *victims]:
        deliver(tablet, victim)
    ledger.all_filed(site)
    server.stop()
    assert ledger.check(site, acknowledged=[calm, *victims]) == 1 + len(victims)

    for _ in range(times):
        server = site.start(FIELDCASE_FILING="off")
        for _point in FILING:
            number += 1
            victims.append(filled(number, photos=1))
            deliver(tablet, victims[-1])
        server.kill()
        for point in FILING:
            site.spawn(FIELDCASE_FAULT_AT=point).killed_itself()
    server = site.start(forked=False)
    ledger.all_filed(site)
    for victim in victims:
        deliver(tablet, victim)
    server.stop()
    assert ledger.check(site, acknowledged=[calm, *victims]) == 1 + len(victims)
    assert ready_in_time(site), site.starts
    record_property("points", len(POINTS) * times)
    record_property("slowest start", f"{max(site.starts):.1f} s")


def test_a_server_killed_at_random_under_load_has_lost_and_doubled_nothing(site, record_property):
    kills = at(200, 10)
    chance = random.Random(7)
    tablets, stopped = [site.tablet(timeout=20) for _ in range(4)], []
    tried: list[list] = [[] for _ in tablets]
    refused: list[list] = [[] for _ in tablets]

    def send(lane: int) -> None:
        tablet, number = tablets[lane], 0
        while not stopped:
            number += 1
            instance = filled(1_000_000 * (lane + 1) + number, photos=number % 3, size=20_000)
            tried[lane].append(instance)
            until = time.monotonic() + 600
            while not tablet.submit(instance).sent and time.monotonic() < until:
                time.sleep(0.02)
            if number % 5 == 0:
                wrong = filled(1_000_000 * (lane + 1) + 500_000 + number, form_id="unknown")
                refused[lane].append(tablet.submit(wrong).statuses)

    def kill() -> None:
        try:
            for _ in range(kills):
                server = site.start()
                time.sleep(chance.uniform(0, 0.8))
                server.kill()
            site.start(forked=False)
        finally:
            stopped.append(True)

    all_at_once([kill, *(lambda lane=lane: send(lane) for lane in range(len(tablets)))])
    ledger.all_filed(site)
    sent = [instance for lane in tried for instance in lane]
    promised = {done.instance_id for tablet in tablets for done in tablet.journal.acknowledged}
    acknowledged = [instance for instance in sent if instance.instance_id in promised]
    assert len(acknowledged) == len(sent)
    assert {status for lane in refused for statuses in lane for status in statuses} <= {0, 404}
    held = ledger.check(site, acknowledged=acknowledged)
    assert ready_in_time(site), site.starts
    record_property("kills", kills)
    record_property("acknowledged", len(acknowledged))
    record_property("held", held)
    attempts = [attempt for tablet in tablets for attempt in tablet.journal.attempts]
    record_property("posts that broke off", sum(attempt.status == 0 for attempt in attempts))

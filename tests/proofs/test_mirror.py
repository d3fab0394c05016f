"""What the mirror costs: the same posts with and without it, in turn, on one machine."""

import platform
from statistics import median

import pytest

from storage.mirror import Mirror
from tests.bench.load import run
from tests.proofs.rig import at
from tests.server.cli.conftest import BOUNDARY, multipart

pytestmark = pytest.mark.proof

NAMED = "uuid:00000000-0000-4000-8000-000000000000"
XML = (
    '<data id="small" version="1"><wants>yes</wants><alias>Invented</alias><followup>1</followup>'
    f"<meta><instanceID>{NAMED}</instanceID></meta></data>"
)
PHOTO = bytes(range(250)) * 800  # 200 kB
CONNECTIONS, ROUNDS = 8, 3
DEAREST = 0.2  # of the rate without a mirror, below which something is wrong with it


def request(path: str, *files: tuple[str, bytes]) -> bytes:
    """A whole post; its instance id is exchanged for a new one each time it is sent."""
    body = multipart(XML, *files)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize(("kind", "files"), [("answers", ()), ("answers and a photo", (("a.jpg", PHOTO),))])
def test_a_mirror_costs_a_part_of_the_rate_and_holds_every_post(embedded, record_property, kind, files):
    embedded.publish()
    path = f"/v1/key/{embedded.json('device', 'enrol', 'Tablet 01')['secret']}/projects/1/submission"
    post, total = request(path, *files), at(2000, 100) // (4 if files else 1)
    mirror = Mirror(embedded.folder / "mirror")
    settings = {"without": {}, "with": {"FIELDCASE_MIRROR_DIR": str(mirror.folder)}}
    rates: dict[str, list[float]] = {name: [] for name in settings}
    times: dict[str, list[float]] = {name: [] for name in settings}
    for _round in range(at(ROUNDS, 1)):
        for name, more in settings.items():
            with embedded.serving(FIELDCASE_FILING="off", **more) as server:
                run("127.0.0.1", server.port, post, CONNECTIONS, CONNECTIONS * 2)
                done = run("127.0.0.1", server.port, post, CONNECTIONS, total)
                assert done["errors"] == 0
                rates[name].append(done["rate"])
                times[name].append(done["p99"])
                assert server.stop() == 0
    posted = at(ROUNDS, 1) * (total + CONNECTIONS * 2)
    assert len(mirror.receipts()) == posted
    assert embedded.json("mirror", "replay", "--from", str(mirror.folder))["replayed"] == {"already held": posted}
    record_property("machine", f"{platform.machine()}, Python {platform.python_version()}")
    for name in settings:
        record_property(f"{kind}, {name} a mirror", f"{median(rates[name])} a second, p99 {median(times[name])} ms")
    assert median(rates["with"]) >= DEAREST * median(rates["without"])

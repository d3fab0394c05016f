"""Bad requests on the tablet door: each gets its answer, in words a tablet can show, and leaves nothing behind."""

import re

import pytest

from tests.proofs import ledger
from tests.proofs.hostile import http, parts, wire, xml
from tests.proofs.rig import PROOF, Site, deliver, filled

pytestmark = PROOF

ROWS = [*xml.ROWS, *parts.ROWS, *http.ROWS]
LARGEST = 20 * 1024 * 1024  # bytes of a post here, so that too much is soon sent
GROWTH = 150.0  # MB


def names(site: Site) -> list[str]:
    """What the files are called that came with submissions."""
    return [name for found in ledger.kept(site).values() for one in found for name, _digest in one.files]


def test_every_bad_request_has_a_name_of_its_own():
    assert len({row.name for row in ROWS}) == len(ROWS) > 250


def test_bad_requests_are_answered_in_words_and_leave_nothing_behind(site, record_property):
    server = site.start(FIELDCASE_LARGEST_POST=str(LARGEST))
    tablet = site.tablet()
    deliver(tablet, filled(1, photos=1))
    before, wrong = server.memory(), {}
    with wire.canary() as listening, ledger.counting(site) as rows:
        known = {wire.PATH: site.path.encode(), wire.CANARY: b"%08d" % listening.getsockname()[1]}
        for row in ROWS:
            was = rows()
            said = wire.judge(row, wire.talk(server.port, row, known))
            stored = rows() - was
            if said or stored != row.stores:
                wrong[row.name] = said or f"{stored} rows"
        with pytest.raises(TimeoutError):
            listening.accept()
    assert wrong == {}
    growth = server.memory() - before
    deliver(tablet, filled(2, photos=1))
    unsafe = [name for name in names(site) if re.search(r"[/\\\x00-\x1f\x7f]", name) or name in {"", ".", ".."}]
    assert unsafe == []
    log = server.log.read_text()
    assert re.findall(r"level=(?:error|critical).*|Traceback.*", log) == []
    assert growth <= GROWTH
    record_property("requests", len(ROWS))
    record_property("memory grew by", f"{growth:.0f} MB")

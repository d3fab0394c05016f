"""Several nodes on one PostgreSQL behind nginx: any may die; one that only takes in can read nothing back."""

import http.client
import itertools
import os
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import select

from storage.database import Base, Database
from storage.keyfile import read_intake_file, read_key_file
from storage.sealing import HPKE, ID_BYTES, IntakeKeys, KeysLocked, SealBroken, unseal
from submissions.opening import open_attachments, open_xml
from submissions.parts import envelope_place as part_place
from submissions.receive import envelope_place, xml_place
from submissions.tables import Attachment, Submission
from tests.authority import Authority
from tests.bench.load import INSTANCE, run
from tests.collect.wire import Route
from tests.conftest import NewPostgresql
from tests.deploy.fronts import HOST, Nginx
from tests.proofs import ledger
from tests.proofs.hostile.wire import PATH, body, request, xml_part
from tests.proofs.outages import Diary
from tests.proofs.rig import PROOF, Node, Site, all_at_once, at, deliver, filled
from tests.server.cli.conftest import Fieldcase, free_port

pytestmark = PROOF

LANES, PAUSE = at((6, 0.0), (3, 0.1))  # tablets, and seconds between what each sends
NAME = "Planted Invented"


@pytest.fixture
def shared(bare: Fieldcase, new_postgresql: NewPostgresql) -> Iterator[Site]:
    """An installation on a PostgreSQL database that several nodes may share."""
    bare.environment |= {"FIELDCASE_DATABASE_URL": new_postgresql(), "FIELDCASE_FILING": "worker"}
    made = bare.run("init")
    assert made.exit_code == 0, made.stderr
    site = Site(bare)
    yield site
    site.end()


class Balancer(Nginx):
    """nginx with deploy/nginx.conf before several nodes."""

    nodes: tuple[int, ...] = ()

    def written(self) -> str:
        lines = " ".join(f"server 127.0.0.1:{port};" for port in self.nodes)
        return super().written().replace(f"server 127.0.0.1:{self.node};", lines)


def test_nodes_and_workers_die_every_few_seconds_under_load_and_nothing_is_lost(shared: Site, record_property):
    deaths, every = at((48, 5.0), (4, 1.0))
    shared.fieldcase.environment |= {"FIELDCASE_BASE_URL": f"https://{HOST}", "FIELDCASE_BEHIND_PROXY": "1"}
    folder = shared.fieldcase.folder / "front"
    folder.mkdir()
    authority, ports = Authority(folder), (free_port(), free_port())
    certified = authority.certify(HOST)
    front = Balancer(folder, ports[0], certified.chain, certified.key)
    front.nodes = ports
    kinds = [("serve", ports[0]), ("serve", ports[1]), ("worker", None), ("worker", None)]
    nodes: list[Node] = [shared.start(kind, port=port) for kind, port in kinds]
    route = {HOST: Route("127.0.0.1", front.https)}
    tablets = [shared.tablet(f"https://{HOST}", routes=route, tls=authority.client_context()) for _ in range(LANES)]
    diaries, sent, stopped, kills = [Diary(tablet) for tablet in tablets], [], [], []

    def send(lane: int) -> None:
        for number in itertools.count(1):
            if stopped:
                return
            instance = filled(100_000 * (lane + 1) + number, photos=number % 3, size=30_000)
            deliver(tablets[lane], instance, seconds=600)
            sent.append(instance)
            time.sleep(PAUSE)

    def kill() -> None:
        try:
            for victim in itertools.islice(itertools.cycle((0, 2, 1, 3)), deaths):
                time.sleep(every)
                nodes[victim].kill()
                kills.append(victim)
                kind, port = kinds[victim]
                nodes[victim] = shared.start(kind, port=port)
        finally:
            stopped.append(True)

    front.start()
    try:
        all_at_once([kill, *(lambda lane=lane: send(lane) for lane in range(LANES))])
    finally:
        front.stop()
    ledger.all_filed(shared)
    for node in nodes:
        node.stop()
    heard = [one for diary in diaries for one in diary.heard]
    assert {one.status for one in heard} <= {0, 201, 204, 503}
    assert {one.retry_after is None for one in heard if one.status == 503} <= {False}
    assert ledger.check(shared, acknowledged=sent) == len(sent)
    record_property("kills", len(kills))
    record_property("acknowledged", len(sent))
    record_property("requests that broke off or were put off", sum(one.status in (0, 503) for one in heard))


def test_two_nodes_take_twice_the_work_of_one(shared: Site, record_property):
    """By their rate where there are cores enough, else by the seconds that a submission costs."""
    posts = at(4_000, 240)
    meta = b"<meta><instanceID>" + INSTANCE + b"</instanceID></meta>"
    xml = b'<data id="proof" version="1"><wants>no</wants>' + meta + b"</data>"
    post = request(body(xml_part(xml))).replace(PATH, shared.path.encode())
    ports = (free_port(), free_port())
    nodes = [shared.start(port=port) for port in ports]

    def measure(used: list[Node]) -> tuple[float, float]:
        """Posts a second and CPU milliseconds of the nodes for each."""
        rates: list[float] = []

        def load(node: Node) -> None:
            done = run("127.0.0.1", node.port, post, 8, posts // len(used))
            assert done["errors"] == 0
            rates.append(done["rate"])

        spent = sum(node.cpu() for node in used)
        all_at_once([lambda node=node: load(node) for node in used])
        return sum(rates), (sum(node.cpu() for node in used) - spent) / posts * 1000

    for node in nodes:
        run("127.0.0.1", node.port, post, 8, 40)  # What is read once is read.
    one, two = measure(nodes[:1]), measure(nodes)
    for node in nodes:
        node.stop()
    cores = len(os.sched_getaffinity(0))
    assert two[1] <= one[1] * at(1.25, 1.6), "a second node makes each submission dearer"
    if cores >= 8 and at(True, False):
        assert two[0] >= 1.6 * one[0]
    record_property("cores", cores)
    record_property("one node", f"{one[0]:.0f} a second, {one[1]:.2f} ms of CPU each")
    record_property("two nodes", f"{two[0]:.0f} a second, {two[1]:.2f} ms of CPU each")


def test_a_node_that_holds_the_intake_key_alone_takes_in_and_can_read_nothing_back(shared: Site, record_property):
    home = shared.fieldcase.folder / "intake"
    (home / "data").mkdir(parents=True)
    (home / "data/files").symlink_to(shared.fieldcase.data / "files")
    key = home / "intake.key"
    assert shared.fieldcase.run("key", "intake", str(key)).exit_code == 0
    holds = {"FIELDCASE_DATA_DIR": str(home / "data"), "FIELDCASE_INTAKE_KEY_FILE": str(key), "HOME": str(home)}
    node = shared.start(FIELDCASE_KEY_FILE=str(home / "none.key"), **holds)
    tablet, sent = shared.tablet(), [filled(number, photos=2, name=NAME) for number in range(1, 6)]
    for instance in sent:
        deliver(tablet, instance)
        deliver(tablet, instance)

    url, intake = shared.fieldcase.url, read_intake_file(key)
    assert locked(url, intake) == len(sent)
    opened, tries = try_everything(url, (intake.public, intake.fingerprint_key, intake.audit_key))
    assert opened == 0
    private = read_key_file(shared.fieldcase.key).private.private_bytes_raw()
    assert try_everything(url, [private])[0] == len(sent) * 3, "the search does not find what there is"
    assert NAME not in everything_in(url)
    assert NAME.encode() not in b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    secrets = secrets_of(shared.fieldcase.key)
    assert in_memory(node, secrets) == []
    for path in ("/", "/sign-in", "/cases", "/v1/sessions", "/v1/projects/1/forms/proof/submissions/x.xml"):
        assert status(node, path) in (401, 404)
    node.stop()

    whole = shared.start()  # The same search finds them where they are.
    assert in_memory(whole, secrets) != []
    worker = shared.start("worker")
    ledger.all_filed(shared)
    whole.stop()
    worker.stop()
    assert ledger.check(shared, acknowledged=sent) == len(sent)
    record_property("taken in", len(sent))
    record_property("tries to open it again", tries)


def locked(url: str, intake: IntakeKeys) -> int:
    """How many submissions the keys refuse to open by the acts that open them."""
    refused, database = 0, Database(url, intake)
    with database.read() as session:
        for row in session.scalars(select(Submission)):
            with pytest.raises(KeysLocked):
                open_xml(session, row)
            with pytest.raises(KeysLocked):
                open_attachments(session, row.id)
            refused += 1
    database.close()
    return refused


def try_everything(url: str, keys: Iterable[bytes]) -> tuple[int, int]:
    """How much can be opened by these keys, each taken for every kind of key there is, and how many tries it took."""
    database = Database(url, IntakeKeys(*[bytes(32)] * 3))
    with database.read() as session:
        rows = session.scalars(select(Submission)).all()
        sealed = [(row.envelope, envelope_place(row.form_pk, row.instance_id, row.variant)) for row in rows]
        sealed += [(row.sealed_xml, xml_place(row.form_pk, row.instance_id, row.variant)) for row in rows]
        sealed += [(part.envelope, part_place(part.id)) for part in session.scalars(select(Attachment))]
    database.close()
    tries = [
        way(key, content, place) for content, place in sealed for key in keys for way in (with_key, with_private_key)
    ]
    return sum(tries), len(tries)


def with_key(key: bytes, sealed: bytes, place: str) -> bool:
    try:
        return bool(unseal(key, sealed, place))
    except (SealBroken, ValueError):
        return False


def with_private_key(key: bytes, sealed: bytes, place: str) -> bool:
    """Whatever stands before the sealed part: nothing, a version, a version and the name of a key."""
    for head in (0, 1, 1 + ID_BYTES):
        try:
            return bool(HPKE.decrypt(sealed[head:], X25519PrivateKey.from_private_bytes(key), info=place.encode()))
        except (InvalidTag, ValueError):
            continue
    return False


def everything_in(url: str) -> str:
    """Every value of every row of the database, as text."""
    database = Database(url, IntakeKeys(bytes(32), bytes(32), bytes(32)))
    with database.read() as session:
        rows = [row for table in Base.metadata.sorted_tables for row in session.execute(select(table))]
    database.close()
    return "\n".join(
        value.decode("latin-1") if isinstance(value, bytes) else str(value) for row in rows for value in row
    )


def secrets_of(path: Path) -> list[bytes]:
    """What only a holder of the master key has in its memory."""
    ring = read_key_file(path)
    return [*ring.master.seeds, *(one.wrapping_key for one in ring.generations), ring.blind_key]


def in_memory(node: Node, secrets: list[bytes]) -> list[int]:
    """Which of the secrets stand in the process's memory."""
    found = set()
    maps = Path(f"/proc/{node.process.pid}/maps").read_text().splitlines()
    with Path(f"/proc/{node.process.pid}/mem").open("rb", buffering=0) as memory:
        for line in maps:
            start, end, rights = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line).groups()  # type: ignore[union-attr]
            if rights.startswith("rw"):
                try:
                    memory.seek(int(start, 16))
                    content = memory.read(int(end, 16) - int(start, 16))
                except OSError:
                    continue
                found |= {number for number, secret in enumerate(secrets) if secret in content}
    return sorted(found)


def status(node: Node, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=30)
    connection.request("GET", path)
    said = connection.getresponse().status
    connection.close()
    return said

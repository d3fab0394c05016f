"""What proofs are made with: an installation whose processes are started and killed, tablets, and what they send."""

import hashlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any, TypeVar

import pytest

from tests.collect.client import Response
from tests.collect.faults import Faults
from tests.collect.store import Instance
from tests.collect.tablet import Tablet
from tests.proofs.nursery import Forked, nursery
from tests.server.cli.conftest import FIELDCASE, Fieldcase, free_port
from tests.tree import ROOT

PROVE = os.environ.get("FIELDCASE_PROVE") == "1"
READY = 5.0  # seconds that a quiet machine may take until the doors are open again
PATIENCE = 120.0  # seconds until a proof stops waiting for what must come

FORM = """
| survey |               |          |                      |                            |                |           |
|        | type          | name     | label                | calculation                | case_field     | case_mode |
|        | select_one yn | wants    | May we contact you?  |                            | consent.answer |           |
|        | text          | alias    | Name you want to use |                            | person.alias   | add       |
|        | image         | front    | Front                |                            |                |           |
|        | image         | back     | Back                 |                            |                |           |
|        | calculate     | followup |                      | if(${wants} = 'yes', 1, 0) |                |           |
| choices |           |      |       |
|         | list_name | name | label |
|         | yn        | yes  | Yes   |
|         | yn        | no   | No    |
| settings |            |         |         |           |
|          | form_title | form_id | version | case_form |
|          | Proof      | proof   | 1       | other     |
| case_records |         |                 |       |             |        |        |
|              | record  | action          | match | when        | repeat | link   |
|              | person  | find_or_propose |       | ${followup} |        |        |
|              | case    | find_or_propose |       | ${followup} |        | person |
|              | consent | new             |       | ${followup} |        | case   |
| case_codes |           |        |         |
|            | list_name | choice | code    |
|            | yn        | yes    | given   |
|            | yn        | no     | refused |
"""
T = TypeVar("T")


def at(full: T, short: T) -> T:
    """How large a proof is: full for `make prove`, short among the tests."""
    return full if PROVE else short


PROOF = [pytest.mark.proof, pytest.mark.timeout(at(7200, 900))]


def slowness() -> float:
    """How many times longer than on a quiet machine things may take now; at least 1."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def wait_for(true: Callable[[], T], what: str, seconds: float = PATIENCE) -> T:
    """What the condition gave once it held; the proof fails when it does not hold in time."""
    until = time.monotonic() + seconds
    while not (held := true()):
        assert time.monotonic() < until, f"waited in vain: {what}"
        time.sleep(0.05)
    return held


def filled(
    number: int, photos: int = 0, size: int = 60_000, *, form_id: str = "proof", name: str = "Invented"
) -> Instance:
    """A filled form of an invented person, with its photos; the same number is always the same, byte for byte."""
    instance_id = f"uuid:00000000-0000-4000-8000-{number:012d}"
    sides = ("front", "back")[:photos]
    files = {f"{number}-{side}.jpg": random.Random(f"{number}-{side}").randbytes(size) for side in sides}
    shots = "".join(f"<{side}>{number}-{side}.jpg</{side}>" for side in sides)
    answers = f"<wants>yes</wants><alias>{name} {number}</alias>{shots}<followup>1</followup>"
    meta = f"<meta><instanceID>{instance_id}</instanceID></meta>"
    xml = f'<?xml version=\'1.0\' ?><data id="{form_id}" version="1">{answers}{meta}</data>'.encode()
    return Instance(f"Proof {number}.xml", xml, files, instance_id, form_id, "1", finalized=float(number))


@dataclass
class Node:
    """One process of an installation."""

    process: Popen[bytes] | Forked
    port: int
    said: Path  # its standard output
    log: Path

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        """The process is gone at once, as by a power cut."""
        self.process.kill()
        self.process.wait(timeout=30)

    def killed_itself(self) -> None:
        """Returns once the process died at the fault that it was started with."""
        self.process.wait(timeout=PATIENCE)
        assert self.process.returncode == -signal.SIGKILL, self.log.read_text()

    def stop(self) -> None:
        """The process has ended in its own time."""
        self.process.terminate()
        assert self.process.wait(timeout=PATIENCE) == 0, self.log.read_text()

    def memory(self, kind: str = "VmRSS") -> float:
        """Its memory in MB: now, or at most so far (`VmHWM`)."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(kind))

    def cpu(self) -> float:
        """The seconds that it has computed so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass
class Site:
    """An installation with the form of the proofs and one tablet's secret."""

    fieldcase: Fieldcase
    secret: str = ""
    port: int = field(default_factory=free_port)
    starts: list[float] = field(default_factory=list)  # seconds that processes took that were started from nothing
    _nodes: list[Node] = field(default_factory=list)
    _tablets: list[Tablet] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fieldcase.publish(FORM)
        self.secret = self.fieldcase.json("device", "enrol", "Tablet 01")["secret"]

    @property
    def path(self) -> str:
        """The tablet's own address on any of the nodes."""
        return f"/v1/key/{self.secret}/projects/1"

    def start(self, *command: str, port: int | None = None, forked: bool = not PROVE, **settings: str) -> Node:
        """A process that says it is ready: `serve` at the tablet door, unless another command is given."""
        begun = time.monotonic()
        node = self.spawn(*command, port=port, forked=forked, **settings)
        while not node.said.read_text().endswith("}\n"):
            assert node.alive, node.log.read_text()
            time.sleep(0.01)
        if not forked:
            self.starts.append(time.monotonic() - begun)
        return node

    def spawn(self, *command: str, port: int | None = None, forked: bool = not PROVE, **settings: str) -> Node:
        """As `start`, without waiting; for processes that are to die on their way."""
        port, number = port or self.port, len(self._nodes)
        said, log = (self.fieldcase.folder / f"node-{number}.{kind}" for kind in ("said", "log"))
        said.touch()
        log.touch()
        ours = {"FIELDCASE_PORT": str(port), "FIELDCASE_DOORS": "tablet", **self.fieldcase.environment, **settings}
        arguments = [*(command or ("serve",)), "--json"]
        process: Popen[bytes] | Forked
        if forked:
            process = nursery().fork(arguments, ours, said, log)
        else:
            others = {name: value for name, value in os.environ.items() if not name.startswith("FIELDCASE_")}
            whole = {**others, **ours, "PYTHONPATH": str(ROOT)}
            with said.open("wb") as output, log.open("wb") as errors:
                process = Popen([str(FIELDCASE), *arguments], env=whole, stdout=output, stderr=errors)
        self._nodes.append(Node(process, port, said, log))
        return self._nodes[-1]

    def tablet(self, address: str | None = None, **options: Any) -> Tablet:
        """A tablet that sends to this installation, at the address of the one node if no other is given."""
        number = len(self._tablets)
        tablet = Tablet(self.fieldcase.folder / f"tablet-{number}", **{"seed": number, **options})
        tablet.configure((address or f"http://127.0.0.1:{self.port}") + self.path)
        self._tablets.append(tablet)
        return tablet

    def end(self) -> None:
        """No connection is open and no process runs."""
        for tablet in self._tablets:
            tablet.close()
        for node in self._nodes:
            node.kill()
        self.fieldcase.end()


def deliver(tablet: Tablet, instance: Instance, faults: Faults | None = None, *, seconds: float = PATIENCE) -> int:
    """How many tries it took until the instance was acknowledged; the proof fails when it never is."""
    until, tries = time.monotonic() + seconds, 0
    while True:
        tries += 1
        outcome = tablet.submit(instance, faults)
        if outcome.sent:
            return tries
        assert time.monotonic() < until, f"never acknowledged: {outcome.text}"
        time.sleep(0.05)


def listen_to(tablet: Tablet) -> list[tuple[int, str | None]]:
    """The status and `Retry-After` of every refusal that the tablet gets from now on."""
    refusals, ask = [], tablet.client.request

    def request(*arguments: Any, **more: Any) -> Response:
        answer = ask(*arguments, **more)
        if answer.status >= 400:
            refusals.append((answer.status, answer.header("Retry-After")))
        return answer

    tablet.client.request = request  # type: ignore[method-assign]
    return refusals


def all_at_once(work: Sequence[Callable[[], Any]]) -> None:
    """Everything has been done, each in a thread of its own; the first failure is raised."""
    failures: list[BaseException] = []

    def run(one: Callable[[], Any]) -> None:
        try:
            one()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(one,), daemon=True) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=3600)
    if failures:
        raise failures[0]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def ids(instances: Iterable[Instance]) -> set[str]:
    return {instance.instance_id for instance in instances}

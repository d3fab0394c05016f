"""What it costs to read 10,000 submissions back: CSV, zip, OData and the list, from a running server."""

import http.client
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cases.tables
from accounts.people import add_person
from accounts.projects import get_agency
from accounts.sessions import Kind, start_session
from audit.trail import OPERATOR
from storage.database import Database
from storage.keyfile import read_key_file
from tests.bench.load import INSTANCE, multipart
from tests.bench.rig import FORM_ID as SCREENING
from tests.bench.rig import Fieldcase, Target, at_most, cpu, load, memory, scaled

assert cases.tables  # Imported for its tables.

FORM_ID = "forty"
READ_BACK = scaled(10_000, least=100)
QUESTIONS = 38  # and one in a repeat, and the instance id: 40
FORM = "\n".join(
    [
        "| survey |\n| | type | name | label |",
        *(f"| | {'integer' if one % 4 == 0 else 'text'} | q{one} | Question {one} |" for one in range(QUESTIONS)),
        "| | begin_repeat | stay | Stay |\n| | text | town | Town |\n| | end_repeat | | |",
        f"| settings |\n| | form_title | form_id | version |\n| | Forty questions | {FORM_ID} | 1 |",
    ]
)
READ = {
    "CSV zip": ".csv.zip",
    "CSV zip, with columns for choices": ".csv.zip?splitSelectMultiples=true",
    "CSV": ".csv",
    "list (JSON)": "",
    "OData": ".svc/Submissions",
}


@dataclass(frozen=True)
class Read:
    """What one download cost the server."""

    cpu: float  # seconds
    seconds: float
    size: int  # bytes


def answers() -> bytes:
    """A filled form of 40 questions, invented."""
    told = (f"<q{one}>{one if one % 4 == 0 else f'Invented answer {one}'}</q{one}>" for one in range(QUESTIONS))
    stays = "<stay><town>Ta</town></stay><stay><town>Tb</town></stay>"
    meta = f"<meta><instanceID>{INSTANCE.decode()}</instanceID></meta>"
    return f'<data id="{FORM_ID}" version="1">{"".join(told)}{stays}{meta}</data>'.encode()


def token(folder: Path) -> str:
    """The token of a new manager of the installation in this folder."""
    database = Database(f"sqlite:///{folder}/fieldcase.db", read_key_file(folder / "keys/master.key"))
    now = datetime.now(UTC)
    with database.begin() as session:
        person = add_person(
            session,
            email="bench@example.org",
            name="Invented Manager",
            roles=("manager",),
            agency=get_agency(session),
            actor=OPERATOR,
            now=now,
        )
        held = start_session(session, person, now=now, kind=Kind.SCRIPT)
    database.close()
    return held


def read(port: int, path: str, held: str, cpu: Callable[[], float]) -> Read:
    """A download, read to its end and thrown away."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    begin, spent, size = time.perf_counter(), cpu(), 0
    connection.request("GET", path, headers={"Authorization": f"Bearer {held}"})
    answer = connection.getresponse()
    while piece := answer.read(256 * 1024):
        size += len(piece)
    connection.close()
    if answer.status != 200:
        raise SystemExit(f"{path} answered {answer.status}")
    return Read(cpu() - spent, time.perf_counter() - begin, size)


HEAD = "| form | read | CPU s | s | MB | more memory at the peak, MB |\n| --- | --- | --- | --- | --- | --- |\n"


def downloads() -> Iterator[str | Target]:
    """What it costs to read all submissions back: of 40 questions that feed no case, and of a filed screening."""
    yield HEAD
    with tempfile.TemporaryDirectory() as folder:
        ours = Fieldcase(folder)
        (ours.data / "forty.md").write_text(FORM, encoding="utf-8")
        ours.run("form", "publish", f"{folder}/forty.md")
        with ours.serve() as running:
            for xml in (answers(), ours.screening):
                load(ours.port, multipart(ours.path, xml), 8, READ_BACK)
            ours.caught_up()
            held = token(ours.data)
            for form in (FORM_ID, SCREENING):
                yield from _table(form, ours.port, held, running.pid)


def _table(form: str, port: int, held: str, pid: int) -> Iterator[str | Target]:
    """A row for each way to read all submissions of a form, the better of two times each."""
    base, before = f"/v1/projects/1/forms/{form}", memory(pid)
    for name, path in READ.items():
        address = base + (path if path.startswith(".svc") else f"/submissions{path}")
        best = min((read(port, address, held, lambda: cpu(pid)) for _time in range(2)), key=lambda one: one.cpu)
        more = memory(pid) - before
        figures = (f"{best.cpu:.2f}", f"{best.seconds:.2f}", f"{best.size / 1e6:.1f}", f"{more:.0f}")
        yield f"| {' | '.join((form, name, *figures))} |\n"
        if name == "CSV zip":
            yield at_most(f"CSV zip of {READ_BACK:,} submissions ({form})", best.cpu, 1.5, "s of CPU")
            yield at_most(f"memory that it takes ({form})", more, 50, "MB")

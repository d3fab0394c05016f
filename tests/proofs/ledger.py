"""The invariant: what was acknowledged is there, once, whole, with one effect; what was refused is not there."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Select, func, select

from cases.tables import Case, Source
from storage.database import Database
from storage.files import LocalFiles
from storage.keyfile import read_key_file
from submissions.opening import open_attachments, open_xml, read_file
from submissions.tables import Submission
from tests.collect.store import Instance
from tests.proofs.rig import Site, sha256, wait_for

ROWS = select(func.count()).select_from(Submission)
PENDING = select(func.count()).where(Submission.filing == "pending")


@dataclass(frozen=True)
class Kept:
    """One row of a submission, opened."""

    xml: str
    files: tuple[tuple[str, str], ...]
    filing: str
    variant: str
    effects: int


@dataclass(frozen=True)
class Promise:
    """What an instance was: enough to know it again, without its bytes."""

    instance_id: str
    xml: str
    files: dict[str, str]


def promise(instance: Instance) -> Promise:
    files = {name: sha256(content) for name, content in instance.files.items()}
    return Promise(instance.instance_id, sha256(instance.xml), files)


@contextmanager
def opened(site: Site) -> Iterator[Database]:
    """The site's database, with the key."""
    database = Database(site.fieldcase.url, read_key_file(site.fieldcase.key), patience=30)
    try:
        yield database
    finally:
        database.close()


def kept(site: Site) -> dict[str, list[Kept]]:
    """Everything that can be read, by instance id."""
    files = LocalFiles(site.fieldcase.data / "files")
    found: dict[str, list[Kept]] = {}
    with opened(site) as database, database.read() as session:
        effects = Counter(session.scalars(select(Source.submission_id)).all())
        for row in session.scalars(select(Submission)):
            held = [one for one in open_attachments(session, row.id) if one.received]
            parts = sorted((one.name, _digest(read_file(files, one))) for one in held)
            here = Kept(sha256(open_xml(session, row)), tuple(parts), row.filing, row.variant, effects[row.id])
            found.setdefault(row.instance_id, []).append(here)
    return found


@contextmanager
def counting(site: Site) -> Iterator[Callable[[], int]]:
    """Says how many submissions there are, as often as it is asked."""
    with opened(site) as database:
        yield lambda: _count(database, ROWS)


def pending(site: Site) -> int:
    """How many submissions wait to be filed."""
    with opened(site) as database:
        return _count(database, PENDING)


def cases(site: Site) -> int:
    """How many cases there are."""
    with opened(site) as database:
        return _count(database, select(func.count()).select_from(Case))


def all_filed(site: Site, seconds: float = 300) -> None:
    """Returns once nothing waits to be filed."""
    wait_for(lambda: pending(site) == 0, "filing has caught up", seconds)


def check(site: Site, *, acknowledged: Iterable[Instance], tried: Iterable[Instance] = ()) -> int:
    """Fails unless the invariant holds for what was acknowledged and for what else was `tried`; how many are there.

    Only what was tried or acknowledged may be there at all, so whatever was refused is left out of both.
    """
    promised = {one.instance_id: one for one in map(promise, acknowledged)}
    known = {one.instance_id: one for one in map(promise, tried)} | promised
    here = kept(site)
    assert set(promised) - set(here) == set(), "acknowledged and lost"
    assert set(here) - set(known) == set(), "there, though it was refused or never sent"
    for instance_id, found in here.items():
        assert len(found) == 1, f"{instance_id} is there {len(found)} times"
        (one,), known_as = found, known[instance_id]
        assert one.variant == "", f"{instance_id} is held as a conflict with itself"
        assert one.xml == known_as.xml, f"{instance_id} has other answers"
        assert set(one.files) <= set(known_as.files.items()), f"{instance_id} has other files"
        if instance_id in promised:
            assert dict(one.files) == known_as.files, f"{instance_id} lacks files"
        assert (one.filing, one.effects) == ("filed", 1), f"{instance_id} is {one.filing} with {one.effects} effects"
    assert cases(site) == len(here)
    trail = site.fieldcase.json("audit", "verify")
    assert (trail["whole"], trail["broken_at"]) == (True, None)
    return len(here)


def _count(database: Database, query: Select[int]) -> int:
    with database.read() as session:
        return session.scalar(query) or 0


def _digest(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()

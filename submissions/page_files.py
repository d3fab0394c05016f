"""The files of many submissions, opened a page at a time."""

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from storage.files import Files
from storage.roots import unwrap_root, wrapped_roots
from storage.sealed_files import unseal_chunks
from storage.sealing import Keyring, KeyUnknown, SealBroken, keys_of, unseal
from submissions.choosing import Chosen
from submissions.pages import IDS, pages
from submissions.parts import envelope_place, facts_place, file_place
from submissions.tables import Attachment, Submission

log = logging.getLogger("fieldcase")

FILES = (
    select(
        Attachment.id,
        Attachment.submission_id,
        Attachment.file_id,
        Attachment.size,
        Attachment.root_id,
        Attachment.envelope,
        Attachment.sealed_facts,
    )
    .where(Attachment.submission_id.in_(IDS), Attachment.current, Attachment.received_at.is_not(None))
    .order_by(Attachment.received_at, Attachment.id)
)
NAMES = select(Submission.id, Submission.instance_id).where(Submission.id.in_(IDS))


@dataclass(frozen=True)
class HeldFile:
    """A file that came with a submission of this line; without a name when its facts do not open."""

    id: str
    instance_id: str
    size: int
    file_id: str
    name: str = field(repr=False)
    file_key: bytes = field(repr=False)

    def read(self, files: Files) -> Iterator[bytes]:
        """The bytes as they were sent; raises FileAbsent, SealBroken."""
        return unseal_chunks(self.file_key, files.read(self.file_id), file_place(self.id))


def open_files(session: Session, chosen: Chosen) -> Iterator[HeldFile]:
    """Every file of the chosen submissions, in their order; those that were erased meanwhile are left out.

    Raises KeysLocked, KeyUnknown.
    """
    for ids in pages(chosen):
        yield from _open(session, ids, chosen)


def _open(session: Session, ids: Sequence[int], chosen: Chosen) -> Iterator[HeldFile]:
    run, ring = session.connection().execute, keys_of(session)
    rows: list[Row[Any]] = list(run(FILES, {"ids": ids}))
    if not rows:
        return
    firsts = {one: chosen.first_of(one) for one in ids}
    names: dict[int, str] = {row[0]: row[1] for row in run(NAMES, {"ids": list(firsts.values())})}
    wrapped = wrapped_roots(session, {row.root_id for row in rows if row.root_id is not None})
    places = {one: place for place, one in enumerate(ids)}
    for row in sorted(rows, key=lambda row: places[row.submission_id]):
        if row.root_id is not None and row.root_id not in wrapped:
            continue
        facts = _facts(row, wrapped.get(row.root_id or ""), ring)
        key = bytes.fromhex(facts.get("key", ""))
        yield HeldFile(row.id, names[firsts[row.submission_id]], row.size, row.file_id, facts.get("name", ""), key)


def _facts(row: Row[Any], wrapped: bytes | None, ring: Keyring) -> dict[str, str]:
    place = envelope_place(row.id)
    try:
        if wrapped is None:
            key = ring.open_envelope(row.envelope, place)
        else:
            key = unseal(unwrap_root(ring, row.root_id, wrapped), row.envelope, place)
        facts: dict[str, str] = json.loads(unseal(key, row.sealed_facts, facts_place(row.id)))
    except KeyUnknown:
        raise
    except SealBroken:
        log.warning("attachment %s does not open", row.id)
        return {}
    return facts

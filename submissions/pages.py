"""Many submissions opened one after the other, a page of them at a time, so that memory stays as it is."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree
from sqlalchemy import BindParameter, Row, Select, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from accounts.tables import Device, Person
from storage.roots import unwrap_root, wrapped_roots
from storage.sealing import Keyring, KeyUnknown, SealBroken, keys_of, unseal
from submissions.choosing import Chosen
from submissions.lines import EDITED
from submissions.receive import envelope_place, xml_place
from submissions.rows import instance_parser
from submissions.tables import Attachment, Review, Submission

log = logging.getLogger("fieldcase")

MOST_ROWS = 250
MOST_BYTES = 4 * 1024 * 1024
BROKEN, ENCRYPTED = "broken", "encrypted"
IDS: BindParameter[Any] = bindparam("ids", expanding=True)


@dataclass(slots=True)
class Opened:
    """A submission as tables show it. `root` is None where its answers cannot be read: `sealed` then says how."""

    id: int
    first_id: int
    instance_id: str
    version_id: int | None
    form_version: str
    submitted_at: datetime
    updated_at: datetime | None
    device_id: int | None
    person_id: int | None
    sender: str
    install_id: str
    edits: int
    review: str | None
    files_present: int
    files_expected: int
    sealed: str
    root: etree._Element | None


DEVICE, PERSON = aliased(Device), aliased(Person)


def _with_sender(*columns: Any) -> Select[Any]:
    query = select(Submission.id, *columns, func.coalesce(DEVICE.name, PERSON.name, "").label("sender"))
    query = query.outerjoin(DEVICE, DEVICE.id == Submission.device_id)
    return query.outerjoin(PERSON, PERSON.id == Submission.person_id).where(Submission.id.in_(IDS))


LABELS = (
    Submission.instance_id,
    Submission.version,
    Submission.received_at,
    Submission.device_id,
    Submission.person_id,
    Submission.install_id,
)
CONTENT = (
    Submission.form_pk,
    Submission.variant,
    Submission.version_id,
    Submission.root_id,
    Submission.envelope,
    Submission.sealed_xml,
)
PAGE = _with_sender(*LABELS, *CONTENT)
BEGINNINGS = _with_sender(*LABELS)
COUNTS = (
    select(Attachment.submission_id, func.count(Attachment.received_at), func.count())
    .where(Attachment.submission_id.in_(IDS), Attachment.current)
    .group_by(Attachment.submission_id)
)
REVIEWS = (
    select(Review.submission_id, Review.state, Review.version_id, Review.made_at)
    .where(Review.submission_id.in_(IDS))
    .order_by(Review.id)
)


def open_pages(session: Session, chosen: Chosen) -> Iterator[list[Opened]]:
    """Every chosen submission opened, in order, in pages; those that were erased meanwhile are left out.

    Raises KeysLocked, KeyUnknown.
    """
    parser = instance_parser()
    for ids in pages(chosen):
        yield list(_open(session, ids, chosen, parser))


def pages(chosen: Chosen) -> Iterator[list[int]]:
    """The chosen ids in pages that are opened together."""
    page: list[int] = []
    weight = 0
    for submission_id, size in zip(chosen.ids, chosen.sizes, strict=True):
        if page and (len(page) >= MOST_ROWS or weight + size > MOST_BYTES):
            yield page
            page, weight = [], 0
        page.append(submission_id)
        weight += size
    if page:
        yield page


def _open(session: Session, ids: Sequence[int], chosen: Chosen, parser: etree.XMLParser) -> Iterator[Opened]:
    run, firsts_of = session.connection().execute, [chosen.first_of(one) for one in ids]
    held: dict[int, Row[Any]] = {row[0]: row for row in run(PAGE, {"ids": ids})}
    beginnings = [chosen.first_of(one) for one in ids if one in chosen.begun]
    firsts: dict[int, Row[Any]] = {row[0]: row for row in run(BEGINNINGS, {"ids": beginnings})} if beginnings else {}
    counts = {row[0]: (row[1], row[2]) for row in run(COUNTS, {"ids": ids})}
    reviews: dict[int, Any] = {row[0]: row for row in run(REVIEWS, {"ids": firsts_of})}
    wrapped = wrapped_roots(session, {row.root_id for row in held.values() if row.root_id is not None})
    ring = keys_of(session)
    for submission_id, first_id in zip(ids, firsts_of, strict=True):
        row = held.get(submission_id)
        if row is None or (row.root_id is not None and row.root_id not in wrapped):
            continue  # Erased meanwhile.
        root = _root(row, wrapped.get(row.root_id or ""), ring, parser)
        files = counts.get(submission_id, (0, 0))
        yield _opened(row, firsts.get(first_id, row), root, files, reviews.get(first_id), chosen)


def _root(row: Row[Any], wrapped: bytes | None, ring: Keyring, parser: etree.XMLParser) -> etree._Element | str:
    """The answers, or why they cannot be read."""
    place = (row.form_pk, row.instance_id, row.variant)
    try:
        if wrapped is None:
            key = ring.open_envelope(row.envelope, envelope_place(*place))
        else:
            key = unseal(unwrap_root(ring, row.root_id, wrapped), row.envelope, envelope_place(*place))
        root = etree.fromstring(unseal(key, row.sealed_xml, xml_place(*place)), parser)
    except KeyUnknown:
        raise  # This node lacks a key: that concerns more than one submission.
    except SealBroken:
        log.warning("submission %s does not open", row.id)
        return BROKEN
    return ENCRYPTED if root.get("encrypted") == "yes" else root


def _opened(
    row: Row[Any],
    first: Row[Any],
    root: etree._Element | str,
    files: tuple[int, int],
    review: Row[Any] | None,
    chosen: Chosen,
) -> Opened:
    edits = chosen.begun.get(row.id, (0, 0))[1]
    updated = row.received_at if edits else None
    if review is not None:
        updated = review.made_at if updated is None or review.made_at > updated else updated
    state = None if review is None else review.state or None
    if edits and (review is None or review.version_id != row.id):
        state = EDITED
    return Opened(
        row.id,
        first.id,
        first.instance_id,
        row.version_id,
        first.version,
        first.received_at,
        updated,
        first.device_id,
        first.person_id,
        first.sender,
        first.install_id or "",
        edits,
        state,
        files[0],
        files[1],
        root if isinstance(root, str) else "",
        None if isinstance(root, str) else root,
    )

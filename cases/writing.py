"""What submissions say becomes part of the record: assertions with their source, links, screenings, and their keys."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from audit.trail import SYSTEM, Action, Entry, record_all
from cases.assertions import COLUMNS, row_of
from cases.caseload import refresh_case
from cases.mapping import RecordAction
from cases.reading import Told
from cases.records import Found, Resolved, resolve_all
from cases.screened import Filed, screen_filed
from cases.tables import Assertion, RecordLink, Source
from storage.bulk import insert_rows
from storage.database import table_of
from storage.faults import fault
from submissions.opening import Move, move_to_roots
from submissions.tables import Filing

ADD_SOURCES = insert(table_of(Source)).returning(table_of(Source).c.id, sort_by_parameter_order=True)
ADD_LINKS = insert(table_of(RecordLink))


def write(session: Session, told: Sequence[Told], *, now: datetime) -> None:
    """All of it is in the record and the submissions are filed, in about as many statements as for one of them.

    Raises NotFiled, RecordAwaited, RootDestroyed.
    """
    if not told:
        return
    resolved = resolve_all(session, [(one.touched, one.origin) for one in told])
    _assert_all(session, told, resolved, now)
    filed = [
        Filed(one.touched, here, one.retired, one.submission.received_at)
        for one, here in zip(told, resolved, strict=True)
    ]
    for one, here, changed in zip(told, resolved, screen_filed(session, filed), strict=True):
        older = {found.id for found in here.records if found.kind == "case" and not found.made}
        for case_id in sorted(changed | one.retired | older):
            refresh_case(session, case_id, now=now)
    moves = []
    for one, here in zip(told, resolved, strict=True):
        root_id = _root_of(here.records)
        if root_id is not None:
            moves.append(Move(one.submission, root_id, here.keys[root_id], one.data_key))
        submission = one.submission
        submission.filing, submission.reason, submission.filed_at = Filing.FILED.value, None, now
    move_to_roots(session, moves)
    session.flush()
    entries = [entry for one, here in zip(told, resolved, strict=True) for entry in _trace(one, here)]
    record_all(session, SYSTEM, entries, now=now)
    fault("K11")


def _assert_all(session: Session, told: Sequence[Told], resolved: Sequence[Resolved], now: datetime) -> None:
    """What they say stands under a source of each."""
    connection = session.connection()
    source_ids = connection.execute(ADD_SOURCES, [_source(one, now) for one in told]).scalars().all()
    rows: list[tuple[Any, ...]] = []
    links: list[dict[str, Any]] = []
    for one, here, source_id in zip(told, resolved, source_ids, strict=True):
        for touched, found, parent in zip(one.touched, here.records, here.parents, strict=True):
            key = here.keys[found.root_id]
            rows += [row_of(planned, found.id, key, source_id) for planned in touched.values]
            if parent is not None and parent.id != found.id and touched.rule.action is not RecordAction.FIND:
                links.append({"record_id": found.id, "parent_id": parent.id, "source_id": source_id})
    insert_rows(session, Assertion, COLUMNS, rows)
    if links:
        connection.execute(ADD_LINKS, links)


def _source(one: Told, now: datetime) -> dict[str, Any]:
    return {
        "submission_id": one.submission.id,
        "person_id": None,
        "observed_at": one.observed,
        "recorded_at": now,
        "mapping_version": one.mapping_version,
        "replaced_at": now if one.submission.superseded_by else None,
    }


def _trace(one: Told, here: Resolved) -> Iterator[Entry]:
    for case_id in {found.id for found in here.records if found.kind == "case" and found.made}:
        yield Entry(Action.CASE_PROPOSED, f"case:{case_id}", {"submission": one.submission.id})
    made = sum(found.made for found in here.records)
    yield Entry(Action.SUBMISSION_FILED, f"submission:{one.submission.id}", {"records": made})


def _root_of(found: Sequence[Found]) -> str | None:
    """The submission lies under its case's key, else the person's, else the first record's."""
    for kind in ("case", "person"):
        for here in found:
            if here.kind == kind:
                return here.root_id
    return found[0].root_id if found else None

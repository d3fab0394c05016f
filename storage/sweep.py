"""Files that no row names are removed once they are a day old: what a request left that never committed."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.backup import file_columns
from storage.database import Database
from storage.dump import tables_to_keep
from storage.faults import fault
from storage.files import Files, LocalFiles
from storage.lease import require_no_backup

OLD = timedelta(hours=24)  # No request lasts so long, so that no row will name such a file later.
AT_ONCE = 500


def sweep_files(database: Database, files: Files, *, now: datetime) -> int:
    """No file older than a day is kept that no row names; how many were removed is returned.

    Raises BackupRuns, TablesUnknown, DatabaseUnavailable, FilesUnavailable.
    """
    removed, ids = 0, files.ids(before=now - OLD)
    while batch := list(islice(ids, AT_ONCE)):
        with database.read() as session:
            require_no_backup(session, now=now)
            orphans = set(batch) - set(_named(session, batch))
        fault("K13")
        for file_id in orphans:
            files.delete(file_id)
        removed += len(orphans)
    if isinstance(files, LocalFiles):
        removed += files.remove_halves(before=now - OLD)
    return removed


def _named(session: Session, ids: list[str]) -> Iterator[str]:
    for column in file_columns(tables_to_keep(session.connection())):
        yield from session.scalars(select(column).where(column.in_(ids)))

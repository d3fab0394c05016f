"""A submission as lists show it: where it came from and what became of it, nothing of its answers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from accounts.roles import Right, Viewer
from cases.caseload import visible_codes
from cases.screened import urgencies
from server.desk.sending import SOFTWARE
from submissions.inbox import ListedSubmission


@dataclass(frozen=True)
class Row:
    """One submission in a list."""

    id: int
    url: str
    form: str
    form_id: str
    version: str
    tablet: str
    agency: str
    received_at: datetime
    filing: str
    files_here: int
    files_expected: int
    case_code: str | None
    case_url: str | None
    urgency: str = ""  # of its screening, for those who may read it


def rows(session: Session, listed: Sequence[ListedSubmission], *, viewer: Viewer) -> list[Row]:
    """The submissions as rows, with the codes of the cases that the viewer may see."""
    codes = visible_codes(session, [one.submission.root_id for one in listed], viewer=viewer)
    reads = viewer.may(Right.READ_SUBMISSIONS)
    urgent = urgencies(session, [one.submission.id for one in listed]) if reads else {}
    return [row(one, codes.get(one.submission.root_id or ""), urgent.get(one.submission.id, "")) for one in listed]


def row(one: ListedSubmission, code: str | None, urgency: str = "") -> Row:
    """The submission as a row."""
    submission = one.submission
    return Row(
        id=submission.id,
        url=url_for("desk.submission", submission_id=submission.id),
        form=one.title,
        form_id=one.form_id,
        version=submission.version,
        tablet=one.device or (_("In the office") if submission.app_version == SOFTWARE else ""),
        agency=one.agency,
        received_at=submission.received_at,
        filing=submission.filing,
        files_here=one.files_received,
        files_expected=one.files_expected,
        case_code=code,
        case_url=url_for("desk.case", code=code) if code else None,
        urgency=urgency,
    )


def newest(rows: Iterable[Row]) -> datetime | None:
    """When the newest of them came in."""
    return max((one.received_at for one in rows), default=None)

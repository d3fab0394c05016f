"""A stored submission becomes assertions on records, exactly once, or is set aside with the reason."""

import logging
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from audit.trail import SYSTEM, Action, record
from cases.assertions import retire
from cases.plan import NotFiled
from cases.reading import CLAIMS, NEXT, Claim, claim, read
from cases.records import RecordAwaited, only_by_name
from cases.writing import write
from storage.database import Database, DatabaseUnavailable
from storage.faults import fault
from storage.roots import RootDestroyed
from storage.sealing import KeysLocked, KeyUnknown, SealBroken, keys_of
from submissions.tables import Filing, Submission

log = logging.getLogger("fieldcase")
NOT_OURS = (DatabaseUnavailable, KeysLocked, OperationalError)
"""What is wrong with more than a submission; all stay pending."""


class Held(Exception):
    """The submission waits for something that the server will see by itself."""

    def __init__(self, code: str, **what: str) -> None:
        super().__init__(code)
        self.reason = {"code": code, **what}


def file_next(database: Database, *, now: datetime, at_once: int = 1) -> bool:
    """The oldest pending submissions, so many at once, are filed, held or set aside; False when none was waiting.

    Raises DatabaseUnavailable and KeysLocked, after which all of them are pending as before.
    """
    with database.begin() as session:
        claimed = claim(session, NEXT.limit(at_once))
        if claimed:
            keys_of(session)
            fault("K10")
            done = _file_together(session, [one for one in claimed if _first(one)], now)
            for one in claimed:
                if one.submission.id not in done:
                    _file_or_say_why(session, one, now)
    if claimed:
        fault("K12")
    return bool(claimed)


def file_one(session: Session, submission: Submission, *, now: datetime) -> None:
    """The submission has its effect on the record once, or says why it has none; other submissions are untouched."""
    for one in claim(session, CLAIMS.where(Submission.id == submission.id).with_for_update(of=Submission)):
        keys_of(session)
        _file_or_say_why(session, one, now)


def _first(claimed: Claim) -> bool:
    """True for a submission that corrects nothing, is filed for the first time, and feeds a case."""
    submission = claimed.submission
    unheard = submission.deprecated_id is None and submission.filed_at is None
    return unheard and submission.version_id is not None and bool(claimed.mapping_version)


def _file_together(session: Session, claimed: Sequence[Claim], now: datetime) -> frozenset[int]:
    """Those that need look up no record but by its name are filed, all or none; the ids of those that are."""
    if len(claimed) < 2:
        return frozenset()
    try:
        with session.begin_nested():
            told = [read(session, one) for one in claimed]
            told = [one for one in told if only_by_name(one.touched, one.origin)]
            write(session, told, now=now)
    except NOT_OURS:
        raise
    except Exception as error:  # noqa: BLE001  Each of them then says for itself what is wrong with it.
        log.warning("filed one by one: %s", type(error).__name__)
        return frozenset()
    return frozenset(one.submission.id for one in told)


def _file_or_say_why(session: Session, claimed: Claim, now: datetime) -> None:
    submission = claimed.submission
    try:
        with session.begin_nested():
            _file(session, claimed, now)
        return
    except NotFiled as refusal:
        state, reason = Filing.SET_ASIDE, refusal.reason
    except Held as waiting:
        state, reason = Filing.HELD, waiting.reason
    except RecordAwaited as waiting:
        state, reason = Filing.HELD, {"code": "waits-for-record", "record": waiting.record_id}
    except RootDestroyed:
        state, reason = Filing.SET_ASIDE, {"code": "record-erased"}
    except KeyUnknown as newer:
        state, reason = Filing.HELD, {"code": "waits-for-key", "key": newer.key_id}
    except SealBroken:
        state, reason = Filing.SET_ASIDE, {"code": "seal-broken"}
    except NOT_OURS:
        raise
    except Exception as error:
        log.error("submission %s could not be filed: %s", submission.id, type(error).__name__, exc_info=error)
        state, reason = Filing.SET_ASIDE, {"code": "unexpected"}
    session.refresh(submission)
    submission.filing, submission.reason = state.value, reason
    session.flush()
    action = Action.SUBMISSION_HELD if state is Filing.HELD else Action.SUBMISSION_SET_ASIDE
    record(session, SYSTEM, action, f"submission:{submission.id}", now=now, code=reason["code"])


def _file(session: Session, claimed: Claim, now: datetime) -> None:
    submission = claimed.submission
    if submission.version_id is None:
        raise Held("unknown-version")
    if not claimed.mapping_version:
        submission.filing, submission.reason = Filing.NOT_MAPPED.value, None
        return
    first, retired = _origin(session, submission, now)
    if submission.filed_at is not None:
        retired |= retire(session, submission.id, now=now)
    write(session, [read(session, claimed, first=first, retired=retired)], now=now)


def _origin(session: Session, submission: Submission, now: datetime) -> tuple[str, frozenset[str]]:
    """The first instance id of the chain of edits, and the records that the corrected submission spoke of.

    The submission takes the place of the one that it corrects.
    """
    here, retired = submission, frozenset[str]()
    while here.deprecated_id is not None:
        parent = session.scalar(_parent(here))
        if parent is not None and parent.id == submission.id:
            raise NotFiled("edit-of-itself")
        if parent is None or parent.filing in {Filing.PENDING.value, Filing.HELD.value}:
            raise Held("waits-for-parent", parent=here.deprecated_id)
        if parent.superseded_by not in {None, here.id}:
            raise NotFiled("already-corrected")
        if here is submission:
            parent.superseded_by = submission.id
            retired = retire(session, parent.id, now=now)
        here = parent
    return here.instance_id, retired


def _parent(edit: Submission) -> Select[Submission]:
    """The submission that this one corrects; locked, so that of two corrections at once one comes second."""
    query = select(Submission).where(Submission.form_pk == edit.form_pk, Submission.variant == "")
    named = query.where(Submission.instance_id == edit.deprecated_id)
    return named.with_for_update().execution_options(populate_existing=True)

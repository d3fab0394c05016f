"""The files that a submission's answers promise, where the form's version was unknown when they came."""

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from storage.database import table_of
from storage.sealing import keys_of
from submissions.instance import named_files
from submissions.opening import open_instance
from submissions.parts import promised
from submissions.receive import part_row
from submissions.tables import Attachment, Submission


def expect_files(session: Session, submission: Submission, questions: frozenset[str]) -> None:
    """The files that the answers to these questions (XPaths) name are expected; those that did not come are awaited.

    Raises KeysLocked, RootDestroyed, SealBroken.
    """
    keys = keys_of(session)
    names = named_files(open_instance(session, submission), questions)
    named = {keys.fingerprint(name.encode()): name for name in names}
    come = select(Attachment).where(Attachment.submission_id == submission.id, Attachment.slot.in_(named))
    for row in session.scalars(come).all():
        row.expected = True
        named.pop(row.slot, None)
    session.flush()
    waiting = [promised(name, keys=keys) for name in sorted(named.values())]
    if waiting:
        rows = [part_row(submission.id, part, expected=True, current=True, now=None) for part in waiting]
        session.execute(insert(table_of(Attachment)), rows)

"""Answers given out by the thousand: who gets which, that they did stands in the trail, and few do so at once."""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, request
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from accounts.roles import Viewer
from audit.trail import Action, Fact, record
from server.api.form_tables import FormTables
from server.runtime import clock, runtime
from server.turns import TURNS, Turns
from storage.roots import RootKey
from storage.sealing import IntakeKeys, KeysLocked
from submissions.choosing import Chosen, choose
from submissions.inbox import visible
from submissions.lines import Lines
from submissions.tables import Attachment, Review, Submission

SMALLEST = 10  # submissions; who may not read everything gets none of a smaller choice, which could be one person
UUID = re.compile(r"uuid:[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Stream(Iterator[bytes]):
    """Pieces of an answer; what goes wrong before the first shows before the answer begins, and turns are given back.

    What goes wrong later breaks the transfer off, which clients notice: no last piece, no end of the zip.
    """

    def __init__(self, pieces: Iterator[bytes], turns: Turns = TURNS) -> None:
        self._turns: Turns | None = None
        self._pieces = pieces
        turns.take()
        self._turns = turns
        try:
            self._first: bytes | None = next(pieces, b"")
        except BaseException:
            self.close()
            raise

    def __next__(self) -> bytes:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return next(self._pieces)

    def close(self) -> None:
        """Nothing is left open, wherever the reader stopped."""
        turns, self._turns = self._turns, None
        if turns is not None:
            try:
                getattr(self._pieces, "close", lambda: None)()
            finally:
                turns.give_back()

    def __del__(self) -> None:
        self.close()


@dataclass(frozen=True)
class Asked:
    """What somebody asked for of one form."""

    form: FormTables
    viewer: Viewer
    chosen: Chosen
    small: bool = False  # too few were chosen for somebody who may not read everything


def choose_for(
    session: Session,
    form: FormTables,
    lines: Lines,
    *,
    viewer: Viewer,
    where: ColumnElement[bool] | None = None,
    order: Sequence[ColumnElement[Any]] = (),
) -> Asked:
    """The submissions that the viewer gets: all that are visible and chosen, or none of a small choice."""
    chosen = choose(session, lines, viewer=viewer, where=where, order=order)
    if not form.everything and len(chosen) < SMALLEST:
        return Asked(form, viewer, Chosen(), small=True)
    return Asked(form, viewer, chosen)


def disclose(asked: Asked, chosen: Chosen, kind: str, **facts: Fact) -> None:
    """The trail says who was given how much of which form, before the first of it leaves. Raises KeysLocked."""
    if not runtime().unlocked:
        raise KeysLocked("nothing can be opened here")
    told: dict[str, Fact] = {
        "kind": kind,
        "columns": asked.form.columns,
        "submissions": len(chosen),
        "erased": asked.chosen.erased or None,
        **facts,
    }
    kept = {name: fact for name, fact in told.items() if fact is not None}
    with runtime().database.begin() as session:
        subject = f"form:{asked.form.form_pk}"
        record(session, asked.viewer.actor, Action.SUBMISSIONS_EXPORTED, subject, now=clock(), **kept)


def pseudonyms(form: FormTables, keys: IntakeKeys) -> Callable[[str], str]:
    """How a submission's instance id is given out: as it is, but for somebody who may not read everything.

    They get ids as tablets make them, which say nothing; any other, which a form may have made of a name, is replaced
    by one that nobody can turn back.
    """
    if form.everything:
        return lambda instance_id: instance_id

    def replaced(instance_id: str) -> str:
        if UUID.fullmatch(instance_id):
            return instance_id
        return f"id:{keys.fingerprint(f'export {instance_id}'.encode())[:32]}"

    return replaced


def etag_of(session: Session, form: FormTables, viewer: Viewer) -> str:
    """Changes with everything that an answer to this request tells."""
    of_form = Submission.form_pk == form.form_pk
    sent = select(func.count(), func.max(Submission.id), func.count(Submission.version_id))
    sent = visible(sent.add_columns(func.count(Submission.superseded_by)).where(of_form), viewer)
    files = select(func.count(Attachment.received_at), func.max(Attachment.received_at))
    files = visible(files.join(Submission, Submission.id == Attachment.submission_id).where(of_form), viewer)
    said = select(func.max(Review.id)).join(Submission, Submission.id == Review.submission_id).where(of_form)
    erased = select(func.count(RootKey.destroyed_at), func.max(RootKey.destroyed_at))
    state = [tuple(session.execute(query).one()) for query in (sent, files, said, erased)]
    reader = (sorted(viewer.rights), viewer.agency_id, viewer.person_id)
    moment = clock() if b"now" in request.query_string.lower() else None  # Filters can depend on it.
    told = repr((form.mark, state, reader, request.path, request.query_string, moment))
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def unchanged(etag: str) -> Response | None:
    """304 when the caller has this state of things already."""
    if not request.if_none_match.contains_weak(etag):
        return None
    answer = Response(status=304)
    answer.set_etag(etag, weak=True)
    return answer

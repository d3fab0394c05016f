"""Uploads that were checked: kept for a day for whoever sent them, so that publishing needs no new upload."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, undefer

from audit.trail import Actor
from forms.tables import FormCheck, FormCheckMedia
from xlsforms.findings import Finding

KEPT = timedelta(days=1)


class CheckNotFound(Exception):
    """This upload is no longer here: uploads that were checked are kept for a day. Choose the file again."""


def keep_check(
    session: Session,
    *,
    content: bytes,
    filename: str,
    mapping_csv: tuple[str, bytes] | None,
    findings: Iterable[Finding],
    facts: Mapping[str, Any],
    media: Sequence[FormCheckMedia],
    actor: Actor,
    now: datetime,
) -> str:
    """The upload is kept under the token that is returned."""
    name, rows = mapping_csv or ("", None)
    held = FormCheck(token=secrets.token_hex(16), actor=str(actor), filename=filename, content=content)
    held.mapping_name, held.mapping_csv = name, rows
    held.findings, held.facts, held.checked_at = [one.to_json() for one in findings], dict(facts), now
    session.add(held)
    session.flush()
    for one in media:
        one.token = held.token
        session.add(one)
    session.flush()
    return held.token


def sweep_checks(session: Session, *, now: datetime) -> None:
    """Uploads of more than a day ago are gone."""
    session.execute(delete(FormCheck).where(FormCheck.checked_at < now - KEPT))


def find_check(session: Session, token: str, *, actor: Actor, now: datetime) -> FormCheck:
    """What this person uploaded, with all of it; raises CheckNotFound."""
    whole = (undefer(FormCheck.content), undefer(FormCheck.findings), undefer(FormCheck.mapping_csv))
    held = session.scalar(select(FormCheck).where(FormCheck.token == token).options(*whole))
    if held is None or held.actor != str(actor) or held.checked_at < now - KEPT:
        raise CheckNotFound("This upload is no longer here. Choose the file again.")
    return held


def media_of_check(session: Session, held: FormCheck) -> list[FormCheckMedia]:
    """The files that came with it, by name."""
    query = select(FormCheckMedia).where(FormCheckMedia.token == held.token).order_by(FormCheckMedia.filename)
    return list(session.scalars(query))

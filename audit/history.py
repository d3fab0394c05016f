"""What the trail says of one subject, for those who look after it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from audit.trail import Action, AuditEntry


def history(session: Session, subject: str, actions: Iterable[Action], *, limit: int = 50) -> list[AuditEntry]:
    """The newest entries about the subject with these actions, newest first."""
    query = select(AuditEntry).where(AuditEntry.subject == subject, _among(actions))
    return list(session.scalars(query.order_by(AuditEntry.id.desc()).limit(limit)))


def last_times(session: Session, subjects: Sequence[str], actions: Iterable[Action]) -> dict[str, datetime]:
    """When each of the subjects last had one of these actions; those that never had have no entry."""
    query = select(AuditEntry.subject, func.max(AuditEntry.at)).where(AuditEntry.subject.in_(subjects), _among(actions))
    return dict(session.execute(query.group_by(AuditEntry.subject)).all())


def entries(
    session: Session,
    *,
    action: str = "",
    start: datetime | None = None,
    end: datetime | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[AuditEntry]:
    """What was done, newest first: of this kind or of kinds that begin with it and a dot, in this time."""
    query = select(AuditEntry)
    if action:
        query = query.where((AuditEntry.action == action) | AuditEntry.action.startswith(f"{action}.", autoescape=True))
    if start is not None:
        query = query.where(AuditEntry.at >= start)
    if end is not None:
        query = query.where(AuditEntry.at <= end)
    return list(session.scalars(query.order_by(AuditEntry.id.desc()).limit(limit).offset(offset)))


def began(session: Session) -> datetime:
    """When the first act was recorded: the installation's beginning."""
    return session.scalars(select(AuditEntry.at).order_by(AuditEntry.id).limit(1)).one()


def _among(actions: Iterable[Action]) -> ColumnElement[bool]:
    return AuditEntry.action.in_([action.value for action in actions])

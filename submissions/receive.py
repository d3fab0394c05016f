"""A statement comes into our custody: one transaction, after whose commit it is never lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Select, delete, insert, select, update
from sqlalchemy.orm import Session

from audit.trail import Action, Actor, record
from forms.offer import OfferedForm
from forms.tables import FormState
from storage.database import insert_once, table_of
from storage.sealing import IntakeKeys, intake_keys_of, new_key, seal
from submissions.instance import Instance, named_files
from submissions.parts import Part, promised
from submissions.tables import Attachment, Filing, Submission


class Receipt(StrEnum):
    """What became of a post."""

    STORED = "stored"
    ALREADY_HELD = "already held"
    ATTACHMENTS_ADDED = "attachments added"
    EDITED = "edited"
    HELD = "held"
    CONFLICT = "conflict"


class InstanceConflict(Exception):
    """Other answers are held under this instance id. Nothing was stored."""


class VersionUnknown(Exception):
    """This version of the form was never published here. Nothing was stored."""


class FormClosed(Exception):
    """This form takes no more answers. Nothing was stored."""


@dataclass(frozen=True)
class Sender:
    """The tablet or person that a submission came from, with what it says of its installation and its software."""

    actor: Actor
    device_id: int | None = None
    person_id: int | None = None
    install_id: str | None = None
    app_version: str | None = None


def receive(
    session: Session,
    instance: Instance,
    parts: Sequence[Part],
    *,
    form: OfferedForm,
    project_id: int,
    sender: Sender,
    now: datetime,
    strict: bool = False,
) -> Receipt:
    """Keep an instance exactly as sent; sending it again changes nothing, and other content never overwrites it.

    With `strict`, raises InstanceConflict, VersionUnknown and FormClosed where it would otherwise keep and hold.
    """
    filing, reason = _first_state(form, instance)
    if strict and filing is Filing.HELD:
        raise _refusal(reason)
    keys = intake_keys_of(session)
    row = _row(keys, instance, form=form, project_id=project_id, sender=sender, now=now)
    row |= {"filing": filing.value, "reason": reason}
    submission_id = insert_once(session, Submission, row)
    if submission_id is not None:
        _add_new_parts(session, submission_id, parts, _expected(form, instance), now)
        action = Action.SUBMISSION_HELD if filing is Filing.HELD else Action.SUBMISSION_RECEIVED
        record(session, sender.actor, action, f"submission:{submission_id}", now=now)
        if filing is Filing.HELD:
            return Receipt.HELD
        return Receipt.EDITED if instance.deprecated_id else Receipt.STORED
    return _again(session, row, instance, parts, form=form, sender=sender, now=now, strict=strict)


def attach(
    session: Session, submission: Submission, parts: Sequence[Part], *, sender: Sender, now: datetime
) -> Receipt:
    """The files stand beside a submission that is held; the same ones again change nothing."""
    held = session.execute(select(Submission.id, Submission.filing).where(Submission.id == submission.id)).one()
    return _add_late_parts(session, held, parts, sender=sender, now=now)


def xml_place(form_pk: int, instance_id: str, variant: str) -> str:
    """Where a submission's XML belongs."""
    return f"submissions.sealed_xml:{form_pk}/{variant}/{instance_id}"


def envelope_place(form_pk: int, instance_id: str, variant: str) -> str:
    """Where a submission's data key belongs."""
    return f"submissions.envelope:{form_pk}/{variant}/{instance_id}"


def _first_state(form: OfferedForm, instance: Instance) -> tuple[Filing, dict[str, str] | None]:
    version = form.versions.get(instance.version)
    if version is None:
        return Filing.HELD, {"code": "unknown-version"}
    if form.state is FormState.CLOSED:
        return Filing.HELD, {"code": "form-closed"}
    return (Filing.PENDING if version.mapped else Filing.NOT_MAPPED), None


def _refusal(reason: dict[str, str] | None) -> Exception:
    if reason == {"code": "form-closed"}:
        return FormClosed("This form takes no more answers.")
    return VersionUnknown("This version of the form was never published here.")


def _row(
    keys: IntakeKeys, instance: Instance, *, form: OfferedForm, project_id: int, sender: Sender, now: datetime
) -> dict[str, Any]:
    version = form.versions.get(instance.version)
    row = {
        "project_id": project_id,
        "form_pk": form.id,
        "version": instance.version,
        "version_id": None if version is None else version.id,
        "instance_id": instance.instance_id,
        "deprecated_id": instance.deprecated_id,
        "device_id": sender.device_id,
        "person_id": sender.person_id,
        "install_id": sender.install_id,
        "app_version": sender.app_version,
        "received_at": now,
        "size": len(instance.xml),
        "fingerprint": keys.fingerprint(instance.xml),
    }
    return row | _sealed(keys, instance, form.id, variant="")


def _sealed(keys: IntakeKeys, instance: Instance, form_pk: int, *, variant: str) -> dict[str, Any]:
    key = new_key()
    return {
        "variant": variant,
        "envelope": keys.envelope(key, envelope_place(form_pk, instance.instance_id, variant)),
        "sealed_xml": seal(key, instance.xml, xml_place(form_pk, instance.instance_id, variant)),
    }


def _again(
    session: Session,
    row: dict[str, Any],
    instance: Instance,
    parts: Sequence[Part],
    *,
    form: OfferedForm,
    sender: Sender,
    now: datetime,
    strict: bool,
) -> Receipt:
    held = session.execute(_same(row)).first()
    if held is None:
        if strict:
            raise InstanceConflict("Other answers are held under this instance id.")
        row = row | _sealed(intake_keys_of(session), instance, form.id, variant=row["fingerprint"])
        row |= {"filing": Filing.CONFLICT.value, "reason": {"code": "other-content"}}
        submission_id = insert_once(session, Submission, row)
        if submission_id is not None:
            _add_new_parts(session, submission_id, parts, frozenset(), now)
            record(session, sender.actor, Action.SUBMISSION_CONFLICT, f"submission:{submission_id}", now=now)
            return Receipt.CONFLICT
        held = session.execute(_same(row)).one()  # The same content came in another post at the same moment.
    return _add_late_parts(session, held, parts, sender=sender, now=now)


def _same(row: dict[str, Any]) -> Select[int, str]:
    """Where the very same content is held, first come or in conflict."""
    names = ("form_pk", "instance_id", "fingerprint")
    return select(Submission.id, Submission.filing).where(*(getattr(Submission, name) == row[name] for name in names))


def _expected(form: OfferedForm, instance: Instance) -> frozenset[str]:
    version = form.versions.get(instance.version)
    return frozenset() if version is None else named_files(instance, version.file_questions)


def _add_new_parts(
    session: Session, submission_id: int, parts: Sequence[Part], expected: frozenset[str], now: datetime
) -> None:
    come = {part.name for part in parts}
    waiting = [promised(name, keys=intake_keys_of(session)) for name in sorted(expected - come)]
    rows = _part_rows(submission_id, parts, {part.slot for part in parts if part.name in expected}, now)
    rows += [part_row(submission_id, part, expected=True, current=True, now=None) for part in waiting]
    if rows:
        session.execute(insert(table_of(Attachment)), rows)


def _add_late_parts(
    session: Session, held: Row[int, str], parts: Sequence[Part], *, sender: Sender, now: datetime
) -> Receipt:
    receipt = {Filing.CONFLICT.value: Receipt.CONFLICT, Filing.HELD.value: Receipt.HELD}.get(
        held.filing, Receipt.ALREADY_HELD
    )
    if not parts:
        return receipt
    # The submission's row is locked, so that two posts with the same file add it once.
    session.execute(select(Submission.id).where(Submission.id == held.id).with_for_update())
    known = session.execute(
        select(Attachment.slot, Attachment.content, Attachment.expected).where(Attachment.submission_id == held.id)
    ).all()
    have = {(row.slot, row.content) for row in known}
    expected = {row.slot for row in known if row.expected}
    new = [part for part in parts if (part.slot, part.content) not in have]
    if not new:
        return receipt
    for part in new:
        _take_slot(session, held.id, part.slot)
    session.execute(insert(table_of(Attachment)), _part_rows(held.id, new, expected, now))
    facts = {"files": len(new)}
    record(session, sender.actor, Action.SUBMISSION_ATTACHED, f"submission:{held.id}", now=now, **facts)
    return Receipt.ATTACHMENTS_ADDED if receipt is Receipt.ALREADY_HELD else receipt


def _take_slot(session: Session, submission_id: int, slot: str) -> None:
    """What stood under this name is kept but no longer current; a mere promise is fulfilled and goes."""
    same = (Attachment.submission_id == submission_id, Attachment.slot == slot)
    session.execute(delete(Attachment).where(*same, Attachment.content == ""))
    session.execute(update(Attachment).where(*same).values(current=False))


def _part_rows(submission_id: int, parts: Sequence[Part], expected: set[str], now: datetime) -> list[dict[str, Any]]:
    """Rows for files that came, of which the last under each name is the current one."""
    newest = {part.slot: part.id for part in parts}
    return [
        part_row(submission_id, part, expected=part.slot in expected, current=newest[part.slot] == part.id, now=now)
        for part in parts
    ]


def part_row(submission_id: int, part: Part, *, expected: bool, current: bool, now: datetime | None) -> dict[str, Any]:
    """The columns of a file; `now` is None for one that is only promised."""
    return {
        "id": part.id,
        "submission_id": submission_id,
        "slot": part.slot,
        "content": part.content,
        "expected": expected,
        "current": current,
        "received_at": now,
        "size": part.size,
        "file_id": part.file_id,
        "envelope": part.envelope,
        "sealed_facts": part.sealed_facts,
    }

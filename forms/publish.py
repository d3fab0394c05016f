"""A compiled form becomes a version that tablets fetch."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.catalogue import raise_catalogue
from accounts.projects import get_project
from audit.trail import Action, Actor, Fact, record
from forms.drafts import subject
from forms.editing import as_served
from forms.offer import xform_of
from forms.tables import DraftMedia, Form, FormDraft, FormMapping, FormMedia, FormVersion
from storage.database import insert_once
from storage.files import Files
from xlsforms.compile import Compiled
from xlsforms.editable import same_but_for_switch

SAFE_NAME = re.compile(r"[^/\\\x00-\x1f]{1,200}")


class VersionTaken(Exception):
    """This version of the form was published before. Change `version` on the settings sheet and publish again."""


class MediaMissing(Exception):
    """The form names files that were not supplied."""


class MediaUnwanted(Exception):
    """A file was supplied that the form does not name, or whose name cannot be used."""


class Kept(Protocol):
    """A workbook as it came: its name and its bytes."""

    @property
    def name(self) -> str: ...

    @property
    def content(self) -> bytes: ...


@dataclass(frozen=True)
class CaseMapping:
    """What the server does with the answers; it never leaves the server."""

    parts: Mapping[str, Any]
    version: str


def publish(
    session: Session,
    compiled: Compiled,
    *,
    project_id: int,
    files: Files,
    actor: Actor,
    now: datetime,
    workbook: Kept | None = None,
    mapping: CaseMapping | None = None,
    media: Sequence[tuple[str, bytes]] = (),
    draft: FormDraft | None = None,
    beside: Sequence[DraftMedia] = (),
) -> FormVersion:
    """The version is offered to tablets in place of the one before it; its bytes never change.

    The same bytes under the same version with another mapping only mend the mapping. A draft's bytes and the files
    beside it are published as they are, and the trail says who proposed it.
    Raises VersionTaken, MediaMissing, MediaUnwanted, ProjectNotFound.
    """
    definition = compiled.definition
    _require_media(definition.media, [*(name for name, _ in media), *(one.filename for one in beside)])
    form = _form(session, project_id, definition.form_id)
    compiled = compiled if draft is not None else as_served(form, compiled)
    md5s = {(name, _md5(content)) for name, content in media} | {(one.filename, one.md5) for one in beside}
    facts: dict[str, Fact] = {}
    if draft is not None:
        facts = {"draft": subject(draft), "proposed_by": draft.proposed_by}
    held = _held(session, form, definition.version)
    if held is not None:
        return _mend(session, held, compiled, mapping, md5s, facts, actor=actor, now=now)
    row = {
        "form_pk": form.id,
        "version": definition.version,
        "title": definition.title,
        "xform": compiled.xform,
        "md5": _md5(compiled.xform),
        "definition": definition.to_json(),
        "workbook": None if workbook is None else workbook.content,
        "workbook_name": "" if workbook is None else workbook.name,
        "findings": [finding.to_json() for finding in compiled.findings],
        "published_at": now,
        "published_by": str(actor),
    }
    version = session.get(FormVersion, insert_once(session, FormVersion, row) or 0)
    if version is None:  # Somebody else published it at the same moment.
        raise _taken(definition.version)
    if mapping is not None:
        _add_mapping(session, version, mapping, actor=actor, now=now)
    _add_media(session, version, media, beside, files)
    form.current_version_id = version.id
    session.flush()
    raise_catalogue(session)
    record(session, actor, Action.FORM_PUBLISHED, f"form:{form.id}", now=now, version_id=version.id, **facts)
    return version


def _add_media(
    session: Session,
    version: FormVersion,
    media: Sequence[tuple[str, bytes]],
    beside: Sequence[DraftMedia],
    files: Files,
) -> None:
    """What comes new is written; what lies beside a draft stays where it lies."""
    rows = [
        FormMedia(filename=name, md5=_md5(content), size=len(content), file_id=files.put([content]))
        for name, content in media
    ]
    rows += [FormMedia(filename=one.filename, md5=one.md5, size=one.size, file_id=one.file_id) for one in beside]
    for row in rows:
        row.version_id = version.id
    session.add_all(rows)


def _form(session: Session, project_id: int, form_id: str) -> Form:
    get_project(session, project_id)
    insert_once(session, Form, {"project_id": project_id, "form_id": form_id})
    return session.scalars(select(Form).where(Form.project_id == project_id, Form.form_id == form_id)).one()


def _held(session: Session, form: Form, version: str) -> FormVersion | None:
    return session.scalar(select(FormVersion).where(FormVersion.form_pk == form.id, FormVersion.version == version))


def _mend(
    session: Session,
    held: FormVersion,
    compiled: Compiled,
    mapping: CaseMapping | None,
    md5s: set[tuple[str, str]],
    facts: Mapping[str, Fact],
    *,
    actor: Actor,
    now: datetime,
) -> FormVersion:
    before = session.execute(select(FormMedia.filename, FormMedia.md5).where(FormMedia.version_id == held.id))
    same = md5s == set(before.all()) and same_but_for_switch(xform_of(session, held.id), compiled.xform)
    if not same or mapping is None or mapping.version == held.mapping_version:
        raise _taken(held.version)
    _add_mapping(session, held, mapping, actor=actor, now=now)
    raise_catalogue(session)
    record(session, actor, Action.FORM_REMAPPED, f"form:{held.form_pk}", now=now, version_id=held.id, **facts)
    return held


def _taken(version: str) -> VersionTaken:
    return VersionTaken(
        f"Version {version} of this form was published before. "
        "Change `version` on the settings sheet and publish again."
    )


def _add_mapping(session: Session, version: FormVersion, mapping: CaseMapping, *, actor: Actor, now: datetime) -> None:
    if session.get(FormMapping, (version.id, mapping.version)) is None:
        row = FormMapping(version_id=version.id, mapping_version=mapping.version, parts=dict(mapping.parts))
        row.made_at, row.made_by = now, str(actor)
        session.add(row)
    version.mapping_version = mapping.version
    session.flush()


def _require_media(named: Sequence[str], supplied: Sequence[str]) -> None:
    if missing := sorted(set(named) - set(supplied)):
        raise MediaMissing(
            f"The form names files that were not supplied: {', '.join(missing)}. Add them and try again."
        )
    odd = sorted({name for name in supplied if name not in named or not SAFE_NAME.fullmatch(name)})
    if odd:
        raise MediaUnwanted(f"The form does not name these files: {', '.join(odd)}. Leave them out, or mend the names.")
    if len(set(supplied)) != len(supplied):
        raise MediaUnwanted("Two files have the same name. Leave one out.")


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()

"""What a designer uploads: a workbook or XForm, a mapping, and files; chosen now, or kept since they were checked."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from flask import request
from werkzeug.datastructures import FileStorage

from accounts.projects import get_project
from accounts.roles import Viewer
from cases.comparing import before_of
from cases.publishing import Checked, check_form
from forms.checks import find_check, keep_check, media_of_check
from forms.library import published_in
from forms.tables import FormCheckMedia
from server.runtime import clock, runtime
from xlsforms.languages import matrix
from xlsforms.published import Known
from xlsforms.sheets import Workbook


@dataclass(frozen=True)
class Uploaded:
    """A file as it was chosen, or as it lies among the files since it was checked."""

    name: str
    content: bytes = field(repr=False)
    file_id: str = ""

    @property
    def md5(self) -> str:
        """MD5 of its bytes."""
        return hashlib.md5(self.content, usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Upload:
    """Everything that was chosen for one form."""

    book: Uploaded
    mapping: Uploaded | None
    media: tuple[Uploaded, ...]

    @property
    def mapping_csv(self) -> tuple[str, bytes] | None:
        """The mapping beside the workbook, as checks take it."""
        return None if self.mapping is None else (self.mapping.name, self.mapping.content)


def chosen(field_name: str) -> list[Uploaded]:
    """The files chosen in a field; a browser that chose none sends one without a name."""
    return [_uploaded(one) for one in request.files.getlist(field_name) if one.filename]


def read_upload(token: str, viewer: Viewer) -> Upload | None:
    """What was chosen; where no workbook was, what was checked under this token. Raises CheckNotFound."""
    book, mapping, media = chosen("workbook"), chosen("mapping"), chosen("media")
    if book:
        return Upload(book[0], mapping[0] if mapping else None, tuple(media))
    if not token:
        return None
    running = runtime()
    with running.database.read() as session:
        held = find_check(session, token, actor=viewer.actor, now=clock())
        kept = media_of_check(session, held)
    again = {one.name for one in media}
    files = [
        Uploaded(one.filename, b"".join(running.files.read(one.file_id)), one.file_id)
        for one in kept
        if one.filename not in again
    ]
    mapped = None if held.mapping_csv is None else Uploaded(held.mapping_name, held.mapping_csv)
    return Upload(Uploaded(held.filename, held.content), mapping[0] if mapping else mapped, (*files, *media))


def check_upload(upload: Upload, form_id: str | None) -> Checked:
    """All that is to be said about the upload, beside what tablets have now; raises UnreadableWorkbook."""
    with runtime().database.read() as session:
        before = None if form_id is None else before_of(session, get_project(session).id, form_id)
        published = replace(published_in(session, get_project(session).id), form_id=form_id or "")
    book, known = upload.book, Known(published, frozenset(one.name for one in upload.media))
    return check_form(book.content, book.name, now=clock(), mapping_csv=upload.mapping_csv, before=before, known=known)


def write_files(media: Iterable[Uploaded]) -> list[Uploaded]:
    """Each file is on the disk, before any row points at it."""
    files = runtime().files
    return [one if one.file_id else Uploaded(one.name, one.content, files.put([one.content])) for one in media]


def keep(upload: Upload, checked: Checked, viewer: Viewer) -> str:
    """The upload is kept for a day with what was found, under the token that is returned."""
    media = [
        FormCheckMedia(filename=one.name, md5=one.md5, size=len(one.content), file_id=one.file_id)
        for one in write_files({one.name: one for one in upload.media}.values())
    ]
    with runtime().database.begin() as session:
        return keep_check(
            session,
            content=upload.book.content,
            filename=upload.book.name,
            mapping_csv=upload.mapping_csv,
            findings=checked.findings,
            facts=facts_of(checked),
            media=media,
            actor=viewer.actor,
            now=clock(),
        )


def facts_of(checked: Checked) -> dict[str, object]:
    """What is kept of a check beside its findings."""
    told = None if checked.compiled is None else checked.compiled.definition
    return {
        "refused": checked.refused,
        "workbook": checked.workbook is not None,
        "holes": [] if checked.workbook is None else _holes(checked.workbook),
        "form_id": "" if told is None else told.form_id,
        "title": "" if told is None else told.title,
        "version": "" if told is None else told.version,
        "questions": 0 if told is None else len(told.questions),
        "mapped": checked.mapping is not None,
    }


def _holes(workbook: Workbook) -> list[list[object]]:
    """Sheet, kind of text, language, how many there are and how many are wanted."""
    covers = matrix(workbook)
    return [list(one) for one in covers] if len({one.language for one in covers}) > 1 else []


def _uploaded(one: FileStorage) -> Uploaded:
    name = (one.filename or "").replace("\\", "/").rpartition("/")[2]
    return Uploaded(name, one.stream.read())

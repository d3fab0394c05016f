"""The files beside a form: pictures, sounds and lists that tablets fetch with it."""

import mimetypes
from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session

from forms.library import FormNotFound, media_of
from forms.tables import FormMedia, FormVersion
from server.api.door import FORM, gives, gives_bytes, may_answer, route
from server.api.forms import chosen, require_reading
from server.api.shapes import Flag, Moment, Shape, Text, Whole
from server.headers import as_download
from server.runtime import runtime

VERSION = FORM + "/versions/<version>"


class AttachmentShape(Shape):
    """A file that the form names."""

    name = Text(required=True)
    type = Text(required=True)
    exists = Flag(required=True)
    blobExists = Flag(required=True)  # noqa: N815
    datasetExists = Flag(required=True)  # noqa: N815
    updatedAt = Moment(required=True, allow_none=True)  # noqa: N815
    hash = Text(required=True, allow_none=True, metadata={"description": "MD5 of the file"})
    size = Whole(required=True, allow_none=True)


@route("GET", FORM + "/attachments", tag="form attachments", endpoint="form_attachments")
@gives(AttachmentShape, many=True)
@may_answer(401, 403, 404)
def form_attachments(project_id: int, form_id: str) -> list[dict[str, Any]]:
    """The files beside the form that tablets fetch."""
    return _attachments(project_id, form_id, None)


@route("GET", VERSION + "/attachments", tag="form attachments", endpoint="version_attachments")
@gives(AttachmentShape, many=True)
@may_answer(401, 403, 404)
def version_attachments(project_id: int, form_id: str, version: str) -> list[dict[str, Any]]:
    """The files beside the version."""
    return _attachments(project_id, form_id, version)


@route("GET", FORM + "/attachments/<filename>", tag="form attachments", endpoint="form_attachment")
@gives_bytes("application/octet-stream")
@may_answer(304, 401, 403, 404)
def form_attachment(project_id: int, form_id: str, filename: str) -> Response:
    """A file beside the form."""
    return _attachment(project_id, form_id, None, filename)


@route("GET", VERSION + "/attachments/<filename>", tag="form attachments", endpoint="version_attachment")
@gives_bytes("application/octet-stream")
@may_answer(304, 401, 403, 404)
def version_attachment(project_id: int, form_id: str, version: str, filename: str) -> Response:
    """A file beside the version."""
    return _attachment(project_id, form_id, version, filename)


def kind_of(name: str) -> str:
    """What a file is to the form, by its name: image, audio, video or file."""
    kind = (mimetypes.guess_type(name)[0] or "").partition("/")[0]
    return kind if kind in {"image", "audio", "video"} else "file"


def held_file(name: str, md5: str | None, size: int | None, moment: Any) -> dict[str, Any]:
    """A file that the form names, whether it came or not."""
    come = md5 is not None
    return {
        "name": name,
        "type": kind_of(name),
        "exists": come,
        "blobExists": come,
        "datasetExists": False,
        "updatedAt": moment,
        "hash": md5,
        "size": size,
    }


def _attachments(project_id: int, form_id: str, version: str | None) -> list[dict[str, Any]]:
    require_reading()
    with runtime().database.read() as session:
        _held, wanted = chosen(session, project_id, form_id, version)
        return [held_file(one.filename, one.md5, one.size, wanted.published_at) for one in media_of(session, wanted)]


def _attachment(project_id: int, form_id: str, version: str | None, filename: str) -> Response:
    require_reading()
    with runtime().database.read() as session:
        found = _found(session, chosen(session, project_id, form_id, version)[1], filename)
    if found.md5 in request.if_none_match:
        answer = Response(status=304)
    else:
        answer = as_download(Response(runtime().files.read(found.file_id)), filename, "application/octet-stream")
        answer.content_length = found.size
    answer.set_etag(found.md5)
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _found(session: Session, version: FormVersion, filename: str) -> FormMedia:
    found = next((one for one in media_of(session, version) if one.filename == filename), None)
    if found is None:
        raise FormNotFound("There is no such file beside the form.")
    return found

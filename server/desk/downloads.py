"""What a submission consists of, byte for byte as the tablet sent it, for those who may read it."""

from collections.abc import Iterator
from itertools import chain

from flask import Response

from accounts.roles import Right
from audit.trail import Action, record
from server.access import require
from server.desk.door import blueprint
from server.headers import as_download
from server.runtime import clock, runtime
from storage.files import FileAbsent
from submissions.inbox import get_submission
from submissions.opening import open_attachments, open_xml, read_file

# Types that no browser runs; anything else is given out as mere bytes.
HARMLESS = ("image/jpeg", "image/png", "image/gif", "image/webp", "audio/", "video/", "text/csv", "application/pdf")


@blueprint.get("/submissions/<int:submission_id>/xml")
def submission_xml(submission_id: int) -> Response:
    """The XML of the submission; that it was read leaves a trace."""
    viewer = require(Right.READ_SUBMISSIONS)
    with runtime().database.begin() as session:
        held = get_submission(session, submission_id, viewer=viewer)
        xml = open_xml(session, held)
        record(session, viewer.actor, Action.SUBMISSION_READ, f"submission:{held.id}", now=clock(), original=True)
    return as_download(Response(xml), f"submission-{submission_id}.xml", "text/xml; charset=utf-8")


@blueprint.get("/submissions/<int:submission_id>/files/<file_id>")
def submission_file(submission_id: int, file_id: str) -> Response:
    """A file of the submission; that it was read leaves a trace. Raises FileAbsent while it is still on the tablet."""
    viewer = require(Right.READ_SUBMISSIONS)
    with runtime().database.begin() as session:
        held = get_submission(session, submission_id, viewer=viewer)
        found = next((one for one in open_attachments(session, held.id) if one.id == file_id and one.received), None)
        if found is None:
            raise FileAbsent(file_id)
        record(session, viewer.actor, Action.ATTACHMENT_READ, f"submission:{held.id}", now=clock(), file=found.id)
    answer = Response(_begun(read_file(runtime().files, found)))
    answer.content_length = found.size
    harmless = found.content_type.startswith(HARMLESS)
    return as_download(answer, found.name, found.content_type if harmless else "application/octet-stream")


def _begun(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes; that they are missing or damaged shows before the answer begins."""
    return chain([next(chunks, b"")], chunks)

"""Forms and their versions as scripts see them."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from accounts.roles import Right, Viewer
from forms.draft_secrets import secret_of
from forms.drafts import seen
from forms.tables import Form, FormDraft, FormState, FormVersion
from server.api import actors
from server.api.shapes import Flag, Moment, Shape, Text, Whole, listed, nested
from submissions.inbox import visible
from submissions.tables import Submission

EXCEL = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xls": "application/vnd.ms-excel",
}


class FormShape(Shape):
    """A form as tablets fetch it now, or one of its versions."""

    projectId = Whole(required=True)  # noqa: N815
    xmlFormId = Text(required=True)  # noqa: N815
    name = Text(required=True, allow_none=True)
    version = Text(required=True)
    hash = Text(required=True, metadata={"description": "MD5 of the XForm"})
    state = Text(required=True)
    keyId = Whole(required=True, allow_none=True)  # noqa: N815
    enketoId = Text(required=True, allow_none=True)  # noqa: N815
    createdAt = Moment(required=True)  # noqa: N815
    updatedAt = Moment(required=True, allow_none=True)  # noqa: N815
    publishedAt = Moment(required=True, allow_none=True)  # noqa: N815
    draftToken = Text(allow_none=True, metadata={"description": "Of a draft: the secret of its test tablets"})  # noqa: N815
    draftSeen = Text(metadata={"description": "Of a draft: its mark, another once anything of it changes"})  # noqa: N815
    # With X-Extended-Metadata: true.
    submissions = Whole()
    lastSubmission = Moment(allow_none=True)  # noqa: N815
    excelContentType = Text(allow_none=True)  # noqa: N815
    createdBy = nested(actors.Actor, allow_none=True)  # noqa: N815
    publishedBy = nested(actors.Actor, allow_none=True)  # noqa: N815
    entityRelated = Flag()  # noqa: N815
    publicLinks = Whole()  # noqa: N815
    verbs = listed(Text())


def shown(form: Form, version: FormVersion, created_at: datetime) -> dict[str, Any]:
    """A form in one of its versions."""
    return {
        "projectId": form.project_id,
        "xmlFormId": form.form_id,
        "name": version.title,
        "version": version.version,
        "hash": version.md5,
        "state": form.state,
        "keyId": None,
        "enketoId": None,
        "createdAt": created_at,
        "updatedAt": version.published_at if version.published_at != created_at else None,
        "publishedAt": version.published_at,
    }


def shown_draft(session: Session, draft: FormDraft) -> dict[str, Any]:
    """A draft in the shape of a form that was never published, for those who publish forms."""
    return {
        "projectId": draft.project_id,
        "xmlFormId": draft.form_id,
        "name": draft.title,
        "version": draft.version,
        "hash": draft.md5,
        "state": FormState.OPEN.value,
        "keyId": None,
        "enketoId": None,
        "createdAt": draft.made_at,
        "updatedAt": None,
        "publishedAt": None,
        "draftToken": secret_of(session, draft) or None,
        "draftSeen": seen(session, draft),
    }


def first_published(session: Session, forms: list[Form]) -> dict[int, datetime]:
    """When each form's first version was published."""
    query = select(FormVersion.form_pk, func.min(FormVersion.published_at)).group_by(FormVersion.form_pk)
    return dict(session.execute(query.where(FormVersion.form_pk.in_([one.id for one in forms]))).all())


def more(session: Session, form: Form, version: FormVersion, *, viewer: Viewer) -> dict[str, Any]:
    """What the extended shape adds; submissions are counted for those who may see that they are there."""
    return {
        **(_counted(session, form, viewer) if viewer.may(Right.LIST_SUBMISSIONS) else {}),
        "excelContentType": EXCEL.get(version.workbook_name.rpartition(".")[2].lower()),
        "createdBy": None,
        "publishedBy": publisher(session, version),
        "entityRelated": False,
        "publicLinks": 0,
    }


def publisher(session: Session, version: FormVersion) -> dict[str, Any] | None:
    """Who published the version; nobody by number for the command line."""
    people, devices = actors.of_trail(version.published_by)
    return next(iter(actors.find_actors(session, people, devices).values()), None)


def _counted(session: Session, form: Form, viewer: Viewer) -> dict[str, Any]:
    sent = select(func.count(), func.max(Submission.received_at)).select_from(Submission)
    count, last = session.execute(visible(sent.where(Submission.form_pk == form.id), viewer)).one()
    return {"submissions": count, "lastSubmission": last}

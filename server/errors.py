"""The one table: which exception answers with which status, in the language of the door it came through."""

import logging
from dataclasses import dataclass

from flask import Flask, Response, g, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import HTTPException

from accounts.devices import BadDeviceName, DeviceExists, DeviceNotFound, DeviceUnknown
from accounts.links import LinkInvalid
from accounts.passwords import PasswordsBusy, WeakPassword
from accounts.people import BadAddress, PersonExists, PersonNotFound
from accounts.projects import AgencyExists, AgencyNotFound, BadAgencyName, ProjectNotFound
from accounts.roles import NotAllowed, UnknownRole
from accounts.sessions import SignInRefused, TooManyTries
from audit.trail import Action, record
from cases.caseload import CaseNotFound
from forms.checks import CheckNotFound
from forms.draft_secrets import DraftUnknown
from forms.drafts import DraftChanged, DraftNotFound
from forms.editing import NotEditable
from forms.library import FormNotFound
from forms.proposals import NotProposed, SecondPersonNeeded
from forms.publish import MediaMissing, MediaUnwanted, VersionTaken
from server.access import NotSignedIn, WrongToken, actor
from server.runtime import clock, runtime
from server.tablet import openrosa
from server.tablet.post import BadPost, PostTooLarge
from server.turns import DownloadsBusy
from storage.database import DatabaseUnavailable
from storage.files import FileAbsent, FilesUnavailable
from storage.lease import BackupRuns
from storage.roots import RootDestroyed
from storage.sealing import KeysLocked, KeyUnknown, SealBroken
from submissions.correcting import NotCorrectable
from submissions.draft_submissions import DraftFull, DraftSubmissionNotFound
from submissions.inbox import SubmissionNotFound
from submissions.instance import BadInstance
from submissions.receive import FormClosed, InstanceConflict, VersionUnknown
from xlsforms.compile import RefusedForm
from xlsforms.marked import CannotMark
from xlsforms.sheets import UnreadableWorkbook

log = logging.getLogger("fieldcase")

STATUS: dict[type[Exception], int] = {
    AgencyExists: 409,
    AgencyNotFound: 404,
    BackupRuns: 503,
    BadAddress: 400,
    BadAgencyName: 400,
    BadDeviceName: 400,
    BadInstance: 400,
    BadPost: 400,
    CaseNotFound: 404,
    CheckNotFound: 404,
    DatabaseUnavailable: 503,
    DeviceExists: 409,
    DeviceNotFound: 404,
    DeviceUnknown: 401,
    DownloadsBusy: 503,
    DraftChanged: 409,
    DraftFull: 413,
    DraftNotFound: 404,
    DraftSubmissionNotFound: 404,
    DraftUnknown: 401,
    FileAbsent: 404,
    FilesUnavailable: 503,
    FormClosed: 409,
    FormNotFound: 404,
    InstanceConflict: 409,
    KeyUnknown: 503,
    KeysLocked: 503,
    LinkInvalid: 404,
    MediaMissing: 400,
    MediaUnwanted: 400,
    NotAllowed: 403,
    NotCorrectable: 409,
    NotEditable: 409,
    NotProposed: 409,
    NotSignedIn: 401,
    PasswordsBusy: 503,
    PersonExists: 409,
    PersonNotFound: 404,
    PostTooLarge: 413,
    ProjectNotFound: 404,
    CannotMark: 400,
    RefusedForm: 400,
    RootDestroyed: 404,
    SealBroken: 500,
    SecondPersonNeeded: 409,
    SignInRefused: 401,
    SubmissionNotFound: 404,
    TooManyTries: 429,
    UnknownRole: 400,
    UnreadableWorkbook: 400,
    VersionTaken: 409,
    VersionUnknown: 404,
    WeakPassword: 400,
    WrongToken: 403,
}

UNREADABLE = {  # By the code of BadInstance.
    "doctype": _l("The answers hold a DOCTYPE, which is not allowed."),
    "id-too-long": _l("The answers name a form, version or instance id of more than 250 characters."),
    "no-form-id": _l("The answers do not say which form they belong to."),
    "not-well-formed": _l("The answers are not well-formed XML; they were changed or cut on the way."),
    "too-large": _l("The answers are larger than 16 MB."),
    "too-many-elements": _l("The answers have too many elements and attributes."),
}
RECORDED = (NotAllowed, InstanceConflict, WrongToken)
RETRY_AFTER = 30  # seconds


@dataclass(frozen=True)
class Refusal:
    """A status and the words that go with it."""

    status: int
    words: str
    retry_after: int | None = None


def status_of(error: Exception) -> int:
    """The status that the table gives the error's class or the nearest class above it; 500 for others."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def register(app: Flask) -> None:
    """Every exception of the table, every HTTP error and every surprise answers in the language of its door."""
    for kind in STATUS:
        app.register_error_handler(kind, refuse)
    app.register_error_handler(HTTPException, refuse_http)
    app.register_error_handler(Exception, fail)


def refuse(error: Exception) -> Response:
    """The error's answer; refusals that matter are recorded in a transaction of their own."""
    status = status_of(error)
    if status >= 500:
        log.warning("unavailable: %s", type(error).__name__, extra={"request_id": g.get("request_id")})
    if isinstance(error, RECORDED):
        _record(error)
    retry = error.seconds if isinstance(error, TooManyTries) else RETRY_AFTER if status == 503 else None
    return _answer(error, Refusal(status, words_for(error, status), retry))


def refuse_http(error: HTTPException) -> Response:
    """An error of HTTP itself, such as a path that is not there."""
    if error.code is None or error.code < 400:
        return Response(error.get_response().data, error.code or 500)
    answer = _answer(error, Refusal(error.code, words_for(error, error.code)))
    for name, value in error.get_headers():
        if name in {"Allow", "Content-Range"}:
            answer.headers[name] = value
    return answer


def fail(error: Exception) -> Response:
    """A surprise: the log gets the traceback, the reader a number to name it by."""
    log.error("failed", exc_info=error, extra={"request_id": g.get("request_id")})
    return _answer(error, Refusal(500, words_for(error, 500)))


def words_for(error: Exception, status: int) -> str:
    """What the reader is told, in the reader's language."""
    named: dict[type[Exception], str] = {
        BadInstance: str(UNREADABLE[error.code]) if isinstance(error, BadInstance) else "",
        BadPost: str(error),
        DeviceUnknown: _("This tablet is not enrolled here, or its access was withdrawn. Tell your supervisor."),
        DraftFull: _("No more test files fit beside this draft. Whoever makes the form replaces it, and they go."),
        DraftUnknown: _("This draft is no longer here: it was published, discarded, or its code was renewed."),
        FormClosed: _("This form takes no more answers. Tell your supervisor."),
        FormNotFound: _("There is no such form here."),
        InstanceConflict: _("Other answers are held under this number. Tell your supervisor."),
        KeysLocked: _("The server is locked. Nothing is lost; try again later."),
        LinkInvalid: _("This link was used already or is too old. Ask for a new one."),
        NotAllowed: _("Your roles do not include this."),
        NotCorrectable: _("These answers cannot be corrected: newer ones stand already, or their form is closed."),
        SignInRefused: _("The e-mail address or the password is not right."),
        TooManyTries: _("Signing in failed too often. Wait a little and try again."),
        VersionUnknown: _("This version of the form was never published here. Tell your supervisor."),
        WrongToken: _("The page was too old or came from elsewhere. Nothing was changed; go back and try again."),
    }
    by_status: dict[int, str] = {
        400: _("The server could not read this request."),
        401: _("Sign in first."),
        403: _("This is not allowed."),
        404: _("There is nothing here."),
        405: _("This cannot be done here."),
        413: _("This is larger than the server takes."),
        429: _("Too many requests. Wait a little and try again."),
        500: _("Something went wrong on the server. Nothing that was acknowledged is lost."),
        503: _("The server cannot take this right now. Nothing is lost; try again in a minute."),
    }
    return named.get(type(error)) or by_status.get(status) or str(_("The server could not do this."))


def _answer(error: Exception, refusal: Refusal) -> Response:
    door = g.get("door") or door_of(request.path)
    if door == "tablet":
        answer = openrosa.message(refusal.words, refusal.status)
    elif door == "api":
        from server.api import errors as api

        answer = api.answer(error, refusal.status)
    elif "desk" in runtime().settings.doors:
        from server.desk.errors import page

        answer = page(error, refusal)
    else:
        answer = Response(f"{refusal.words}\n", refusal.status, content_type="text/plain; charset=utf-8")
    if refusal.retry_after is not None:
        answer.headers["Retry-After"] = str(refusal.retry_after)
    return answer


def door_of(path: str) -> str:
    """Which door a path belongs to that no route answers."""
    if path.startswith("/v1/"):
        tablet = path.startswith(("/v1/key/", "/v1/test/")) or path.endswith(("/submission", "/formList", "/manifest"))
        return "tablet" if tablet else "api"
    return "desk"


def _record(error: Exception) -> None:
    try:
        with runtime().database.begin() as session:
            route, kind = f"route:{request.endpoint}"[:120], type(error).__name__
            record(session, actor(), Action.REFUSED, route, now=clock(), error=kind, status=status_of(error))
    except DatabaseUnavailable:
        log.warning("a refusal could not be recorded", extra={"request_id": g.get("request_id")})

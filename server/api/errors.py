"""Refusals as JSON: {code, message, details}, numbered as ODK Central's clients know them."""

import json
from typing import Any
from xml.sax.saxutils import escape

from flask import Flask, Response, request

from accounts.devices import BadDeviceName, DeviceExists, DeviceUnknown
from accounts.roles import NotAllowed
from accounts.sessions import SignInRefused
from forms.drafts import DraftChanged
from forms.editing import NotEditable
from forms.proposals import NotProposed, SecondPersonNeeded
from forms.publish import MediaMissing, MediaUnwanted, VersionTaken
from server.access import BasicNeedsHttps, NotSignedIn, WrongToken
from server.api.problems import Problem
from server.language import language
from submissions.instance import BadInstance
from submissions.receive import FormClosed, InstanceConflict, VersionUnknown
from xlsforms.compile import RefusedForm
from xlsforms.findings import Finding, Severity
from xlsforms.sheets import UnreadableWorkbook

# Every other exception has the first number of its status.
CODES: dict[type[Exception], str] = {
    BadDeviceName: "400.8",
    BadInstance: "400.1",
    BasicNeedsHttps: "401.3",
    DeviceExists: "409.3",
    DeviceUnknown: "401.2",
    FormClosed: "409.2",
    InstanceConflict: "409.3",
    MediaMissing: "400.8",
    MediaUnwanted: "400.8",
    NotSignedIn: "401.2",
    RefusedForm: "400.15",
    SignInRefused: "401.2",
    UnreadableWorkbook: "400.15",
    VersionTaken: "409.6",
    VersionUnknown: "404.6",
    WrongToken: "401.2",
}
WORDS = {
    "400.1": "The server could not read this request.",
    "400.15": "The form cannot be used. Everything that was found stands in the details.",
    "401.2": "Sign in first: this session, address or password is not known here.",
    "401.3": "A password may travel over https only.",
    "403.1": "Your roles do not include this.",
    "404.1": "There is no such thing here, or it is not yours to see.",
    "404.6": "This version of the form was never published here.",
    "405.1": "This cannot be done here.",
    "409.2": "This form takes no more answers.",
    "413.1": "This is larger than the server takes.",
    "429.1": "Signing in failed too often. Wait and try again.",
    "500.1": "Something went wrong on the server. Nothing that was acknowledged is lost.",
    "503.1": "The server cannot take this right now. Nothing was changed; try again.",
}
SAID_ITSELF = (
    *(BadDeviceName, BadInstance, DeviceExists, MediaMissing, MediaUnwanted, VersionTaken),
    *(DraftChanged, NotEditable, NotProposed, SecondPersonNeeded),
)
"""Exceptions whose text tells more than their number does."""

IN_XML = frozenset({"api.odata_metadata"})
"""Endpoints that refuse in the language that they answer in."""

CONCEALED: set[str] = set()
"""Endpoints of things whose being there may not be known: what one may not do with them looks absent."""


def concealed(*endpoints: str) -> None:
    """These routes answer somebody without the right as if there were nothing."""
    CONCEALED.update(f"api.{name}" for name in endpoints)


def answer(error: Exception, status: int) -> Response:
    """The refusal as scripts read it."""
    code, details = code_of(error, status), _details(error)
    words = (
        str(error) if isinstance(error, (*SAID_ITSELF, Problem)) else WORDS.get(code, "The server could not do this.")
    )
    body = {"code": float(code), "message": words, "details": details}
    made = Response(json.dumps(body, ensure_ascii=False), int(code.partition(".")[0]), content_type="application/json")
    if request.endpoint in IN_XML:
        told = f'<?xml version="1.0" encoding="UTF-8"?>\n<error code="{code}">{escape(words)}</error>\n'
        made = Response(told, made.status_code, content_type="application/xml")
    if made.status_code == 401:
        made.headers["WWW-Authenticate"] = "Bearer"
    return made


def code_of(error: Exception, status: int) -> str:
    """The number of the error's class or of the nearest class above it; else the first number of the status."""
    if isinstance(error, Problem):
        return error.code
    if isinstance(error, NotAllowed) and request.endpoint in CONCEALED:
        return "404.1"
    return next((CODES[kind] for kind in type(error).__mro__ if kind in CODES), f"{status}.1")


def register(app: Flask) -> None:
    """Problems of this door are answered as they are."""
    app.register_error_handler(Problem, lambda error: answer(error, error.status))


def told(findings: tuple[Finding, ...]) -> dict[str, Any]:
    """What was found about a form, in ODK Central's words and in ours."""
    return {
        "error": "; ".join(one.said(language()) for one in findings if one.severity is Severity.ERROR),
        "warnings": [one.said(language()) for one in findings if one.severity is Severity.WARNING],
        "findings": [one.told(language()) for one in findings],
    }


def _details(error: Exception) -> dict[str, Any]:
    if isinstance(error, Problem):
        return error.details
    if isinstance(error, RefusedForm):
        return told(error.findings)
    if isinstance(error, UnreadableWorkbook):
        return told((error.finding,))
    return {}

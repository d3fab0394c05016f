"""Who is calling; every route is closed unless it is listed here."""

import hmac
from dataclasses import dataclass

from flask import Flask, g, request
from werkzeug.exceptions import NotFound

from accounts.devices import DeviceUnknown, KnownDevice, known_device
from accounts.people import viewer_of
from accounts.roles import Right, Viewer
from accounts.sessions import Kind, SignedIn, SignInRefused, check_password, find_session, note_failure, touch_session
from accounts.tables import Person
from audit.trail import NOBODY, Actor
from forms.draft_secrets import DraftUnknown, KnownDraft, known_draft
from server.runtime import clock, runtime

COOKIE, SECURE_COOKIE = "fieldcase", "__Host-fieldcase"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LARGEST = 40 * 1024 * 1024  # bytes that people may send at once; tablets have a limit of their own

# Routes that anybody may call. All others need a signed-in person, or a tablet at the tablet door.
OPEN = frozenset(
    {
        "assets.built",
        "assets.icon",
        "health",
        "metrics",
        "api.start_session",
        "api.session",
        "desk.sign_in",
        "desk.start_session",
        "desk.join",
        "desk.use_link",
        "desk.language",
    }
)


class NotSignedIn(Exception):
    """Sign in first."""


class WrongToken(Exception):
    """The form's token is not that of the signed-in browser. Nothing was changed."""


class BasicNeedsHttps(DeviceUnknown):
    """A password may travel over https only."""


@dataclass(frozen=True)
class Caller:
    """Who stands behind the present request."""

    device: KnownDevice | None = None
    signed_in: SignedIn | None = None
    draft: KnownDraft | None = None


def guard(app: Flask) -> None:
    """No route answers before its caller is known."""
    app.before_request(_admit)


def caller() -> Caller:
    """Who stands behind the present request."""
    held: Caller = g.get("caller") or Caller()
    return held


def device() -> KnownDevice:
    """The tablet that calls; raises DeviceUnknown."""
    known = caller().device
    if known is None:
        raise DeviceUnknown("no tablet")
    return known


def draft() -> KnownDraft:
    """The draft whose code the calling tablet has; raises DraftUnknown."""
    known = caller().draft
    if known is None:
        raise DraftUnknown("no draft")
    return known


def viewer() -> Viewer:
    """The person who calls; raises NotSignedIn."""
    signed_in = caller().signed_in
    if signed_in is None:
        raise NotSignedIn("Sign in first.")
    return signed_in.viewer


def require(right: Right) -> Viewer:
    """The person who calls, who has the right; raises NotSignedIn, NotAllowed."""
    person = viewer()
    person.require(right)
    return person


def actor() -> Actor:
    """As the trail names the caller."""
    who = caller()
    if who.device is not None:
        return who.device.actor
    if who.draft is not None:
        return who.draft.actor
    return who.signed_in.viewer.actor if who.signed_in else NOBODY


def cookie_name() -> str:
    """`__Host-` cookies need https."""
    return SECURE_COOKIE if runtime().settings.https else COOKIE


def _admit() -> None:
    endpoint = request.endpoint
    if endpoint is None:
        return  # There is no such route: the answer is 404 for everybody.
    g.door = endpoint.partition(".")[0] if "." in endpoint else None
    if g.door == "assets":
        return  # The same for everybody, signed in or not.
    if g.door == "tablet":
        arguments = request.view_args or {}
        secret = arguments.pop("draft_secret", None)
        g.caller = Caller(device=_tablet()) if secret is None else Caller(draft=_draft(secret))
        return
    request.max_content_length = LARGEST
    if g.door == "api":
        _admit_script(endpoint)
        return
    g.caller = Caller(signed_in=_person())
    if request.method not in SAFE:
        _require_same_site()
    if endpoint not in OPEN:
        viewer()
        if request.method not in SAFE:
            _require_token()


def _tablet() -> KnownDevice:
    arguments = request.view_args or {}
    secret = arguments.pop("secret", None)
    username = None
    if secret is None:
        login = request.authorization
        if login is None or login.type != "basic" or login.password is None:
            raise DeviceUnknown("no login")
        if not secure():
            raise BasicNeedsHttps("Basic over http")
        secret, username = login.password, login.username or ""
    with runtime().database.look() as connection:
        known = known_device(connection, secret, username=username)
    if known.project_id != arguments.get("project_id"):
        raise DeviceUnknown("another project")
    return known


def _draft(secret: str) -> KnownDraft:
    with runtime().database.read() as session:
        return known_draft(session, secret)


def secure() -> bool:
    """True when the request came over https, by the address that was set or by the declared proxy's word."""
    settings = runtime().settings
    return settings.https or (settings.behind_proxy and request.headers.get("X-Forwarded-Proto") == "https")


def address() -> str:
    """Where the request came from; a declared proxy's last hop is believed, nobody else's."""
    if runtime().settings.behind_proxy and request.access_route:
        return request.access_route[-1]
    return request.remote_addr or ""


def _admit_script(endpoint: str) -> None:
    if "\0" in request.path:
        raise NotFound  # No database takes it as part of a name.
    g.caller = Caller(signed_in=_script())
    if "Authorization" not in request.headers and caller().signed_in and request.method not in SAFE:
        _require_same_site()
        if request.headers.get("X-Requested-With") != "XMLHttpRequest":
            _require_token()
    if endpoint not in OPEN:
        viewer()


def _script() -> SignedIn | None:
    """Who a script is: by a session's token, a password over https, or a browser's cookie; the first given decides."""
    if "Authorization" not in request.headers:
        return _person()
    login = request.authorization
    if login is not None and login.type == "bearer":
        with runtime().database.read() as session:
            return find_session(session, login.token or "", now=clock(), kind=Kind.SCRIPT)[0]
    if login is None or login.type != "basic":
        return None
    if not secure():
        raise BasicNeedsHttps("Basic over http")
    person = owner_of(login.username or "", login.password or "")
    with runtime().database.read() as session:
        return SignedIn(viewer_of(session, person))


def owner_of(email: str, password: str) -> Person:
    """Whose password this is; a refusal counts. Raises SignInRefused, TooManyTries."""
    now = clock()
    try:
        with runtime().database.read() as session:
            return check_password(session, email=email, password=password, address=address(), now=now)
    except SignInRefused:
        with runtime().database.begin() as session:
            note_failure(session, email=email, address=address(), now=now)
        raise


def _person() -> SignedIn | None:
    token = request.cookies.get(cookie_name())
    if not token:
        return None
    now = clock()
    with runtime().database.read() as session:
        signed_in, due = find_session(session, token, now=now)
    if due:
        with runtime().database.begin() as session:
            touch_session(session, token, now=now)
    return signed_in


def _require_same_site() -> None:
    origin = request.headers.get("Origin")
    foreign = origin is not None and origin not in {runtime().settings.base_url, request.host_url.rstrip("/")}
    if foreign or request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise WrongToken("another site")


def _require_token() -> None:
    signed_in = caller().signed_in
    sent = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
    if signed_in is None or not hmac.compare_digest(sent.encode(), signed_in.csrf.encode()):
        raise WrongToken("no token")

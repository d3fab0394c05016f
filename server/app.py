"""The application: settings in, doors out."""

import secrets

from flask import Flask, Response, g, request
from flask_babel import Babel

from server import access, errors
from server.runtime import Runtime, attach, open_runtime, runtime
from server.settings import LANGUAGES, Settings, read_settings
from server.spooling import SpoolingRequest

CONTENT_SECURITY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def create_app(settings: Settings | None = None, *, running: Runtime | None = None) -> Flask:
    """The WSGI application of an installation that `fieldcase init` made, with the doors that its settings open."""
    parts = running or open_runtime(settings or read_settings())
    app = Flask(__name__)
    app.request_class = SpoolingRequest
    app.config["MAX_CONTENT_LENGTH"] = None  # Each door has its own limit and says it in its own language.
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.json.sort_keys = False  # type: ignore[attr-defined]
    attach(app, parts)
    Babel(app, default_translation_directories="translations", locale_selector=language)
    app.before_request(_begin)
    access.guard(app)
    errors.register(app)
    app.after_request(_finish)
    app.add_url_rule("/healthz", "health", health)
    _open_doors(app, parts.settings.doors)
    return app


def language() -> str:
    """The reader's language: the signed-in person's, the browser's, or the one that is set for tablets."""
    if g.get("door") == "tablet" or errors.door_of(request.path) == "tablet":
        return runtime().settings.language
    signed_in = access.caller().signed_in
    if signed_in is not None:
        return signed_in.viewer.language
    chosen = request.cookies.get("language")
    if chosen in LANGUAGES:
        return chosen
    return request.accept_languages.best_match(LANGUAGES) or runtime().settings.language


def health() -> Response:
    """200 while the database answers."""
    with runtime().database.read() as session:
        session.connection()
    return Response("ok\n", content_type="text/plain; charset=utf-8")


def _open_doors(app: Flask, doors: tuple[str, ...]) -> None:
    if "tablet" in doors:
        from server.tablet import forms, submission
        from server.tablet.door import blueprint

        assert forms and submission  # noqa: PT018  imported for their routes
        app.register_blueprint(blueprint)
    if "desk" in doors:
        from server.desk import open_desk

        open_desk(app)


def _begin() -> None:
    g.request_id = secrets.token_hex(8)


def _finish(answer: Response) -> Response:
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    if runtime().settings.https:
        answer.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if "Cache-Control" not in answer.headers:
        answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Request-Id"] = g.get("request_id", "")
    return answer

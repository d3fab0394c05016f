"""The application: settings in, doors out."""

import secrets
import time

from flask import Flask, Response, g, request

from server import access, errors
from server.headers import close_the_page
from server.health import Health
from server.language import speak
from server.metrics import measure
from server.reading import REFUSED
from server.runtime import Runtime, attach, open_runtime, runtime
from server.settings import Settings, read_settings
from server.spooling import SpoolingRequest
from server.twins import choose_door


def create_app(settings: Settings | None = None, *, running: Runtime | None = None) -> Flask:
    """The WSGI application of an installation that `fieldcase init` made, with the doors that its settings open."""
    parts = running or open_runtime(settings or read_settings())
    app = Flask(__name__, static_folder=None)
    app.request_class = SpoolingRequest
    app.config["MAX_CONTENT_LENGTH"] = None  # Each door has its own limit and says it in its own language.
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.json.sort_keys = False  # type: ignore[attr-defined]
    attach(app, parts)
    speak(app, chosen=chosen_language, default=parts.settings.language, zone=parts.settings.time_zone)
    app.before_request(_begin)
    app.before_request(choose_door)
    access.guard(app)
    errors.register(app)
    app.after_request(_finish)
    health = Health(parts.database)
    app.add_url_rule("/healthz", "health", lambda: say_health(health))
    measure(app, parts, health)
    _open_doors(app, parts.settings.doors)
    return app


def chosen_language() -> str | None:
    """The signed-in person's language, else the one chosen in this browser; tablets get the one that is set."""
    if g.get("door") == "tablet" or errors.door_of(request.path) == "tablet":
        return runtime().settings.language
    signed_in = access.caller().signed_in
    return signed_in.viewer.language if signed_in else request.cookies.get("language")


def say_health(health: Health) -> Response:
    """200 while the database answers within a second, 503 else; nothing more is said, since anybody may ask."""
    well = health.answers()
    return Response("ok\n" if well else "unavailable\n", 200 if well else 503, content_type="text/plain; charset=utf-8")


def _open_doors(app: Flask, doors: tuple[str, ...]) -> None:
    if "tablet" in doors:
        from server.tablet import drafts, forms, submission
        from server.tablet.door import blueprint

        assert drafts and forms and submission  # noqa: PT018  imported for their routes
        app.register_blueprint(blueprint)
    if "api" in doors:
        from server.api import open_api

        open_api(app)
    if "desk" in doors:
        from server.desk import open_desk

        open_desk(app)


def _begin() -> None:
    g.request_id, g.begun = secrets.token_hex(8), time.perf_counter()
    if (refused := request.environ.get(REFUSED)) is not None:
        raise refused


def _finish(answer: Response) -> Response:
    if runtime().settings.https:
        answer.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    answer.headers["X-Request-Id"] = g.get("request_id", "")
    return close_the_page(answer)

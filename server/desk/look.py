"""What every page needs to be drawn: the design system's macros, our filters, the built assets, the reader's language."""

from collections.abc import Callable

from flask import Flask, Response, request
from flask_babel import Babel
from jinja2 import ChoiceLoader, PackageLoader, PrefixLoader

from server.desk import assets, formats

LANGUAGES = {"en": "English", "es": "Español"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def dress(
    app: Flask, *, chosen_language: Callable[[], str | None], default_language: str = "en", zone: str = "UTC"
) -> None:
    """The app draws our pages in the chosen language, else the browser's, else the office's, and in the ministry's zone."""

    def language() -> str:
        chosen = chosen_language()
        return chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES, default_language)

    Babel(app, default_locale=default_language, default_timezone=zone, locale_selector=language)
    app.jinja_loader = ChoiceLoader(
        [
            PackageLoader("server"),
            PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
        ]
    )
    app.jinja_env.filters.update(formats.filters())
    app.jinja_env.globals.update(asset=assets.asset, languages=LANGUAGES, language=language)
    app.jinja_env.add_extension("jinja2.ext.do")
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.register_blueprint(assets.blueprint)


def close_the_page(response: Response) -> Response:
    """The page may load nothing but our own files, stand in no frame, and is kept by no cache."""
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cache-Control", "no-store")
    return response

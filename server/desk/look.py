"""What every page needs to be drawn: the design system's macros, our filters, the assets, the reader's language."""

from collections.abc import Callable

from flask import Flask
from jinja2 import ChoiceLoader, PackageLoader, PrefixLoader

from server.desk import assets, formats
from server.headers import close_the_page
from server.language import language, speak

__all__ = ["LANGUAGES", "close_the_page", "draw", "dress"]

LANGUAGES = {"en": "English", "es": "Español"}


def dress(
    app: Flask, *, chosen_language: Callable[[], str | None], default_language: str = "en", zone: str = "UTC"
) -> None:
    """The app draws our pages in the chosen language, else the browser's, else the office's, in the ministry's zone."""
    speak(app, chosen=chosen_language, default=default_language, zone=zone)
    draw(app)


def draw(app: Flask) -> None:
    """The app, which speaks already, draws our pages."""
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

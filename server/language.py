"""The language of each answer: one rule, whichever doors are open."""

from collections.abc import Callable

import flask_babel
from flask import Flask, request
from flask_babel import Babel

from server.settings import LANGUAGES


def speak(app: Flask, *, chosen: Callable[[], str | None], default: str, zone: str) -> None:
    """Words come in the chosen language, else the browser's, else the office's; moments in the ministry's zone."""

    def language() -> str:
        wanted = chosen()
        return wanted if wanted in LANGUAGES else request.accept_languages.best_match(LANGUAGES, default) or default

    Babel(app, default_locale=default, default_timezone=zone, locale_selector=language)


def language() -> str:
    """The language of the present answer."""
    locale = flask_babel.get_locale()
    return str(locale.language) if locale else LANGUAGES[0]

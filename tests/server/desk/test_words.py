"""The pages speak both languages whole."""

import string
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

SERVER = Path(__file__).parents[3] / "server"
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {
    "templates/**.html": {
        "extensions": "jinja2.ext.do",
        "silent": "false",
        "trim_blocks": "true",
        "lstrip_blocks": "true",
    }
}
KEYWORDS = {
    "_": None,
    "_l": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}


def spoken() -> Catalog:
    """Every sentence in the pages and in the code behind them."""
    catalog = Catalog()
    found = extract_from_dir(SERVER, METHODS, OPTIONS, KEYWORDS, directory_filter=outside_node_modules)
    for file, line, words, comments, context in found:
        catalog.add(words, None, [(file, line)], auto_comments=comments, context=context)
    return catalog


def outside_node_modules(folder: str | Path) -> bool:
    return Path(folder).name not in ("node_modules", "static")


@pytest.fixture(scope="module")
def spanish() -> Catalog:
    with (SERVER / "translations" / "es" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale="es")


def test_every_sentence_is_there_in_spanish(spanish):
    missing = [message.id for message in spoken() if message.id and not translated(spanish, message)]
    assert missing == []


def test_no_translation_is_a_guess(spanish):
    assert [message.id for message in spanish if message.id and message.fuzzy] == []


def test_a_translation_keeps_the_places_that_are_filled_in(spanish):
    for message in spanish:
        if message.id:
            ids, words = forms(message.id), forms(message.string)
            assert {name for one in words for name in places(one)} == {name for one in ids for name in places(one)}, ids


def test_spanish_speaks_to_the_reader_with_respect(spanish):
    familiar = {"tu", "tus", "ti", "contigo", "puedes", "debes", "haz", "quieres", "tienes"}
    said = {
        word.strip(string.punctuation + "¿¡«»").lower()
        for message in spanish
        for one in forms(message.string)
        for word in one.split()
    }
    assert said & familiar == set()


def translated(catalog: Catalog, message: Message) -> bool:
    held = catalog.get(forms(message.id)[0], message.context)
    return bool(held and held.string and all(forms(held.string)))


def forms(words: object) -> list[str]:
    return [words] if isinstance(words, str) else list(words)  # type: ignore[call-overload]


def places(words: str) -> list[str]:
    return [part.split(")")[0] for part in words.replace("%%", "").split("%(")[1:]]

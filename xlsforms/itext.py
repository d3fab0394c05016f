"""The words of an XForm: labels and hints in each of its languages, and the media that go with them."""

import re
from collections.abc import Iterator

from lxml import etree

from xlsforms.xform import attribute, first, kids, local

ITEXT = re.compile(r"jr:itext\(\s*(['\"])(.*)\1\s*\)")
SIMPLE_PATH = re.compile(r"[\w./:\s-]*?([\w.-]+)\s*")
MEDIA_FORMS = ("image", "big-image", "audio", "video")
ABSENT = "-"  # What pyxform writes where a language lacks a text.


class Words:
    """The translations of a form; with none, the one language is called ""."""

    def __init__(self, model: etree._Element) -> None:
        translations = [found for itext in kids(model, "itext") for found in kids(itext, "translation")]
        self.languages = tuple(dict.fromkeys(attribute(found, "lang") for found in translations))
        marked = (attribute(found, "lang") for found in translations if attribute(found, "default"))
        self.default = next(marked, self.languages[0] if self.languages else "")
        self.media: list[str] = []
        self._texts: dict[str, dict[str, str]] = {}
        for found in translations:
            self._read(found, attribute(found, "lang"))

    def _read(self, translation: etree._Element, language: str) -> None:
        for text in kids(translation, "text"):
            values = {attribute(value, "form"): value for value in kids(text, "value")}
            self.media += [plain_text(value) for form, value in values.items() if form in MEDIA_FORMS]
            shown = next((plain_text(values[form]) for form in ("", "long", "short") if form in values), "")
            if shown and shown != ABSENT:
                self._texts.setdefault(attribute(text, "id"), {})[language] = shown

    def text(self, key: str) -> dict[str, str]:
        """The text of this id, by language; languages that lack it are left out."""
        return dict(self._texts.get(key, {}))

    def everywhere(self, text: str) -> dict[str, str]:
        """A text that is not translated, as each language shows it."""
        return dict.fromkeys(self.languages or ("",), text) if text else {}

    def of(self, element: etree._Element, part: str) -> dict[str, str]:
        """The label or hint of a control, by language."""
        found = first(element, part)
        if found is None:
            return {}
        reference = attribute(found, "ref")
        if key := ITEXT.fullmatch(reference):
            return self.text(key[2])
        return self.everywhere(_shown(reference) if reference else plain_text(found))


def plain_text(element: etree._Element) -> str:
    """The text of an element; an `output` stands as `${name}`."""
    return "".join(_pieces(element)).strip()


def _pieces(element: etree._Element) -> Iterator[str]:
    yield element.text or ""
    for child in element.iterchildren(tag=etree.Element):
        if local(child) == "output":
            yield _shown(attribute(child, "value") or attribute(child, "ref"))
        else:
            yield from _pieces(child)
        yield child.tail or ""


def _shown(expression: str) -> str:
    path = SIMPLE_PATH.fullmatch(expression)
    return "${" + (path[1].rsplit(":", 1)[-1] if path else "…") + "}"

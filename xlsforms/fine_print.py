"""The fine print of a form: what its XForm says of each question and group beside its name, type, words and choices."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from xlsforms.editable import SWITCH
from xlsforms.itext import ITEXT, plain_text
from xlsforms.xform import attribute, first, kids, local, parse, resolve

PLACES = ("ref", "nodeset", "bind", "id", "type")
OF_BIND = {
    **{name: name for name in ("relevant", "constraint", "required", "calculate", "saveto")},
    "constraintMsg": "constraint-message",
    "requiredMsg": "required-message",
    "readonly": "read-only",
}


@dataclass(frozen=True)
class FinePrint:
    """By path, then by rule and language ("" for every language), what is said; and a mark of all of the XForm."""

    rules: dict[str, dict[tuple[str, str], str]] = field(default_factory=dict)
    mark: str = ""  # Equal for XForms that are the same apart from their version and the server's own switch.


def fine_print(xform: bytes) -> FinePrint:
    """The fine print of these bytes; raises UnreadableForm."""
    root = parse(xform)
    model, body = first(root, "head", "model"), first(root, "body")
    primary = next((top for one in _kids(model, "instance") for top in kids(one)), None)
    if model is None or primary is None:
        return FinePrint(mark=hashlib.sha256(xform).hexdigest())
    reader = _Reader(model, f"/{local(primary)}")
    for bind in kids(model, "bind"):
        reader.bind(bind)
    reader.defaults(primary, reader.root)
    reader.actions(root)
    if body is not None:
        reader.say(reader.root, "appearance", attribute(body, "class"))
        reader.walk(body, reader.root)
    return FinePrint(reader.rules, _mark(root, model, primary))


class _Reader:
    def __init__(self, model: etree._Element, root: str) -> None:
        self.root, self.rules = root, dict[str, dict[tuple[str, str], str]]()
        self.named = {attribute(one, "id"): attribute(one, "nodeset") for one in kids(model, "bind")}
        self.texts: dict[str, dict[tuple[str, str], str]] = {}  # By id, then by form and language.
        for translation in (one for itext in kids(model, "itext") for one in kids(itext, "translation")):
            for text in kids(translation, "text"):
                held = self.texts.setdefault(attribute(text, "id"), {})
                for value in kids(text, "value"):
                    held[attribute(value, "form"), attribute(translation, "lang")] = plain_text(value)

    def say(self, path: str, rule: str, words: str, language: str = "") -> None:
        """The rule holds at this path, beside what is said of it already."""
        if words:
            held = self.rules.setdefault(path, {})
            before = held.get((rule, language), "")
            held[rule, language] = f"{before}; {words}" if before else words

    def bind(self, bind: etree._Element) -> None:
        path = resolve(self.root, attribute(bind, "nodeset"))
        for name, said in _attributes(bind):
            if name in PLACES:
                continue
            if name in OF_BIND:
                self._say_text(path, OF_BIND[name], said)
            else:
                self.say(path, "parameters", f"{name}={said}")

    def _say_text(self, path: str, rule: str, said: str) -> None:
        key = ITEXT.fullmatch(said)
        if key is None:
            self.say(path, rule, "" if said == "false()" else said)
            return
        for (form, language), words in self.texts.get(key[2], {}).items():
            self.say(path, rule if not form else "parameters", words if not form else f"{form}={words}", language)

    def defaults(self, element: etree._Element, path: str) -> None:
        """What stands in the instance before anything is answered; an entity's part says what it saves."""
        for child in kids(element):
            below = f"{path}/{local(child)}"
            if not len(child):
                self.say(below, "default", (child.text or "").strip())
            for name, said in _attributes(child):
                rule = "saveto" if below.endswith("/meta/entity") else "parameters"
                self.say(below, rule, f"{name}={said}" if said else name)
            self.defaults(child, below)

    def actions(self, root: etree._Element) -> None:
        for one in root.iter(etree.Element):
            if local(one) in ("setvalue", "setgeopoint", "recordaudio"):
                path = resolve(self.root, attribute(one, "ref"))
                said = attribute(one, "value") or (one.text or "").strip()
                self.say(path, "default", " ".join(filter(None, (local(one), attribute(one, "event"), said))))

    def walk(self, parent: etree._Element, context: str) -> None:
        """Take in how each control and group below this element shows itself."""
        for control in kids(parent):
            if local(control) in ("label", "hint", "item", "itemset", "value"):
                continue
            named = self.named.get(attribute(control, "bind"), "")
            reference = attribute(control, "ref") or attribute(control, "nodeset") or named
            path = resolve(context, reference) if reference else context
            for name, said in _attributes(control):
                if name not in PLACES and not local(control).startswith("set"):
                    plain = name == "appearance"
                    self.say(path, "appearance" if plain else "parameters", said if plain else f"{name}={said}")
            self._beside(control, path)
            if local(control) in ("group", "repeat"):
                self.walk(control, path)

    def _beside(self, control: etree._Element, path: str) -> None:
        """Guidance and media of a control, and which of its choices it offers."""
        self.say(path, "choice-filter", _filter(attribute(first(control, "itemset"), "nodeset")))
        for part in kids(control, "label", "hint"):
            key = ITEXT.fullmatch(attribute(part, "ref"))
            for (form, language), words in self.texts.get(key[2], {}).items() if key else ():
                if form == "guidance":
                    self.say(path, "guidance", words, language)
                elif form not in ("", "long", "short"):
                    self.say(path, "parameters", f"{form}={words}", language)


def _filter(nodeset: str) -> str:
    """What a choice must fulfil, or where choices come from that are in no list of the form."""
    _before, bracket, condition = nodeset.partition("[")
    return f"[{condition}" if bracket else ""


def _kids(element: etree._Element | None, *names: str) -> Iterator[etree._Element]:
    return iter(()) if element is None else kids(element, *names)


def _attributes(element: etree._Element) -> Iterator[tuple[str, str]]:
    for key, value in element.attrib.items():
        yield etree.QName(str(key)).localname, str(value).strip()


def _mark(root: etree._Element, model: etree._Element, primary: etree._Element) -> str:
    """A digest of the whole, once its version and the server's own switch are taken out."""
    for name in [str(key) for key in primary.attrib if etree.QName(str(key)).localname == "version"]:
        del primary.attrib[name]
    for held in list(kids(model, "submission")):
        for name in [str(key) for key in held.attrib if etree.QName(str(key)).localname in SWITCH]:
            del held.attrib[name]
        if not held.attrib and not len(held):
            model.remove(held)
    etree.cleanup_namespaces(root)
    return hashlib.sha256(etree.tostring(root, method="c14n")).hexdigest()

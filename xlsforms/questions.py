"""An XForm read back as questions: whoever wrote it, in the order in which the tablet shows them."""

import dataclasses
from collections.abc import Iterator

from lxml import etree

from xlsforms.choices import ChoiceLists
from xlsforms.definition import Choice, FormDefinition, Group, Question
from xlsforms.itext import Words
from xlsforms.references import media
from xlsforms.types import Bind, type_of_control, type_of_node
from xlsforms.xform import UnreadableForm, attribute, first, kids, local, parse, resolve

__all__ = ["Choice", "FormDefinition", "Group", "Question", "UnreadableForm", "read_form"]

NAMESPACES = ("http://www.w3.org/2002/xforms", "http://www.w3.org/1999/xhtml")  # None of them is a form's own.
CONTROLS = ("input", "secret", "select1", "select", "rank", "upload", "trigger", "range")


def read_form(xform: bytes) -> FormDefinition:
    """The definition of the form in these bytes; raises UnreadableForm."""
    return read_parsed(parse(xform))


def read_parsed(root: etree._Element) -> FormDefinition:
    """As read_form, of a document already parsed."""
    head, body = first(root, "head"), first(root, "body")
    model, title = first(head, "model"), first(head, "title")
    if head is None or body is None or model is None:
        raise UnreadableForm("The XML is not an XForm: it needs a head with a model, and a body.")
    if title is None or not (title.text or "").strip():
        raise UnreadableForm("The form has no title; tablets refuse it.")
    primary = next((top for instance in kids(model, "instance") for top in kids(instance)), None)
    if primary is None:
        raise UnreadableForm("The form has no primary instance: the first instance of its model is missing or empty.")
    namespace = etree.QName(primary).namespace or ""
    form_id = attribute(primary, "id") or ("" if namespace in NAMESPACES else namespace)
    if not form_id:
        raise UnreadableForm("The form has no id: the first element of its primary instance needs the attribute 'id'.")
    reader = _Reader(root, model, primary)
    reader.walk(body, f"/{local(primary)}")
    reader.walk_instance()
    return FormDefinition(
        form_id=form_id,
        version=attribute(primary, "version"),
        title=(title.text or "").strip(),
        languages=reader.words.languages,
        default_language=reader.words.default,
        groups=tuple(reader.groups.values()),
        questions=tuple(reader.questions.values()),
        media=media(root, model),
    )


def leaves(element: etree._Element, path: str) -> Iterator[tuple[str, etree._Element]]:
    """The elements of the instance that hold no elements, with their paths; an entity's own part is left out."""
    for child in kids(element):
        below = f"{path}/{local(child)}"
        if below.endswith("/meta/entity"):
            continue
        if len(child):
            yield from leaves(child, below)
        else:
            yield below, child


class _Reader:
    def __init__(self, root: etree._Element, model: etree._Element, primary: etree._Element) -> None:
        self.primary, self.root = primary, f"/{local(primary)}"
        self.words, self.lists = Words(model), ChoiceLists(model)
        self.binds = {resolve(self.root, attribute(bind, "nodeset")): Bind(bind) for bind in kids(model, "bind")}
        self.named = {key: attribute(bind, "nodeset") for bind in kids(model, "bind") if (key := attribute(bind, "id"))}
        self.actions = {resolve(self.root, attribute(action, "ref")): action for action in _actions(root)}
        self.groups: dict[str, Group] = {}
        self.questions: dict[str, Question] = {}

    def walk(self, parent: etree._Element, context: str, around: dict[str, str] | None = None) -> None:
        """Take in the controls and groups below this element of the body, in order."""
        for child in kids(parent):
            if local(child) in ("group", "repeat"):
                self._enter(child, context, around or {})
            elif local(child) in CONTROLS:
                self._ask(child, context)

    def _enter(self, group: etree._Element, context: str, around: dict[str, str]) -> None:
        """A group without a reference only looks like one on the screen; its label goes to the repeat inside it."""
        labels = self.words.of(group, "label")
        if path := self._path(group, context):
            repeat = local(group) == "repeat"
            known = self.groups.get(path)
            labels = labels or (known.labels if known else around)
            repeat = repeat or (known.repeat if known else False)
            relevant = self.binds.get(path, Bind(None)).relevant
            self.groups[path] = Group(path, labels, repeat, self._around(path), relevant)
        self.walk(group, path or context, {} if path else labels)

    def _ask(self, control: etree._Element, context: str) -> None:
        path = self._path(control, context)
        if path and path not in self.questions:
            bind = self.binds.get(path, Bind(None))
            choices = self.lists.of(control, self.words)
            self._add(path, type_of_control(control, bind), bind, control, choices)

    def walk_instance(self) -> None:
        """Take in what the body does not show: calculations, what the tablet fills in, and meta."""
        self.questions = {path: self._placed(question) for path, question in self.questions.items()}
        for path, _node in leaves(self.primary, self.root):
            if path not in self.questions and path not in self.groups:
                bind = self.binds.get(path, Bind(None))
                self._add(path, type_of_node(path, bind, self.actions.get(path)), bind, None, ())

    def _add(
        self, path: str, type_: str, bind: Bind, control: etree._Element | None, choices: tuple[Choice, ...]
    ) -> None:
        labels = {} if control is None else self.words.of(control, "label")
        hints = {} if control is None else self.words.of(control, "hint")
        name = path.rsplit("/", 1)[-1]
        said = bind.required, bind.relevant, bind.constraint, bind.calculate
        self.questions[path] = self._placed(Question(path, name, type_, labels, hints, choices, "", "", *said))

    def _placed(self, question: Question) -> Question:
        group, repeat = self._around(question.path), self._around(question.path, repeats=True)
        return dataclasses.replace(question, group=group, repeat=repeat)

    def _around(self, path: str, *, repeats: bool = False) -> str:
        while path := path.rpartition("/")[0]:
            if path in self.groups and (self.groups[path].repeat or not repeats):
                return path
        return ""

    def _path(self, element: etree._Element, context: str) -> str:
        named = self.named.get(attribute(element, "bind"), "")
        reference = attribute(element, "ref") or attribute(element, "nodeset") or named
        return resolve(context, reference) if reference else ""


def _actions(root: etree._Element) -> Iterator[etree._Element]:
    for element in root.iter(etree.Element):
        if local(element) in ("setgeopoint", "recordaudio"):
            yield element

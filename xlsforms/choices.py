"""The choices of a question: listed in its control, or in a secondary instance that it points to."""

import re
from collections.abc import Iterator

from lxml import etree

from xlsforms.definition import Choice
from xlsforms.itext import ITEXT, Words, plain_text
from xlsforms.xform import attribute, first, kids, local

FROM_INSTANCE = re.compile(r"instance\(\s*(['\"])(.+?)\1\s*\)((?:/[\w.:-]+)*)")
ITEXT_OF_CHILD = re.compile(r"jr:itext\(\s*([\w.:-]+)\s*\)")


class ChoiceLists:
    """The lists inside a form; a list that many questions use is read once."""

    def __init__(self, model: etree._Element) -> None:
        inside = (instance for instance in kids(model, "instance") if not attribute(instance, "src"))
        self._instances = {attribute(instance, "id"): instance for instance in inside if attribute(instance, "id")}
        self._read: dict[tuple[str, str, str], tuple[Choice, ...]] = {}

    def of(self, control: etree._Element, words: Words) -> tuple[Choice, ...]:
        """The choices of this control; () when it is no select, or they come from a file or from answers."""
        if "search(" in attribute(control, "appearance"):
            return ()  # The items only name the columns of a file.
        if (itemset := first(control, "itemset")) is not None:
            return self._from_instance(itemset, words)
        return tuple(
            Choice(plain_text(value), words.of(item, "label"))
            for item in kids(control, "item")
            if (value := first(item, "value")) is not None
        )

    def _from_instance(self, itemset: etree._Element, words: Words) -> tuple[Choice, ...]:
        value, label = attribute(first(itemset, "value"), "ref"), attribute(first(itemset, "label"), "ref")
        nodeset = attribute(itemset, "nodeset")
        key = nodeset.partition("[")[0], value, label
        if key not in self._read:
            self._read[key] = tuple(_choice(item, value, label, words) for item in self._items(nodeset))
        return self._read[key]

    def _items(self, nodeset: str) -> Iterator[etree._Element]:
        match = FROM_INSTANCE.search(nodeset)
        if match is None or match[2] not in self._instances:
            return iter(())
        found = [self._instances[match[2]]]
        for step in match[3].split("/")[1:]:
            found = [child for element in found for child in kids(element, step.rsplit(":", 1)[-1])]
        return iter(found)


def _choice(item: etree._Element, value: str, label: str, words: Words) -> Choice:
    texts = {local(child): plain_text(child) for child in kids(item)}
    if key := ITEXT.fullmatch(label):
        return Choice(texts.get(value, ""), words.text(key[2]))
    if child := ITEXT_OF_CHILD.fullmatch(label):
        return Choice(texts.get(value, ""), words.text(texts.get(child[1], "")))
    return Choice(texts.get(value, ""), words.everywhere(texts.get(label, "")))

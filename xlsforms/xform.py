"""An XForm as XML: parsed so that it can do no harm, its parts found by local name."""

import re
from collections.abc import Iterator

from lxml import etree

# Both begin where nothing like them stands before, so that a long text without their ends is read once.
PREFIX = re.compile(r"(?<![\w.-])[\w.-]+:(?!:)")
PREDICATE = re.compile(r"\[[^\]]*(?:\]|\Z)")


class UnreadableForm(Exception):
    """These bytes are not an XForm that a tablet could open; the message says what is missing."""


def parse(content: bytes) -> etree._Element:
    """The document's root; no entity is expanded, nothing fetched, and a DOCTYPE is refused."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=True, remove_comments=True
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableForm(f"The form is not well-formed XML: {getattr(error, 'msg', error)}.") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnreadableForm("The form declares a DOCTYPE, which is not allowed here. Take that line out.")
    return root


def local(element: etree._Element) -> str:
    """The element's name without its namespace."""
    return etree.QName(element).localname


def kids(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    """The children with one of these local names, all when none is given; in document order."""
    for child in element.iterchildren(tag=etree.Element):
        if not names or local(child) in names:
            yield child


def first(element: etree._Element | None, *steps: str) -> etree._Element | None:
    """The first descendant along these local names; None when one is missing."""
    for step in steps:
        element = next(kids(element, step), None) if element is not None else None
    return element


def attribute(element: etree._Element | None, name: str) -> str:
    """The attribute with this local name, in whatever namespace; "" when absent."""
    if element is None:
        return ""
    return next((value.strip() for key, value in _attributes(element) if etree.QName(key).localname == name), "")


def _attributes(element: etree._Element) -> Iterator[tuple[str, str]]:
    for key, value in element.attrib.items():
        yield str(key), str(value)


def resolve(context: str, path: str) -> str:
    """The absolute path that a reference means, seen from the path of its group; without prefixes and predicates."""
    steps = PREFIX.sub("", PREDICATE.sub("", path)).strip()
    joined = steps if steps.startswith("/") else f"{context}/{steps}"
    kept: list[str] = []
    for step in joined.split("/"):
        if step == "..":
            kept = kept[:-1]
        elif step not in ("", "."):
            kept.append(step)
    return "/" + "/".join(kept)

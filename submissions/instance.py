"""Instance XML as tablets send it, read without trusting it."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

LARGEST = 16 * 1024 * 1024  # bytes
MOST_MARKS = 200_000  # of `<` and `=`: elements and attributes, which take up to 330 bytes each once they are read
LONGEST_ID = 250  # characters
ENCRYPTED = "http://www.opendatakit.org/xforms/encrypted"
NOT_XML = "The answers are not well-formed XML; they were changed or cut on the way."
DECLARED = re.compile(rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.-]+)""")
LIKE_ASCII = re.compile(rb"utf-?8|(?:us-)?ascii|iso-8859-\d+|windows-\d+", re.IGNORECASE)


class BadInstance(Exception):
    """The answers cannot be read; the text says why, and so does the code."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


@dataclass(frozen=True)
class Instance:
    """One filled form: its bytes, its root element, and what names it."""

    xml: bytes = field(repr=False)
    root: etree._Element = field(repr=False)
    form_id: str
    version: str
    instance_id: str
    deprecated_id: str | None
    encrypted: bool


def read_instance(xml: bytes) -> Instance:
    """The instance with its form id, version and instance id, looked up by local name.

    An instance without an id gets `sha256:` and the hash of its bytes, so that a resend is known. Raises BadInstance.
    """
    root = _parse(xml)
    form_id = (_attribute(root, "id") or "").strip()
    if not form_id:
        raise BadInstance("no-form-id", "The answers do not say which form they belong to.")
    meta = _child(root, "meta")
    instance_id = _text(meta, "instanceID") or f"sha256:{hashlib.sha256(xml).hexdigest()}"
    deprecated_id = _text(meta, "deprecatedID") or None
    version = (_attribute(root, "version") or "").strip()
    if max(len(form_id), len(version), len(instance_id), len(deprecated_id or "")) > LONGEST_ID:
        words = f"The answers name a form, version or instance id of more than {LONGEST_ID} characters."
        raise BadInstance("id-too-long", words)
    encrypted = _attribute(root, "encrypted") == "yes"
    return Instance(xml, root, form_id, version, instance_id, deprecated_id, encrypted)


def local_name(element: etree._Element) -> str:
    """The element's name without its namespace."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def named_files(instance: Instance, questions: frozenset[str]) -> frozenset[str]:
    """The names of the files that the answers to these questions (XPaths) promise."""
    if not questions:
        return frozenset()
    # The first element's name is the tablet's; the form's own is what the paths begin with.
    start = next(iter(questions)).split("/")[1]
    return frozenset(text for path, text in _leaves(instance.root, f"/{start}") if path in questions)


def _leaves(root: etree._Element, start: str) -> Iterator[tuple[str, str]]:
    """Each element with text and no children, with its XPath without positions."""
    stack = [(root, start)]
    while stack:
        element, path = stack.pop()
        if len(element):
            stack.extend((child, f"{path}/{local_name(child)}") for child in element)
        elif text := (element.text or "").strip():
            yield path, text


def _parse(xml: bytes) -> etree._Element:
    if len(xml) > LARGEST:
        raise BadInstance("too-large", f"The answers are larger than {LARGEST // 1024 // 1024} MB.")
    if not _in_plain_letters(xml):
        raise BadInstance("not-well-formed", NOT_XML)
    if xml.count(b"<") + xml.count(b"=") > MOST_MARKS:
        raise BadInstance("too-many-elements", "The answers have too many elements and attributes.")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_pis=True,
        remove_comments=True,
    )
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadInstance("not-well-formed", NOT_XML) from error
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]
        raise BadInstance("doctype", "The answers hold a DOCTYPE, which is not allowed.")
    return root


def _in_plain_letters(xml: bytes) -> bool:
    """True where the marks of XML are the bytes of ASCII, or UTF-16 that says so: in others nobody could count them."""
    if xml[:2] in (b"\xff\xfe", b"\xfe\xff"):
        declared = DECLARED.match(xml[2:600].replace(b"\0", b""))
        return b"<\0" in xml[:600] + b"\0" and (declared is None or declared[1].lower().startswith(b"utf-16"))
    declared = DECLARED.match(xml[:300].removeprefix(b"\xef\xbb\xbf"))
    first = xml[:300].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return first == b"<" and b"\0" not in xml and (declared is None or bool(LIKE_ASCII.fullmatch(declared[1])))


def _attribute(element: etree._Element, name: str) -> str | None:
    plain = element.get(name)
    if plain is not None:
        return plain
    return next((str(value) for key, value in element.attrib.items() if str(key).rpartition("}")[2] == name), None)


def _child(element: etree._Element | None, name: str) -> etree._Element | None:
    if element is None:
        return None
    return next((child for child in element if local_name(child) == name), None)


def _text(element: etree._Element | None, name: str) -> str:
    child = _child(element, name)
    return "" if child is None else (child.text or "").strip()

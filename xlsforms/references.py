"""The files that a form names: which there are, and which names a form may not use."""

import re
from collections.abc import Iterator

from lxml import etree

from xlsforms.itext import MEDIA_FORMS, plain_text
from xlsforms.xform import attribute, kids, local

REFERENCE = re.compile(r"jr://(?:images|audio|video|file|file-csv)/(.+)", re.DOTALL)
LAST_SAVED = "jr://instance/last-saved"
CSV_CALLS = re.compile(r"\b(?:pulldata|search)\s*\(\s*(['\"])(.*?)\1")
UNSAFE = re.compile(r"[/\\:%\x00-\x1f\x7f]|\.\.")
LONGEST = 200


def safe_name(name: str) -> bool:
    """Whether this is a plain file name: no folder, no scheme, nothing hidden."""
    return bool(name) and len(name) <= LONGEST and not UNSAFE.search(name) and not name.startswith(".")


def file_name(reference: str) -> str:
    """The file that a `jr://` reference means; "" for last-saved and for anything that is not a plain file name."""
    match = REFERENCE.fullmatch(reference.strip())
    return match[1] if match and safe_name(match[1]) else ""


def unsafe(reference: str) -> bool:
    """Whether a tablet would look for this outside the form's own media."""
    return reference.strip() != LAST_SAVED and not file_name(reference)


def references(root: etree._Element) -> Iterator[str]:
    """Every reference of the form to a file: instances, media of labels, defaults, pulldata and search."""
    for element in root.iter(etree.Element):
        name = local(element)
        if name == "instance" and (source := attribute(element, "src")):
            yield source
        elif name == "value" and attribute(element, "form") in MEDIA_FORMS:
            yield plain_text(element)
        elif (text := (element.text or "").strip()).startswith("jr://"):
            yield text
        if name == "input" and attribute(element, "query"):
            yield "jr://file-csv/itemsets.csv"
        for value in element.attrib.values():
            yield from (f"jr://file-csv/{called[2]}.csv" for called in CSV_CALLS.finditer(str(value)))


def media(root: etree._Element, model: etree._Element) -> tuple[str, ...]:
    """The files that the form names, each once, in order; a pulldata from choices inside the form names none."""
    inside = {
        attribute(instance, "id") + ".csv" for instance in kids(model, "instance") if not attribute(instance, "src")
    }
    names = (file_name(reference) for reference in references(root))
    return tuple(dict.fromkeys(name for name in names if name and "${" not in name and name not in inside))

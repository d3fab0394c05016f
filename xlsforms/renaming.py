"""A compiled form under another version name."""

from dataclasses import replace

from lxml import etree

from xlsforms.compile import Compiled
from xlsforms.xform import first, kids, parse


def with_version(compiled: Compiled, version: str) -> Compiled:
    """The same form whose XForm says this version; its bytes are written anew, its questions are the same."""
    root = parse(compiled.xform)
    model = first(root, "head", "model")
    instances = () if model is None else kids(model, "instance")
    primary = next(top for instance in instances for top in kids(instance))
    held = next((str(key) for key in primary.attrib if etree.QName(str(key)).localname == "version"), "version")
    primary.set(held, version)
    written = etree.tostring(root.getroottree(), xml_declaration=True, encoding="utf-8")
    return replace(compiled, xform=written, definition=replace(compiled.definition, version=version))

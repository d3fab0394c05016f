"""A form whose tablets may edit what they sent: the server says so in the form's `<submission>`, never its author."""

from dataclasses import replace

from lxml import etree

from xlsforms.compile import Compiled
from xlsforms.xform import attribute, first, kids, parse

SWITCH = ("client-editable", "auto-delete")
ODK = "http://www.opendatakit.org/xforms"
OPENROSA = "http://openrosa.org/xforms"


def editable_on_tablets(compiled: Compiled) -> Compiled:
    """The same form for ODK Collect 2025.2 and later: it offers sent forms for editing, and keeps its copy for that.

    Collect finds both attributes by their local names; what keeps the copy outranks the tablet's delete-after-send.
    """
    root = parse(compiled.xform)
    model = first(root, "head", "model")
    if model is None:
        return compiled
    held = next(kids(model, "submission"), None)
    if held is None:
        namespace = etree.QName(model).namespace
        held = etree.SubElement(
            model,
            f"{{{namespace}}}submission" if namespace else "submission",
            nsmap={"odk": ODK, "orx": OPENROSA},
        )
    if attribute(held, "client-editable") == "true" and attribute(held, "auto-delete") == "false":
        return compiled
    held.set(f"{{{ODK}}}client-editable", "true")
    held.set(f"{{{OPENROSA}}}auto-delete", "false")
    return replace(compiled, xform=etree.tostring(root.getroottree(), xml_declaration=True, encoding="utf-8"))


def fixed_on_tablets(compiled: Compiled) -> Compiled:
    """The same form without either attribute: tablets offer nothing that was sent for editing."""
    root = parse(compiled.xform)
    if not _switched_off(root):
        return compiled
    return replace(compiled, xform=etree.tostring(root.getroottree(), xml_declaration=True, encoding="utf-8"))


def same_but_for_switch(one: bytes, other: bytes) -> bool:
    """Whether two XForms are the same form, whatever tablets may edit of it."""
    return one == other or _unswitched(one) == _unswitched(other)


def _unswitched(xform: bytes) -> bytes:
    root = parse(xform)
    _switched_off(root)
    etree.cleanup_namespaces(root)
    return etree.tostring(root, method="c14n")


def _switched_off(root: etree._Element) -> bool:
    """True when an attribute was there; a `<submission>` that says nothing else goes with it."""
    model, found = first(root, "head", "model"), False
    for held in [] if model is None else list(kids(model, "submission")):
        for name in [str(key) for key in held.attrib if etree.QName(str(key)).localname in SWITCH]:
            del held.attrib[name]
            found = True
        if found and not held.attrib and not len(held):
            held.getparent().remove(held)  # type: ignore[union-attr]
    return found

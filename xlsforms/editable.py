"""A form whose tablets may edit what they sent: the server says so in the form's `<submission>`, never its author."""

from dataclasses import replace

from lxml import etree

from xlsforms.compile import Compiled
from xlsforms.xform import attribute, first, kids, parse

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

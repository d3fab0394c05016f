"""Which ODK type a question has, from its control and its bind."""

from lxml import etree

from xlsforms.xform import attribute, local

TEXTS = ("", "string")
OF_INPUT = {
    "int": "integer",
    **{name: name for name in ("decimal", "date", "time", "dateTime", "barcode", "boolean")},
} | {name: name for name in ("geopoint", "geotrace", "geoshape")}
OF_CONTROL = {
    "select1": "select_one",
    "select": "select_multiple",
    "rank": "rank",
    "trigger": "acknowledge",
    "range": "range",
}
OF_UPLOAD = ("image", "audio", "video")
OF_PRELOAD = {("timestamp", "start"): "start", ("timestamp", "end"): "end", ("date", "today"): "today"}
IN_META = ("instanceID", "instanceName", "audit")


class Bind:
    """What the model says of one node; all empty when it says nothing."""

    def __init__(self, element: etree._Element | None) -> None:
        self.type = attribute(element, "type").rsplit(":", 1)[-1]
        self.calculate = attribute(element, "calculate")
        self.relevant = attribute(element, "relevant")
        self.constraint = attribute(element, "constraint")
        self.required = attribute(element, "required") not in ("", "false()")
        self.readonly = attribute(element, "readonly") not in ("", "false()")
        self.preload = attribute(element, "preload"), attribute(element, "preloadParams")


def type_of_control(control: etree._Element, bind: Bind) -> str:
    """The type of what the body shows."""
    tag = local(control)
    if tag in OF_CONTROL:
        return OF_CONTROL[tag]
    if tag == "upload":
        kind = attribute(control, "mediatype").split("/")[0]
        return kind if kind in OF_UPLOAD else "file"
    if attribute(control, "query"):
        return "select_one"  # Its choices stand in itemsets.csv.
    if bind.type in TEXTS and bind.readonly and not bind.calculate:
        return "note"
    return OF_INPUT.get(bind.type, "text")


def type_of_node(path: str, bind: Bind, action: etree._Element | None) -> str:
    """The type of what the body does not show."""
    parent, name = path.split("/")[-2:]
    if parent == "meta" and name in IN_META:
        return name
    if bind.preload in OF_PRELOAD:
        return OF_PRELOAD[bind.preload]
    if bind.preload[0] == "property":
        return bind.preload[1].removeprefix("uri:")
    if action is not None:
        if local(action) == "recordaudio":
            return "background-audio"
        return "start-geopoint" if "first-load" in attribute(action, "event") else "background-geopoint"
    return "calculate" if bind.calculate else "hidden"

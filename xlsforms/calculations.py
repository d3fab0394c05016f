"""What a form works out by itself."""

from xlsforms.xform import attribute, first, kids, parse, resolve


def calculations(xform: bytes) -> dict[str, str]:
    """Each calculation by the path of the question that it fills; raises UnreadableForm."""
    model = first(parse(xform), "head", "model")
    binds = [] if model is None else kids(model, "bind")
    found = {resolve("", attribute(bind, "nodeset")): attribute(bind, "calculate") for bind in binds}
    return {path: words for path, words in found.items() if words}

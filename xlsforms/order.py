"""The order in which a form's answers stand in the XML, whatever the tablet shows first."""

from xlsforms.questions import leaves
from xlsforms.xform import first, kids, local, parse


def leaf_paths(xform: bytes) -> tuple[str, ...]:
    """The XPaths of what holds an answer, each once, in the order of the primary instance; raises UnreadableForm."""
    model = first(parse(xform), "head", "model")
    instances = () if model is None else kids(model, "instance")
    primary = next((top for instance in instances for top in kids(instance)), None)
    if primary is None:
        return ()
    return tuple(dict.fromkeys(path for path, _leaf in leaves(primary, f"/{local(primary)}")))

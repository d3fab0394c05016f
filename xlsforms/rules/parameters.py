"""Rules about the column `parameters`."""

import re
from collections.abc import Iterator

from xlsforms.findings import Finding, Place, error
from xlsforms.limits import Limits
from xlsforms.outline import Item, outline
from xlsforms.rules.names import NAME
from xlsforms.sheets import Workbook
from xlsforms.wording import closest

# What each type takes (the specification of XLSForm); types that are not here pass everything over.
SELECT = ("randomize", "seed")
GEO = ("allow-mock-accuracy", "reference-geometry")
ACCEPTED: dict[str, tuple[str, ...]] = {
    "text": ("rows",),
    "image": ("max-pixels", "app"),
    "audio": ("quality",),
    "background-audio": ("quality",),
    "range": ("start", "end", "step", "tick_interval", "tick_labelset", "placeholder"),
    "geopoint": (*GEO, "capture-accuracy", "warning-accuracy"),
    "geotrace": (*GEO, "incremental"),
    "geoshape": (*GEO, "incremental"),
    "audit": (
        *("identify-user", "location-max-age", "location-min-interval", "location-priority"),
        *("track-changes", "track-changes-reasons"),
    ),
    "select_one": SELECT,
    "select_multiple": SELECT,
    "rank": SELECT,
}
FROM_FILE = (*SELECT, "value", "label")
BOOLEAN = frozenset({"randomize", "identify-user", "track-changes", "allow-mock-accuracy", "incremental"})
WHOLE = frozenset({"rows", "max-pixels", "location-max-age", "location-min-interval"})
NUMBER = frozenset({"start", "end", "step", "tick_interval", "placeholder", "capture-accuracy", "warning-accuracy"})
ONE_OF = {
    "quality": ("voice-only", "low", "normal", "external"),
    "location-priority": ("no-power", "low-power", "balanced", "high-accuracy"),
    "track-changes-reasons": ("on-form-edit",),
}
LOCATION = ("location-priority", "location-min-interval", "location-max-age")


def parameters(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """Parameters that are not written `name=value`, that the type does not take, or whose value makes no sense."""
    found = outline(workbook)
    for item in found.items:
        text, place = found.survey.get(item.row, "parameters"), found.survey.place(item.row, "parameters")
        accepted = FROM_FILE if item.type.from_file else ACCEPTED.get(item.type.kind)
        if text and read(text) is None:
            yield error("parameters-unreadable", place)
        elif text and accepted is not None:
            yield from _judged(item, read(text) or {}, accepted, place)


def _judged(item: Item, pairs: dict[str, str], accepted: tuple[str, ...], place: Place) -> Iterator[Finding]:
    for name, value in pairs.items():
        if name not in accepted:
            near = closest(name, accepted, cutoff=0.5)
            facts = {"name": name, "type": item.type.kind, "accepted": ", ".join(accepted), "near": near}
            yield error("unknown-parameter", place, **facts)
        elif wanted := _wanted(name, value):
            yield error("parameter-value", place, name=name, given=value, wanted=wanted)
    yield from _together(item, pairs, place)


def read(text: str) -> dict[str, str] | None:
    """The parameters by name, as pyxform reads them; None when they cannot be read."""
    parts = re.findall(r"[^\s=,;]+|=", text)
    if len(parts) % 3 or any((part == "=") != (at % 3 == 1) for at, part in enumerate(parts)):
        return None
    return {parts[at].lower(): parts[at + 2] for at in range(0, len(parts), 3)}


def _wanted(name: str, value: str) -> str:
    """What the value should be; "" when it is that."""
    if name in BOOLEAN and value.lower() not in ("true", "false"):
        return "true / false"
    if name in WHOLE and not re.fullmatch(r"\d+", value):
        return "1, 2, 3 …"
    if name in NUMBER and not _is_number(value):
        return "1, 2.5 …"
    if name == "seed" and not (_is_number(value) or value.startswith("${")):
        return "42, ${name}"
    if name in ONE_OF and value.lower() not in ONE_OF[name]:
        return " / ".join(ONE_OF[name])
    return "name, label …" if name in ("value", "label") and not NAME.fullmatch(value) else ""


def _together(item: Item, pairs: dict[str, str], place: Place) -> Iterator[Finding]:
    """Values that contradict each other."""
    if item.type.selects and "seed" in pairs and pairs.get("randomize", "").lower() != "true":
        yield error("parameter-alone", place, name="seed", needs="randomize=true")
    missing = [name for name in LOCATION if name not in pairs]
    if item.type.kind == "audit" and 0 < len(missing) < len(LOCATION):
        given = next(name for name in LOCATION if name in pairs)
        yield error("parameter-alone", place, name=given, needs=", ".join(missing))
    if item.type.kind == "range" and all(_is_number(pairs.get(name, "1")) for name in ("start", "end", "step")):
        start, end, step = (
            float(pairs.get(name, usual)) for name, usual in (("start", "0"), ("end", "10"), ("step", "1"))
        )
        if step == 0 or abs(step) > abs(end - start):
            yield error("range-step", place, step=pairs.get("step", "1"), start=f"{start:g}", end=f"{end:g}")


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"-?(\d+(\.\d*)?|\.\d+)", text))

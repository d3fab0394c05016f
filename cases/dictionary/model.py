"""What a case can hold, as values: fields, record kinds, code lists and indicators."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

Labels = Mapping[str, str]
"""Words by language: `en` and `es`."""

TYPES = frozenset(
    {"text", "date", "datetime", "integer", "decimal", "code", "codes", "boolean", "geopoint", "file"},
)
CLASSES = frozenset({"coded", "health", "narrative", "identity", "contact", "location", "suspect"})
MODES = frozenset({"fill", "latest", "add"})


@dataclass(frozen=True)
class Field:
    """One thing a record can say; every class but `coded` is sealed."""

    name: str
    record: str
    type: str
    cls: str
    many: bool
    codes: str
    default_mode: str
    labels: Labels
    htcds: str = ""
    pattern: str = ""
    note: str = ""
    computed: bool = False  # on the server; no form feeds it

    @property
    def key(self) -> str:
        """The name inside its record: `alias` for `person.alias`."""
        return self.name.partition(".")[2]

    @property
    def sealed(self) -> bool:
        return self.cls != "coded"


@dataclass(frozen=True)
class RecordKind:
    """One kind of record; `root` is the kind whose key seals it, its own or that of the record it is linked to."""

    name: str
    root: str
    parents: tuple[str, ...]
    labels: Labels
    note: str = ""

    @property
    def is_root(self) -> bool:
        return self.root == self.name


@dataclass(frozen=True)
class Indicator:
    """One sign of the Delphi lists, with its weight (S, M, W or none) by screening profile."""

    code: str
    dimension: str
    labels: Labels
    weights: Mapping[str, str]
    verified: Mapping[str, str]


@dataclass(frozen=True)
class Dictionary:
    """All that a case can hold."""

    records: Mapping[str, RecordKind]
    fields: Mapping[str, Field]
    lists: Mapping[str, Mapping[str, Labels]]
    indicators: tuple[Indicator, ...]

    def field(self, name: str) -> Field | None:
        return self.fields.get(name)

    def record(self, kind: str) -> RecordKind | None:
        return self.records.get(kind)

    def fields_of(self, kind: str) -> tuple[Field, ...]:
        return tuple(field for field in self.fields.values() if field.record == kind)

    def codes(self, name: str) -> Mapping[str, Labels]:
        """The codes of a list in their order; an unknown list has none."""
        return self.lists.get(name, {})

    def nearest(self, name: str) -> str | None:
        """The field whose name is closest, for "did you mean"; None when nothing is close."""
        return nearest(name, self.fields)

    def label(self, thing: Field | RecordKind | str, language: str, *, codes: str = "") -> str:
        """Words for a field, a record kind or, with `codes`, a code of that list; its own name when there are none."""
        if not isinstance(thing, str):
            return thing.labels.get(language) or thing.labels["en"]
        labels = self.codes(codes).get(thing) if codes else self._labels_of(thing)
        return (labels.get(language) or labels["en"]) if labels else thing

    def _labels_of(self, name: str) -> Labels | None:
        known = self.fields.get(name) or self.records.get(name)
        return known.labels if known else None


def nearest(name: str, known: Mapping[str, object]) -> str | None:
    """The known name closest to a misspelt one: by its whole, then by its part behind the first dot."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    if close:
        return close[0]
    record, _, key = name.partition(".")
    inside = {other.partition(".")[2]: other for other in known if other.startswith(f"{record}.")}
    close = difflib.get_close_matches(key, inside, n=1, cutoff=0.5)
    if close:
        return inside[close[0]]
    elsewhere = [other for other in known if key and other.partition(".")[2] == key]
    return elsewhere[0] if len(elsewhere) == 1 else None

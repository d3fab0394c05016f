"""The dictionary's data files, read and checked; a bad row is refused by file and line."""

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from cases.dictionary.model import CLASSES, MODES, TYPES, Dictionary, Field, Indicator, Labels, RecordKind

NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){1,2}")
KIND = re.compile(r"[a-z][a-z_]*")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*")
PROFILES = ("adult_labour", "child_labour", "adult_sexual", "child_sexual")
BASES = ("labour_basis", "sexual_basis")
Thing = TypeVar("Thing")


class BadDictionary(Exception):
    """A row of the case dictionary cannot be used; the message names file and line."""


class _Row(dict[str, str]):
    """One row that knows where it stands."""

    def __init__(self, where: str, values: dict[str, str]) -> None:
        super().__init__(values)
        self.where = where

    def refuse(self, why: str) -> BadDictionary:
        return BadDictionary(f"{self.where}: {why}")

    def require(self, holds: object, why: str) -> None:
        if not holds:
            raise self.refuse(why)

    def one_of(self, column: str, allowed: frozenset[str]) -> str:
        self.require(self[column] in allowed, f"{column} is '{self[column]}'; allowed are {', '.join(sorted(allowed))}")
        return self[column]

    def labels(self) -> Labels:
        for column in ("label_en", "label_es"):
            self.require(self[column], f"{column} is empty")
        return {"en": self["label_en"], "es": self["label_es"]}


def read_dictionary(folder: Path) -> Dictionary:
    """The dictionary of a folder; raises BadDictionary for the first row that does not hold together."""
    records = _table(folder / "records.csv", "kind", _record)
    indicators = _table(folder / "indicators.csv", "code", _indicator)
    lists = _lists(folder / "codes.csv")
    lists["indicator"] = {code: indicator.labels for code, indicator in indicators.items()}
    _check_records(folder, records)
    fields = _table(folder / "fields.csv", "name", lambda row: _field(row, records, lists))
    for indicator in indicators.values():
        name = f"screening.indicator.{indicator.code}"
        fields[name] = Field(name, "screening", "code", "coded", False, "sign_state", "fill", indicator.labels)
    return Dictionary(records, fields, lists, tuple(indicators.values()))


def _rows(path: Path) -> Iterator[_Row]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        for values in reader:
            where = f"{path.name} line {reader.line_num}"
            if None in values or None in values.values():
                raise BadDictionary(f"{where}: it must have {len(reader.fieldnames or ())} columns")
            yield _Row(where, {column: value.strip() for column, value in values.items()})


def _table(path: Path, key: str, make: Callable[[_Row], Thing]) -> dict[str, Thing]:
    things: dict[str, Thing] = {}
    for row in _rows(path):
        row.require(row[key] not in things, f"'{row[key]}' stands there twice")
        things[row[key]] = make(row)
    return things


def _record(row: _Row) -> RecordKind:
    row.require(KIND.fullmatch(row["kind"]), f"'{row['kind']}' is not a name of small letters")
    return RecordKind(row["kind"], row["root"], tuple(row["parents"].split()), row.labels(), row["note"])


def _check_records(folder: Path, records: dict[str, RecordKind]) -> None:
    for row in _rows(folder / "records.csv"):
        record = records[row["kind"]]
        for name in (record.root, *record.parents):
            row.require(name in records, f"'{name}' is not a kind of record")
        row.require(records[record.root].is_root, f"root '{record.root}' has no key of its own")


def _indicator(row: _Row) -> Indicator:
    row.require(KIND.fullmatch(row["code"]), f"'{row['code']}' is not a name of small letters")
    row.require(re.fullmatch("D[1-6]", row["dimension"]), f"dimension is '{row['dimension']}'; allowed are D1 to D6")
    for profile in PROFILES:
        row.one_of(profile, frozenset({"S", "M", "W", ""}))
    weights = {profile: row[profile] for profile in PROFILES}
    return Indicator(row["code"], row["dimension"], row.labels(), weights, {basis: row[basis] for basis in BASES})


def _lists(path: Path) -> dict[str, dict[str, Labels]]:
    lists: dict[str, dict[str, Labels]] = {}
    for row in _rows(path):
        codes = lists.setdefault(row["list"], {})
        row.require(KIND.fullmatch(row["list"]), f"'{row['list']}' is not a name of small letters")
        row.require(CODE.fullmatch(row["code"]), f"'{row['code']}' is not a code of letters, digits and underscores")
        row.require(row["code"] not in codes, f"'{row['code']}' stands twice in list {row['list']}")
        row.require(row["order"] == str(len(codes) + 1), f"order is '{row['order']}', expected {len(codes) + 1}")
        codes[row["code"]] = row.labels()
    return lists


def _field(row: _Row, records: dict[str, RecordKind], lists: dict[str, dict[str, Labels]]) -> Field:
    name, record = row["name"], row["name"].partition(".")[0]
    row.require(NAME.fullmatch(name), f"'{name}' is not a name such as person.alias")
    row.require(record in records, f"'{record}' is not a kind of record")
    field = Field(
        name=name,
        record=record,
        type=row.one_of("type", TYPES),
        cls=row.one_of("class", CLASSES),
        many=row.one_of("many", frozenset({"yes", "no"})) == "yes",
        codes=row["codes"],
        default_mode=row.one_of("mode", MODES),
        labels=row.labels(),
        htcds=row["htcds"],
        pattern=row["pattern"],
        note=row["note"],
        computed=row.one_of("computed", frozenset({"yes", ""})) == "yes",
    )
    _check_field(row, field, lists)
    _check_class(row, field)
    return field


def _check_field(row: _Row, field: Field, lists: dict[str, dict[str, Labels]]) -> None:
    coded = field.type in ("code", "codes")
    row.require(coded == bool(field.codes), "codes names a list when, and only when, the type is code or codes")
    row.require(not coded or field.codes in lists, f"there is no list '{field.codes}' in codes.csv")
    row.require(field.many or field.type != "codes", "a field of type codes holds many")
    row.require(field.many or field.default_mode != "add", "mode add needs a field that holds many")
    row.require(not field.pattern or field.type == "text", "only text has a pattern")
    try:
        re.compile(field.pattern)
    except re.error as error:
        raise row.refuse(f"the pattern does not parse: {error}") from error


def _check_class(row: _Row, field: Field) -> None:
    """Holds the line on what may stand in clear: never free text, a place on the map, a file or a suspect."""
    clear = not field.sealed
    row.require(not (clear and field.type == "text" and not field.pattern), "free text may not stand in clear")
    row.require(field.type != "geopoint" or field.cls == "location", "a point on the map is of class location")
    row.require(not (clear and field.type == "file"), "a file may not stand in clear")
    row.require(field.record != "perpetrator" or field.cls == "suspect", "all of perpetrator is of class suspect")
    row.require(field.cls != "narrative" or field.type == "text", "only text is narrative")

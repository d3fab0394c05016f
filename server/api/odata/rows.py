"""Submissions as OData rows: objects that JSON can say, groups within them, links to the rows of repeats."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from server.api.actors import actor_id
from server.api.odata.model import TOP, Entity, Group, Link, Property
from server.api.odata.selection import Selection
from server.api.odata.values import converter
from server.api.shapes import iso
from submissions.pages import BROKEN, ENCRYPTED, Opened
from submissions.rows import Row

Nodes = Mapping[str, "Property | Link | Group"]


class Family:
    """The rows of one submission, by table and by the row around them."""

    def __init__(self, rows: Sequence[Sequence[Row]]) -> None:
        self.rows = rows
        self._children: dict[int, dict[str, list[Row]]] = {}

    def children(self, table: int, place: str) -> list[Row]:
        """The rows that a table has right below the row at this place."""
        if table not in self._children:
            held = self._children[table] = defaultdict(list)
            for row in self.rows[table]:
                held[row.parent].append(row)
        return self._children[table].get(place, [])


class Writer:
    """Writes the rows of one entity; with `expand`, those of the repeats below stand in them."""

    def __init__(
        self, entities: Sequence[Entity], number: int, selection: Selection, *, expand: bool, wkt: bool
    ) -> None:
        self._entities, self._entity, self._selection = entities, entities[number], selection
        self._expand, self._wkt = expand, wkt

    def root(self, one: Opened, family: Family | None, key: str) -> dict[str, Any]:
        """The row of a submission; without its answers where they cannot be read."""
        told: dict[str, Any] = {"__id": key} if self._selection.id else {}
        if self._selection.system:
            told["__system"] = {name: SYSTEM[name](one) for name in self._selection.system}
        if family is not None:
            address = f"{TOP}({quoted(key)})"
            self._fill(told, self._selection.nodes, family.rows[0][0], family, key, address)
        return told

    def below(self, row: Row, family: Family, key: str) -> dict[str, Any]:
        """A row of a repeat."""
        told: dict[str, Any] = {"__id": id_of(key, row.place)} if self._selection.id else {}
        self._fill(told, self._selection.nodes, row, family, key, self._address(row, key))
        if self._selection.parent_id:
            told[self._entity.id_of_parent] = id_of(key, row.parent)
        return told

    def _fill(self, told: dict[str, Any], nodes: Nodes, row: Row, family: Family, key: str, address: str) -> None:
        for name, node in nodes.items():
            if isinstance(node, Property):
                text = row.cells[node.column]
                convert = converter(node.kind, wkt=self._wkt)
                told[name] = None if not text else text if convert is None else convert(text)
            elif isinstance(node, Group):
                inner: dict[str, Any] = {}
                told[name] = inner
                self._fill(inner, node.nodes, row, family, key, f"{address}/{name}")
            else:
                told[f"{name}@odata.navigationLink"] = f"{address}/{name}"
                if self._expand:
                    told[name] = list(self._expanded(node, row, family, key, f"{address}/{name}"))

    def _expanded(self, link: Link, around: Row, family: Family, key: str, address: str) -> Iterator[dict[str, Any]]:
        for row in family.children(link.table, around.place):
            row_id = id_of(key, row.place)
            told: dict[str, Any] = {"__id": row_id}
            self._fill(told, self._entities[link.table].group.nodes, row, family, key, f"{address}('{row_id}')")
            yield told

    def _address(self, row: Row, key: str) -> str:
        """Where this row is found: below its submission, through the rows around it."""
        steps: list[str] = []
        entity, place = self._entity, row.place
        while entity.parent is not None:
            steps.insert(0, f"{'/'.join(entity.path)}('{id_of(key, place)}')")
            place = parent_of(place, len(entity.path))
            entity = self._entities[entity.parent]
        return "/".join([f"{TOP}({quoted(key)})", *steps])


def id_of(key: str, place: str) -> str:
    """A row's id, the same as long as the row keeps its place; the submission's own for its one row."""
    return hashlib.sha1(f"{key}/{place}".encode(), usedforsecurity=False).hexdigest() if place else key


def parent_of(place: str, steps: int) -> str:
    """The place of the row around the one at this place, which is so many steps above."""
    return "/".join(place.split("/")[:-steps])


def quoted(key: str) -> str:
    """A key as it stands in an address."""
    return "'" + quote(key, safe=":-_.~").replace("%27", "''") + "'"


def _status(one: Opened) -> str | None:
    if one.sealed == ENCRYPTED:
        return "notDecrypted" if one.files_present == one.files_expected else "missingEncryptedFormData"
    return "notDecrypted" if one.sealed == BROKEN else None


def _submitter(one: Opened) -> str | None:
    number = actor_id(one.person_id, one.device_id)
    return None if number is None else str(number)


SYSTEM: dict[str, Callable[[Opened], Any]] = {
    "submissionDate": lambda one: iso(one.submitted_at),
    "updatedAt": lambda one: iso(one.updated_at),
    "deletedAt": lambda _one: None,
    "submitterId": _submitter,
    "submitterName": lambda one: one.sender or None,
    "attachmentsPresent": lambda one: one.files_present,
    "attachmentsExpected": lambda one: one.files_expected,
    "status": _status,
    "reviewState": lambda one: one.review,
    "deviceId": lambda one: one.install_id or None,
    "edits": lambda one: one.edits,
    "formVersion": lambda one: one.form_version,
}

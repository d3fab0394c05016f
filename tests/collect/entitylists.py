"""Entity lists as the tablet keeps them: rows by id, the server's hash as a token."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field

from tests.collect.openrosa import REPORT_IT, TabletError

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True)
class Row:
    """One entity: its id is the column `name`."""

    entity_id: str
    label: str
    version: int
    properties: dict[str, str] = field(repr=False)


@dataclass
class EntityList:
    """One list: its name, the hash of the manifest that it came with, its rows in the server's order."""

    name: str
    hash: str
    rows: dict[str, Row]

    def csv(self) -> bytes:
        """The list as forms on the tablet see it."""
        columns = list(dict.fromkeys(key for row in self.rows.values() for key in row.properties))
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(["name", "label", "__version", "__trunkVersion", "__branchId", *columns])
        for row in self.rows.values():
            given = [row.properties.get(column, "") for column in columns]
            writer.writerow([row.entity_id, row.label, row.version, row.version, "", *given])
        return out.getvalue().encode()


def read_entity_list(name: str, digest: str, content: bytes) -> EntityList:
    """The list in a CSV; raises TabletError where the tablet would pass over the whole list in silence."""
    rows: dict[str, Row] = {}
    reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    if not {"name", "label", "__version"} <= set(reader.fieldnames or ()):
        raise TabletError(REPORT_IT, rule="3.4", detail=f"{name} lacks name, label or __version")
    for told in reader:
        if not (told["name"] and told["label"] and told["__version"]):
            raise TabletError(REPORT_IT, rule="3.4", detail=f"a row of {name} has no name, label or __version")
        if not UUID4.fullmatch(told["name"]) or not (told["__version"].isdecimal() and int(told["__version"]) >= 1):
            raise TabletError(REPORT_IT, rule="3.4", detail=f"a row of {name} has no UUID or no whole __version")
        if None in told or told["name"] in rows:
            raise TabletError(REPORT_IT, rule="3.4", detail=f"a row of {name} is too long or there twice")
        given = {
            key: value or "" for key, value in told.items() if key != "name" and key != "label" and key[:2] != "__"
        }
        rows[told["name"]] = Row(told["name"], told["label"], int(told["__version"]), given)
    return EntityList(name, digest, rows)

"""The rows of a table as one JSON document, written while they are read."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from server.api.form_tables import FormTables
from server.api.odata.addresses import Resource
from server.api.odata.model import Entity
from server.api.odata.options import Options, Place
from server.api.odata.rows import Family, Writer, id_of, parent_of
from storage.database import Database
from submissions.choosing import Chosen
from submissions.pages import Opened, open_pages
from submissions.rows import Row

PIECE = 32 * 1024  # characters
NUMBERED = "number:"
Told = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """What a document is made of.

    `start` is the first submission that is wanted, by its place among the chosen, `after` the row of a repeat in it
    behind which the document begins.
    """

    form: FormTables
    entities: tuple[Entity, ...]
    resource: Resource
    options: Options
    chosen: Chosen
    start: int = 0
    after: str = ""
    countable: bool = True

    @property
    def page(self) -> Chosen:
        """The submissions that are opened for it: of repeats all may be needed, since nobody has counted their rows."""
        top = self.options.top
        if self.resource.entity.path:
            return self.chosen if self.options.count else self.chosen.cut(self.start if top != 0 else len(self.chosen))
        return self.chosen.cut(self.start, None if top is None else self.start + top)


class Feed:
    """Writes a document."""

    def __init__(
        self,
        wanted: Wanted,
        writer: Writer,
        *,
        key: Callable[[str], str],
        context: str,
        next_page: Callable[[Place], str],
    ) -> None:
        self._wanted, self._writer, self._key = wanted, writer, key
        self._context, self._next_page = context, next_page
        self._readers = wanted.form.readers()
        self._counted = 0
        self._last: Place | None = None
        self._more = False

    def pieces(self, database: Database) -> Iterator[bytes]:
        """The document, bit by bit."""
        held, size, before = ['{"value":['], 0, ""
        with database.read() as session:
            for row in self._rows(session):
                text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
                held.append(before + text)
                before = ","
                size += len(text)
                if size > PIECE:
                    yield "".join(held).encode()
                    held, size = [], 0
        end = json.dumps(self._end(), ensure_ascii=False, separators=(",", ":"))
        yield ("".join(held) + "]," + end[1:]).encode()

    def _end(self) -> Told:
        told: Told = {"@odata.context": self._context}
        options = self._wanted.options
        if self._more and self._last is not None and options.order is None:
            told["@odata.nextLink"] = self._next_page(self._last)
        if options.count and self._wanted.countable:
            told["@odata.count"] = self._counted
        return told

    def _rows(self, session: Session) -> Iterator[Told]:
        return self._below(session) if self._wanted.resource.entity.path else self._top(session)

    def _top(self, session: Session) -> Iterator[Told]:
        wanted = self._wanted
        self._counted = len(wanted.chosen)
        self._more = wanted.start + len(wanted.page) < self._counted
        for one in self._opened(session):
            yield self._writer.root(one, self._family(one), self._key(one.instance_id))
            self._last = Place(self._name(one))

    def _below(self, session: Session) -> Iterator[Told]:
        options, skip, given = self._wanted.options, self._wanted.options.skip, 0
        passed = not self._wanted.after
        for row, family, one in self._rows_below(session):
            key = self._key(one.instance_id)
            self._counted += 1
            if not passed:
                passed = id_of(key, row.place) == self._wanted.after
            elif skip:
                skip -= 1
            elif options.top is None or given < options.top:
                given += 1
                self._last = Place(self._name(one), id_of(key, row.place))
                yield self._writer.below(row, family, key)
            else:
                self._more = True
                if not options.count:
                    return

    def _rows_below(self, session: Session) -> Iterator[tuple[Row, Family, Opened]]:
        number = self._wanted.resource.entity.number
        for one in self._opened(session):
            family, key = self._family(one), self._key(one.instance_id)
            for row in family.rows[number] if family else ():
                if family and is_below(row, key, self._wanted):
                    yield row, family, one

    def _opened(self, session: Session) -> Iterator[Opened]:
        for page in open_pages(session, self._wanted.page):
            for one in page:
                yield one
                one.root = None  # Its answers are not needed any more.

    def _name(self, one: Opened) -> str:
        """How a $skiptoken, which anybody can read, names the submission."""
        told = self._key(one.instance_id) == one.instance_id and not one.instance_id.startswith(NUMBERED)
        return one.instance_id if told else f"{NUMBERED}{one.first_id}"

    def _family(self, one: Opened) -> Family | None:
        return None if one.root is None else Family(self._readers[one.version_id].read(one.root))


def is_below(row: Row, key: str, wanted: Wanted) -> bool:
    """True when the row and those around it are the ones that the address names."""
    entity, place = wanted.resource.entity, row.place
    if not wanted.resource.keys:
        return True
    while entity.parent is not None:
        if wanted.resource.keys.get(entity.number, id_of(key, place)) != id_of(key, place):
            return False
        place, entity = parent_of(place, len(entity.path)), wanted.entities[entity.parent]
    return True


def has_row(session: Session, wanted: Wanted, key: Callable[[str], str]) -> bool:
    """True when the row behind which the document begins is still there."""
    readers, number = wanted.form.readers(), wanted.resource.entity.number
    for page in open_pages(session, wanted.chosen.cut(wanted.start, wanted.start + 1)):
        for one in page:
            rows = [] if one.root is None else readers[one.version_id].read(one.root)[number]
            return any(id_of(key(one.instance_id), row.place) == wanted.after for row in rows)
    return False

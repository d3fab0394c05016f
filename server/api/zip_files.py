"""A form's submissions as one zip: a CSV for each table, the files that came with them, and how forms were filled."""

import codecs
import csv
import io
import logging
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from zipfile import ZIP_DEFLATED, ZIP_STORED

from sqlalchemy.orm import Session
from zipstream import ZipStream

from server.api.csv_tables import CsvTable, Seen, Style, file_names, neutral, safe, unlike
from server.api.form_tables import FormTables
from storage.database import Database
from storage.files import FileAbsent, Files
from storage.sealing import SealBroken
from storage.spool import EncryptedSpool
from submissions.choosing import Chosen
from submissions.page_files import HeldFile, open_files
from submissions.pages import open_pages

log = logging.getLogger("fieldcase")

LEVEL = 3  # of deflate: the smallest that still finds most of what repeats
PIECE = 256 * 1024
LONGEST_LINE = 1024 * 1024  # of an audit log; what has longer lines is none
AUDIT = "audit.csv"
AUDIT_COLUMNS = (
    *("event", "node", "start", "end", "latitude", "longitude", "accuracy"),
    *("old-value", "new-value", "user", "change-reason"),
)
Key = Callable[[str], str]
"""A line's instance id as it is given out."""


class Export:
    """The submissions of one form on their way out, in a read transaction of their own."""

    def __init__(self, form: FormTables, chosen: Chosen, style: Style, key: Key) -> None:
        self.form, self.chosen, self.key = form, chosen, key
        self.style = style

    def csv(self, database: Database) -> Iterator[bytes]:
        """The outermost table."""
        with database.read() as session:
            yield from self._tables(session, [])

    def zip(self, database: Database, files: Files | None) -> Iterator[bytes]:
        """All tables; with the files, all that came with the submissions as well."""
        with database.read() as session, ExitStack() as spools:
            held = [spools.enter_context(Held()) for _table in self.form.tables[1:]]
            names, archive = file_names(self.form), ZipStream(compress_type=ZIP_DEFLATED, compress_level=LEVEL)
            # What goes wrong with the first submissions shows before the first byte leaves.
            tables = self._tables(session, held)
            archive.add(chain([next(tables)], tables), names[0])
            yield from archive.all_files()
            for name, one in zip(names[1:], held, strict=True):
                archive.add(one.pieces(), name)
                yield from archive.all_files()
            if files is not None:
                yield from _media(self, session, files, archive)
            yield from archive.footer()

    def _see_choices(self, session: Session) -> None:
        """The choices that get a column are known; all submissions are read for it once before."""
        if not self.style.split:
            return
        seen, readers = Seen(self.form.tables), self.form.readers()
        for page in open_pages(session, self.chosen):
            for one in page:
                if one.root is not None:
                    seen.note(readers[one.version_id].read(one.root))
                    one.root = None
        self.style = replace(self.style, choices=seen.choices())

    def _tables(self, session: Session, held: "list[Held]") -> Iterator[bytes]:
        """The outermost table piece by piece; the rows of the others are held back meanwhile, if they are wanted."""
        self._see_choices(session)
        readers = self.form.readers()
        writers = [CsvTable(self.form, number, self.style) for number in range(1 + len(held))]
        for writer in writers:
            writer.head()
        empty = [""] * len(self.form.tables[0].fields)
        for page in open_pages(session, self.chosen):
            for one in page:
                key = self.key(one.instance_id)
                if one.root is None:
                    writers[0].root(one, list(empty), key)
                    continue
                rows = readers[one.version_id].read(one.root)
                writers[0].root(one, rows[0][0].cells, key)
                for writer, below in zip(writers[1:], rows[1:], strict=False):
                    writer.rows(below, key)
                one.root = None
            for writer, back in zip(writers[1:], held, strict=True):
                back.write(writer.taken())
            yield writers[0].taken()
        for writer, back in zip(writers[1:], held, strict=True):
            back.write(writer.taken())
        yield writers[0].taken()


class Held:
    """What must wait for its turn: deflated in memory while it is small, then in an encrypted spool."""

    def __init__(self) -> None:
        self._spool: EncryptedSpool | None = None
        self._memory, self._deflate = io.BytesIO(), zlib.compressobj(1)

    def __enter__(self) -> "Held":
        return self

    def __exit__(self, *_error: object) -> None:
        if self._spool is not None:
            self._spool.close()

    def write(self, content: bytes) -> None:
        """More of it."""
        self._keep(self._deflate.compress(content))

    def pieces(self) -> Iterator[bytes]:
        """All of it, once."""
        self._keep(self._deflate.flush())
        held = self._spool or self._memory
        held.seek(0)
        inflate = zlib.decompressobj()
        while piece := held.read(PIECE):
            while piece:
                yield inflate.decompress(piece, PIECE)
                piece = inflate.unconsumed_tail
        yield inflate.flush()

    def _keep(self, content: bytes) -> None:
        if self._spool is None and self._memory.tell() + len(content) > PIECE:
            self._spool = EncryptedSpool()
            self._spool.write(self._memory.getvalue())
            self._memory.close()
        (self._spool or self._memory).write(content)


def _media(export: Export, session: Session, files: Files, archive: ZipStream) -> Iterator[bytes]:
    """Every file under media/, then the logs of how forms were filled, then what of all this cannot be read."""
    taken: set[str] = set()
    lost: list[tuple[str, str]] = []
    audits = 0
    for one in open_files(session, export.chosen):
        key = export.key(one.instance_id)
        content = _content(one, files)
        if content is None:
            lost.append((key, one.name or one.id))
            continue
        audits += one.name == AUDIT
        archive.add(content, _place(one, key, taken), size=one.size, compress_type=ZIP_STORED)
        yield from archive.all_files()
    if audits and export.form.audited:
        archive.add(_audit(export, session, files), safe(f"{export.form.form_id} - audit.csv"))
        yield from archive.all_files()
    if lost:
        archive.add(
            _csv([("instance ID", "file"), *lost], export.style), safe(f"{export.form.form_id} - lost files.csv")
        )
        yield from archive.all_files()


def _content(one: HeldFile, files: Files) -> Iterator[bytes] | None:
    """The file's bytes; None when they are gone or damaged from the start."""
    if not one.name:
        return None
    try:
        chunks = one.read(files)
        return chain([next(chunks, b"")], chunks)
    except (FileAbsent, SealBroken) as error:
        log.warning("attachment %s cannot be read: %s", one.id, type(error).__name__)
        return None


def _place(one: HeldFile, key: str, taken: set[str]) -> str:
    """A place of its own in the archive: files of different tablets may have one name."""
    name = safe(one.name)
    place = f"media/{name}" if f"media/{name}" not in taken else unlike(f"media/{safe(key)}/{name}", taken)
    taken.add(place)
    return place


def _audit(export: Export, session: Session, files: Files) -> Iterator[bytes]:
    """The logs that tablets keep of how a form was filled, one after the other."""
    yield _line(("instance ID", *AUDIT_COLUMNS), export.style)
    for one in open_files(session, export.chosen):
        content = _content(one, files) if one.name == AUDIT else None
        if content is not None:
            yield from _csv(_events(content, export.key(one.instance_id)), export.style)


def _events(content: Iterator[bytes], key: str) -> Iterator[tuple[str, ...]]:
    """Each line of a log by the names of its columns; what is no such log ends where that shows."""
    rows = csv.reader(_lines(content))
    try:
        head = next(rows, [])
        for row in rows:
            told = dict(zip(head, row, strict=False))
            yield (key, *(told.get(name, "") for name in AUDIT_COLUMNS))
    except csv.Error:
        log.warning("a log of how a form was filled cannot be read to its end")


def _lines(content: Iterable[bytes]) -> Iterator[str]:
    decode, rest = codecs.getincrementaldecoder("utf-8-sig")("replace").decode, ""
    for chunk in content:
        for begin in range(0, len(chunk), PIECE):
            *lines, rest = (rest + decode(chunk[begin : begin + PIECE])).split("\n")
            yield from (f"{line}\n" for line in lines)
            if len(rest) > LONGEST_LINE:
                return
    if rest:
        yield rest


def _csv(rows: Iterable[tuple[str, ...]], style: Style) -> Iterator[bytes]:
    for row in rows:
        yield _line(row, style)


def _line(row: tuple[str, ...], style: Style) -> bytes:
    held = io.StringIO()
    csv.writer(held, lineterminator="\r\n").writerow([neutral(cell) for cell in row] if style.neutral else row)
    return (held.getvalue()[:-2] + "\n").encode()

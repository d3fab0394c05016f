"""In the limited child: how far down the sheets of an .xlsx file say that they go, whatever their cells hold."""

import io
import posixpath
import re
import zipfile

from lxml import etree

DIMENSION = re.compile(rb"<dimension\s+ref=\"[A-Z]+\d+:[A-Z]+(\d+)\"")
OPENING = 4096  # bytes of a sheet in which it says so
BOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"


def last_rows(content: bytes) -> dict[str, int]:
    """The last row of each sheet by the sheet's name; sheets that do not say are left out."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = set(archive.namelist())
        if not {BOOK, RELATIONS} <= members:
            return {}
        parts = {
            str(relation.get("Id")): posixpath.normpath(posixpath.join("/xl", str(relation.get("Target"))))[1:]
            for relation in _parse(archive.read(RELATIONS)).iter("{*}Relationship")
        }
        found: dict[str, int] = {}
        for sheet in _parse(archive.read(BOOK)).iter("{*}sheet"):
            part = next(
                (parts.get(str(value), "") for key, value in sheet.attrib.items() if str(key).endswith("}id")), ""
            )
            if part in members and (last := _last(archive, part)):
                found[str(sheet.get("name"))] = last
        return found


def _parse(content: bytes) -> etree._Element:
    return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))


def _last(archive: zipfile.ZipFile, part: str) -> int:
    with archive.open(part) as sheet:
        match = DIMENSION.search(sheet.read(OPENING))
    return int(match[1]) if match else 0

"""Rules about the files that a workbook names."""

import re
from collections.abc import Iterator
from pathlib import PurePath

from xlsforms.columns import EXPRESSIONS, MEDIA, View, view
from xlsforms.findings import Finding, Place, error, info, warning
from xlsforms.limits import Limits
from xlsforms.outline import outline
from xlsforms.published import MADE_HERE, Known
from xlsforms.question_types import EXTERNAL, FILES, read_type
from xlsforms.references import CSV_CALLS, safe_name
from xlsforms.sheets import Workbook
from xlsforms.wording import closest

FROM_FILE = re.compile(r"(?:select|rank)\w*[\s_](?:one|multiple)[\s_]from[\s_]file\s+(\S.*?)(?:\s+or_other)?")
KINDS = {
    "image": frozenset(["jpg", "jpeg", "png", "gif", "webp", "bmp", "svg", "heic"]),
    "audio": frozenset(["mp3", "m4a", "wav", "ogg", "oga", "aac", "amr", "3gp", "3gpp", "flac", "opus", "mid"]),
    "video": frozenset(["mp4", "m4v", "3gp", "3gpp", "webm", "mkv", "mov", "ogv", "avi"]),
}
KINDS["big-image"] = KINDS["image"]
NONE = "-"


def unsafe_names(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """File names with a folder, a scheme or nothing but dots: a tablet would look outside the form's own media."""
    for name in ("survey", "choices"):
        for place, file in _named(view(workbook, name)):
            if file != NONE and "${" not in file and not safe_name(file.removeprefix("jr://images/")):
                yield unsafe_file(file, place)


def unsafe_file(file: str, place: Place) -> Finding:
    """The refusal of one such name."""
    return error("unsafe-file-name", place, file=file[:120])


def _named(found: View) -> Iterator[tuple[Place, str]]:
    for row, column, value in found.cells(*MEDIA, "type", "appearance", *EXPRESSIONS):
        place = found.sheet.place(row, column.header)
        if column.name in MEDIA:
            yield place, value
        elif column.name == "type":
            if match := FROM_FILE.fullmatch(value):
                yield place, match[1]
            elif read_type(value).from_file:
                yield place, read_type(value).list_name
        else:
            yield from ((place, called[2] + ".csv") for called in CSV_CALLS.finditer(value))


def endings(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A file whose ending does not go with its column, so that the tablet would not show it."""
    for name in ("survey", "choices"):
        found = view(workbook, name)
        for row, column, value in found.cells(*KINDS):
            ending = PurePath(value).suffix.lower().lstrip(".")
            if value != NONE and "${" not in value and safe_name(value) and ending not in KINDS[column.name]:
                yield warning("media-kind", found.sheet.place(row, column.header), kind=column.name)
        for row, column, value in found.cells("type"):
            if (match := FROM_FILE.fullmatch(value)) and not match[1].lower().endswith(FILES):
                yield error("file-ending", found.sheet.place(row, column.header), file=match[1])


def in_repeats(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A file named inside a repeat, at which pyxform breaks off."""
    found = outline(workbook)
    for item in found.questions:
        if item.type.kind in EXTERNAL and item.repeats:
            facts = {"type": item.type.kind, "repeat": item.repeats[-1].name}
            yield error("external-in-repeat", found.survey.place(item.row, "type"), **facts)


def supplied(workbook: Workbook, known: Known) -> Iterator[Finding]:
    """A file that is named and does not come with the form, and one that comes and is not named."""
    if known.media is None:
        return
    lists = set(outline(workbook).lists)
    named: dict[str, Place] = {}
    for place, file in _all(workbook):
        if file != NONE and "${" not in file and file.removesuffix(".csv") not in lists:
            named.setdefault(file.removeprefix("jr://images/"), place)
    for file, place in named.items():
        if safe_name(file) and file not in known.media:
            yield warning("file-missing", place, file=file, near=closest(file, known.media - named.keys(), cutoff=0.8))
    for file in sorted(known.media - named.keys() - MADE_HERE):
        yield info("file-not-named", Place("survey"), file=file)


def _all(workbook: Workbook) -> Iterator[tuple[Place, str]]:
    for name in ("survey", "choices"):
        yield from _named(view(workbook, name))
    found = outline(workbook)
    for item in found.questions:
        if item.type.kind in EXTERNAL and item.name:
            yield found.survey.place(item.row, "name"), f"{item.name}.{item.type.kind.partition('-')[0]}"

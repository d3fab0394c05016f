"""Workbooks are read here: .xlsx, .xls, the single .csv and markdown tables, within limits."""

from collections.abc import Iterable, Iterator
from pathlib import PurePath

from xlsforms import archive
from xlsforms.findings import Finding, error, info
from xlsforms.limited import ChildFailed, Reason, work
from xlsforms.limits import DEFAULT, MB, Limits
from xlsforms.mapping_file import mapping_workbook, with_mapping
from xlsforms.sheets import CASE_SHEETS, FORM_SHEETS, Kind, Row, Sheet, UnreadableWorkbook, Workbook, make_sheet, plain
from xlsforms.tables import NotText, csv_grids, decode, markdown_grids

__all__ = ["Row", "Sheet", "UnreadableWorkbook", "Workbook", "mapping_workbook", "read_workbook", "with_mapping"]

ZIP, COMPOUND = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
FAR = 1_000  # blank rows below a table that are worth telling
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # The stream in which Office keeps a workbook with a password.
Grids = Iterable[tuple[str, list[tuple[int, list[str]]]]]


def read_workbook(content: bytes, name: str, *, limits: Limits = DEFAULT) -> Workbook:
    """The workbook in these bytes; raises UnreadableWorkbook."""
    if len(content) > limits.file_bytes:
        raise UnreadableWorkbook(
            f"The file has {len(content) / MB:.1f} MB; a workbook may have {limits.file_bytes // MB} MB. "
            "Take pictures and empty rows out of it and save it again."
        )
    kind = _kind(content, name)
    if kind in ("csv", "md"):
        return _assemble(content, name, kind, _text_grids(content, kind, limits))
    grids, found = _office_grids(content, kind, limits)
    return _assemble(content, name, kind, grids, found)


def _kind(content: bytes, name: str) -> Kind:
    ending = PurePath(name.replace("\\", "/")).suffix.lower()
    if content.startswith(ZIP):
        return "xlsx"
    if content.startswith(COMPOUND):
        return "xls"
    if ending == ".csv":
        return "csv"
    if ending == ".md":
        return "md"
    if not content:
        raise UnreadableWorkbook("The file is empty.")
    raise UnreadableWorkbook(
        "The file is not a workbook. Fieldcase reads Excel workbooks (.xlsx, .xls), .csv and .md; "
        "open it in Excel or LibreOffice and save it as .xlsx."
    )


def _text_grids(content: bytes, kind: Kind, limits: Limits) -> Grids:
    try:
        text = decode(content)
        grids = list(csv_grids(text) if kind == "csv" else markdown_grids(text))
    except NotText as problem:
        raise UnreadableWorkbook(str(problem)) from problem
    if not grids:
        raise UnreadableWorkbook(
            "The file holds no sheet: the first column names a sheet (survey), its header and rows stand below it "
            "with that column left blank."
        )
    for name, grid in grids:
        if len(grid) - 1 > (most := limits.rows_of(plain(name))):
            raise UnreadableWorkbook(
                f"The sheet '{name}' has more than {most:,} rows; that is the most a form may have."
            )
        if max((len(cells) for _number, cells in grid), default=0) > limits.columns:
            raise UnreadableWorkbook(f"The sheet '{name}' has more than {limits.columns} columns.")
    return grids


def _office_grids(content: bytes, kind: Kind, limits: Limits) -> tuple[Grids, list[Finding]]:
    if kind == "xls" and ENCRYPTED in content:
        raise UnreadableWorkbook("The workbook is protected by a password. Take the password off and save it again.")
    if kind == "xlsx" and (complaint := archive.complaint(content, limits)):
        raise UnreadableWorkbook(complaint)
    try:
        return _read_in_child(content, kind, limits, sparse=False)
    except ChildFailed as failure:
        if kind == "xls" or failure.reason is Reason.TIME:
            raise UnreadableWorkbook(_too_hard(failure.reason)) from failure
    # A single cell at the far end of a sheet makes the fast reader lay out every cell before it; the other does not.
    try:
        return _read_in_child(content, kind, limits, sparse=True)
    except ChildFailed as failure:
        raise UnreadableWorkbook(_too_hard(failure.reason)) from failure


def _read_in_child(content: bytes, kind: Kind, limits: Limits, *, sparse: bool) -> tuple[Grids, list[Finding]]:
    answer = work("read", content, limits, kind=kind, sparse=sparse)
    if "refused" in answer:
        raise UnreadableWorkbook(answer["refused"])
    if "damaged" in answer:
        raise UnreadableWorkbook(
            f"The file is damaged or not an Excel workbook ({answer['damaged']}). {archive.SAVE_AGAIN}"
        )
    grids = [(name, [(number, cells) for number, cells in grid]) for name, grid in answer["sheets"]]
    return grids, list(_trimmed(grids, answer["ends"]))


def _trimmed(grids: list[tuple[str, list[tuple[int, list[str]]]]], ends: dict[str, int]) -> Iterator[Finding]:
    """The sheets that were formatted far beyond their tables."""
    for name, grid in grids:
        last = grid[-1][0] if grid else 0
        if plain(name) in FORM_SHEETS + CASE_SHEETS and ends.get(name, 0) > last + FAR:
            yield info("rows-trimmed", (name, f"A{last + 1}"), end=last, last=f"{ends[name]:,}")


def _too_hard(reason: Reason) -> str:
    if reason is Reason.TIME:
        return (
            "The workbook took too long to read. Delete the empty rows and columns around the tables and save it again."
        )
    return (
        "The workbook needs too much memory to read, or is damaged. Copy its sheets into a new workbook and try that."
    )


def _assemble(content: bytes, name: str, kind: Kind, grids: Grids, told: Iterable[Finding] = ()) -> Workbook:
    sheets, found = dict[str, Sheet](), list[Finding](told)
    for title, grid in grids:
        sheet, mistakes = make_sheet(title, grid, left=1 if kind == "csv" else 0)
        found += mistakes
        if plain(title) in sheets and plain(title) in FORM_SHEETS + CASE_SHEETS:
            found.append(error("duplicate-sheet", (title, "")))
        sheets.setdefault(plain(title), sheet)
    return Workbook(name, _named(sheets), content, kind, tuple(found))


def _named(sheets: dict[str, Sheet]) -> dict[str, Sheet]:
    """The sheets, the only one of a workbook standing as `survey` whatever it is called, as pyxform takes it."""
    ours = [key for key in sheets if key not in CASE_SHEETS]
    if len(ours) == 1 and ours[0] not in FORM_SHEETS:
        return {"survey" if key == ours[0] else key: sheet for key, sheet in sheets.items()}
    return sheets

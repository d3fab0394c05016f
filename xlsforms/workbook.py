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
        raise UnreadableWorkbook("file-too-large", size=f"{len(content) / MB:.1f}", most=limits.file_bytes // MB)
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
        raise UnreadableWorkbook("file-empty")
    raise UnreadableWorkbook("file-no-workbook")


def _text_grids(content: bytes, kind: Kind, limits: Limits) -> Grids:
    try:
        text = decode(content)
        grids = list(csv_grids(text) if kind == "csv" else markdown_grids(text))
    except NotText as problem:
        raise UnreadableWorkbook(problem.code, **problem.facts) from problem
    if not grids:
        raise UnreadableWorkbook("file-no-sheet")
    for name, grid in grids:
        if len(grid) - 1 > (most := limits.rows_of(plain(name))):
            raise UnreadableWorkbook("sheet-too-long", sheet=name, most=f"{most:,}")
        widest, row = max(((len(cells), number) for number, cells in grid), default=(0, 0))
        if widest > limits.columns:
            raise UnreadableWorkbook("sheet-too-wide", sheet=name, most=limits.columns, row=row)
    return grids


def _office_grids(content: bytes, kind: Kind, limits: Limits) -> tuple[Grids, list[Finding]]:
    if kind == "xls" and ENCRYPTED in content:
        raise UnreadableWorkbook("file-password")
    if kind == "xlsx" and (complaint := archive.complaint(content, limits)):
        raise UnreadableWorkbook(complaint[0], **complaint[1])
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
        code, facts = answer["refused"]
        raise UnreadableWorkbook(code, **facts)
    grids = [(name, [(number, cells) for number, cells in grid]) for name, grid in answer["sheets"]]
    return grids, list(_trimmed(grids, answer["ends"]))


def _trimmed(grids: list[tuple[str, list[tuple[int, list[str]]]]], ends: dict[str, int]) -> Iterator[Finding]:
    """The sheets that were formatted far beyond their tables."""
    for name, grid in grids:
        last = grid[-1][0] if grid else 0
        if plain(name) in FORM_SHEETS + CASE_SHEETS and ends.get(name, 0) > last + FAR:
            yield info("rows-trimmed", (name, f"A{last + 1}"), end=last, last=f"{ends[name]:,}")


def _too_hard(reason: Reason) -> str:
    return "file-slow" if reason is Reason.TIME else "file-heavy"


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

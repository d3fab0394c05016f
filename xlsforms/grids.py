"""In the limited child: the cells of an .xlsx or .xls file, as text."""

import datetime
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from lxml import etree
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

from xlsforms.dimensions import last_rows
from xlsforms.sheets import CASE_SHEETS, FORM_SHEETS, plain

Values = Iterable[Sequence[Any]]
Rows = list[tuple[int, list[str]]]
LISTS = ("choices", "external_choices")
LAST_ROW = 1_048_576  # of a sheet in any spreadsheet program
FAR = 4  # A value more than this many times the allowed rows down is a stray one, far below the table.
DECLARES = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)


class NotTaken(Exception):
    """The workbook is refused; `code` is a row of findings.csv, with its facts."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


def read_grids(content: bytes, settings: dict[str, Any]) -> dict[str, Any]:
    """Each sheet as rows of text (`sheets`) and how far down it goes (`ends`), or why it is refused (`refused`)."""
    try:
        if settings["kind"] == "xlsx":
            _refuse_declarations(content)
        ends = last_rows(content) if settings["kind"] == "xlsx" else {}
        return {"sheets": list(_sheets(content, settings)), "ends": ends}
    except NotTaken as refusal:
        return {"refused": [refusal.code, refusal.facts]}
    except PasswordError:
        return {"refused": ["file-password", {}]}
    except (CalamineError, zipfile.BadZipFile, KeyError, etree.XMLSyntaxError) as problem:
        return {"refused": ["file-damaged", {"what": type(problem).__name__}]}


def _sheets(content: bytes, settings: dict[str, Any]) -> Iterator[tuple[str, Rows]]:
    names, sheets = _sparse(content) if settings["sparse"] else _dense(content)
    for name, rows in sheets:
        meant = len(names) == 1 or plain(name) in FORM_SHEETS + CASE_SHEETS
        yield name, _grid(name, rows, settings, meant=meant)


def _refuse_declarations(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            if member.filename.lower().endswith((".xml", ".rels", ".vml")):
                with archive.open(member) as part:
                    if DECLARES.search(part.read(4096).replace(b"\0", b"")):
                        raise NotTaken("file-document-type")


def _dense(content: bytes) -> tuple[list[str], Iterator[tuple[str, Values]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return book.sheet_names, ((name, _from_column_a(book.get_sheet_by_name(name))) for name in book.sheet_names)


def _from_column_a(sheet: CalamineSheet) -> Iterator[Sequence[Any]]:
    before = [""] * (sheet.start[1] if sheet.start else 0)
    return (before + row if any(row) else () for row in sheet.iter_rows())


def _sparse(content: bytes) -> tuple[list[str], Iterator[tuple[str, Values]]]:
    import openpyxl  # Slower by far, but a lone cell at the end of a sheet costs it nothing.

    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    for sheet in book.worksheets:
        sheet.reset_dimensions()
    return book.sheetnames, ((sheet.title, sheet.iter_rows(values_only=True)) for sheet in book.worksheets)


def _grid(name: str, rows: Values, settings: dict[str, Any], *, meant: bool) -> Rows:
    """The rows that hold something; a sheet that no form means (notes, help) is cut at the limit, not refused."""
    most = settings["choices"] if plain(name) in LISTS else settings["rows"]
    kept: Rows = []
    for number, row in enumerate(rows, 1):
        if number > LAST_ROW:
            raise NotTaken("sheet-row-impossible", sheet=name)
        cells = [text_of(value) for value in row]
        if not any(cells):
            continue
        kept.append((number, _trimmed(cells)))
        if excess := _excess(kept, most, settings["columns"]):
            if meant:
                raise NotTaken(excess[0], sheet=name, **excess[1])
            return kept[:-1]
    return kept


def _trimmed(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _excess(kept: Rows, most: int, columns: int) -> tuple[str, dict[str, object]] | None:
    number, cells = kept[-1]
    if len(kept) > most + 1:
        return "sheet-too-long", {"most": f"{most:,}"}
    if number > most * FAR:
        return "sheet-value-far", {"row": number}
    if len(cells) > columns:
        return "sheet-too-wide", {"most": columns, "row": number}
    return None


def text_of(value: Any) -> str:
    """A cell as Excel shows it: 3 and not 3.0, dates and times in ISO 8601, no blanks around."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else format(value, ".15g")
    if isinstance(value, datetime.datetime):
        whole_day = value.time() == datetime.time()
        return value.date().isoformat() if whole_day else value.isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value).replace("\u00a0", " ").strip()

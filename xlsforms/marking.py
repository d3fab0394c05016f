"""In the limited child: marks are written into an .xlsx, everything else staying as openpyxl keeps it."""

import base64
import io
import json
import re
import zipfile
from typing import Any

import openpyxl
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.hyperlink import Hyperlink

# Parts of an .xlsx that are not written back, and what people call them.
DROPPED = (
    (re.compile(r"xl/media/"), "pictures"),
    (re.compile(r"xl/charts/"), "charts"),
    (re.compile(r"xl/(drawings/drawing|ctrlProps/|activeX/)"), "drawings"),
    (re.compile(r"xl/threadedComments/"), "threads"),
    (re.compile(r"xl/(pivotTables|slicers)/"), "pivots"),
)
EXTENDED = re.compile(rb"<x14:(dataValidations|conditionalFormattings)\b")
AUTHOR = "Fieldcase check"  # By which an earlier mark is known.
BEHIND = "\n----- {author} -----\n"  # What the workbook's author had written stands behind this line, under a name.
WRITTEN = re.compile(r"(?:^|\n)----- (?P<author>[^\n]*) -----\n(?P<text>.*)", re.DOTALL)
COLOURS = {"error": "F8CFCB", "warning": "FCE6B8", "info": "D5E6F5"}
GREEN, WHITE = "12413A", "FFFFFF"
WORST_FIRST = ("error", "warning", "info")
WIDTHS = (13, 18, 24, 32, 60, 60, 26)
TOP = 4  # the row of the list's header


def mark(given: bytes) -> dict[str, Any]:
    """The marked workbook, in base64; what is told stands before the first nought byte, the workbook behind it."""
    head, _, content = given.partition(b"\0")
    told: dict[str, Any] = json.loads(head)
    if content and (lost := dropped(content)):
        told["note"] = told["lost"]["note"].replace("{parts}", ", ".join(told["lost"]["parts"][part] for part in lost))
    book = openpyxl.load_workbook(io.BytesIO(content)) if content else _anew(told["sheets"])
    _forget_earlier(book, told["titles"])
    for one in told["marks"]:
        if one["sheet"] in book.sheetnames:
            _mark_cell(book[one["sheet"]], one)
    links = _rename(book, told["renamed"])
    _list_findings(book, told, links)
    out = io.BytesIO()
    book.save(out)
    return {"workbook": base64.b64encode(out.getvalue()).decode()}


def dropped(content: bytes) -> tuple[str, ...]:
    """What an .xlsx holds that is not in its marked copy."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        parts = [word for pattern, word in DROPPED if any(pattern.match(name) for name in names)]
        sheets = [name for name in names if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name)]
        if any(EXTENDED.search(archive.read(name)) for name in sheets):
            parts.append("rules")
    return tuple(parts)


def _anew(sheets: list[dict[str, Any]]) -> Any:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for one in sheets:
        sheet = book.create_sheet(_title(one["name"], book.sheetnames))
        for address, text in one["cells"].items():
            _write(sheet[address], text)
        for address in one["heads"]:
            sheet[address].font = Font(bold=True)
            sheet.column_dimensions[sheet[address].column_letter].width = 26
    return book


def _title(name: str, taken: list[str]) -> str:
    """A name that a sheet can have and no other of the workbook has."""
    plain = "".join("_" if character in "[]:*?/\\" else character for character in name)[:31] or "sheet"
    titles = [plain, *(f"{plain[:28]} {number}" for number in range(2, len(taken) + 3))]
    return next(title for title in titles if title.lower() not in {other.lower() for other in taken})


def _forget_earlier(book: Any, titles: list[str]) -> None:
    """Marks of an earlier check go; what the author wrote stays."""
    for sheet in list(book.worksheets):
        if sheet["A1"].value in titles and len(book.worksheets) > 1:
            book.remove(sheet)
            continue
        for cell in list(sheet._cells.values()):  # Only cells that are there: asking for rows would make the others.
            if cell.comment and cell.comment.author == AUTHOR:
                theirs = WRITTEN.search(cell.comment.text)
                cell.comment = Comment(theirs["text"], theirs["author"]) if theirs else None
                if str(cell.fill.start_color.rgb)[2:] in COLOURS.values():
                    cell.fill = PatternFill()


def _mark_cell(sheet: Any, one: dict[str, str]) -> None:
    cell = _whole(sheet, sheet[one["cell"]])
    text = _clean(one["text"])
    if cell.comment and cell.comment.author == AUTHOR:  # Another cell of the same merged area was marked before.
        text = f"{text}\n\n{cell.comment.text}"
    elif cell.comment:
        text = f"{text}\n{BEHIND.format(author=' '.join((cell.comment.author or '').split()))}{cell.comment.text}"
    cell.comment = Comment(text, AUTHOR)
    cell.comment.width, cell.comment.height = 380, min(60 + len(text) // 2, 420)
    cell.fill = PatternFill("solid", start_color=COLOURS[one["severity"]], end_color=COLOURS[one["severity"]])


def _whole(sheet: Any, cell: Any) -> Any:
    """The cell itself, or the first of the merged cells that it is one of."""
    if isinstance(cell, MergedCell):
        area = next(area for area in sheet.merged_cells.ranges if cell.coordinate in area)
        return sheet.cell(area.min_row, area.min_col)
    return cell


def _rename(book: Any, renamed: dict[str, str]) -> dict[str, str]:
    """A lone sheet is called survey, since it no longer stands alone; by old name, each sheet's present one."""
    for old, new in renamed.items():
        if old in book.sheetnames and new not in book.sheetnames:
            book[old].title = new
    return {name: new for name, new in renamed.items() if new in book.sheetnames}


def _list_findings(book: Any, told: dict[str, Any], renamed: dict[str, str]) -> None:
    sheet = book.create_sheet(_title(told["sheet"], book.sheetnames), 0)
    sheet.sheet_properties.tabColor = GREEN
    _write(sheet["A1"], told["title"], bold=True, size=14)
    _write(sheet["A2"], told["note"])
    for across, head in enumerate(told["heads"], 1):
        cell = sheet.cell(TOP, across)
        _write(cell, head, bold=True, colour=WHITE)
        cell.fill = PatternFill("solid", start_color=GREEN, end_color=GREEN)
        sheet.column_dimensions[cell.column_letter].width = WIDTHS[across - 1]
    for at, row in enumerate(told["rows"], TOP + 1):
        for across, text in enumerate(row["cells"], 1):
            _write(sheet.cell(at, across), text, wraps=True)
        colour = COLOURS[row["severity"]]
        sheet.cell(at, 1).fill = PatternFill("solid", start_color=colour, end_color=colour)
        _link(book, sheet.cell(at, 2), row["link"], renamed)
    sheet.freeze_panes = f"A{TOP + 1}"
    for other in book.worksheets:
        other.sheet_view.tabSelected = other is sheet
    book.active = 0


def _link(book: Any, cell: Any, link: list[str] | None, renamed: dict[str, str]) -> None:
    name = renamed.get(link[0], link[0]) if link else ""
    if link and name in book.sheetnames:
        quoted = name.replace("'", "''")
        cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"'{quoted}'!{link[1]}")
        cell.font = Font(color="0B5A8A", underline="single")


def _write(
    cell: Any, text: str, *, bold: bool = False, size: int = 11, colour: str = "000000", wraps: bool = False
) -> None:
    """The text as text: what looks like a formula is none, here and after somebody edits it."""
    if not text:
        return
    cell.value, cell.data_type = _clean(text), "s"
    cell.font = Font(bold=bold, size=size, color=colour)
    cell.alignment = Alignment(vertical="top", wrap_text=wraps)
    if text[0] in "=+-@\t\r":
        cell.quotePrefix = True


def _clean(text: str) -> str:
    return str(ILLEGAL_CHARACTERS_RE.sub("", text))[:32_000]

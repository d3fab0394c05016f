"""Workbooks kept as text: one CSV with the sheets' names in its first column, and markdown tables."""

import csv
import io
import re
from collections.abc import Iterator

SEPARATOR = re.compile(r"[|\-:\s]+")
PIPE = re.compile(r"(?<!\\)\|")
REMARK = re.compile(r"(?<=\|)\s*#[^|]*$")


class NotText(Exception):
    """The file is not text that can be read; `code` is a row of findings.csv, with its facts."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


def decode(content: bytes) -> str:
    """The text of a file in UTF-8, or in UTF-16 with its mark; raises NotText."""
    try:
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return content.decode("utf-16")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotText("file-not-text") from error


def records(text: str) -> list[tuple[int, list[str]]]:
    """The records of a CSV and the rows that a spreadsheet program shows them in; raises NotText."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        return [(number, [_clean(cell) for cell in record]) for number, record in enumerate(reader, 1)]
    except csv.Error as error:
        raise NotText("csv-broken", line=reader.line_num, what=error) from error


def _delimiter(text: str) -> str:
    opening = "\n".join(text.splitlines()[:10])
    return max(",;\t", key=opening.count)


def _clean(cell: str) -> str:
    return cell.replace("\u00a0", " ").strip()


def csv_grids(text: str) -> Iterator[tuple[str, list[tuple[int, list[str]]]]]:
    """The sheets of a CSV: a name in the first column opens a sheet, its rows stand below with that column blank."""
    name, grid = "", list[tuple[int, list[str]]]()
    for number, record in records(text):
        first, cells = (record[0], record[1:]) if record else ("", [])
        if first:
            if name:
                yield name, grid
            name, grid = first, []
        if name and any(cells):
            grid.append((number, cells))
    if name:
        yield name, grid


def markdown_grids(text: str) -> Iterator[tuple[str, list[tuple[int, list[str]]]]]:
    """The sheets of markdown tables: as in csv_grids, with `|` between cells; rows are counted from each header."""
    name, grid = "", list[tuple[int, list[str]]]()
    for first, cells in _markdown_rows(text):
        if first:
            if name:
                yield name, grid
            name, grid = first, []
        if name and any(cells):
            grid.append((len(grid) + 1, cells))
    if name:
        yield name, grid


def _markdown_rows(text: str) -> Iterator[tuple[str, list[str]]]:
    for line in text.split("\n"):
        stripped = REMARK.sub("", line.strip())
        if not stripped.startswith("|") or ("--" in stripped and SEPARATOR.fullmatch(stripped)):
            continue
        cells = [_clean(cell.replace(r"\|", "|")) for cell in PIPE.split(stripped.removesuffix("|")[1:])]
        yield cells[0], cells[1:]

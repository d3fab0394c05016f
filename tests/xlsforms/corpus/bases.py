"""Four clean workbooks, each rich in what it is about; a defect is made by changing one thing in one of them.

visit: groups, repeats, selects, a cascade, sums, files, English and Spanish. talk: feeds a case. roster: keeps a list
that tablets carry. short: one language, no choices.
"""

from collections.abc import Mapping
from pathlib import Path

Grid = list[list[str]]
Grids = Mapping[str, Grid]

HERE = Path(__file__).parent
SUPPLIED = {"roster": ("places.csv",)}  # Files that come with the workbook.


def read(name: str) -> Grids:
    """The sheets of a workbook written as tables: a line with the sheet's name, and its rows below."""
    sheets: dict[str, Grid] = {}
    for line in (HERE / f"{name}.md").read_text(encoding="utf-8").splitlines():
        first, *cells = [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]
        if first:
            sheet = sheets.setdefault(first, [])
        else:
            sheet.append(cells)
    return sheets


BASES = {name: read(name) for name in ("visit", "talk", "roster", "short")}
VISIT = BASES["visit"]

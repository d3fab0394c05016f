"""How the rows of a survey sheet nest: where each question stands among groups and repeats."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from xlsforms.columns import view
from xlsforms.sheets import Row, Workbook

BEGIN = re.compile(r"begin[\s_]+(group|repeat|loop|lgroup|looped group)\b.*", re.IGNORECASE)
END = re.compile(r"end[\s_]+(group|repeat|loop|lgroup|looped group)", re.IGNORECASE)


@dataclass(frozen=True)
class Line:
    """A row of the survey sheet: its path below the root of the form, and how many groups are open around it."""

    row: Row
    type: str
    path: str
    depth: int
    begins: bool


def lines(workbook: Workbook) -> Iterator[Line]:
    """The rows that begin or hold something, in order; ends close their group and are left out."""
    survey = view(workbook, "survey")
    open_groups: list[str] = []
    for row in survey.sheet.rows:
        type_, name = survey.get(row, "type"), survey.get(row, "name")
        if END.fullmatch(type_):
            open_groups = open_groups[:-1]
            continue
        begins = bool(BEGIN.fullmatch(type_))
        yield Line(row, type_, "/".join(["", *open_groups, name]), len(open_groups) + begins, begins)
        if begins:
            open_groups.append(name)


def row_of(workbook: Workbook, path: str) -> Row | None:
    """The row that made this node of the XForm; None when none did (what pyxform adds by itself)."""
    below = "/" + path.strip("/").partition("/")[2]
    found = list(lines(workbook))
    exact = next((line.row for line in found if line.path == below), None)
    name = path.rsplit("/", 1)[-1].removesuffix("_count")
    return exact or next((line.row for line in found if line.path.rsplit("/", 1)[-1] == name), None)

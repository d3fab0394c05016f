"""Rules about groups and repeats: begun and ended, filled, counted."""

from collections.abc import Iterator

from xlsforms.findings import Finding, error, warning
from xlsforms.limits import Limits
from xlsforms.outline import Loose, Outline, outline
from xlsforms.question_types import BEGINS
from xlsforms.sheets import Workbook


def unbalanced(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A block that is never ended, told at the row that begins it, or an end without its beginning."""
    found = outline(workbook)
    for loose in found.loose:
        yield _told(found, loose)


def _told(found: Outline, loose: Loose) -> Finding:
    place, kind = found.survey.place(loose.row, "type"), loose.type.block
    if loose.type.kind == BEGINS:
        return error("group-not-ended", place, kind=kind, name=loose.name)
    if loose.other is not None:
        other, row = loose.other.type.block, loose.other.row.number
        return error("group-ended-as-other", place, kind=kind, other=other, name=loose.other.name, row=row)
    return error("group-not-begun", place, kind=kind)


def empty(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A group or repeat with nothing in it."""
    found = outline(workbook)
    parents = {item.parent for item in found.items}
    loose = {each.row.number for each in found.loose}
    for item in found.items:
        if item.begins and item not in parents and item.row.number not in loose:
            yield warning("group-empty", found.survey.place(item.row, "type"), kind=item.type.block, name=item.name)


def counted(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A repeat_count on what is no repeat: it counts nothing."""
    found = outline(workbook)
    for item in found.items:
        if item.type.block != "repeat" and item.type.kind != "unknown" and found.survey.get(item.row, "repeat_count"):
            yield warning("repeat-count-without-repeat", found.survey.place(item.row, "repeat_count"))

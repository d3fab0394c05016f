"""Rules about languages: which texts one of them lacks."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from xlsforms.columns import MEDIA, TEXTS, Column, View, setting, view
from xlsforms.findings import Finding, warning
from xlsforms.limits import Limits
from xlsforms.sheets import Workbook

TOLD = 30  # holes of one language on one sheet; the last of them tells how many more there are
Columns = dict[str, dict[str, Column]]  # by meaning, then by language


def missing(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """Texts that stand in one language of the form and not in another; a language nobody has begun is not asked for."""
    default = setting(workbook, "default_language")[0]
    views = [view(workbook, name) for name in ("survey", "choices")]
    begun = sorted({language for found in views for language in _begun(found, default)})
    if len(begun) > 1:
        for found in views:
            yield from _holes(found, begun, default)


def _translated(found: View, default: str) -> Columns:
    grouped: Columns = defaultdict(dict)
    for column in found.columns:
        if column.name in TEXTS + MEDIA:
            grouped[column.name].setdefault(column.language or default, column)
    return grouped


def _begun(found: View, default: str) -> Iterable[str]:
    return {column.language or default for _row, column, _value in found.cells("label", "hint")}


def _holes(found: View, languages: list[str], default: str) -> Iterator[Finding]:
    filled = {column for _row, column, _value in found.cells(*TEXTS, *MEDIA)}
    for name, columns in _translated(found, default).items():
        used = [column for column in columns.values() if column in filled]
        for language in languages if used else ():
            if language not in columns:
                yield _column_missing(found, name, language, used[0])
            elif name in TEXTS:
                yield from _cells_missing(found, used, columns[language])


def _column_missing(found: View, name: str, language: str, other: Column) -> Finding:
    spoken, add = (f"'{language}'", f"{name}::{language}") if language else ("@own-language", name)
    return warning("translation-missing", found.head(other), language=spoken, add=add)


def _cells_missing(found: View, used: list[Column], column: Column) -> Iterator[Finding]:
    rows = [
        row
        for row in found.sheet.rows
        if column.header not in row.values and any(other.header in row.values for other in used)
    ]
    for told, row in enumerate(rows[:TOLD], 1):
        more = len(rows) - TOLD if told == TOLD < len(rows) else None
        yield warning("translation-missing", found.sheet.place(row, column.header), more=more)

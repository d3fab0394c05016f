"""Rules about languages: which texts one of them lacks, and whether they are named as tablets know them."""

import re
from collections.abc import Iterator

from xlsforms.columns import MEDIA, TEXTS, Column, View, setting, view
from xlsforms.findings import Finding, info, warning
from xlsforms.languages import begun, languages, translated
from xlsforms.limits import Limits
from xlsforms.sheets import Workbook
from xlsforms.wording import closest

TOLD = 30  # holes of one language on one sheet; the last of them tells how many more there are
WITH_CODE = re.compile(r".*\([A-Za-z]{2,3}([-_][A-Za-z0-9-]+)?\)")
DEFAULT = "default"  # what pyxform calls the language of columns that name none


def missing(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """Texts that stand in one language of the form and not in another; a language nobody has begun is not asked for."""
    default = setting(workbook, "default_language")[0]
    views = [view(workbook, name) for name in ("survey", "choices")]
    spoken = sorted({language for found in views for language in begun(found, default)})
    if len(spoken) > 1:
        for found in views:
            yield from _holes(found, spoken, default)


def _holes(found: View, languages: list[str], default: str) -> Iterator[Finding]:
    filled = {column for _row, column, _value in found.cells(*TEXTS, *MEDIA)}
    for name, columns in translated(found, default).items():
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


def default_language(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A default language that the form does not have, or none where there are several to choose from."""
    default, place = setting(workbook, "default_language")
    columns = [column for name in ("survey", "choices") for column in view(workbook, name).columns]
    named = {column.language for column in columns if column.name in TEXTS and column.language}
    plain = any(column.name == "label" and not column.language for column in columns)
    if default and named and default not in named and not (plain and closest(default, named, cutoff=0.8) is None):
        yield warning("default-language-unknown", place, near=closest(default, named), known=", ".join(sorted(named)))
    elif not default and len(spoken := languages(workbook)) > 1 and not plain:
        yield info("default-language-missing", place, known=", ".join(spoken))


def language_names(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A language without its code, and one that is nearly called like another: a second language by mistake."""
    first: dict[str, tuple[View, Column]] = {}
    for found in (view(workbook, name) for name in ("survey", "choices")):
        for column in found.columns:
            if column.name in TEXTS + MEDIA and column.language:
                first.setdefault(column.language, (found, column))
    uses = {name: len([1 for other in _all(workbook) if other.language == name]) for name in first}
    for language, (found, column) in first.items():
        others = [other for other in first if other != language and uses[other] > uses[language]]
        near = closest(language, others, cutoff=0.85)
        if near and _code(language) in ("", _code(near)):
            yield warning("language-misspelt", found.head(column), language=language, near=near)
        elif language.lower() != DEFAULT and not WITH_CODE.fullmatch(language):
            yield warning("language-code", found.head(column), languages=language)


def _all(workbook: Workbook) -> list[Column]:
    return [column for name in ("survey", "choices") for column in view(workbook, name).columns]


def _code(language: str) -> str:
    match = re.search(r"\(([^)]*)\)", language)
    return match[1].lower() if match else ""

"""What a check found, as a page draws it: by severity, by sheet, and how far each language is translated."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from server.desk.values import language_name
from server.language import language
from xlsforms.findings import Finding, Severity

MOST = 500  # findings of one severity on the page; the marked workbook has them all


def found_view(findings: Sequence[Finding], holes: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Findings in groups, with the sheets they are on, counts, and the holes of translations."""
    sheets = list(dict.fromkeys(one.sheet for one in findings))
    places = {sheet: number for number, sheet in enumerate(sheets, start=1)}
    counted = Counter(one.sheet for one in findings)
    groups = []
    for severity in Severity:
        these = [one for one in findings if one.severity is severity]
        rows = [one.told(language()) | {"place": places[one.sheet]} for one in these[:MOST]]
        if these:
            groups.append({"severity": severity.value, "count": len(these), "rows": rows})
    listed = [{"number": places[one], "name": one, "count": counted[one]} for one in sheets]
    return {"groups": groups, "sheets": listed if len(listed) > 1 else [], "holes": _holes(holes)}


def _holes(covers: Sequence[Sequence[Any]]) -> dict[str, Any] | None:
    """One row for each kind of text, one column for each language; nothing when every language is whole."""
    if all(filled == wanted for _sheet, _kind, _language, filled, wanted in covers):
        return None
    languages = list(dict.fromkeys(cover[2] for cover in covers))
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for sheet, kind, spoken, filled, wanted in covers:
        row = rows.setdefault((sheet, kind), {"sheet": sheet, "column": kind, "wanted": wanted, "cells": {}})
        row["cells"][spoken] = {"filled": filled, "missing": wanted - filled}
    named = [{"key": one, "name": language_name(one) if one else ""} for one in languages]
    return {"languages": named, "rows": list(rows.values())}

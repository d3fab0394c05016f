"""The workbook back, its cells marked and commented, and one more sheet that lists what is to be mended."""

import base64
import csv
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from xlsforms.findings import Finding
from xlsforms.limited import ChildFailed, Reason, work
from xlsforms.limits import DEFAULT, Limits
from xlsforms.sheets import Sheet, Workbook, plain

LONGEST_COMMENT = 1_500
MOST_LISTED = 2_000
WORDS = Path(__file__).with_name("marked_words.csv")
LANGUAGES = ("en", "es")
PARTS = ("pictures", "charts", "drawings", "threads", "pivots", "rules")  # that a copy may lack
ADDRESS = re.compile(r"[A-Z]{1,3}[1-9]\d{0,6}")


class CannotMark(Exception):
    """The workbook could not be written back with marks; its findings can be read on the page and by the command."""


def marked_workbook(
    workbook: Workbook, findings: Iterable[Finding], language: str = "en", *, limits: Limits = DEFAULT
) -> bytes:
    """An .xlsx: the workbook with each finding at its cell in this language, and a sheet that lists them with links.

    Of .xls, .csv and .md it is a new workbook with the same cells. Raises CannotMark.
    """
    spoken = language if language in LANGUAGES else LANGUAGES[0]
    told = _told(workbook, tuple(findings), spoken)
    if workbook.kind == "xlsx":
        lost = {"note": _say("lost", spoken, parts="{parts}"), "parts": {part: _say(part, spoken) for part in PARTS}}
        try:
            return _marked({**told, "note": "", "lost": lost}, workbook.content, limits)
        except ChildFailed as failure:
            if failure.reason in (Reason.TIME, Reason.SIZE):  # Anew it would take as long.
                raise CannotMark(CannotMark.__doc__) from failure
    note = _say("made", spoken, name=workbook.name)
    sheets = [_cells(key, sheet) for key, sheet in workbook.sheets.items()]
    try:
        return _marked({**told, "note": note, "sheets": sheets}, b"", limits)
    except ChildFailed as failure:
        raise CannotMark(CannotMark.__doc__) from failure


def _marked(told: dict[str, Any], content: bytes, limits: Limits) -> bytes:
    """Writing takes longer than reading: a workbook of the largest size is to come back too."""
    limits = replace(limits, cpu_seconds=2 * limits.cpu_seconds, wall_seconds=2 * limits.wall_seconds)
    answer = work("mark", json.dumps(told).encode() + b"\0" + content, limits)
    return base64.b64decode(answer["workbook"])


def _told(workbook: Workbook, findings: tuple[Finding, ...], language: str) -> dict[str, Any]:
    names = {sheet.name: "survey" if key == "survey" else sheet.name for key, sheet in workbook.sheets.items()}
    marks: dict[tuple[str, str], dict[str, str]] = {}
    for finding in findings:
        if finding.sheet in names and ADDRESS.fullmatch(finding.cell):
            words = f"{_say(finding.severity.value, language)}: {finding.said(language)}"
            mark = marks.setdefault((finding.sheet, finding.cell), {"severity": finding.severity.value, "text": ""})
            mark["text"] = f"{mark['text']}\n\n{words}".strip()[:LONGEST_COMMENT]
    heads = ("kind", "place", "column", "value", "wrong", "mend", "code")
    return {
        "marks": [{"sheet": sheet, "cell": cell, **mark} for (sheet, cell), mark in marks.items()],
        "renamed": {name: now for name, now in names.items() if now != name and plain(name) != now},
        "sheet": _say("findings", language),
        "title": _say("title" if findings else "none", language),
        "titles": [_say(word, each) for word in ("title", "none") for each in LANGUAGES],
        "heads": [_say(word, language) for word in heads],
        "rows": [_row(finding, names, language) for finding in findings[:MOST_LISTED]],
    }


def _row(finding: Finding, names: dict[str, str], language: str) -> dict[str, Any]:
    place = " ".join(part for part in (names.get(finding.sheet, finding.sheet), finding.cell) if part)
    linked = finding.sheet in names
    cell = finding.cell if ADDRESS.fullmatch(finding.cell) else "A1"
    words = [finding.wrong(language), finding.mend(language)]
    return {
        "severity": finding.severity.value,
        "cells": [_say(finding.severity.value, language), place, finding.column, finding.value, *words, finding.code],
        "link": [finding.sheet, cell] if linked else None,
    }


def _cells(key: str, sheet: Sheet) -> dict[str, Any]:
    """A sheet's cells by address, for a workbook that is written anew."""
    heads = {sheet.cell(sheet.top, head): head for head in sheet.header}
    rows = {sheet.cell(row, head): text for row in sheet.rows for head, text in row.values.items()}
    name = "survey" if key == "survey" else sheet.name
    return {"name": sheet.name, "title": name, "cells": {**heads, **rows}, "heads": list(heads)}


def _say(word: str, language: str, **facts: object) -> str:
    return _words()[word][language].format(**facts)


@cache
def _words() -> dict[str, dict[str, str]]:
    with WORDS.open(encoding="utf-8", newline="") as file:
        return {row["word"]: {language: row[language] for language in LANGUAGES} for row in csv.DictReader(file)}

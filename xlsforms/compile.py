"""A workbook becomes an XForm that tablets can open: pyxform in a limited child process, then ODK Validate."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from xlsforms.columns import CASE_COLUMNS, MEDIA, TEXTS, columns, setting
from xlsforms.findings import NOWHERE, Finding, Severity, error, info, refusing, tidy, warning
from xlsforms.limited import ChildFailed, Reason, work
from xlsforms.limits import DEFAULT, MB, Limits
from xlsforms.merging import only_new, stops_pyxform, stops_validate
from xlsforms.published import NOTHING, Known
from xlsforms.pyxform_words import from_pyxform
from xlsforms.questions import FormDefinition, read_parsed
from xlsforms.rules import apply
from xlsforms.safety import inspect
from xlsforms.sheets import CASE_SHEETS, FORM_SHEETS, Sheet, Workbook
from xlsforms.validate import Verdict, validate
from xlsforms.validate_words import from_validate
from xlsforms.xform import UnreadableForm, parse

__all__ = ["Compiled", "Limits", "RefusedForm", "compile_form", "compile_xform", "version_at"]


@dataclass(frozen=True)
class Compiled:
    """An XForm ready to publish, its questions, and what its author should look at; itemsets is a media file of it."""

    xform: bytes
    definition: FormDefinition
    findings: tuple[Finding, ...]
    itemsets: bytes | None = None  # itemsets.csv, when the workbook has external_choices


class RefusedForm(Exception):
    """This form cannot be compiled as it stands; the findings say what to mend, and where."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        errors = [finding for finding in findings if finding.severity is Severity.ERROR]
        first = errors[0] if errors else None
        place = " ".join(part for part in (first.sheet, first.cell) if part) if first else ""
        said = f"{place}: {first.message}" if first and place else first.message if first else ""
        super().__init__(said if len(errors) < 2 else f"{said} (and {len(errors) - 1} more)")


def version_at(now: datetime) -> str:
    """The version of a form whose workbook gives none: the moment, in UTC, as yyyymmddhhmmss."""
    return now.astimezone(UTC).strftime("%Y%m%d%H%M%S")


def compile_form(
    workbook: Workbook, *, limits: Limits = DEFAULT, fallback_version: str = "", known: Known = NOTHING
) -> Compiled:
    """The workbook as an XForm; raises RefusedForm with every finding of rules, pyxform and ODK Validate."""
    found = [*workbook.findings, *apply(workbook, limits, known)]
    if stops_pyxform(found):
        raise RefusedForm(tidy(found))
    if fallback_version and not setting(workbook, "version")[0]:
        found.append(info("version-given", setting(workbook, "version")[1], version=fallback_version))
    answer, said = _convert(workbook, fallback_version, limits)
    found += only_new(said, found, workbook)
    if "xform" not in answer:
        raise RefusedForm(tidy(found))
    itemsets = answer["itemsets"].encode() if answer["itemsets"] else None
    return _finish(answer["xform"].encode(), found, workbook, itemsets, limits)


def compile_xform(content: bytes, name: str, *, limits: Limits = DEFAULT) -> Compiled:
    """An XForm written elsewhere, its bytes unchanged; raises RefusedForm when unsafe or no tablet could open it."""
    if len(content) > limits.file_bytes:
        size, most = f"{len(content) / MB:.1f}", limits.file_bytes // MB
        raise RefusedForm((error("form-too-large", NOWHERE, name=name, size=size, most=most),))
    if content.count(b"<") > limits.elements * 2:  # Each element opens and closes.
        facts = {"elements": f"{content.count(b'<') // 2:,}", "most": f"{limits.elements:,}"}
        raise RefusedForm((error("form-too-large", NOWHERE, name=name, **facts),))
    return _finish(content, [], None, None, limits)


def _finish(
    xform: bytes, found: list[Finding], workbook: Workbook | None, itemsets: bytes | None, limits: Limits
) -> Compiled:
    try:
        root = parse(xform)
        definition = read_parsed(root)
    except UnreadableForm as problem:
        raise RefusedForm(tidy([*found, error("unreadable-form", NOWHERE, said=problem)])) from problem
    found += only_new(inspect(root, definition, workbook, limits), found, workbook)
    if workbook is None and not definition.version:
        found.append(warning("version-missing", NOWHERE))
    if not stops_validate(found):
        found += only_new(_tried(xform, len(definition.questions), workbook, limits), found, workbook)
    if refusing(found):
        raise RefusedForm(tidy(found))
    return Compiled(xform, definition, tidy(found), itemsets)


def _tried(xform: bytes, questions: int, workbook: Workbook | None, limits: Limits) -> Iterator[Finding]:
    """What ODK Validate says of the form, or why it was not asked."""
    verdict = Verdict(not_run="@validate-slow") if questions > limits.validate_questions else validate(xform, limits)
    if verdict.not_run:
        yield info("not-validated", NOWHERE, reason=verdict.not_run)
    yield from from_validate(verdict.complaint, workbook)


def _convert(workbook: Workbook, fallback_version: str, limits: Limits) -> tuple[dict[str, Any], list[Finding]]:
    try:
        answer = work("compile", json.dumps(for_pyxform(workbook, fallback_version)).encode(), limits)
    except ChildFailed as failure:
        return {}, [_stopped(failure, limits)]
    said = [*from_pyxform(answer.get("errors", ()), workbook, Severity.ERROR)]
    return answer, [*said, *from_pyxform(answer["warnings"], workbook, Severity.WARNING)]


def _stopped(failure: ChildFailed, limits: Limits) -> Finding:
    facts: dict[Reason, dict[str, object]] = {
        Reason.TIME: {"seconds": f"{limits.wall_seconds:g}"},
        Reason.MEMORY: {"most": limits.memory_bytes // MB},
        Reason.SIZE: {"most": limits.output_bytes // MB},
        Reason.CRASH: {"detail": failure.detail},
    }
    return error(f"compile-{failure.reason}", ("survey", ""), **facts.get(failure.reason, {}))


def for_pyxform(workbook: Workbook, fallback_version: str = "") -> dict[str, Any]:
    """The sheets as pyxform takes them, without the case mapping and without languages nobody has begun."""
    told: dict[str, Any] = {
        "sheet_names": [sheet.name for key, sheet in workbook.sheets.items() if key not in CASE_SHEETS],
        "fallback_form_name": workbook.stem,
    }
    for key in FORM_SHEETS:
        if sheet := workbook.sheet(key):
            told |= _told(key, sheet)
    if fallback_version and not setting(workbook, "version")[0]:
        rows = told.get("settings") or [{}]
        head = told.get("settings_header") or [{}]
        told |= {
            "settings": [{**rows[0], "version": fallback_version}],
            "settings_header": [{**head[0], "version": None}],
        }
    return told


def _told(key: str, sheet: Sheet) -> dict[str, Any]:
    filled = {header for row in sheet.rows for header in row.values}
    own = {column.header for column in columns(sheet.header) if column.name in CASE_COLUMNS}
    empty = {column.header for column in columns(sheet.header) if column.name in TEXTS + MEDIA} - filled
    kept = [header for header in sheet.header if header not in own | empty]
    rows = {row.number: {header: row.values[header] for header in kept if header in row.values} for row in sheet.rows}
    numbers = range(sheet.top + 1, max(rows, default=sheet.top) + 1)
    listed = list(rows.values())[:1] if key == "settings" else [rows.get(number, {}) for number in numbers]
    return {key: listed, f"{key}_header": [dict.fromkeys(kept)] if kept else []}

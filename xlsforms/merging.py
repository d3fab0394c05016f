"""What pyxform and ODK Validate say beside our rules: only what is new, so that nothing is told twice."""

from collections.abc import Iterable
from dataclasses import replace

from xlsforms.findings import Finding, Severity, row_number
from xlsforms.sheets import Workbook

# Errors at which pyxform stops too, so that it could add nothing.
STOPS_PYXFORM = frozenset(
    {"survey-missing", "missing-column", "duplicate-column", "no-questions", "groups-too-deep", "unknown-type"}
    | {"type-missing", "name-missing", "ill-formed-name", "duplicate-name", "reserved-name", "audit-named"}
    | {"repeat-named-like-form", "duplicate-repeat-name", "group-not-ended", "group-not-begun", "group-ended-as-other"}
    | {"malformed-reference", "unknown-reference", "ambiguous-reference", "trigger-not-a-question", "trigger-missing"}
    | {"unknown-list", "choices-missing", "list-with-space", "list-not-named", "choice-without-name"}
    | {"duplicate-choice", "calculation-missing", "calculation-unused", "label-missing", "or-other-with-filter"}
    | {"save-to-without-entities", "save-to-on-group", "save-to-two-marks", "save-to-unknown-list", "save-to-twice"}
    | {"save-to-without-list", "save-to-reserved", "save-to-in-other-repeat", "entities-unknown-column"}
    | {"entity-list-missing", "entity-list-twice", "entity-name-underscores", "entity-name-period"}
    | {"entity-update-without-id", "entity-create-with-id", "entity-label-missing"}
    | {
        "parameters-unreadable",
        "unknown-parameter",
        "parameter-value",
        "parameter-alone",
        "range-step",
        "file-ending",
        "external-in-repeat",
    }
)
# Errors at which a tablet stops too.
STOPS_VALIDATE = frozenset(
    {"xpath-unreadable", "xpath-operator", "typographic-quotes", "unknown-function", "wrong-arity", "cycle"}
    | {"reference-without-braces"}
)
# What ODK Validate says of a row as a whole: a tablet could not open it, whatever the reason.
OF_THE_ROW = frozenset({"odk-validate", "xpath-unreadable", "unknown-function"})


def stops_pyxform(found: Iterable[Finding]) -> bool:
    """Whether pyxform would stop at something that is told already."""
    return any(finding.severity is Severity.ERROR and finding.code in STOPS_PYXFORM for finding in found)


def stops_validate(found: Iterable[Finding]) -> bool:
    """Whether ODK Validate would stop at something that is told already."""
    return any(finding.severity is Severity.ERROR and finding.code in STOPS_VALIDATE for finding in found)


def only_new(said: Iterable[Finding], found: list[Finding], workbook: Workbook | None) -> list[Finding]:
    """The findings about what nobody has told yet, each with a sheet at least when there is a workbook."""
    return [_placed(finding, workbook) for finding in said if not _told(finding, found)]


def _told(finding: Finding, found: list[Finding]) -> bool:
    for other in found:
        if other.code == finding.code and (not finding.cell or finding.cell == other.cell or _ours(other)):
            return True
        if finding.cell and (other.sheet, other.cell) == (finding.sheet, finding.cell) and _as_grave(other, finding):
            return True
        same_row = finding.cell and other.sheet == finding.sheet and row_number(other) == row_number(finding)
        if same_row and finding.code in OF_THE_ROW and other.severity is Severity.ERROR:
            return True
    return False


def _ours(other: Finding) -> bool:
    """Whether a rule of ours tells every case of its code, so that pyxform's would be one of them."""
    return bool(other.cell)


def _as_grave(other: Finding, finding: Finding) -> bool:
    order = list(Severity)
    return order.index(other.severity) <= order.index(finding.severity)


def _placed(finding: Finding, workbook: Workbook | None) -> Finding:
    if workbook is None or finding.sheet or finding.severity is Severity.INFO:
        return finding
    survey = workbook.sheet("survey")
    return replace(finding, sheet=survey.name if survey else "survey")

"""Rules about expressions: can they be read, do their functions exist, do they depend on each other in a circle."""

import re
from collections.abc import Iterator

from xlsforms.expressions import STRAIGHT, Cell, cells, functions
from xlsforms.findings import Finding, error, warning
from xlsforms.limits import Limits
from xlsforms.rules.references import misread
from xlsforms.sheets import Workbook
from xlsforms.wording import closest
from xlsforms.xpath import Call, XPathError, parse

TYPOGRAPHIC = frozenset("\u2018\u2019\u201c\u201d\u201e\u201a\u00ab\u00bb\u2039\u203a\u00b4`")
OPERATORS = frozenset({"@operator-foreign", "@operator-capitals"})
# What other languages call it.
ELSEWHERE = {
    "substring": "substr",
    "floor": "int",
    "ceiling": "round",
    "length": "string-length",
    "len": "string-length",
    "iif": "if",
    "ifelse": "if",
    "isnull": "coalesce",
    "ifnull": "coalesce",
    "year": "format-date",
    "month": "format-date",
    "day": "format-date",
    "average": "sum",
    "avg": "sum",
    "mean": "sum",
    "upper": "translate",
    "lower": "translate",
    "trim": "normalize-space",
    "replace": "translate",
    "match": "regex",
    "concatenate": "concat",
    "countif": "count",
    "power": "pow",
    "last": "count",
    "datediff": "decimal-date-time",
    "choice-name": "jr:choice-name",
    "label": "jr:choice-name",
}
LITERAL_REGEX = re.compile(r"regex\(\s*[^,]+,\s*(?P<quote>['\"])(?P<regex>.*?)(?P=quote)\s*\)")
# What Java's expressions have and Python's do not, so that Python cannot judge them.
ONLY_IN_JAVA = re.compile(r"\\[pPQEGhHvVRX]|[*+?}]\+|&&|\(\?<[a-zA-Z]|\(\?>|\[[^\]]*\[")
FIX = {"==": "=", "&&": "and", "||": "or", "!": "!=", "<>": "!=", "=<": "<=", "=>": ">=", "!==": "!="}


def unreadable(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """An expression that cannot be read, with the character at which it stops making sense."""
    for cell in cells(workbook):
        try:
            parse(cell.text)
        except XPathError as problem:
            yield from _told(cell, problem)
        else:
            if cell.place.value != cell.text and _differs(cell):
                yield warning("typographic-quotes", cell.place, where=cell.column)


def _told(cell: Cell, problem: XPathError) -> Iterator[Finding]:
    facts = {"where": cell.column, "at": problem.at, "here": problem.here or None, "what": problem.what}
    if misread(cell.text):
        return  # The rules about references tell it.
    if TYPOGRAPHIC.intersection(cell.place.value) and (problem.what == "@quote-typographic" or _reads(cell)):
        yield error("typographic-quotes", cell.place, where=cell.column)
    elif problem.what in OPERATORS:
        near = problem.here.lower() if problem.what == "@operator-capitals" else FIX.get(problem.here)
        yield error("xpath-operator", cell.place, **facts, near=near)
    else:
        yield error("xpath-unreadable", cell.place, **facts)


def _reads(cell: Cell) -> bool:
    try:
        parse(cell.place.value)
    except XPathError:
        return any(quote in STRAIGHT for quote in map(ord, cell.place.value))
    return True


def _differs(cell: Cell) -> bool:
    """Whether the quotes of a word processor stand where quotes must stand; pyxform makes them straight."""
    try:
        parse(cell.place.value)
    except XPathError:
        return True
    return False


def unknown_functions(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A function that ODK does not know, or that is given too few or too many arguments."""
    for cell in cells(workbook):
        expression = cell.read()
        for call in expression.calls if expression else ():
            if finding := _judged(cell, call):
                yield finding


def _judged(cell: Cell, call: Call) -> Finding | None:
    known = functions().get(call.name)
    if known is None:
        near = ELSEWHERE.get(call.name.lower()) or closest(call.name, functions(), cutoff=0.7)
        return error("unknown-function", cell.place, name=call.name, at=call.at, near=near)
    if not known.takes(call.arguments):
        return error("wrong-arity", cell.place, name=call.name, given=call.arguments, wanted=known.wanted)
    return None


def broken_regex(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A pattern of regex() that is none: the tablet would stop at the question."""
    for cell in cells(workbook):
        for match in LITERAL_REGEX.finditer(cell.text) if "regex(" in cell.text else ():
            if not ONLY_IN_JAVA.search(match["regex"]) and "${" not in match["regex"]:
                try:
                    re.compile(match["regex"])
                except re.error as problem:
                    yield error("regex-unreadable", cell.place, regex=match["regex"], what=problem.msg)

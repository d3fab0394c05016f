"""The values that an OData expression compares, and how: as conditions of the database, never as text of a query."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, extract, false, func, literal, true
from sqlalchemy import cast as sql_cast
from sqlalchemy.types import BigInteger

from server.api.odata.faults import unparseable

Of = Literal["text", "number", "moment", "null", "condition"]
Compared = Callable[[Any, Any], Any]
COMPARISONS: dict[str, Compared] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
MIRRORED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}
MILLISECOND = timedelta(milliseconds=1)
LARGEST = 2**53
PARTS = ("year", "month", "day", "hour", "minute", "second")


@dataclass(frozen=True)
class Term:
    """A value: of the database (`column`), or written in the expression (`written`)."""

    of: Of
    column: Any = None
    written: Any = None

    @property
    def is_written(self) -> bool:
        """True for what stands in the expression itself."""
        return self.column is None


NULL = Term("null")


def text_term(token: str) -> Term:
    """A text between quotes."""
    return Term("text", written=token[1:-1].replace("''", "'"))


def number_term(token: str) -> Term:
    """A number; raises Problem for one that is too large to be exact."""
    number = float(token)
    if not -LARGEST < number < LARGEST:
        raise unparseable("a number is too large")
    return Term("number", written=int(number) if number.is_integer() else number)


def moment_term(token: str) -> Term:
    """A date, or a date and time in UTC unless it says its offset; raises Problem."""
    words = token.replace(" ", "+").replace("Z", "+00:00")
    head, dot, rest = words.partition(".")
    if dot:  # No more than microseconds are kept.
        digits = rest.partition("+")[0].partition("-")[0]
        words = f"{head}.{digits[:6]}{rest[len(digits) :]}"
    try:
        moment = datetime.fromisoformat(words)
        return Term("moment", written=(moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC))
    except (ValueError, OverflowError) as error:
        raise unparseable("a date or time in it does not exist") from error


def part_term(name: str, term: Term, *, postgresql: bool) -> Term:
    """The year, month, day, hour, minute or second of a moment, in UTC; raises Problem."""
    term = _as_moment(term)
    if term.of == "null":
        return NULL
    if term.of != "moment":
        raise unparseable(f"{name}() takes a date or time")
    if term.is_written:
        return Term("number", written=getattr(term.written, name))
    part = extract(name, func.timezone("UTC", term.column) if postgresql else term.column)
    return Term("number", column=sql_cast(func.floor(part) if postgresql else part, BigInteger))


def compare(word: str, left: Term, right: Term) -> ColumnElement[bool]:
    """The condition that a comparison is; raises Problem where the two cannot be compared."""
    if "moment" in (left.of, right.of):
        left, right = _as_moment(left), _as_moment(right)
    if "condition" in (left.of, right.of) or ("null" not in (left.of, right.of) and left.of != right.of):
        raise unparseable(f"{word} compares {left.of} with {right.of}")
    if left.is_written and right.is_written:
        return _written(word, left.written, right.written)
    if left.is_written:
        word, left, right = MIRRORED[word], right, left
    if right.of == "null" or left.of == "null":
        return _with_null(word, left if right.of == "null" else right)
    if right.is_written and left.of == "moment":
        return _moment(word, left.column, right.written)
    value = literal(right.written) if right.is_written else right.column
    if word in ("eq", "ne"):
        different: ColumnElement[bool] = left.column.is_distinct_from(value)
        return different if word == "ne" else ~different
    condition: ColumnElement[bool] = COMPARISONS[word](left.column, value)
    return condition


def _written(word: str, left: Any, right: Any) -> ColumnElement[bool]:
    if left is None or right is None:
        return _said(word in ("eq", "ne") and COMPARISONS[word](left, right))
    return _said(COMPARISONS[word](left, right))


def _with_null(word: str, term: Term) -> ColumnElement[bool]:
    column: ColumnElement[Any] = literal(None) if term.is_written else term.column
    if word == "eq":
        return column.is_(None)
    return column.is_not(None) if word == "ne" else false()


def _moment(word: str, column: ColumnElement[datetime], written: datetime) -> ColumnElement[bool]:
    """The column is compared as it is told, in whole milliseconds, so that who asks for later ones gets no old ones."""
    begin = written.replace(microsecond=written.microsecond // 1000 * 1000)
    whole = begin == written
    try:
        after = begin + MILLISECOND
    except OverflowError as error:
        raise unparseable("a date in it is too late") from error
    if word in ("eq", "ne"):
        same = and_(column.is_not(None), column >= begin, column < after) if whole else false()
        return same if word == "eq" else ~func.coalesce(same, false())
    if word in ("ge", "lt"):
        edge = begin if whole else after
        return column >= edge if word == "ge" else column < edge
    return column >= after if word == "gt" else column < after


def _as_moment(term: Term) -> Term:
    """A text that is a moment counts as one, since many programs quote them."""
    return moment_term(term.written) if term.of == "text" and term.is_written else term


def _said(truth: object) -> ColumnElement[bool]:
    return true() if truth else false()

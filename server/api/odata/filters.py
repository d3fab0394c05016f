"""$filter and $orderby: a small language of its own, read into conditions over the few fields that are in clear."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, case, false, func, literal, not_, or_, true
from sqlalchemy.sql.elements import UnaryExpression

from accounts.roles import Viewer
from cases.readable import reads_everything
from server.api.actors import FIRST_TABLET
from server.api.odata.faults import no_such_feature, no_such_field, unparseable
from server.api.odata.terms import (
    COMPARISONS,
    NULL,
    PARTS,
    Term,
    compare,
    moment_term,
    number_term,
    part_term,
    text_term,
)
from server.api.odata.tokens import Kind, Token, tokens_of
from storage.database import Moment
from submissions.lines import First, Lines

ROOT = "$root/Submissions/"
OPERATORS = frozenset({"add", "sub", "mul", "div", "divby", "mod", "has", "in"})  # of OData, and not offered
DELETED = "__system/deletedAt"


@dataclass(frozen=True)
class Grammar:
    """What an expression may name. In the tables of repeats the fields stand behind a prefix."""

    fields: Mapping[str, Term] = field(hash=False)
    now: datetime
    postgresql: bool
    prefix: str = ""

    def condition(self, text: str) -> ColumnElement[bool]:
        """The condition that a $filter sets; raises Problem."""
        reader = _Reader(self, tokens_of(text))
        term = reader.either()
        reader.end()
        return _condition(term)

    def order(self, text: str) -> list[UnaryExpression[Any]]:
        """The order that an $orderby wants; raises Problem."""
        reader = _Reader(self, tokens_of(text))
        wanted = [reader.ordering()]
        while reader.take(Kind.COMMA):
            wanted.append(reader.ordering())
        reader.end()
        return wanted


def fields_of(lines: Lines, viewer: Viewer) -> dict[str, Term]:
    """What submissions can be chosen by; who sent them only by those who may read that."""
    named = {
        "__id": Term("text", First.instance_id),
        "__system/submissionDate": Term("moment", First.received_at),
        "__system/updatedAt": Term("moment", lines.updated_at),
        DELETED: Term("moment", literal(None, Moment())),  # Nothing is deleted but by erasing it.
        "__system/reviewState": Term("text", lines.review),
    }
    if reads_everything(viewer):
        tablet = First.device_id + literal(FIRST_TABLET, BigInteger())
        sender = case((First.device_id.is_not(None), tablet), else_=First.person_id)
        named["__system/submitterId"] = Term("number", sender)
    return named


class _Reader:
    """Reads an expression from left to right, what binds loosest first."""

    def __init__(self, grammar: Grammar, tokens: list[Token]) -> None:
        self._grammar, self._tokens, self._at = grammar, tokens, 0

    def either(self) -> Term:
        """Conditions joined by `or`."""
        terms = [self._both()]
        while self._word("or"):
            terms.append(self._both())
        return terms[0] if len(terms) == 1 else Term("condition", or_(*map(_condition, terms)))

    def _both(self) -> Term:
        terms = [self._not()]
        while self._word("and"):
            terms.append(self._not())
        return terms[0] if len(terms) == 1 else Term("condition", and_(*map(_condition, terms)))

    def _not(self) -> Term:
        if self._word("not"):
            # What has no value is neither later nor earlier than anything: false, where databases say unknown.
            return Term("condition", not_(func.coalesce(_condition(self._not()), false())))
        return self._comparison()

    def _comparison(self) -> Term:
        left = self._operand()
        token = self._peek()
        if token is None or token.kind is not Kind.NAME or token.text in ("and", "or"):
            return left
        if token.text in OPERATORS:
            raise no_such_feature(token.text, token.at)
        if token.text not in COMPARISONS:
            raise _unexpected(token)
        self._at += 1
        return Term("condition", compare(token.text, left, self._operand()))

    def _operand(self) -> Term:
        token = self._next()
        match token.kind:
            case Kind.OPEN:
                inner = self.either()
                self._close()
                return inner
            case Kind.TEXT:
                return text_term(token.text)
            case Kind.NUMBER:
                return number_term(token.text)
            case Kind.MOMENT:
                return moment_term(token.text)
            case Kind.NAME:
                return self._call(token) if self.take(Kind.OPEN) else self._named(token)
            case _:
                raise _unexpected(token)

    def _named(self, token: Token) -> Term:
        if token.text == "null":
            return NULL
        if token.text in ("true", "false"):
            return Term("condition", true() if token.text == "true" else false())
        if token.text in COMPARISONS or token.text in ("and", "or", "not"):
            raise _unexpected(token)
        held = self._grammar.fields.get(token.text.removeprefix(self._grammar.prefix))
        if held is None or not token.text.startswith(self._grammar.prefix):
            raise no_such_field(token.text, token.at)
        return held

    def _call(self, token: Token) -> Term:
        if token.text == "now":
            self._close()
            return Term("moment", written=self._grammar.now)
        if token.text not in PARTS:
            raise no_such_feature(token.text, token.at)
        inner = self.either()
        self._close()
        return part_term(token.text, inner, postgresql=self._grammar.postgresql)

    def ordering(self) -> UnaryExpression[Any]:
        """A field with the direction that follows it."""
        token = self._next()
        if token.kind is not Kind.NAME:
            raise _unexpected(token)
        column = self._named(token).column
        if column is None:
            raise no_such_field(token.text, token.at)
        # What has no value comes first, upwards, on both databases.
        if self._word("desc"):
            return column.desc().nulls_last()  # type: ignore[no-any-return]
        self._word("asc")
        return column.asc().nulls_first()  # type: ignore[no-any-return]

    def end(self) -> None:
        """Nothing is left; raises Problem."""
        token = self._peek()
        if token is not None:
            raise _unexpected(token)

    def take(self, kind: Kind) -> bool:
        """True when the next part is of this kind, which is passed then."""
        token = self._peek()
        found = token is not None and token.kind is kind
        self._at += found
        return found

    def _word(self, word: str) -> bool:
        token = self._peek()
        found = token is not None and token.kind is Kind.NAME and token.text == word
        self._at += found
        return found

    def _close(self) -> None:
        if not self.take(Kind.CLOSE):
            token = self._peek()
            raise unparseable("a parenthesis is not closed") if token is None else _unexpected(token)

    def _next(self) -> Token:
        token = self._peek()
        if token is None:
            raise unparseable("it ends too early")
        self._at += 1
        return token

    def _peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None


def _condition(term: Term) -> ColumnElement[bool]:
    if term.of != "condition":
        raise unparseable(f"a {term.of} stands where a condition must")
    condition: ColumnElement[bool] = term.column
    return condition


def _unexpected(token: Token) -> Exception:
    return unparseable(f"{token.text[:40]!r} cannot stand at character {token.at + 1}")

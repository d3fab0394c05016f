"""ODK's XPath, read far enough to say at which character an expression stops making sense, and what it refers to."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

NAME = r"[^\W\d][\w.\-\u00b7]*"
TOKEN = re.compile(
    rf"""(?P<space>\s+)
    |(?P<ref>\$\{{[^}}]*\}})
    |(?P<literal>"[^"]*"|'[^']*')
    |(?P<number>\d+(?:\.\d*)?|\.\d+)
    |(?P<dots>\.\.?)
    |(?P<name>{NAME}(?::(?!:)(?:{NAME}|\*))?)
    |(?P<axis>::)
    |(?P<op>//|!=|<=|>=|[-+*/|=<>])
    |(?P<mark>[()\[\],@])
    |(?P<variable>\$\s*(?:{NAME})?)""",
    re.VERBOSE,
)
WORDS = frozenset({"and", "or", "mod", "div"})
# The others of XPath are not in ODK, nor are the tests of nodes.
AXES = frozenset({"child", "parent", "attribute", "self"})
NODE_TESTS = frozenset({"node", "text", "comment", "processing-instruction"})
REFERENCE = re.compile(r"\$\{(last-saved#)?([^}]*)\}")
DEEPEST = 60  # Each takes up to six calls of the parser.


class XPathError(Exception):
    """The expression stops making sense here: `what` is a row of findings.csv, `at` counts characters from one."""

    def __init__(self, what: str, at: int, here: str = "") -> None:
        super().__init__(f"{what} at {at}: {here}")
        self.what, self.at, self.here = what, at, here


class Call(NamedTuple):
    """A function called with so many arguments; `inside` are the functions around it, the outermost first."""

    name: str
    arguments: int
    at: int
    inside: tuple[str, ...]


class Reference(NamedTuple):
    """A `${name}`; `quoted` when it stands in a text, `filtered` when inside square brackets or before them."""

    name: str
    at: int
    last_saved: bool
    quoted: bool
    filtered: bool
    inside: tuple[str, ...]


class Bare(NamedTuple):
    """A name alone: a path of one step."""

    name: str
    at: int
    filtered: bool


@dataclass(frozen=True)
class Expression:
    """What an expression calls and refers to."""

    calls: tuple[Call, ...]
    references: tuple[Reference, ...]
    bare: tuple[Bare, ...]
    itself: bool  # whether it says "." for the answer of its own row


class Token(NamedTuple):
    kind: str
    text: str
    at: int  # counted from one


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """What this expression calls and refers to; raises XPathError."""
    try:
        return _Parser(text).expression()
    except RecursionError:
        raise XPathError("@too-deep", 1) from None


def tokens(text: str) -> list[Token]:
    """The tokens of an expression; raises XPathError at what is none."""
    found, at = list[Token](), 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise _no_token(text, at)
        if match.lastgroup == "variable":
            raise XPathError("@reference-braces", at + 1, match[0])
        if match.lastgroup != "space":
            found.append(Token(str(match.lastgroup), match[0], at + 1))
        at = match.end()
    return found


def _no_token(text: str, at: int) -> XPathError:
    two = text[at : at + 2]
    if text[at] in "'\"":
        return XPathError("@quote-open", at + 1, text[at : at + 20])
    if text[at] in "\u2018\u2019\u201c\u201d\u201e\u201a\u00ab\u00bb\u2039\u203a\u00b4`":
        return XPathError("@quote-typographic", at + 1, text[at])
    if two in ("&&", "||") or text[at] == "!":
        return XPathError("@operator-foreign", at + 1, two.strip())
    if text[at] in "{}":
        return XPathError("@reference-braces", at + 1, text[at : at + 20])
    return XPathError("@character", at + 1, text[at])


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.tokens, self.next = text, tokens(text), 0
        self.calls, self.references, self.bare = list[Call](), list[Reference](), list[Bare]()
        self.inside: tuple[str, ...] = ()
        self.filters, self.depth, self.itself = 0, 0, False

    def expression(self) -> Expression:
        self._binary()
        if token := self._peek():
            raise self._unexpected(token)
        return Expression(tuple(self.calls), tuple(self.references), tuple(self.bare), self.itself)

    def _peek(self, ahead: int = 0) -> Token | None:
        at = self.next + ahead
        return self.tokens[at] if at < len(self.tokens) else None

    def _is(self, *texts: str, ahead: int = 0) -> bool:
        token = self._peek(ahead)
        return token is not None and token.kind != "literal" and token.text in texts

    def _take(self) -> Token:
        token = self._peek()
        if token is None:
            raise XPathError("@operand-missing", len(self.text) + 1)
        self.next += 1
        return token

    def _unexpected(self, token: Token) -> XPathError:
        """Why this token cannot follow what stands before it."""
        before = self.tokens[self.next - 1] if self.next else None
        if token.kind == "op" and before and before.kind == "op" and before.at + len(before.text) == token.at:
            return XPathError("@operator-foreign", before.at, before.text + token.text)
        if token.text.lower() in WORDS and token.text not in WORDS:
            return XPathError("@operator-capitals", token.at, token.text)
        if token.text in (")", "]"):
            return XPathError("@bracket-close", token.at, token.text)
        if before is not None and token.kind in ("name", "ref", "literal", "number", "dots"):
            return XPathError("@operator-missing", token.at, token.text)
        return XPathError("@unexpected", token.at, token.text)

    def _binary(self) -> None:
        """Operands with operators between them; which binds closer does not matter here."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise XPathError("@too-deep", self.tokens[self.next - 1].at)
        while True:
            while self._is("-"):
                self._take()
            self._operand()
            token = self._peek()
            if token is None or not ((token.kind == "op" and token.text not in ("/", "//")) or token.text in WORDS):
                break
            if token.kind == "literal":
                break
            self._take()
        self.depth -= 1

    def _operand(self) -> None:
        token = self._take()
        if token.text == "(" and token.kind == "mark":
            self._binary()
            self._close(")", token)
        elif token.kind == "literal":
            self._refer(token, quoted=True)
        elif token.kind == "ref":
            self._refer(token, quoted=False)
        elif token.kind == "name" and self._is("(") and token.text not in NODE_TESTS:
            self._call(token)
        elif token.kind == "number":
            return
        elif token.text == "//" and token.kind == "op":
            raise XPathError("@double-slash", token.at, token.text)
        elif token.text == "/" and token.kind == "op":
            if self._starts_step():
                self._step()
        elif self._may_start(token):
            self.next -= 1
            self._first_step()
        else:
            self.next -= 1
            raise self._unexpected(token)
        self._rest_of_path()

    def _call(self, token: Token) -> None:
        opened, outside = self._take(), self.inside
        self.inside = (*outside, token.text)
        arguments = 0
        if not self._is(")"):
            arguments = 1
            self._binary()
            while self._is(","):
                self._take()
                arguments += 1
                self._binary()
        self._close(")", opened)
        self.inside = outside
        self.calls.append(Call(token.text, arguments, token.at, outside))

    def _close(self, mark: str, opened: Token) -> None:
        token = self._peek()
        if token is None:
            raise XPathError("@bracket-open", opened.at, opened.text)
        if token.text != mark or token.kind != "mark":
            raise self._unexpected(token)
        self.next += 1

    def _refer(self, token: Token, *, quoted: bool) -> None:
        if "${" not in token.text:
            return
        filtered = self.filters > 0 or (not quoted and self._is("[", "/"))
        for match in REFERENCE.finditer(token.text):
            place = token.at + match.start()
            self.references.append(Reference(match[2], place, bool(match[1]), quoted, filtered, self.inside))

    def _may_start(self, token: Token) -> bool:
        return token.kind in ("name", "dots") or token.text in ("@", "*")

    def _starts_step(self) -> bool:
        token = self._peek()
        return token is not None and token.kind != "literal" and self._may_start(token)

    def _first_step(self) -> None:
        token = self._peek()
        self._step()
        if token is None or self._is("/", "(", "[") or self.tokens[self.next - 1] is not token:
            return
        if token.kind == "name":
            self.bare.append(Bare(token.text, token.at, self.filters > 0))
        self.itself = self.itself or (token.text == "." and not self.filters)

    def _step(self) -> None:
        token = self._take()
        if token.text == "@":
            token = self._take()
        if token.kind == "name" and self._is("::"):
            if token.text not in AXES:
                raise XPathError("@step", token.at, token.text)
            self._take()
            token = self._take()
        if token.kind == "name" and token.text in NODE_TESTS and self._is("("):
            raise XPathError("@step", token.at, token.text)
        if not self._may_start(token):
            self.next -= 1
            raise self._unexpected(token)
        self._predicates()

    def _predicates(self) -> None:
        while self._is("["):
            opened = self._take()
            self.filters += 1
            self._binary()
            self._close("]", opened)
            self.filters -= 1

    def _rest_of_path(self) -> None:
        self._predicates()
        while self._is("/", "//"):
            slash = self._take()
            if slash.text == "//":
                raise XPathError("@double-slash", slash.at, slash.text)
            if not self._starts_step():
                token = self._peek()
                raise self._unexpected(token) if token else XPathError("@operand-missing", len(self.text) + 1)
            self._step()

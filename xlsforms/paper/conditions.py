"""When a question is asked, said in words where the expression is simple enough to say."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from xlsforms.definition import FormDefinition, Question
from xlsforms.paper.speaking import say
from xlsforms.xform import resolve

PATH = r"(?P<path>[\w./:-]+)"
LITERAL = r"(?:'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"|(?P<number>-?\d+(?:\.\d+)?))"
COMPARED = re.compile(rf"{PATH}\s*(?P<sign>!=|<=|>=|=|<|>)\s*{LITERAL}")
SELECTED = re.compile(rf"selected\(\s*{PATH}\s*,\s*{LITERAL}\s*\)")
NOT = re.compile(r"not\s*\((?P<inside>.*)\)", re.DOTALL)
IF = re.compile(r"if\s*\((?P<inside>.*)\)", re.DOTALL)
FIXED = re.compile(LITERAL)
TRUE, FALSE = "true()", "false()"
SIGNS = {"=": "is", "!=": "is not", ">": "more", ">=": "least", "<": "less", "<=": "most"}
OPPOSITE = {"is": "is not", "is not": "is", "has": "has not", "has not": "has"}
OPPOSITE |= {"answered": "empty", "empty": "answered", "more": "most", "most": "more", "least": "less", "less": "least"}
DEEPEST = 6  # calculations that refer to calculations
SHORT = 120  # A calculation that takes more words is explained once, at the end.


@dataclass(frozen=True)
class Conditions:
    """Says conditions of one form in one language, naming questions by their printed numbers."""

    definition: FormDefinition
    language: str
    number: Callable[[str], str]  # of the question at a path, "" for what is not printed
    shown: Callable[[dict[str, str]], str]  # a label in the language
    explained: dict[str, str] = field(default_factory=dict)  # what each lettered condition means

    def words(self, expression: str, path: str) -> str:
        """'Only if question 4 is 'Yes'' of the relevance at this path; "" when it is always asked."""
        if not expression.strip() or expression.strip() in ("true()", "1"):
            return ""
        said = self._said(expression, path, 0)
        return say("only", self.language, when=said or say("computed", self.language))

    def _said(self, expression: str, path: str, depth: int, *, negated: bool = False) -> str:
        """The expression in words, "" when they would be longer than they help."""
        text = _unwrapped(expression.strip())
        for word in ("or", "and"):
            parts = list(_split(text, word))
            if len(parts) > 1:
                joint = ("and" if word == "or" else "or") if negated else word
                return self._joined([self._said(part, path, depth, negated=negated) for part in parts], joint)
        if (inside := NOT.fullmatch(text)) and _balanced(inside["inside"]):
            return self._said(inside["inside"], path, depth, negated=not negated)
        if selected := SELECTED.fullmatch(text):
            return self._about(selected, "has", path, depth, negated=negated)
        if compared := COMPARED.fullmatch(text):
            return self._about(compared, SIGNS[compared["sign"]], path, depth, negated=negated)
        return ""

    def _joined(self, parts: list[str], word: str) -> str:
        if not all(parts):
            return ""
        told = [f"({part})" if isinstance(part, _Joined) and part.word != word else part for part in parts]
        joined = _Joined(say(word, self.language).join(dict.fromkeys(told)))
        joined.word = word
        return joined

    def _about(self, found: re.Match[str], relation: str, path: str, depth: int, *, negated: bool) -> str:
        question = self.definition.question(resolve(path, found["path"].removeprefix("current()/")))
        value = next((found[name] for name in ("single", "double", "number") if found[name] is not None), "")
        if question is None:
            return ""
        if question.type == "calculate":
            return self._switch(question, value, relation, depth, negated=negated)
        if not (number := self.number(question.path)):
            return ""
        if value == "":
            relation = {"is": "empty", "is not": "answered"}.get(relation, relation)
        relation = OPPOSITE[relation] if negated else relation
        return say(relation, self.language, number=number, choice=self._choice(question, value))

    def _choice(self, question: Question, value: str) -> str:
        labels = next((choice.labels for choice in question.choices if choice.name == value), {})
        return self.shown(labels) or value

    def _switch(self, question: Question, value: str, relation: str, depth: int, *, negated: bool) -> str:
        """A calculation that chooses between fixed values is said by what makes it choose this one."""
        condition = _when(question.calculation, value)
        if condition in (None, TRUE, FALSE) or depth > DEEPEST or relation not in ("is", "is not"):
            return ""
        assert condition is not None
        opposite = (relation == "is not") ^ negated
        inner = NOT.fullmatch(condition)
        if inner and _balanced(inner["inside"]):
            condition, opposite = inner["inside"], not opposite
        plain = self._said(condition, question.path, depth + 1)
        if len(plain) > SHORT:
            return say("fails" if opposite else "holds", self.language, letter=self._letter(plain))
        return self._said(condition, question.path, depth + 1, negated=opposite)

    def _letter(self, words: str) -> str:
        known = next((letter for letter, meant in self.explained.items() if meant == words), "")
        letter = known or letters(len(self.explained))
        self.explained[letter] = words
        return letter


class _Joined(str):
    """Words that and or or joins, which stand in brackets between the other."""

    word = ""


def letters(at: int) -> str:
    """A for the first, B, ... Z, AA."""
    return (letters(at // 26 - 1) if at >= 26 else "") + chr(ord("A") + at % 26)


def _when(calculation: str, value: str) -> str | None:
    """The condition under which a calculation gives this value; None when that is not plain to see."""
    text = _unwrapped(calculation.strip())
    if literal := FIXED.fullmatch(text):
        given = next(part for part in literal.group("single", "double", "number") if part is not None)
        return TRUE if given == value else FALSE
    chosen = IF.fullmatch(text)
    parts = list(_split(chosen["inside"], ",")) if chosen and _balanced(chosen["inside"]) else []
    if len(parts) != 3:
        return None
    condition, then, other = parts[0].strip(), _when(parts[1], value), _when(parts[2], value)
    if then is None or other is None:
        return None
    if {then, other} <= {TRUE, FALSE}:
        return then if then == other else condition if then == TRUE else f"not({condition})"
    if then == TRUE:
        return f"({condition}) or ({other})"
    if then == FALSE:
        return f"not({condition}) and ({other})"
    return f"({condition}) and ({then})" if other == FALSE else None


def _unwrapped(text: str) -> str:
    while text.startswith("(") and text.endswith(")") and _balanced(text[1:-1]):
        text = text[1:-1].strip()
    return text


def _balanced(text: str) -> bool:
    depth = 0
    for character, _at in _outside_quotes(text):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return depth == 0


def _outside_quotes(text: str) -> Iterator[tuple[str, int]]:
    quote = ""
    for at, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        else:
            yield character, at


def _split(text: str, word: str) -> Iterator[str]:
    """The parts between this word, outside brackets and quotes."""
    depth, start, skip, pattern = 0, 0, -1, re.compile("," if word == "," else rf"\s{word}\s")
    for character, at in _outside_quotes(text):
        depth += (character == "(") - (character == ")")
        if depth == 0 and at > skip and (joint := pattern.match(text, at)):
            yield text[start:at]
            start, skip = joint.end(), joint.end() - 1
    yield text[start:]

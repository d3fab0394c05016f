import ast
import re

import pytest

from cases.mapping import unfinished
from tests.tree import FILES, ROOT
from xlsforms.findings import Finding, Place, Severity, error
from xlsforms.rules import expressions as rules_expressions
from xlsforms.wording import LANGUAGES, PART, needed, say, table

SOURCES = [name for name in FILES if re.match(r"(xlsforms|cases/mapping)/.*\.py$", name)]
MAKING = ("error", "warning", "info", "note", "UnreadableWorkbook", "NotTaken", "NotText")
OF_PLACE = {"sheet", "cell", "column", "value"}
CODE = re.compile(r"[a-z]+(-[a-z0-9]+)*")
# Codes that no text of ours spells: pyxform's families of codes, and how a child process ended.
SPELT_BY_PARTS = {"compile-", "-in-repeat", "headers", "internal", "entities"}


def strings() -> set[str]:
    """Every text that stands in the sources which find."""
    trees = (ast.parse((ROOT / name).read_text(encoding="utf-8")) for name in SOURCES)
    nodes = (node for tree in trees for node in ast.walk(tree))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def calls() -> list[tuple[str, str, set[str] | None]]:
    """Each finding that the sources make: file, code, the facts it is given (None when some come from elsewhere)."""
    made = []
    for name in SOURCES:
        for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            code = node.args[0]
            if called in MAKING and isinstance(code, ast.Constant):
                names = {keyword.arg for keyword in node.keywords}
                made.append((name, code.value, None if None in names else names))
    return made


def test_every_code_that_is_found_has_words_and_every_row_is_found():
    codes = {code for _name, code, _facts in calls()}
    assert codes - table().keys() == set()
    spelt = strings()
    unused = {code for code in table() if code not in spelt and not any(part in code for part in SPELT_BY_PARTS)}
    assert {code for code in unused if not (code.startswith("@") and code[1:] in spelt)} == set()


def test_every_code_that_is_only_looked_for_is_one_that_is_found():
    compared = (unfinished.UNREADABLE, unfinished.UNBALANCED, unfinished.OF_REPEATS, rules_expressions.OPERATORS)
    assert {code for codes in compared for code in codes} - table().keys() == set()


def test_every_fact_that_words_quote_is_given_where_the_finding_is_made():
    lacking = [
        (name, code, language, need)
        for name, code, facts in calls()
        for language in LANGUAGES
        for need in needed(table()[code][f"wrong_{language}"]) | needed(table()[code][f"mend_{language}"])
        if facts is not None and need not in facts | OF_PLACE
    ]
    assert lacking == []


def test_both_languages_say_the_same():
    for code, row in table().items():
        assert CODE.fullmatch(code.removeprefix("@").replace("_", "-")), code
        assert row["wrong_en"], code
        assert row["wrong_es"], code
        assert bool(row["mend_en"]) == bool(row["mend_es"]), code
        for part in ("wrong", "mend"):
            english, spanish = row[f"{part}_en"], row[f"{part}_es"]
            assert needed(spanish) <= needed(english) | OF_PLACE, code
            assert "[" not in PART.sub("", english + spanish), code
            assert "|" not in PART.sub("", english + spanish), code


def test_words_end_as_sentences_do():
    for code, row in table().items():
        for name, text in row.items():
            if name != "code" and text and not code.startswith("@"):
                assert re.search(r"[.?!}\])|]$", text), (code, name)


def test_a_finding_speaks_the_readers_language():
    found = error("unknown-type", Place("survey", "A2", "type", "txet"), quoted="txet", near="text")
    assert found.wrong() == "'txet' is not a question type."
    assert found.mend("es") == "¿Quiso decir 'text'?"
    assert found.message == "'txet' is not a question type. Did you mean 'text'?"
    assert found.wrong("fr") == found.wrong("en")


def test_what_may_be_missing_is_left_out():
    found = error("unknown-type", Place("survey", "A2", "type", "q"), quoted="q", near=None)
    assert found.mend().startswith("Write a type that ODK knows")


def test_another_programs_words_stand_in_where_ours_lack_a_fact():
    assert say("unknown-function", "wrong", "en", {"said": "It is so."}) == "It is so."
    assert say("unknown-function", "mend", "en", {"said": "It is so."}) == ""
    assert say("no-such-code", "wrong", "en", {"said": "It is so."}) == "It is so."


def test_a_long_cell_is_quoted_in_part():
    assert len(error("ill-formed-name", Place("survey", "B2", "name", "x" * 5000)).value) == 200


def test_a_finding_is_kept_as_json():
    found = error("unknown-type", Place("survey", "A2", "type", "txet"), quoted="txet", near="text")
    assert Finding.from_json(found.to_json()) == found
    assert set(found.told()) == {*OF_PLACE, "severity", "code", "wrong", "mend", "message"}


@pytest.mark.parametrize("code", ["unknown-type", "translation-missing", "a-code-that-was"])
def test_a_finding_kept_before_findings_had_facts_says_what_it_said(code: str):
    old = {"severity": "warning", "code": code, "sheet": "survey", "cell": "C2", "message": "Mend this."}
    found = Finding.from_json(old)
    assert (found.severity, found.cell) == (Severity.WARNING, "C2")
    assert found.message == "Mend this." or code == "translation-missing"


def test_every_code_is_explained_with_an_example():
    text = (ROOT / "docs/findings.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([a-z0-9-]+)` \| .+ \| .+ \|$", text, re.MULTILINE)
    assert sorted(listed) == sorted(code for code in table() if not code.startswith("@"))

"""The words that a printed form speaks beside its author's, in English or Spanish."""

import csv
import re
from functools import cache
from pathlib import Path

SPOKEN = ("en", "es")
CODE = re.compile(r"\(([A-Za-z-]{2,10})\)\s*$")


def say(word: str, language: str, **facts: object) -> str:
    """The phrase of this name in the form's language, in English when it is neither English nor Spanish."""
    return _phrases()[word][language_spoken(language)].format(**facts)


def language_spoken(name: str) -> str:
    """'es' of 'Español (es)' and of 'es'; 'en' of all that is not Spanish."""
    match = CODE.search(name)
    code = (match[1] if match else name).lower().partition("-")[0]
    return code if code in SPOKEN else "es" if code.startswith("espa") else "en"


@cache
def _phrases() -> dict[str, dict[str, str]]:
    with (Path(__file__).parent / "words.csv").open(encoding="utf-8", newline="") as file:
        return {row["word"]: {language: row[language] for language in SPOKEN} for row in csv.DictReader(file)}

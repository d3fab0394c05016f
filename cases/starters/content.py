"""What stands in a starter workbook: the example questions of a case form, with lists from the dictionary."""

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cases.dictionary import DICTIONARY
from cases.dictionary.model import Dictionary
from xlsforms.sheets import Sheet, Workbook
from xlsforms.workbook import read_workbook

FOLDER = Path(__file__).parent
Table = list[list[str]]

ENGLISH, SPANISH = "English (en)", "Español (es)"
SURVEY = {
    "type": "type",
    "name": "name",
    f"label::{ENGLISH}": "en",
    f"label::{SPANISH}": "es",
    f"hint::{ENGLISH}": "hint_en",
    f"hint::{SPANISH}": "hint_es",
    "required": "required",
    "relevant": "relevant",
    "constraint": "constraint",
    f"constraint_message::{ENGLISH}": "message_en",
    f"constraint_message::{SPANISH}": "message_es",
    "calculation": "calculation",
    "appearance": "appearance",
    "choice_filter": "choice_filter",
    "repeat_count": "repeat_count",
    "case_field": "case_field",
    "case_mode": "case_mode",
}
CHOICES = {"list_name": "list_name", "name": "name", f"label::{ENGLISH}": "en", f"label::{SPANISH}": "es"}
RECORDS = ("record", "action", "match", "when", "repeat", "link")
CODES = ("list_name", "choice", "code")
# Lists that ask, and the code that each choice stands for where its field is not the dictionary's own list.
ASKING = {
    "yn5": (
        ("yes", "Yes", "Sí", "present"),
        ("no", "No", "No", "absent"),
        ("dk", "Does not know", "No sabe", "unknown"),
        ("pnts", "Prefers not to say", "Prefiere no decirlo", "refused"),
        ("not_asked", "Not asked", "No se preguntó", "not_asked"),
    ),
    "agrees": (
        ("yes", "Yes", "Sí", "given"),
        ("no", "No", "No", "refused"),
        ("pnts", "Prefers not to say", "Prefiere no decirlo", "refused"),
    ),
}


@dataclass(frozen=True)
class Content:
    """The sheets of a starter as tables, header first, in the order in which they stand."""

    sheets: dict[str, Table]
    lists: tuple[str, ...]  # of choices


def starter_content(case_form: str, today: date, dictionary: Dictionary = DICTIONARY) -> Content:
    """The example form of this kind; its version is of the given day."""
    source = _source(case_form)
    survey = source.sheets["survey"]
    lists = _lists(survey)
    sheets = {
        "survey": [list(SURVEY), *([row.get(column) for column in SURVEY.values()] for row in survey.rows)],
        "choices": [list(CHOICES), *_choices(lists, dictionary)],
        "settings": _settings(source.sheets["settings"], case_form, today),
        "case_records": [list(RECORDS), *_rows(source.sheets["case_records"], RECORDS)],
        "case_codes": [list(CODES), *_codes(survey, lists)],
    }
    return Content(sheets, lists)


def fields_table(dictionary: Dictionary = DICTIONARY) -> Table:
    """Every case field that a form can feed, with its words, type, class, usual mode and codes."""
    head = ["case_field", "English", "Español", "type", "class", "holds many", "usual mode", "codes", "note"]
    return [
        head,
        *(
            [
                field.name,
                field.labels["en"],
                field.labels["es"],
                field.type,
                field.cls,
                "yes" if field.many else "no",
                field.default_mode,
                field.codes,
                field.note,
            ]
            for field in dictionary.fields.values()
            if not field.computed
        ),
    ]


def codes_table(dictionary: Dictionary = DICTIONARY) -> Table:
    """Every code of every list, with its words."""
    rows = [
        [name, code, words["en"], words["es"]]
        for name, codes in dictionary.lists.items()
        for code, words in codes.items()
    ]
    return [["codes", "code", "English", "Español"], *rows]


def help_table() -> Table:
    """How to work with the workbook, in English and Spanish."""
    with (FOLDER / "help.csv").open(encoding="utf-8", newline="") as file:
        return [["about", "English", "Español"], *list(csv.reader(file))[1:]]


def _source(case_form: str) -> Workbook:
    path = FOLDER / f"{case_form}.md"
    return read_workbook(path.read_bytes(), path.name)


def _lists(survey: Sheet) -> tuple[str, ...]:
    named = [row.get("type").split()[1] for row in survey.rows if row.get("type").startswith("select_")]
    return tuple(dict.fromkeys(named))


def _choices(lists: tuple[str, ...], dictionary: Dictionary) -> Table:
    asking = [[name, *choice[:3]] for name in lists for choice in ASKING.get(name, ())]
    known = [
        [name, code, words["en"], words["es"]]
        for name in lists
        if name not in ASKING
        for code, words in dictionary.codes(name).items()
    ]
    return [*asking, *known]


def _codes(survey: Sheet, lists: tuple[str, ...]) -> Table:
    """Codes for the lists that ask; a list that no mapped question uses needs none."""
    mapped = {row.get("type").split()[-1] for row in survey.rows if row.get("case_field")}
    return [[name, choice[0], choice[3]] for name in lists if name in mapped for choice in ASKING.get(name, ())]


def _settings(source: Sheet, case_form: str, today: date) -> Table:
    given = source.rows[0]
    values = {
        "form_title": given.get("form_title"),
        "form_id": given.get("form_id"),
        "version": f"{today:%Y%m%d}01",
        "default_language": ENGLISH,
        "instance_name": given.get("instance_name"),
        "case_form": case_form,
    }
    return [list(values), list(values.values())]


def _rows(sheet: Sheet, columns: tuple[str, ...]) -> Table:
    return [[row.get(column) for column in columns] for row in sheet.rows]

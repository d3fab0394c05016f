"""A workbook to start from: example questions of one kind of case form, and lists of all that a cell may say."""

import io
from datetime import date
from typing import Any

from openpyxl import Workbook

from cases.case_forms import CASE_FORMS
from cases.dictionary import DICTIONARY
from cases.mapping.fields import MODES
from cases.mapping.records import ACTIONS
from cases.starters.content import Content, codes_table, fields_table, help_table, starter_content
from cases.starters.look import explain, offer, shade_groups, words_of_columns, write_table

TYPES = [
    "text",
    "integer",
    "decimal",
    "date",
    "time",
    "dateTime",
    "note",
    "calculate",
    "begin_group",
    "end_group",
    "begin_repeat",
    "end_repeat",
    "geopoint",
    "image",
    "audio",
    "video",
    "file",
    "barcode",
    "acknowledge",
    "range",
    "rank",
    "start",
    "end",
    "today",
    "select_one_from_file",
    "select_multiple_from_file",
]
APPEARANCES = ("minimal", "multiline", "field-list", "likert", "columns", "map", "signature")


def starter_workbook(case_form: str, *, today: date) -> bytes:
    """An .xlsx that checks without a warning, for a designer to change; its case form is one of CASE_FORMS."""
    content = starter_content(case_form, today)
    book = Workbook()
    book.remove(book.active)
    words = words_of_columns()
    for name, table in content.sheets.items():
        sheet = book.create_sheet(name)
        write_table(sheet, table)
        explain(sheet, table[0], words)
    for name, table in (("fields", fields_table()), ("codes", codes_table()), ("help", help_table())):
        sheet = book.create_sheet(name)
        write_table(sheet, table)
        if name != "help":
            sheet.auto_filter.ref = sheet.dimensions
    _offer_lists(book, content)
    shade_groups(book["survey"], len(content.sheets["survey"][0]))
    book.active = 0
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _offer_lists(book: Any, content: Content) -> None:
    """A hidden sheet holds what drops down; each list is a column of it."""
    selects = [f"{kind} {name}" for kind in ("select_one", "select_multiple") for name in content.lists]
    languages = [head.partition("::")[2] for head in content.sheets["choices"][0] if head.startswith("label::")]
    lists = {
        "type": [*TYPES[:6], *selects, *TYPES[6:]],
        "case_field": [*DICTIONARY.records, *(name for name, one in DICTIONARY.fields.items() if not one.computed)],
        "case_mode": [str(mode) for mode in MODES],
        "record": list(DICTIONARY.records),
        "action": [str(action) for action in ACTIONS],
        "case_form": list(CASE_FORMS),
        "required": ["yes"],
        "appearance": list(APPEARANCES),
        "default_language": languages,
    }
    hidden = book.create_sheet("lists")
    rows = max(len(values) for values in lists.values())
    table = [[values[at] if at < len(values) else "" for values in lists.values()] for at in range(rows)]
    write_table(hidden, [list(lists), *table], wraps=False)
    hidden.sheet_state = "hidden"
    strict = {"case_mode", "action", "case_form", "required", "default_language"}
    for across, (column, values) in enumerate(lists.items()):
        letter = chr(ord("A") + across)
        source = f"lists!${letter}$2:${letter}${len(values) + 1}"
        for name, told in content.sheets.items():
            if column in told[0]:
                offer(book[name], told[0], column, source, strict=column in strict)

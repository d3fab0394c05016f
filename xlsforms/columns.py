"""The columns of a sheet by the names XLSForm gives them, whatever alias, case or language the header has."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from xlsforms.findings import Place
from xlsforms.sheets import Row, Sheet, Workbook, plain

ALIASES = {
    "caption": "label",
    "relevance": "relevant",
    "calculate": "calculation",
    "constraining_message": "constraint_message",
    "jr:constraintmsg": "constraint_message",
    "requiredmsg": "required_message",
    "jr:requiredmsg": "required_message",
    "read_only": "readonly",
    "count": "repeat_count",
    "jr:count": "repeat_count",
    "command": "type",
    "tag": "name",
    "value": "name",
    "form_id": "form_id",
    "id_string": "form_id",
    "set_form_id": "form_id",
    "title": "form_title",
    "set_form_title": "form_title",
}
PREFIXES = ("media", "bind", "control", "body")
TEXTS = ("label", "hint", "guidance_hint", "constraint_message", "required_message")
MEDIA = ("image", "big-image", "audio", "video")
EXPRESSIONS = (
    "relevant",
    "constraint",
    "calculation",
    "required",
    "readonly",
    "choice_filter",
    "repeat_count",
    "default",
)
# The columns by which the case mapping speaks; they never leave the server.
CASE_COLUMNS = ("case_field", "case_mode", "case_form", "case_records", "case_codes", "case_code")


@dataclass(frozen=True)
class Column:
    """A header as the author wrote it, and what it means."""

    header: str
    name: str
    language: str = ""  # "" when the header names none


@lru_cache(maxsize=256)
def columns(header: tuple[str, ...]) -> tuple[Column, ...]:
    """What the headers of a sheet mean; one `::` anywhere makes a single colon part of a name, as in pyxform."""
    double = any("::" in title for title in header)
    return tuple(_column(title, "::" if double else ":") for title in header)


def _column(title: str, between: str) -> Column:
    words = [word.strip() for word in title.split(between)]
    if words[0] == "jr" and len(words) > 1:
        words[:2] = [f"jr:{words[1]}"]
    if plain(words[0]) in PREFIXES and len(words) > 1:
        words = words[1:]
    name = plain(words[0])
    return Column(title, ALIASES.get(name, name), words[1] if len(words) > 1 else "")


@dataclass(frozen=True)
class View:
    """A sheet seen by the meaning of its columns."""

    sheet: Sheet

    @property
    def columns(self) -> tuple[Column, ...]:
        return columns(self.sheet.header)

    def get(self, row: Row, name: str) -> str:
        """The cell under the column of this meaning, in the first of its languages that has one."""
        found = (row.values.get(column.header, "") for column in self.columns if column.name == name)
        return next((value for value in found if value), "")

    def place(self, row: Row | int, name: str) -> Place:
        """The sheet and cell of this column in this row."""
        header = next((column.header for column in self.columns if column.name == name), name)
        return self.sheet.place(row, header)

    def head(self, column: Column) -> Place:
        """The sheet and cell of a header."""
        return self.sheet.place(self.sheet.top, column.header)

    def cells(self, *names: str) -> Iterator[tuple[Row, Column, str]]:
        """Every cell that holds something under these columns, row by row."""
        wanted = [column for column in self.columns if column.name in names]
        for row in self.sheet.rows:
            for column in wanted:
                if value := row.values.get(column.header, ""):
                    yield row, column, value


def view(workbook: Workbook, sheet: str) -> View:
    """The sheet of this name seen by its columns; one without rows when the workbook has none."""
    return View(workbook.sheet(sheet) or Sheet(sheet, (), ()))


def setting(workbook: Workbook, name: str) -> tuple[str, Place]:
    """A setting's value and place; "" and the first row of settings when it is not given."""
    settings = view(workbook, "settings")
    if not settings.sheet.rows:
        return "", Place("settings")
    row = settings.sheet.rows[0]
    return settings.get(row, name), settings.place(row, name)

"""The survey sheet's rows beside the questions that the compiled form has."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from xlsforms.findings import Place
from xlsforms.questions import FormDefinition, Group, Question
from xlsforms.sheets import Row, Sheet, Workbook

BEGIN = re.compile(r"begin[_ ]+(group|repeat|loop)", re.IGNORECASE)
END = re.compile(r"end[_ ]+(group|repeat|loop)", re.IGNORECASE)
REFERENCE = re.compile(r"\$\{\s*([^{}\s]+)\s*\}")


@dataclass(frozen=True)
class SurveyRow:
    """One row of the survey: its question, or its group; neither when the form has nothing of that name."""

    sheet: Sheet
    row: Row
    question: Question | None
    group: Group | None

    @property
    def name(self) -> str:
        return self.row.get("name")

    @property
    def case_field(self) -> str:
        return self.row.get("case_field")

    @property
    def list_name(self) -> str:
        """The choice list of a select, "" for other rows."""
        words = self.row.get("type").split()
        return words[1] if len(words) > 1 and words[0].startswith(("select", "rank")) else ""

    def place(self, column: str) -> Place:
        return self.sheet.place(self.row, column)


def survey_rows(workbook: Workbook, definition: FormDefinition) -> tuple[SurveyRow, ...]:
    """The survey's rows in order; a name that stands in several groups is told by the groups around the row."""
    sheet = workbook.sheet("survey")
    return tuple(_walk(sheet, definition)) if sheet else ()


def _walk(sheet: Sheet, definition: FormDefinition) -> Iterator[SurveyRow]:
    groups = {group.path: group for group in definition.groups}
    around = [_root(definition)]
    for row in sheet.rows:
        kind, name = row.get("type").strip(), row.get("name")
        if END.match(kind):
            around = around[:-1] or around
            continue
        path = name if name.startswith("/") else "/".join([*around, name])
        if BEGIN.match(kind):
            around = [*around, name]
        question = definition.question(path) or (None if path in groups else find_question(definition, name))
        yield SurveyRow(sheet, row, question, groups.get(path) or _group(definition, name))


def _root(definition: FormDefinition) -> str:
    paths = [question.path for question in definition.questions] + [group.path for group in definition.groups]
    return f"/{paths[0].split('/')[1]}" if paths else ""


def find_question(definition: FormDefinition, name: str) -> Question | None:
    """The one question of this name or path; None when there is none or more than one."""
    found = [question for question in definition.questions if name in (question.name, question.path)]
    return found[0] if len(found) == 1 else None


def _group(definition: FormDefinition, name: str) -> Group | None:
    found = [group for group in definition.groups if group.path.rpartition("/")[2] == name]
    return found[0] if len(found) == 1 else None


def find_repeat(definition: FormDefinition, name: str) -> Group | None:
    """The one repeat of this name; None when there is none or more than one."""
    group = _group(definition, name)
    return group if group and group.repeat else None

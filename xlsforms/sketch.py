"""The questions of a workbook that does not compile, as far as its sheets tell: enough to check what they feed."""

from xlsforms.columns import setting
from xlsforms.definition import Choice, FormDefinition, Group, Question
from xlsforms.outline import Item, outline
from xlsforms.sheets import Workbook

ROOT = "data"
KINDS = {"int": "integer", "string": "text", "photo": "image", "location": "geopoint", "gps": "geopoint"}
KINDS |= {"datetime": "dateTime", "date time": "dateTime", "trigger": "acknowledge"}


def sketch(workbook: Workbook) -> FormDefinition:
    """A definition of what stands on the sheets, without words; it never fails."""
    told = outline(workbook)
    lists = {name: tuple(Choice(one.name, {}) for one in rows if one.name) for name, rows in told.lists.items()}
    named = [item for item in told.items if item.name]
    groups = [Group(_path(item), {}, item.type.block == "repeat", _around(item)) for item in named if item.begins]
    questions = {_path(item): _question(item, lists) for item in reversed(named) if not item.begins}
    return FormDefinition(
        form_id=setting(workbook, "form_id")[0] or workbook.stem,
        version=setting(workbook, "version")[0],
        title=setting(workbook, "form_title")[0],
        languages=(),
        default_language="",
        groups=tuple({group.path: group for group in groups}.values()),
        questions=tuple(reversed(questions.values())),
        media=(),
    )


def _question(item: Item, lists: dict[str, tuple[Choice, ...]]) -> Question:
    kind, around = item.type.kind, [each for each in item.around if each.name]
    repeats = [each for each in item.repeats if each.name]
    return Question(
        path=_path(item),
        name=item.name,
        type=KINDS.get(kind, kind),
        labels={},
        hints={},
        choices=lists.get(item.type.list_name, ()) if item.type.selects else (),
        repeat=_path(repeats[-1]) if repeats else "",
        group=_path(around[-1]) if around else "",
        required=False,
    )


def _path(item: Item) -> str:
    return "/".join(["", ROOT, *(each.name for each in item.around if each.name), item.name])


def _around(item: Item) -> str:
    return _path(item.around[-1]) if item.around and item.around[-1].name else ""

"""Rules about choice lists: there, used, each choice named once, and nothing in them that should stay here."""

import re
from collections.abc import Iterator

from xlsforms.columns import CASE_COLUMNS, EXPRESSIONS, MEDIA, Column, view
from xlsforms.expressions import cells
from xlsforms.findings import Finding, error, info, warning
from xlsforms.limits import Limits
from xlsforms.outline import Choice, Item, Outline, outline, switched_on
from xlsforms.question_types import COMMANDS
from xlsforms.sheets import Workbook
from xlsforms.wording import FEW, closest, near

KNOWN = {"list_name", "name", "label", *MEDIA, *CASE_COLUMNS}
OF_MAPS = {"geometry", "marker-color", "marker-symbol", "stroke", "stroke-width", "fill"}
INSTANCE = re.compile(r"instance\(\s*(['\"])(.+?)\1\s*\)")
# What people call the weights of answers, in English and Spanish: weight, risk_score, puntaje_total, peso2.
WEIGHTS = re.compile(
    r"(?:.*[_.-])?(?:weights?|weighting|scores?|points|peso|ponderaci[oó]n|puntajes?|puntuaci[oó]n|puntos)(?:[_.-]?\d+)?"
    r"|(?:score|puntaje|puntuaci[oó]n)[_.-].*",
    re.IGNORECASE,
)
LABELSET = re.compile(r"(?:tick_labelset|reference-geometry)\s*=\s*([^\s,;]+)", re.IGNORECASE)
COMPARED = re.compile(
    r"(?:selected\(\s*\$\{(?P<one>[^}]+)\}\s*,\s*|\$\{(?P<two>[^}]+)\}\s*!?=\s*)(?P<quote>['\"])(?P<value>[^'\"]*)(?P=quote)"
)


def extra_columns(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """Columns that nothing uses and that pyxform would copy into the form all the same."""
    choices = view(workbook, "choices")
    used = _looked_up(workbook)
    filled = {column for _row, column, _value in choices.cells(*(column.name for column in choices.columns))}
    for column in choices.columns:
        known = column.name in KNOWN | OF_MAPS or WEIGHTS.fullmatch(column.name)
        if column in filled and not known and column.header not in used and _travels(column):
            yield warning("choices-extra-column", choices.head(column))


def weights(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """Weights and scores of answers, used or not: whoever holds the tablet would read how a person is classed."""
    for name in ("choices", "external_choices"):
        choices = view(workbook, name)
        filled = {column for _row, column, _value in choices.cells(*(column.name for column in choices.columns))}
        for column in choices.columns:
            if column in filled and WEIGHTS.fullmatch(column.name) and _travels(column):
                yield error("choices-weights", choices.head(column))


def _travels(column: Column) -> bool:
    return " " not in column.header  # pyxform leaves out columns whose names cannot be elements.


def _looked_up(workbook: Workbook) -> set[str]:
    """Every word by which the survey filters a list or looks into one; names of questions are not among them."""
    survey = view(workbook, "survey")
    cells = [value for _row, _column, value in survey.cells("choice_filter", "parameters")]
    cells += [value for _row, _column, value in survey.cells(*EXPRESSIONS, "label", "hint") if "instance(" in value]
    return {word for cell in cells for word in re.findall(r"[\w.-]+", re.sub(r"\$\{[^}]*\}", "", cell))}


def unusable_columns(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A column whose name has blanks: pyxform leaves it out, so that no filter finds it."""
    choices = view(workbook, "choices")
    for column in choices.columns:
        if " " in column.header and column.name not in KNOWN and not column.language and "::" not in column.header:
            yield warning("choices-column-name", choices.head(column))


def unknown_list(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A select whose list is not there, or a whole sheet of choices that is not."""
    found = outline(workbook)
    for item in found.questions:
        kind, name = item.type, item.type.list_name
        lists = found.external if kind.external else found.lists
        if not name or kind.from_file or kind.from_answers or name in lists:
            continue
        sheet = "external_choices" if kind.external else "choices"
        place = found.survey.place(item.row, "type")
        if not lists:
            yield error("choices-missing", place, needed=sheet)
        else:
            yield error("unknown-list", place, quoted=name, **near(name, lists), needed=sheet)


def unused_lists(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A list that no question uses; it costs every tablet its room."""
    found = outline(workbook)
    used = {item.type.list_name for item in found.items if item.type.list_name}
    used |= {closest(name, found.lists) or "" for name in used - found.lists.keys()}  # Misspelt, and told there.
    used |= {word for item in found.items for word in item.type.text.split()}  # Of a type that nobody can read.
    for row in found.survey.sheet.rows:
        for text in row.values.values():
            if "instance(" in text or "=" in text:
                used |= {match[2] for match in INSTANCE.finditer(text)} | set(LABELSET.findall(text))
    for name, choices in found.lists.items():
        if name not in used:
            yield info("list-unused", found.choices.place(choices[0].row, "list_name"), list=name, count=len(choices))


def list_names(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """Lists that differ only by capitals, a list's name with a blank, and a choice that belongs to no list."""
    found = outline(workbook)
    first: dict[str, str] = {}
    for name, choices in found.lists.items():
        place = found.choices.place(choices[0].row, "list_name")
        if other := first.get(name.casefold()):
            yield warning("list-differs-by-case", place, other=other)
        if " " in name:
            yield error("list-with-space", place, near="_".join(name.split()))
        first.setdefault(name.casefold(), name)
    if any(column.name == "list_name" for column in found.choices.columns):
        for row in found.choices.sheet.rows:
            if not found.choices.get(row, "list_name") and found.choices.get(row, "name"):
                yield warning("choice-without-list", found.choices.place(row, "list_name"))


def types_with_spaces(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A select whose list is named with a blank: only the first word would be read."""
    found = outline(workbook)
    for item in found.items:
        words = " ".join(item.type.text.split())
        command = next((each for each in COMMANDS if words.startswith(f"{each} ")), "")
        name = words[len(command) + 1 :] if command else ""
        if item.type.kind == "unknown" and name in found.lists:
            place = found.survey.place(item.row, "type")
            yield error("list-with-space", place, near="_".join(name.split()))


def names(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A choice without a name, or with one that its list has already."""
    found = outline(workbook)
    doubles = switched_on(workbook, "allow_choice_duplicates")
    for choices in found.lists.values():
        first: dict[str, Choice] = {}
        folded: dict[str, Choice] = {}
        for choice in choices:
            place = found.choices.place(choice.row, "name")
            if not choice.name:
                yield error("choice-without-name", place)
                continue
            if choice.name in first and not doubles:
                yield error("duplicate-choice", place, first=_cell(found, first[choice.name]))
            elif choice.name not in first and choice.name.casefold() in folded:
                yield warning("choice-differs-by-case", place, first=_cell(found, folded[choice.name.casefold()]))
            first.setdefault(choice.name, choice)
            folded.setdefault(choice.name.casefold(), choice)


def spaces(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A blank in a choice of which several may be taken: answers are told apart by blanks."""
    found = outline(workbook)
    several = {item.type.list_name for item in found.questions if item.type.kind in ("select_multiple", "rank")}
    for name in several & found.lists.keys():
        for choice in found.lists[name]:
            if " " in choice.name:
                yield error("choice-with-space", found.choices.place(choice.row, "name"), choice=choice.name, list=name)


def labels(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A choice that shows nothing."""
    found = outline(workbook)
    shown = {item.type.list_name for item in found.questions if item.type.selects}
    for name in shown & found.lists.keys():
        for choice in found.lists[name]:
            if not any(found.choices.get(choice.row, column) for column in ("label", *MEDIA)):
                yield warning("choice-without-label", found.choices.place(choice.row, "label"))


def filters(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A choice_filter by a column that the choices do not have: the list would stay empty."""
    found = outline(workbook)
    for cell in cells(workbook, "choice_filter"):
        kind = cell.item.type if cell.item else None
        if kind is None or not kind.selects or kind.from_file or kind.from_answers:
            continue
        sheet = view(workbook, "external_choices") if kind.external else found.choices
        headers = {column.header for column in sheet.columns} | {column.name for column in sheet.columns} | {"itextId"}
        expression = cell.read()
        for bare in expression.bare if expression and sheet.sheet.rows else ():
            if bare.name not in headers and not bare.filtered:
                if bare.name in found.by_name:
                    yield warning("name-without-braces", cell.place, name=bare.name)
                else:
                    yield warning("unknown-choice-column", cell.place, name=bare.name, near=closest(bare.name, headers))


def filter_without_list(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A choice_filter where nothing is chosen, or beside or_other, which has no filter."""
    found = outline(workbook)
    for item in found.items:
        place = found.survey.place(item.row, "choice_filter")
        if not found.survey.get(item.row, "choice_filter") or item.type.kind == "unknown":
            continue
        if not item.type.selects:
            yield warning("filter-without-choices", place, type=item.type.text)
        elif item.type.or_other:
            yield error("or-other-with-filter", place)


def compared(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A comparison with a choice that the question does not have: it is never true."""
    found = outline(workbook)
    known: dict[str, set[str]] = {}
    for cell in cells(workbook):
        for match in COMPARED.finditer(cell.text) if "${" in cell.text else ():
            item = _asked(found, match["one"] or match["two"])
            offered = known.setdefault(item.name, set()) or _offered(found, item) if item else set()
            known[item.name if item else ""] = offered
            value = match["value"]
            if item and offered and value and value not in offered:
                facts = {
                    "value_text": value,
                    "question": item.name,
                    **near(value, sorted(offered) if len(offered) < FEW else offered),
                }
                yield warning("unknown-choice", cell.place, **facts)


def _asked(found: Outline, name: str) -> Item | None:
    same = found.by_name.get(name, ())
    return same[0] if len(same) == 1 else None


def _offered(found: Outline, item: Item) -> set[str]:
    """The choices that can be compared with; none when they are not known here."""
    if item.type.kind not in ("select_one", "select_multiple") or item.type.from_file or item.type.from_answers:
        return set()
    lists = found.external if item.type.external else found.lists
    names = {choice.name for choice in lists.get(item.type.list_name, ())}
    return names | {"other"} if names and item.type.or_other else names


def _cell(found: Outline, choice: Choice) -> str:
    return found.choices.place(choice.row, "name").cell

"""Rules about what a form costs the tablet: how long it opens, how much it must fetch and hold.

Figures from ODK's own threads: selects of 5,000 shown choices are slow, forms beyond 60,000 elements are at risk, and
a thousand small files took ten minutes to fetch (getodk/collect 6859, 6372, 6803, 6807).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from xlsforms.columns import MEDIA, TEXTS
from xlsforms.findings import NOWHERE, Finding, Place, warning
from xlsforms.limits import Limits
from xlsforms.outline import Outline, outline
from xlsforms.sheets import Workbook

# From where a tablet with 2 GB of memory makes its officer wait.
QUESTIONS, ELEMENTS, LONG_LIST, FILES, ANSWERS = 1_500, 60_000, 3_000, 300, 5_000
ELEMENTS_A_SECOND, FILES_A_MINUTE = 6_000, 100


@dataclass(frozen=True)
class Load:
    """What a tablet reads when it opens the form; elements are counted before it is compiled."""

    questions: int
    choices: int
    texts: int  # labels, hints and messages in all languages
    files: int

    @property
    def elements(self) -> int:
        """A question is a node, a bind and a control; a choice a node with two parts; a text an entry with a value."""
        return self.questions * 3 + self.choices * 3 + self.texts * 2

    @property
    def seconds(self) -> int:
        """How long a tablet of 2 GB may need to open it."""
        return max(1, round(self.elements / ELEMENTS_A_SECOND))


def load_of(workbook: Workbook) -> Load:
    """How heavy the form is."""
    told = outline(workbook)
    used = {item.type.list_name for item in told.questions if item.type.selects}
    choices = sum(len(listed) for name, listed in told.lists.items() if name in used)
    both = (told.survey, told.choices)
    texts = sum(1 for found in both for _cell in found.cells(*TEXTS))
    files = {value for found in both for _row, _column, value in found.cells(*MEDIA)}
    return Load(sum(1 for _question in told.questions), choices, texts, len(files))


def heavy(workbook: Workbook, _limits: Limits) -> Iterator[Finding]:
    """A form that a tablet of 2 GB opens slowly, with what makes it slow."""
    told, load = outline(workbook), load_of(workbook)
    if load.elements > ELEMENTS or load.questions > QUESTIONS:
        facts = {"questions": load.questions, "choices": load.choices, "texts": load.texts, "seconds": load.seconds}
        yield warning("heavy-form", Place(told.survey.sheet.name), **facts)
    if load.files > FILES:
        yield warning("many-files", NOWHERE, files=load.files, minutes=round(load.files / FILES_A_MINUTE))
    yield from _long_lists(told)
    yield from _repeats(told)


def _long_lists(told: Outline) -> Iterator[Finding]:
    for item in told.questions:
        count = len(told.lists.get(item.type.list_name, ()))
        if item.type.selects and count > LONG_LIST and not told.survey.get(item.row, "choice_filter"):
            yield warning("long-list", told.survey.place(item.row, "type"), list=item.type.list_name, count=count)


def _repeats(told: Outline) -> Iterator[Finding]:
    for item in told.items:
        count = told.survey.get(item.row, "repeat_count")
        if item.type.block != "repeat" or not count.isdigit() or len(count) > 6:
            continue
        within = sum(1 for other in told.items if item in other.around)
        if int(count) * within > ANSWERS:
            place = told.survey.place(item.row, "repeat_count")
            yield warning("heavy-repeat", place, answers=int(count) * within)

"""What Fieldcase itself finds in a workbook, before pyxform reads it: one short function each, all in RULES."""

from collections.abc import Callable, Iterable

from xlsforms.findings import Finding
from xlsforms.limits import Limits
from xlsforms.rules import choices, files, settings, survey, translations
from xlsforms.sheets import Workbook

Rule = Callable[[Workbook, Limits], Iterable[Finding]]

RULES: tuple[Rule, ...] = (
    settings.server_owned,
    settings.form_id,
    survey.no_questions,
    survey.groups_too_deep,
    survey.too_many_repeats,
    survey.constraints_without_message,
    survey.rows_that_others_miss,
    choices.extra_columns,
    files.unsafe_names,
    translations.missing,
)
# After these pyxform would only work for nothing.
BLOCKING = frozenset({"groups-too-deep"})


def apply(workbook: Workbook, limits: Limits) -> list[Finding]:
    """Everything that the rules find."""
    return [finding for rule in RULES for finding in rule(workbook, limits)]

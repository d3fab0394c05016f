"""What Fieldcase itself finds in a workbook, before pyxform reads it: one short function each, all in RULES."""

from collections.abc import Callable, Iterable

from xlsforms.findings import Finding
from xlsforms.limits import Limits
from xlsforms.published import NOTHING, Known
from xlsforms.rules import (
    choices,
    cycles,
    entities,
    expressions,
    files,
    groups,
    load,
    names,
    parameters,
    questions,
    references,
    settings,
    sheets,
    survey,
    translations,
    types,
)
from xlsforms.sheets import Workbook
from xlsforms.wording import few_suggestions

Rule = Callable[[Workbook, Limits], Iterable[Finding]]
KnowingRule = Callable[[Workbook, Known], Iterable[Finding]]

RULES: tuple[Rule, ...] = (
    sheets.survey_missing,
    sheets.misspelt_sheets,
    sheets.missing_columns,
    sheets.unknown_columns,
    sheets.same_columns,
    settings.server_owned,
    settings.form_id,
    settings.title,
    settings.version,
    settings.one_row,
    settings.values,
    survey.no_questions,
    survey.groups_too_deep,
    survey.too_many_repeats,
    survey.constraints_without_message,
    survey.rows_that_others_miss,
    types.type_missing,
    types.list_not_named,
    choices.types_with_spaces,
    types.unknown_type,
    types.calculation_missing,
    types.calculation_on_group,
    types.label_missing,
    types.required_without_message,
    types.required_note,
    types.photo_size,
    types.no_longer_supported,
    names.missing,
    names.ill_formed,
    names.of_form,
    names.duplicate,
    names.reserved,
    groups.unbalanced,
    groups.empty,
    groups.counted,
    references.unreadable,
    references.unknown,
    references.without_braces,
    references.into_repeat,
    references.texts_into_repeat,
    references.bare_names,
    references.quoted,
    expressions.unreadable,
    expressions.unknown_functions,
    expressions.broken_regex,
    cycles.circles,
    choices.unknown_list,
    choices.unused_lists,
    choices.list_names,
    choices.names,
    choices.spaces,
    choices.labels,
    choices.filters,
    choices.filter_without_list,
    choices.compared,
    choices.extra_columns,
    choices.weights,
    choices.unusable_columns,
    questions.triggers,
    questions.background,
    questions.appearances,
    questions.or_other,
    questions.audit_twice,
    parameters.parameters,
    files.unsafe_names,
    files.endings,
    files.in_repeats,
    translations.missing,
    translations.default_language,
    translations.language_names,
    entities.entity_lists,
    entities.saved_properties,
    load.heavy,
)
KNOWING: tuple[KnowingRule, ...] = (settings.beside_published, files.supplied)


def apply(workbook: Workbook, limits: Limits, known: Known = NOTHING) -> list[Finding]:
    """Everything that the rules find."""
    with few_suggestions():
        found = [finding for rule in RULES for finding in rule(workbook, limits)]
        return found + [finding for rule in KNOWING for finding in rule(workbook, known)]

import hashlib
import re
from collections import Counter

import openpyxl
import pytest

from cases.dictionary import DICTIONARY
from tests.xlsforms.questionnaires.shipped import ALL, OURS, interviews, shipped, workbook_of
from xlsforms.findings import Severity
from xlsforms.workbook import read_workbook

WORDED = ("label", "hint", "guidance_hint", "required_message", "constraint_message")
LATER = ("Kriol (bzj)", "Garifuna (cab)", "Q'eqchi' (kek)", "Mopan (mop)")
CRIME = re.compile(r"traffick|victim|exploit|prostitut|slave|crim|víctima|\btrata\b|explota|esclav", re.IGNORECASE)
ASKED = ("text", "integer", "decimal", "date", "select_one", "select_multiple")


def words_shown(form: str) -> list[str]:
    """Everything that the tablet shows a person, in every language."""
    definition = shipped(form).compiled.definition
    labels = [thing.labels for thing in (*definition.groups, *definition.questions)]
    hints = [question.hints for question in definition.questions]
    choices = [choice.labels for question in definition.questions for choice in question.choices]
    return [text for words in (*labels, *hints, *choices) for text in words.values()]


@pytest.mark.parametrize("form", ALL)
def test_it_compiles_and_maps_without_a_warning(form: str):
    checked = shipped(form)
    assert [finding for finding in checked.findings if finding.severity is not Severity.INFO] == []
    assert {finding.code for finding in checked.findings} <= {"questions-not-mapped", "not-validated", "version-given"}
    assert checked.compiled is not None
    assert checked.mapping is not None


@pytest.mark.parametrize("form", ALL)
def test_its_answers_feed_fields_of_the_dictionary(form: str):
    mapping = shipped(form).mapping
    assert len(mapping.fields) >= 25
    assert all(DICTIONARY.field(mapping.field_name(rule)) for rule in mapping.fields)


def test_the_field_conversation_asks_enough_to_screen():
    checked = shipped("field_screening_adult")
    asked = [question for question in checked.compiled.definition.questions if question.type in ASKED]
    fields = {checked.mapping.field_name(rule) for rule in checked.mapping.fields}
    assert len(asked) >= 40
    assert len([name for name in fields if name.startswith("screening.indicator.")]) >= 25
    dimensions = {sign.dimension for sign in DICTIONARY.indicators if f"screening.indicator.{sign.code}" in fields}
    assert dimensions == {"D1", "D2", "D3", "D4", "D5", "D6"}
    acts = {name for name in DICTIONARY.fields if name.startswith("screening.act.")}
    assert acts <= fields
    assert {"person.alias", "contact_point.value", "movement.date", "task.kind", "consent.answer"} <= fields


def test_the_kind_of_case_form_is_said():
    assert [shipped(form).mapping.case_form for form in ALL] == ["screening", "follow_up", "identification"]


@pytest.mark.parametrize("form", OURS)
def test_every_word_stands_in_english_and_in_spanish(form: str):
    workbook = read_workbook(workbook_of(form).read_bytes(), f"{form}.xlsx")
    for sheet in (workbook.sheet("survey"), workbook.sheet("choices")):
        for row in sheet.rows:
            for column in WORDED:
                english, spanish = row.get(f"{column}::English (en)"), row.get(f"{column}::Español (es)")
                assert bool(english) == bool(spanish), (sheet.name, row.number, column)
            if row.get("type") not in ("start", "end", "today", "calculate", "end_group", "end_repeat"):
                assert row.get("label::English (en)"), (sheet.name, row.number)


@pytest.mark.parametrize("form", OURS)
def test_the_other_languages_have_their_columns_and_wait_for_a_speaker(form: str):
    book = openpyxl.load_workbook(workbook_of(form))
    for sheet in (book["survey"], book["choices"]):
        heads = {cell.value: cell.column for cell in sheet[1]}
        for language in LATER:
            column = heads[f"label::{language}"]
            assert all(sheet.cell(row, column).value is None for row in range(2, sheet.max_row + 1))
    assert shipped(form).compiled.definition.languages == ("English (en)", "Español (es)")
    assert shipped(form).compiled.definition.default_language == "English (en)"


@pytest.mark.parametrize("form", OURS)
def test_no_word_on_the_tablet_names_the_crime(form: str):
    assert [text for text in words_shown(form) if CRIME.search(text)] == []


@pytest.mark.parametrize("form", OURS)
def test_nothing_of_the_mapping_or_the_rules_reaches_the_tablet(form: str):
    xform = shipped(form).compiled.xform.decode()
    codes = [sign.code for sign in DICTIONARY.indicators]
    told = ["case_field", "case_mode", "case_form", "indicator", "score", "weight", "urgency", *codes]
    assert [word for word in told if re.search(rf"\b{word}\b", xform)] == []


@pytest.mark.parametrize("form", OURS)
def test_what_is_asked_of_the_person_may_be_left_open_and_refused(form: str):
    checked = shipped(form)
    by_path = {question.path: question for question in checked.compiled.definition.questions}
    sensitive = 0
    for rule in checked.mapping.fields:
        question, field = by_path[rule.question], DICTIONARY.field(checked.mapping.field_name(rule))
        if field.key.startswith(("indicator.", "act.")) and question.type == "select_one":
            assert {choice.name for choice in question.choices} >= {"yes", "no", "dk", "pnts", "not_asked"}
            assert not question.required, question.name
            sensitive += 1
    assert sensitive >= 25 or form != "field_screening_adult"


@pytest.mark.parametrize(
    ("form", "gates"),
    [
        ("field_screening_adult", "agency district place_kind alone private dangers under_18 safe_to_talk ok_to_ask"),
        (
            "follow_up_visit",
            "case_code visit_date channel reached right_person alone safe_to_talk wants_to_talk "
            "service_type service_status",
        ),
    ],
)
def test_an_answer_is_demanded_only_where_safety_or_filing_hangs_on_it(form: str, gates: str):
    questions = shipped(form).compiled.definition.questions
    assert [question.name for question in questions if question.required] == gates.split()


@pytest.mark.parametrize("form", OURS)
def test_list_names_of_the_sent_form_say_nothing_about_a_person(form: str):
    settings = read_workbook(workbook_of(form).read_bytes(), "form.xlsx").sheet("settings").rows[0]
    named = set(re.findall(r"\$\{(\w+)\}", settings.get("instance_name")))
    assert named <= {"district", "today", "visit_date"}


def test_the_form_of_the_data_standard_is_kept_as_it_was_published():
    content = workbook_of("htcds_xlsform").read_bytes()
    assert hashlib.sha256(content).hexdigest() == "bc55a9e986b13fe773b47c8cc9169204d25a89074e448def0241152a9d142e9a"


def test_every_question_of_the_data_standards_form_feeds_the_case():
    checked = shipped("htcds_xlsform")
    mapped = {rule.question for rule in checked.mapping.fields}
    asked = [one for one in checked.compiled.definition.questions if one.type not in ("calculate", "start", "end")]
    assert [one.name for one in asked if one.path not in mapped and one.name != "instanceID"] == []


def test_there_are_interviews_for_each_and_they_say_that_nobody_is_real():
    scripts = interviews()
    assert Counter(script.form for script in scripts) >= Counter(
        {"field_screening_adult": 6, "follow_up_visit": 3, "htcds_xlsform": 1}
    )
    assert all("invented" in script.about for script in scripts)
    for script in scripts:
        kinds = {rule.alias: rule.kind for rule in shipped(script.form).mapping.records}
        for record, fields in script.records.items():
            kind = kinds[record.partition("[")[0]]
            assert all(DICTIONARY.field(f"{kind}.{name}") for name in fields), (str(script), record)
        assert all(record.partition("[")[0] in kinds for record in script.absent), str(script)

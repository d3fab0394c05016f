import hashlib
import re
from collections import Counter

import openpyxl
import pytest
from pyxform.xls2xform import convert

from cases.dictionary import DICTIONARY
from tests.xlsforms.questionnaires.shipped import ALL, OURS, interviews, shipped, workbook_of
from xlsforms.findings import Severity
from xlsforms.workbook import read_workbook

WORDED = ("label", "hint", "guidance_hint", "required_message", "constraint_message")
LATER = ("Kriol (bzj)", "Garifuna (cab)", "Q'eqchi' (kek)", "Mopan (mop)")
CRIME = re.compile(
    r"traffick|victim|exploit|prostitut|slave|crim|víctima|\b(?:la|de) trata\b|trata de personas|explota|esclav",
    re.IGNORECASE,
)
CHILDS_LIFE = "with_whom guardian_safe caregiver housing school gifts older_partner online_contact images_asked afraid"
SCORE = re.compile(r"\bscor|\bpoints\b|puntaje|puntuaci|calificaci|\bP[1-4]\b", re.IGNORECASE)
FIELD = ("child_screening", "field_screening_adult", "follow_up_visit", "tip_off")  # on tablets out of the office
FIVE = {"present", "absent", "unknown", "refused", "not_asked"}
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
    assert checked.compiled is not None
    assert checked.mapping is not None


@pytest.mark.parametrize("form", OURS)
def test_the_bare_compiler_warns_of_nothing_either(form: str):
    converted = convert(xlsform=workbook_of(form).read_bytes(), file_type=".xlsx", form_name="data", validate=False)
    assert converted.warnings == []


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
    kinds = {form: shipped(form).mapping.case_form for form in ALL}
    assert kinds == {
        "tip_off": "tip_off",
        "field_screening_adult": "screening",
        "child_screening": "screening",
        "identification_interview": "identification",
        "needs_and_risk": "needs_risk",
        "referral_and_consent": "referral_consent",
        "follow_up_visit": "follow_up",
        "htcds_xlsform": "identification",
    }


def test_the_talk_with_a_child_asks_what_tells_of_a_childs_life():
    checked = shipped("child_screening")
    fields = {checked.mapping.field_name(rule) for rule in checked.mapping.fields}
    assert len([name for name in fields if name.startswith("screening.indicator.")]) >= 20
    assert {f"screening.{name}" for name in CHILDS_LIFE.split()} <= fields
    assert {"referral.body", "relation.kind", "screening.profile", "screening.flag.child_told_harm"} <= fields
    assert {name for name in DICTIONARY.fields if name.startswith("screening.act.")} <= fields


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
    spoken = ("English (en)", "Español (es)")
    slots = {
        "survey": [f"{word}::{language}" for word in ("label", "hint", "media::audio") for language in LATER],
        "choices": [f"label::{language}" for language in LATER],
    }
    slots["survey"] += [f"media::audio::{language}" for language in spoken]
    for name, columns in slots.items():
        heads = {cell.value: cell.column for cell in book[name][1]}
        for column in columns:
            assert all(book[name].cell(row, heads[column]).value is None for row in range(2, book[name].max_row + 1))
    definition = shipped(form).compiled.definition
    assert definition.languages == spoken
    assert definition.default_language == "English (en)"
    assert definition.media == ()


@pytest.mark.parametrize("form", OURS)
def test_a_designer_finds_the_way_about_in_it(form: str):
    book = openpyxl.load_workbook(workbook_of(form))
    assert {"survey", "choices", "settings", "case_records", "case_codes", "read me"} <= set(book.sheetnames)
    assert sum(len(str(row[0].value)) for row in book["read me"].iter_rows()) > 800
    for name in ("survey", "choices", "settings"):
        assert book[name].freeze_panes, name
        assert all(cell.font.b and cell.fill.fill_type == "solid" for cell in book[name][1]), name
    heads = {cell.value: cell.column_letter for cell in book["survey"][1]}
    widths = {head: book["survey"].column_dimensions[letter].width for head, letter in heads.items()}
    assert all(widths[f"label::{language}"] >= 40 for language in ("English (en)", "Español (es)"))
    questions = [question for question in shipped(form).compiled.definition.questions if question.type in ASKED]
    assert all(question.group for question in questions if question.type == "text")
    rows = read_workbook(workbook_of(form).read_bytes(), f"{form}.xlsx").sheet("survey").rows
    assert all(row.get("constraint_message::English (en)") for row in rows if row.get("constraint"))
    assert len([row for row in rows if row.get("hint::English (en)")]) >= 10
    assert len([row for row in rows if row.get("guidance_hint::English (en)")]) >= 2


@pytest.mark.parametrize("form", OURS)
def test_no_word_on_the_tablet_names_the_crime(form: str):
    assert [text for text in words_shown(form) if CRIME.search(text)] == []


@pytest.mark.parametrize("form", OURS)
def test_the_tablet_shows_no_score(form: str):
    assert [text for text in words_shown(form) if SCORE.search(text)] == []


@pytest.mark.parametrize("form", OURS)
def test_nothing_of_the_mapping_or_the_rules_reaches_the_tablet(form: str):
    xform = shipped(form).compiled.xform.decode()
    told = ["case_field", "case_mode", "case_form", "indicator", "score", "weight"]
    if form in FIELD:
        told += ["urgency", *(sign.code for sign in DICTIONARY.indicators)]
    assert [word for word in told if re.search(rf"\b{word}\b", xform)] == []


@pytest.mark.parametrize("form", OURS)
def test_what_is_asked_of_the_person_may_be_left_open_and_refused(form: str):
    checked = shipped(form)
    sensitive = 0
    for rule in checked.mapping.fields:
        question = checked.compiled.definition.question(rule.question)
        field = DICTIONARY.field(checked.mapping.field_name(rule))
        if field.codes != "sign_state" or question.type != "select_one":
            continue
        codes = {checked.mapping.code(rule, choice.name) for choice in question.choices}
        assert len(question.choices) > 2, question.name
        if field.key.startswith(("indicator.", "act.", "flag.pur_")):
            assert codes >= FIVE, question.name
            assert not question.required, question.name
            sensitive += 1
    assert sensitive >= {"field_screening_adult": 30, "child_screening": 25}.get(form, 0)


@pytest.mark.parametrize("form", OURS)
def test_an_answer_is_demanded_only_where_safety_or_filing_hangs_on_it(form: str):
    checked = shipped(form)
    fields = {rule.question: DICTIONARY.field(checked.mapping.field_name(rule)) for rule in checked.mapping.fields}
    for question in checked.compiled.definition.questions:
        if question.required and question.name != "case_code":
            field = fields.get(question.path)
            in_a_row = bool(question.repeat)  # A row of a repeat that lacks what it is about says nothing.
            assert in_a_row or question.type in ("select_one", "select_multiple", "date"), question.name
            assert in_a_row or field is None or field.cls == "coded", question.name
            assert field is None or not field.key.startswith(("indicator.", "act.", "flag.pur_")), question.name


@pytest.mark.parametrize("form", OURS)
def test_who_a_person_is_comes_after_what_they_agree_to(form: str):
    checked = shipped(form)
    order = [question.path for question in checked.compiled.definition.questions]
    fed = [
        (order.index(rule.question), DICTIONARY.field(checked.mapping.field_name(rule)))
        for rule in checked.mapping.fields
    ]
    agreed = [place for place, field in fed if field.name == "consent.answer"]
    personal = ("person", "contact_point", "identity_doc", "relation")
    named = [place for place, field in fed if field.record in personal and field.cls in ("identity", "contact")]
    assert not named or min(agreed) < min(named)


@pytest.mark.parametrize("form", OURS)
def test_list_names_of_the_sent_form_say_nothing_about_a_person(form: str):
    settings = read_workbook(workbook_of(form).read_bytes(), "form.xlsx").sheet("settings").rows[0]
    checked = shipped(form)
    kinds = {question.name: question.type for question in checked.compiled.definition.questions}
    named = re.findall(r"\$\{(\w+)\}", settings.get("instance_name"))
    assert all(kinds[name] in ("today", "date") or name == "district" for name in named)


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
    counted = Counter(script.form for script in scripts)
    assert all(counted[form] >= (8 if form in OURS else 1) for form in ALL), counted
    assert all("invented" in script.about for script in scripts)
    for script in scripts:
        mapping = shipped(script.form).mapping
        kinds = {rule.alias: rule.kind for rule in mapping.records}
        for record, fields in script.records.items():
            kind = kinds[record.partition("[")[0]]
            assert all(DICTIONARY.field(f"{kind}.{name}") for name in fields), (str(script), record)
        assert all(record.partition("[")[0] in kinds for record in script.absent), str(script)
        if mapping.case_form == "screening":
            assert script.outcome.keys() == {"class_low", "class_high", "urgency"}, str(script)

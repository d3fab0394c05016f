from dataclasses import replace

import pytest
from pyxform.xls2xform import convert

from cases.mapping import FieldRule, Mapping, Mode, RecordAction, RecordRule, make_mapping, read_mapping
from tests.xlsforms.books import book
from xlsforms.findings import Finding, Severity
from xlsforms.mapping_file import mapping_workbook, with_mapping
from xlsforms.questions import FormDefinition, read_form

COLUMNS = {
    "survey": ["type", "name", "label", "calculation", "case_field", "case_mode"],
    "choices": ["list_name", "name", "label"],
    "settings": ["form_title", "form_id", "version", "case_form"],
    "case_records": ["record", "action", "match", "when", "repeat", "link"],
    "case_codes": ["list_name", "choice", "code"],
}
YN = ["yn3 | yes | Yes", "yn3 | no | No", "yn3 | dk | Does not know"]
YN_CODES = ["yn3 | yes | present", "yn3 | no | absent", "yn3 | dk | unknown"]
EXAMPLE = {
    "survey": [
        "select_one yn3 | agrees | May we keep it? | | consent.answer |",
        "select_one yn3 | docs_held | Does someone else keep your ID papers? | | screening.indicator.des_documents |",
        "text | used_name | Name the person wants to use | | person.alias | add",
        "begin_repeat | places | Places stayed | | movement | new",
        "date | place_from | From when | | movement.date |",
        "end_repeat | | | | |",
        "calculate | wants_followup | | 1 | |",
    ],
    "case_records": [
        "screening | new | | | |",
        "person | find_or_propose | | ${wants_followup} | |",
        "case | find_or_propose | | ${wants_followup} | | person",
        "movement | new | | ${wants_followup} | places | case",
        "consent | new | | | |",
    ],
    "choices": YN,
    "case_codes": [*YN_CODES, "agrees | yes | given", "agrees | no | refused", "agrees | dk | not_asked"],
    "settings": ["Example | example | 1 | screening"],
}


def tables(sheets: dict[str, list[str]]) -> str:
    lines = []
    for name, rows in sheets.items():
        lines += [f"| {name} |", f"| | {' | '.join(COLUMNS[name])} |", *[f"| | {row} |" for row in rows]]
    return "\n".join(lines)


def definition_of(text: str) -> FormDefinition:
    return read_form(convert(xlsform=text.encode(), file_type=".md", validate=False).xform.encode())


def read(**sheets: list[str]) -> tuple[Mapping | None, list[Finding]]:
    """The mapping of the example with these sheets in the place of its own, without the notes that are information."""
    text = tables({**EXAMPLE, **sheets})
    mapping, findings = read_mapping(book(text), definition_of(text))
    return mapping, [finding for finding in findings if finding.severity is not Severity.INFO]


def mapped(**sheets: list[str]) -> Mapping:
    mapping, findings = read(**sheets)
    assert findings == []
    assert mapping is not None
    return mapping


def refusal(**sheets: list[str]) -> Finding:
    """The one finding, an error, of the example with these sheets."""
    mapping, findings = read(**sheets)
    assert mapping is None
    assert len(findings) == 1, findings
    assert findings[0].severity is Severity.ERROR
    return findings[0]


def swapped(sheet: str, at: int, row: str) -> dict[str, list[str]]:
    return {sheet: [*EXAMPLE[sheet][:at], row, *EXAMPLE[sheet][at + 1 :]]}


def test_the_example_says_which_record_and_field_each_question_feeds():
    mapping = mapped()
    assert mapping.case_form == "screening"
    assert mapping.fields == (
        FieldRule("/data/agrees", "consent", "answer", Mode.FILL, "agrees"),
        FieldRule("/data/docs_held", "screening", "indicator.des_documents", Mode.FILL, "yn3"),
        FieldRule("/data/used_name", "person", "alias", Mode.ADD),
        FieldRule("/data/places/place_from", "movement", "date", Mode.FILL),
    )
    assert mapping.record("movement") == RecordRule(
        "movement", "movement", RecordAction.NEW, "", "/data/wants_followup", "/data/places", "case"
    )
    assert mapping.field_name(mapping.fields[1]) == "screening.indicator.des_documents"


def test_a_choice_stands_for_its_code_and_else_for_itself():
    mapping = mapped()
    agrees, docs_held, used_name, _ = mapping.fields
    assert [mapping.code(agrees, choice) for choice in ("yes", "no", "dk")] == ["given", "refused", "not_asked"]
    assert mapping.code(docs_held, "yes") == "present"
    assert mapping.code(used_name, "yes") == "yes"


def test_links_that_the_sheet_leaves_out_are_written_into_the_mapping():
    links = {rule.alias: rule.link for rule in mapped().records}
    assert links == {"screening": "case", "person": "", "case": "person", "movement": "case", "consent": "screening"}


def test_a_case_that_leaves_its_link_out_centres_on_the_person():
    mapping = mapped(**swapped("case_records", 2, "case | find_or_propose | | ${wants_followup} | |"))
    assert mapping.record("case").link == "person"


def test_a_task_prefers_a_parent_that_is_there_whenever_it_is():
    task = "calculate | due | | 1 | task.kind |"
    always, sometimes = "task | new | | | |", "task | new | | ${wants_followup} | |"
    for row, parent in ((always, "screening"), (sometimes, "case")):
        mapping = mapped(survey=[*EXAMPLE["survey"], task], case_records=[*EXAMPLE["case_records"], row])
        assert mapping.record("task").link == parent


def test_the_mapping_comes_back_whole_from_json():
    mapping = mapped()
    assert Mapping.from_json(mapping.to_json()) == mapping


def test_the_version_follows_from_the_parts_alone():
    mapping = mapped()
    assert len(mapping.version) == 16
    assert mapped(settings=["Other title | other | 2 | screening"]).version == mapping.version
    assert mapped(**swapped("case_codes", 2, "yn3 | dk | refused")).version != mapping.version
    first = replace(mapping.fields[2], mode=Mode.LATEST)
    again = make_mapping(mapping.case_form, mapping.records, (first,), mapping.codes)
    assert again.version != mapping.version


def test_a_workbook_without_case_columns_has_no_mapping_and_no_findings():
    text = tables({"survey": ["text | a | A | | |"], "settings": ["T | t | 1 |"]})
    assert read_mapping(book(text), definition_of(text)) == (None, ())


def test_the_repeat_of_a_record_may_stand_at_the_repeat_alone():
    mapping = mapped(**swapped("case_records", 3, "movement | new | | ${wants_followup} | | case"))
    assert mapping.record("movement").repeat == "/data/places"


def test_two_records_of_one_kind_have_names_of_their_own():
    mapping = mapped(
        survey=[*EXAMPLE["survey"], "text | child_name | Name of the child | | child.alias |"],
        case_records=[*EXAMPLE["case_records"], "child=person | find_or_propose | | ${wants_followup} | |"],
    )
    assert mapping.record("child").kind == "person"
    assert mapping.field_name(mapping.fields[-1]) == "person.alias"
    assert mapping.record("case").link == "person"


def test_an_empty_code_means_that_the_choice_says_nothing():
    mapping = mapped(**swapped("case_codes", 2, "yn3 | dk |"))
    assert mapping.code(mapping.fields[1], "dk") == ""


def test_questions_of_one_name_in_two_groups_are_told_apart():
    text = tables(
        {
            "survey": [
                "begin_group | a | A | | |",
                "text | used_name | Name | | person.alias |",
                "end_group | | | | |",
                "begin_group | b | B | | |",
                "text | used_name | Name of the place | | |",
                "end_group | | | | |",
            ],
            "settings": ["T | t | 1 | other"],
            "case_records": ["person | find_or_propose | | | |"],
        }
    )
    mapping, _ = read_mapping(book(text), definition_of(text))
    assert [rule.question for rule in mapping.fields] == ["/data/a/used_name"]


def test_answers_that_feed_nothing_are_listed_once_as_information():
    text = tables({**EXAMPLE, "survey": [*EXAMPLE["survey"], "text | hobby | Hobby | | |", "note | n | Thanks | | |"]})
    mapping, findings = read_mapping(book(text), definition_of(text))
    assert mapping is not None
    assert [(finding.severity, finding.code, finding.sheet) for finding in findings] == [
        (Severity.INFO, "questions-not-mapped", "survey")
    ]
    assert findings[0].message.startswith("These answers are kept")
    assert findings[0].message.endswith("feed no case field: hobby.")


@pytest.mark.parametrize(
    ("row", "code", "cell", "told"),
    [
        ("text | used_name | N | | person.alais |", "unknown-field", "E4", "Did you mean 'person.alias'?"),
        ("text | used_name | N | | person |", "unknown-field", "E4", "names a record but no field"),
        ("text | used_name | N | | persn.alias |", "unknown-record", "E4", "Did you mean 'person'?"),
        (
            "text | used_name | N | | note.text |",
            "record-not-declared",
            "E4",
            "add a row for it to the sheet case_records",
        ),
        ("text | used_name | N | | person.alias | ad", "unknown-mode", "F4", "Did you mean 'add'?"),
        ("text | used_name | N | | person.first_name | add", "mode-not-possible", "F4", "take fill or latest"),
        ("text | used_name | N | | person.alias | new", "mode-not-possible", "F4", "is not a new record here"),
        ("text | used_name | N | | person.birthdate |", "type-clash", "E4", "takes date and 'used_name' gives text"),
        ("integer | used_name | N | | case.district |", "type-clash", "E4", "can be fed by calculate, select_one"),
        ("note | used_name | N | | person.alias |", "type-cannot-feed", "E4", "A row of type note has no answer"),
        ("geotrace | used_name | N | | screening.point |", "type-cannot-feed", "E4", "type geotrace"),
        ("text | used_name | N | | | add", "mode-without-field", "F4", "no case_field"),
        ("text | used_name | N | | movement.place |", "field-outside-repeat", "E4", "stands outside the repeat"),
        ("select_one yn3 | used_name | N | | case.district |", "choices-without-code", "E4", "'no' (code absent)"),
    ],
)
def test_a_cell_that_cannot_feed_the_case_is_named_with_what_to_mend(row: str, code: str, cell: str, told: str):
    finding = refusal(**swapped("survey", 2, row))
    assert (finding.code, finding.sheet, finding.cell) == (code, "survey", cell)
    assert told.casefold() in finding.message.casefold()


def test_a_question_in_a_repeat_needs_a_record_for_each_row():
    finding = refusal(**swapped("survey", 4, "date | place_from | From when | | person.birthdate |"))
    assert (finding.code, finding.cell) == ("field-in-repeat", "E6")
    assert "'place_from' is asked once for each row of 'places'" in finding.message


@pytest.mark.parametrize(
    ("row", "code", "told"),
    [
        ("begin_repeat | places | P | | movement.date |", "field-on-repeat", "write the record alone, 'movement'"),
        ("begin_repeat | places | P | | stay |", "unknown-record", "There is no record called 'stay'"),
        ("begin_repeat | places | P | | movement | add", "mode-on-repeat", "write new, or leave the mode empty"),
    ],
)
def test_a_repeat_names_the_record_that_its_rows_make(row: str, code: str, told: str):
    finding = refusal(**swapped("survey", 3, row))
    assert (finding.code, finding.sheet, finding.cell[1:]) == (code, "survey", "5")
    assert told.casefold() in finding.message.casefold()


def test_a_group_feeds_nothing_itself():
    group = ["begin_group | g | G | | person.alias |", "end_group | | | | |"]
    finding = refusal(survey=[*EXAMPLE["survey"], *group])
    assert (finding.code, finding.cell) == ("field-on-group", "E9")


@pytest.mark.parametrize(
    ("row", "code", "cell", "told"),
    [
        ("screning | new | | | |", "unknown-record", "A2", "Did you mean 'screening'?"),
        ("scr eening | new | | | |", "case-records-bad-name", "A2", "names no record"),
        ("screening | make | | | |", "unknown-action", "B2", "There is no action called 'make'"),
        ("screening | nwe | | | |", "unknown-action", "B2", "Did you mean 'new'?"),
        ("screening | | | | |", "unknown-action", "B2", "The action is missing"),
        ("screening | new | ${used_name} | | |", "match-of-new", "C2", "empty it, or say find_or_propose"),
        ("screening | find | | | |", "find-without-match", "C2", "nothing says how"),
        ("screening | find | ${nobody} | | |", "match-not-a-question", "C2", "no question called 'nobody'"),
        ("screening | find | used_name | | |", "match-not-a-question", "C2", "write it as ${name}"),
        ("screening | find | ${place_from} | | |", "match-in-repeat", "C2", "stands in a repeat"),
        ("screening | new | | ${agrees} | |", "when-not-a-calculate", "D2", "is a question of type select_one"),
        ("screening | new | | ${agrees} = 1 | |", "when-not-a-calculate", "D2", "is not one question"),
        ("screening | new | | | place |", "unknown-repeat", "E2", "Did you mean 'places'?"),
        ("screening | find_or_propose | | | places |", "repeat-not-new", "B2", "say new for 'screening'"),
        ("screening | new | | | | cases", "unknown-link", "F2", "Did you mean 'case'?"),
        ("screening | new | | | | screening", "link-circle", "F2", "linked in a circle"),
        ("screening | new | | | | movement", "link-into-repeat", "F2", "one record for each row of a repeat"),
        ("screening | none | | | |", "record-not-touched", "", "has the action none"),
    ],
)
def test_a_declared_record_that_makes_no_sense_is_named_with_what_to_mend(row: str, code: str, cell: str, told: str):
    mapping, findings = read(**swapped("case_records", 0, row))
    assert mapping is None
    finding = next(finding for finding in findings if finding.code == code)
    assert (finding.severity, finding.cell) == (Severity.ERROR, cell or "E3")
    assert told.casefold() in finding.message.casefold()
    assert {one.code for one in findings} <= {code, "field-outside-repeat"}


def test_a_match_names_a_question_that_can_hold_a_code():
    records = ["screening | find | ${met_on} | | |", *EXAMPLE["case_records"][1:]]
    finding = refusal(survey=[*EXAMPLE["survey"], "date | met_on | Met on | | |"], case_records=records)
    assert (finding.code, finding.cell) == ("match-of-wrong-type", "C2")
    assert "'met_on' is of type date" in finding.message


def test_a_record_declared_twice_is_told():
    finding = refusal(case_records=[*EXAMPLE["case_records"], "person | find | ${used_name} | | |"])
    assert (finding.code, finding.sheet, finding.cell) == ("case-records-twice", "case_records", "A7")
    assert "other_person=person" in finding.message


def test_only_records_that_can_stand_alone_are_proposed():
    finding = refusal(**swapped("case_records", 4, "consent | find_or_propose | | | |"))
    assert (finding.code, finding.cell) == ("cannot-propose", "B6")


def test_two_links_in_a_circle_are_told():
    rows = swapped("case_records", 1, "person | find_or_propose | | ${wants_followup} | | case")
    mapping, findings = read(**rows)
    assert mapping is None
    assert {finding.code for finding in findings} == {"link-circle"}


@pytest.mark.parametrize(
    ("row", "code", "cell", "told"),
    [
        ("yn | yes | present", "case-codes-unknown-list", "A2", "Did you mean 'yn3'?"),
        ("yn3 | yess | present", "case-codes-unknown-choice", "B2", "Did you mean 'yes'?"),
        ("yn3 | no | present", "case-codes-twice", "B3", "has a code already"),
    ],
)
def test_codes_for_what_the_form_does_not_have_are_told(row: str, code: str, cell: str, told: str):
    mapping, findings = read(**swapped("case_codes", 0, row))
    assert mapping is None
    finding = next(finding for finding in findings if finding.code == code)
    assert (finding.sheet, finding.cell) == ("case_codes", cell)
    assert told.casefold() in finding.message.casefold()


def test_a_code_that_the_field_does_not_know_is_told_at_the_question():
    finding = refusal(**swapped("case_codes", 0, "yn3 | yes | given"))
    assert (finding.code, finding.sheet, finding.cell) == ("choices-without-code", "survey", "E3")
    assert "screening.indicator.des_documents does not know the choice 'yes' (code given)" in finding.message
    assert "Codes are: present, absent, unknown, refused, not_asked." in finding.message


def test_a_code_that_no_field_knows_is_told_at_its_own_cell():
    finding = refusal(**swapped("case_codes", 0, "yn3 | yes | presente"))
    assert (finding.code, finding.sheet, finding.cell) == ("case-codes-unknown-code", "case_codes", "C2")
    assert finding.message == "No field that 'yn3' feeds has a code 'presente'. Did you mean 'present'?"


def test_two_questions_that_fill_one_field_are_told():
    again = "text | first | First name | | person.first_name |"
    twice = "text | given | Given name | | person.first_name |"
    finding = refusal(survey=[*EXAMPLE["survey"], again, twice])
    assert (finding.code, finding.cell) == ("field-filled-twice", "E10")
    assert "'first' fills person.first_name already" in finding.message
    mapped(survey=[*EXAMPLE["survey"], again, f"{twice} latest"])


def test_a_screening_asks_for_consent_before_it_takes_a_name():
    rows = EXAMPLE["survey"]
    finding = refusal(survey=[*rows[1:], rows[0]])
    assert (finding.code, finding.cell) == ("identity-before-consent", "E3")
    assert "person.alias says who the person is" in finding.message
    mapped(survey=[*rows[1:], rows[0]], settings=["Example | example | 1 | identification"])


def test_the_kind_of_case_form_is_one_of_seven():
    finding = refusal(settings=["Example | example | 1 | screenning"])
    assert (finding.code, finding.sheet, finding.cell) == ("unknown-case-form", "settings", "D2")
    assert "Did you mean 'screening'?" in finding.message


def test_a_form_that_does_not_say_what_it_is_works_with_a_warning():
    mapping, findings = read(settings=["Example | example | 1 |"])
    assert mapping.case_form == "other"
    assert [(finding.severity, finding.code) for finding in findings] == [(Severity.WARNING, "case-form-missing")]


def test_a_misspelt_column_or_sheet_is_not_passed_over_in_silence():
    text = tables(EXAMPLE)
    for right, wrong, place in [
        ("case_field", "case_feild", ("survey", "E1")),
        ("case_form", "case_from", ("settings", "D1")),
        ("| case_codes", "| case_code", ("case_code", "")),
        ("| case_records", "| cases_records", ("cases_records", "")),
    ]:
        changed = text.replace(right, wrong)
        mapping, findings = read_mapping(book(changed), definition_of(text))
        assert mapping is None
        assert place in [(finding.sheet, finding.cell) for finding in findings], wrong
        assert f"Did you mean '{right.removeprefix('| ')}'?" in findings[0].message


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("calculate | more | | 1 |", "case.opened_on"),
        ("calculate | more | | 1 |", "case.district"),
        ("calculate | more | | 1 |", "contact.safe"),
        ("integer | more | More | |", "person.children"),
        ("date | more | More | |", "person.birthdate"),
        ("today | more | | |", "case.opened_on"),
        ("start | more | | |", "case.opened_on"),
        ("geopoint | more | More | |", "screening.point"),
        ("select_one yn | more | More | |", "contact.safe"),
        ("select_multiple industry | more | More | |", "screening.industry"),
        ("select_one industry | more | More | |", "screening.industry"),
        ("acknowledge | more | More | |", "contact.safe"),
        ("image | more | More | |", "picture.file"),
        ("barcode | more | More | |", "person.alias"),
    ],
)
def test_a_question_feeds_every_field_that_its_answers_can_be(row: str, field: str):
    choices = [*YN, "yn | yes | Yes", "yn | no | No", "industry | F_Construction | Building", "industry | Other | X"]
    mapping, findings = read(
        survey=[*EXAMPLE["survey"], f"{row} {field} |"],
        choices=choices,
        case_records=[
            *EXAMPLE["case_records"],
            "contact=contact_point | new | | | |",
            "picture=attachment | new | | | |",
        ],
        case_codes=[*EXAMPLE["case_codes"], *(["industry | Other | unknown"] if "industry" in row else [])],
    )
    assert findings == []
    assert f"{mapping.fields[-1].record}.{mapping.fields[-1].field}" == field


def test_choices_in_a_file_cannot_be_checked_and_say_so():
    row = "select_one_from_file towns.csv | town | Town | | case.district |"
    mapping, findings = read(survey=[*EXAMPLE["survey"], row])
    assert mapping.fields[-1].field == "district"
    assert [(one.severity, one.code, one.cell) for one in findings] == [(Severity.WARNING, "choices-not-checked", "E9")]


def test_a_question_may_only_check_what_another_fills():
    mapping = mapped(
        survey=[
            *EXAMPLE["survey"],
            "date | born | Born | | person.birthdate |",
            "date | born_again | Born | | person.birthdate | check",
        ]
    )
    assert [rule.mode for rule in mapping.fields[-2:]] == [Mode.FILL, Mode.CHECK]


def test_a_mapping_file_says_its_own_cells():
    text = tables({"survey": ["text | used_name | Name | | |"], "settings": ["Example | example | 1 |"]})
    csv = (
        "sheet,name,case_field,case_mode,record,action,case_form\n"
        "settings,,,,,,identification\n"
        "survey,used_name,person.alais,add,,,\n"
        "case_records,,,,person,find_or_propose,\n"
    )
    workbook = with_mapping(book(text), csv.encode(), "mapping.csv")
    _, findings = read_mapping(workbook, definition_of(text))
    assert [(one.code, one.sheet, one.cell) for one in findings if one.severity is Severity.ERROR] == [
        ("unknown-field", "mapping.csv", "C3")
    ]
    mapping, findings = read_mapping(
        with_mapping(book(text), csv.replace("alais", "alias").encode(), "mapping.csv"), definition_of(text)
    )
    assert [rule.question for rule in mapping.fields] == ["/data/used_name"]


def test_an_xform_without_a_workbook_is_mapped_by_a_file_alone():
    csv = (
        "sheet,name,case_field,record,action,repeat,list_name,choice,code,case_form\n"
        "settings,,,,,,,,,identification\n"
        "survey,used_name,person.alias,,,,,,,\n"
        "survey,/data/places/place_from,movement.date,,,,,,,\n"
        "survey,docs_held,screening.indicator.des_documents,,,,,,,\n"
        "case_records,,,person,find_or_propose,,,,,\n"
        "case_records,,,screening,new,,,,,\n"
        "case_records,,,movement,new,places,,,,\n"
        "case_codes,,,,,,docs_held,yes,present,\n"
        "case_codes,,,,,,docs_held,no,absent,\n"
        "case_codes,,,,,,docs_held,dk,unknown,\n"
    )
    mapping, findings = read_mapping(mapping_workbook(csv.encode(), "mapping.csv"), definition_of(tables(EXAMPLE)))
    assert [finding for finding in findings if finding.severity is not Severity.INFO] == []
    assert [rule.question for rule in mapping.fields] == [
        "/data/used_name",
        "/data/places/place_from",
        "/data/docs_held",
    ]
    assert mapping.code(mapping.fields[2], "yes") == "present"

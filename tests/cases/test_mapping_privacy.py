"""What would stand readable on a tablet: entities, names of filled forms, last-saved answers."""

import time

import pytest

from cases.mapping import read_mapping
from tests.xlsforms.books import book
from xlsforms.findings import Severity
from xlsforms.sketch import sketch

COLUMNS = "type | name | label | calculation | case_field | save_to | default"
RECORDS = """
    | case_records | record | action | when | link |
    | | person | find_or_propose | | |
    | | case | find_or_propose | | person |
    | | consent | new | | case |
    | | risk_assessment | new | | case |
    | | service | new | | case |
"""
SURVEY = (
    "text | alias | Alias | | person.alias | |",
    "date | born | Born | | person.birthdate | |",
    "text | phone | Phone | | person.mobile_phone | |",
    "text | shelter | Shelter | | service.provider | |",
    "text | plan | Plan | | risk_assessment.safety_plan | |",
    "select_one district | district | District | | case.district | |",
    "text | code | Code | | | |",
    "calculate | greeting | | concat('Hello ', ${alias}) | | |",
    "calculate | again | | ${greeting} | | |",
    "calculate | known | | if(${alias} != '', 'yes', 'no') | | |",
    "calculate | band | | if(${born} > '2000-01-01', '18_20', '48_plus') | person.age_band | |",
)
CHOICES = "    | choices | list_name | name | label |\n    | | district | cayo | Cayo |\n"


def findings(*more: str, instance_name: str = "", label: str = "'Case'", entity_id: str = "", swap: str = ""):
    """Warnings and errors of the survey with these rows below it; `swap` takes the place of the row of its name."""
    rows = [swap if swap and row.split(" | ")[1] == swap.split(" | ")[1] else row for row in SURVEY]
    tables = "    | survey | " + COLUMNS + " |\n" + "".join(f"    | | {row} |\n" for row in [*rows, *more])
    tables += CHOICES + RECORDS
    tables += f"    | settings | form_id | case_form | instance_name |\n    | | f | other | {instance_name} |\n"
    tables += f"    | entities | list_name | label | entity_id |\n    | | cases | {label} | {entity_id} |\n"
    workbook = book(tables)
    _mapping, found = read_mapping(workbook, sketch(workbook))
    return [one for one in found if one.severity is not Severity.INFO]


def test_coded_answers_may_stand_in_entities_and_names():
    kept = "select_one district | district | District | | case.district | district |"
    told = findings(swap=kept, label="concat('Case ', ${district})", instance_name="${district}")
    assert told == []


@pytest.mark.parametrize(
    ("swap", "field", "kind"),
    [
        ("text | alias | Alias | | person.alias | alias |", "person.alias", "who a person is"),
        ("text | phone | Phone | | person.mobile_phone | phone |", "person.mobile_phone", "how to reach somebody"),
        ("text | shelter | Shelter | | service.provider | home |", "service.provider", "a place where somebody can be"),
        ("text | plan | Plan | | risk_assessment.safety_plan | plan |", "risk_assessment.safety_plan", "own words"),
        ("calculate | again | | ${greeting} | | again |", "person.alias", "through 'again'"),
    ],
)
def test_an_entity_may_not_hold_what_is_sealed_even_by_way_of_calculations(swap, field, kind):
    (one,) = findings(swap=swap)
    assert (one.severity, one.code, one.column) == (Severity.ERROR, "entity-personal-data", "save_to")
    assert field in one.message
    assert kind in one.message
    assert "quedan legibles" in one.wrong("es")


@pytest.mark.parametrize(
    ("given", "code", "place"),
    [
        ({"label": "concat('Case of ', ${alias})"}, "entity-personal-data", ("entities", "B2")),
        ({"entity_id": "${phone}"}, "entity-personal-data", ("entities", "C2")),
        ({"instance_name": "concat('Talk ', ${alias})"}, "instance-name-personal-data", ("settings", "C2")),
        ({"instance_name": "${again}"}, "instance-name-personal-data", ("settings", "C2")),
        ({"instance_name": "${code}"}, "instance-name-free-text", ("settings", "C2")),
        ({"label": "${code}"}, "entity-free-text", ("entities", "B2")),
    ],
)
def test_labels_ids_and_names_of_filled_forms_show_nobody(given, code, place):
    (one,) = findings(**given)
    assert (one.code, (one.sheet, one.cell)) == (code, place)


@pytest.mark.parametrize("name", ["known", "band", "district"])
def test_what_only_compares_a_personal_answer_or_is_coded_itself_may_be_shown(name):
    assert findings(instance_name=f"${{{name}}}") == []


def test_a_last_saved_answer_about_a_person_is_refused_and_another_not():
    (one,) = findings(swap="text | alias | Alias | | person.alias | | ${last-saved#alias}")
    assert (one.code, one.cell, one.column) == ("last-saved-personal-data", "G2", "default")
    kept = "select_one district | district | District | | case.district | | ${last-saved#district}"
    assert findings(swap=kept) == []


def test_a_long_way_from_a_name_to_an_entity_is_followed_in_a_moment():
    ways = [f"calculate | c{at} | | ${{c{at + 1}}} | | |" for at in range(3000)]
    started = time.process_time()
    found = findings(*ways, "calculate | c3000 | | ${alias} | | |", label="${c0}")
    assert [(one.code, one.facts["via"]) for one in found if one.sheet == "entities"] == [
        ("entity-personal-data", "c0")
    ]
    assert time.process_time() - started < 5

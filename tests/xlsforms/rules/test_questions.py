import pytest

from tests.xlsforms.rules.forms import asked, form, only, row, told

GROUP = [row("begin_group", "g"), row("text", "x"), row("end_group")]


@pytest.mark.parametrize(
    ("trigger", "code"),
    [
        ("a", "malformed-reference"),
        ("${a} + 1", "malformed-reference"),
        ("${aa}", "unknown-reference"),
        ("${b}", "trigger-itself"),
        ("${a}, ${nobody}", "unknown-reference"),
    ],
)
def test_a_trigger_names_other_questions(trigger, code):
    assert told(asked(trigger=trigger, calculation="now()")) == [(code, "trigger", 4)]


@pytest.mark.parametrize("trigger", ["${a}", "${a}, ${n}"])
def test_a_trigger_that_names_questions_is_taken(trigger):
    assert told(asked(trigger=trigger, calculation="now()")) == []


def test_a_group_triggers_nothing():
    assert told(form(*GROUP, row("text", "q", trigger="${g}"))) == [("trigger-not-a-question", "trigger", 5)]


def test_a_place_found_in_the_background_needs_a_trigger_and_no_calculation():
    rows = [row("text", "a"), row("background-geopoint", "p", " ", calculation="1", trigger="")]
    assert told(form(*rows)) == [("calculation-unused", "calculation", 3), ("trigger-missing", "trigger", 3)]


@pytest.mark.parametrize(
    ("type_", "appearance", "code"),
    [
        ("text", "mutliline", "unknown-appearance"),
        ("select_one yn", "minimum", "unknown-appearance"),
        ("select_one yn", "minimal", ""),
        ("select_one yn", "minimal autocomplete w2", ""),
        ("select_one yn", "columns-3 likert", ""),
        ("select_one yn", "search('towns')", ""),
        ("text", "ex:org.example.app", ""),
        ("text", "my-own-widget", ""),
        ("image", "signature", ""),
        ("integer", "multiline", "appearance-unfit"),
        ("date", "likert", "appearance-unfit"),
        ("date", "month-year", ""),
        ("range", "rating", ""),
    ],
)
def test_an_appearance_is_known_and_fits_its_type(type_, appearance, code):
    cells = {"parameters": "max-pixels=1024"} if type_ == "image" else {}
    found = told(form(row(type_, "q", appearance=appearance, **cells)))
    assert found == ([(code, "appearance", 2)] if code else [])


def test_or_other_is_told_where_there_are_languages():
    assert told(form(row("select_one yn or_other", "q"))) == []
    rows = [{"type": "select_one yn or_other", "name": "q", "label::English (en)": "Q", "label::Español (es)": "P"}]
    assert ("or-other", "type", 2) in told(form(*rows))


# The column parameters.


@pytest.mark.parametrize(
    ("type_", "parameters", "code"),
    [
        ("text", "rows 3", "parameters-unreadable"),
        ("note", "rows 3", "parameters-unreadable"),
        ("text", "rows=three", "parameter-value"),
        ("text", "row=3", "unknown-parameter"),
        ("image", "max-pixels=large", "parameter-value"),
        ("audio", "quality=best", "parameter-value"),
        ("range", "start=0 end=10 step=20", "range-step"),
        ("range", "start=0 end=10 step=0", "range-step"),
        ("range", "start=a", "parameter-value"),
        ("select_one yn", "randomise=true", "unknown-parameter"),
        ("select_one yn", "seed=3", "parameter-alone"),
        ("select_one yn", "randomize=yes", "parameter-value"),
        ("audit", "location-priority=balanced", "parameter-alone"),
        ("geopoint", "capture-accuracy=near", "parameter-value"),
        ("text", "rows=3", ""),
        ("text", "ROWS = 3", ""),
        ("range", "start=-2;end=10;step=0.5", ""),
        ("select_one yn", "randomize=true, seed=${n}", ""),
        ("select_one_from_file t.csv", "value=code label=name_en", ""),
        ("audit", "location-priority=balanced location-min-interval=60 location-max-age=120", ""),
        ("geotrace", "allow-mock-accuracy=true", ""),
        ("audio", "quality=voice-only", ""),
    ],
)
def test_parameters_are_those_of_the_type(type_, parameters, code):
    name = "" if type_ == "audit" else "q"
    label = {"label": "Q"} if type_ != "audit" else {}
    cells = {"type": type_, "name": name, "parameters": parameters, **label}
    if type_ == "image":
        cells["parameters"] = parameters
    found = told(form(row("integer", "n"), cells))
    assert found == ([(code, "parameters", 3)] if code else [])


def test_a_parameter_that_is_not_there_is_told_with_the_one_that_is_meant():
    assert only(form(row("text", "q", parameters="row=3"))).facts["near"] == "rows"

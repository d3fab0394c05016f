"""What a form costs a tablet with 2 GB of memory."""

import pytest

from tests.xlsforms.books import book
from xlsforms.limits import DEFAULT
from xlsforms.rules.load import heavy, load_of


def workbook(survey, choices=()):
    head = "| type | name | label::English (en) | label::Español (es) | choice_filter | repeat_count | media::image |"
    tables = f"    | survey {head}\n" + "".join(f"    | | {row} |\n" for row in survey)
    return book(
        tables + "    | choices | list_name | name | label |\n" + "".join(f"    | | {row} |\n" for row in choices)
    )


def codes(survey, choices=()):
    every = list(heavy(workbook(survey, choices), DEFAULT))
    assert all(one.message and one.said("es") for one in every)
    return [(one.code, one.cell) for one in every]


def test_an_ordinary_form_is_light():
    survey = [f"text | q{at} | Q | P | | |" for at in range(300)]
    assert codes(survey) == []
    assert load_of(workbook(survey)).seconds == 1


@pytest.mark.parametrize(
    ("survey", "choices", "expected"),
    [
        ([f"text | q{at} | Q | P | | |" for at in range(1600)], (), ("heavy-form", "")),
        (["select_one v | v | V | V | | |"], [f"v | c{at} | C" for at in range(3001)], ("long-list", "A2")),
        (
            ["begin_repeat | r | R | R | | 500 |", *(f"text | q{at} | Q | P | | |" for at in range(11))],
            (),
            ("heavy-repeat", "F2"),
        ),
        ([f"note | n{at} | N | N | | | p{at}.png" for at in range(301)], (), ("many-files", "")),
    ],
)
def test_what_makes_a_tablet_slow_is_told_where_it_stands(survey, choices, expected):
    assert expected in codes(survey, choices)


def test_a_long_list_that_is_filtered_is_left_in_peace():
    assert codes(["select_one v | v | V | V | a = 1 | |"], [f"v | c{at} | C" for at in range(3001)]) == []

import pytest

from tests.xlsforms.rules.forms import findings, form, row, told

BEGIN, END = row("begin_group", "g"), row("end_group")
REPEAT, UNTIL = row("begin_repeat", "r"), row("end_repeat")
Q = row("text", "q")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([BEGIN, Q], [("group-not-ended", "type", 2)]),
        ([Q, END], [("group-not-begun", "type", 3)]),
        ([REPEAT, BEGIN, Q, UNTIL], [("group-not-ended", "type", 3)]),
        ([BEGIN, Q, UNTIL], [("group-ended-as-other", "type", 4)]),
        ([BEGIN, Q, END, END], [("group-not-begun", "type", 5)]),
        ([BEGIN, REPEAT, Q], [("group-not-ended", "type", 2), ("group-not-ended", "type", 3)]),
        ([BEGIN, END], [("group-empty", "type", 2)]),
        ([BEGIN, row("text", "q", repeat_count="3"), END], [("repeat-count-without-repeat", "repeat_count", 3)]),
        ([row("begin_repeat", "r", repeat_count="2"), Q, UNTIL], []),
        ([row("begin_group", "g", calculation="1"), Q, END], [("calculation-unused", "calculation", 2)]),
        ([row("begin group", "g"), Q, row("end group")], []),
        ([row("begin_grup", "g"), Q, END], [("unknown-type", "type", 2)]),
        ([BEGIN, Q, row("endgroup")], [("unknown-type", "type", 4)]),
    ],
)
def test_blocks_are_begun_and_ended(rows, expected):
    assert told(form(*rows)) == expected


def test_the_row_that_began_the_block_is_told_when_it_is_ended_as_another():
    (found,) = findings(form(Q, BEGIN, row("text", "p"), UNTIL))
    assert "row 3" in found.message

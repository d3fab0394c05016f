import pytest

from tests.xlsforms.rules.forms import findings, form, row, told
from xlsforms.findings import Severity
from xlsforms.published import Known

NAMED = form(
    row("select_one_from_file towns.csv", "town"),
    row("note", "n", image="map.png"),
    row("calculate", "c", calculation="pulldata('prices', 'a', 'b', ${town})"),
    row("csv-external", "people", " "),
)


def test_files_that_do_not_come_with_the_form_are_told_where_they_are_named():
    found = findings(NAMED, Known(media=frozenset({"Towns.csv"})))
    assert [(one.code, one.facts["file"], one.column) for one in found if one.code == "file-missing"] == [
        ("file-missing", "towns.csv", "type"),
        ("file-missing", "map.png", "image"),
        ("file-missing", "prices.csv", "calculation"),
        ("file-missing", "people.csv", "name"),
    ]
    assert found[0].facts["near"] == "Towns.csv"
    assert [one.facts["file"] for one in found if one.code == "file-not-named"] == ["Towns.csv"]


def test_files_that_come_are_not_told_and_nobody_asks_when_nobody_knows():
    media = frozenset({"towns.csv", "map.png", "prices.csv", "people.csv", "itemsets.csv"})
    assert told(NAMED, Known(media=media)) == []
    assert told(NAMED) == []


def test_files_are_missed_too_where_none_at_all_comes_and_a_warning_lets_a_draft_wait_for_them():
    found = findings(NAMED, Known(media=frozenset()))
    assert {(one.code, one.severity) for one in found} == {("file-missing", Severity.WARNING)}
    assert len(found) == 4


@pytest.mark.parametrize(
    ("cells", "code", "column"),
    [
        ({"image": "house.mp3"}, "media-kind", "image"),
        ({"audio": "talk"}, "media-kind", "audio"),
        ({"image": "../house.png"}, "unsafe-file-name", "image"),
        ({"image": "House of Ana.PNG"}, "", ""),
        ({"video": "-"}, "", ""),
        ({"calculation": "pulldata('../../x', 'a', 'b', 1)"}, "unsafe-file-name", "calculation"),
    ],
)
def test_a_file_is_named_plainly_and_fits_its_column(cells, code, column):
    assert told(form(row("note", "n", **cells))) == ([(code, column, 2)] if code else [])


def test_a_file_is_there_once_and_not_in_each_row_of_a_repeat():
    rows = [row("begin_repeat", "r"), row("csv-external", "people", " "), row("text", "q"), row("end_repeat")]
    assert told(form(*rows)) == [("external-in-repeat", "type", 3)]


def test_nobody_can_choose_from_a_picture():
    assert told(form(row("select_one_from_file towns.jpg", "q"))) == [
        ("file-ending", "type", 2),
        ("unknown-list", "type", 2),
    ]

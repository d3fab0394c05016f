from tests.xlsforms.rules.forms import form
from xlsforms.languages import languages, matrix


def test_the_holes_of_each_language_are_counted():
    rows = [
        {
            "type": "text",
            "name": "a",
            "label::English (en)": "A",
            "label::Español (es)": "A",
            "hint::English (en)": "H",
        },
        {"type": "text", "name": "b", "label::English (en)": "B", "label::Kriol (bzj)": ""},
        {"type": "calculate", "name": "c", "calculation": "1"},
    ]
    workbook = form(*rows, choices=[])
    assert languages(workbook) == ["English (en)", "Español (es)"]
    assert [tuple(cover) for cover in matrix(workbook)] == [
        ("survey", "label", "English (en)", 2, 2),
        ("survey", "label", "Español (es)", 1, 2),
        ("survey", "hint", "English (en)", 1, 1),
        ("survey", "hint", "Español (es)", 0, 1),
    ]

"""`fieldcase form try`."""

import pytest

from tests.cases.books import SIGNS, STRONG

WHO = "uuid:aaaaaaaa-0000-4000-8000-000000000001"


@pytest.fixture
def written(tmp_path):
    """Writes the form of signs and answers to it; the command's arguments."""

    def write(answers, form="signs"):
        given = {"who": WHO, "known": "1", "band": "24_26"} | answers
        told = "".join(f"<{name}>{value}</{name}>" for name, value in given.items())
        meta = "<meta><instanceID>uuid:one</instanceID></meta>"
        (tmp_path / "signs.md").write_text(SIGNS)
        (tmp_path / "answers.xml").write_text(f'<data id="{form}" version="1">{told}{meta}</data>')
        return "form", "try", str(tmp_path / "signs.md"), "--answers", str(tmp_path / "answers.xml")

    return write


def test_answers_are_tried_without_an_installation(bare, written):
    told = bare.json(*written(STRONG))
    assert (told["class_low"], told["class_high"], told["urgency"], told["reason"]) == ("strong", "strong", "P2", None)
    assert [one["record"] for one in told["records"]] == ["person", "case", "screening"]
    assert {one["field"]: one["value"] for one in told["records"][2]["values"]}["screening.indicator.des_debt"]
    assert [one["task"] for one in told["tasks"]] == ["first_review"]
    assert not any(bare.data.iterdir()) if bare.data.exists() else True
    spanish = bare.run(*written(STRONG), "--language", "es").stdout
    assert "Coacción en el destino: dos fuertes" in spanish
    assert "screening.indicator.des_debt" in spanish


def test_what_would_be_set_aside_and_what_cannot_be_tried_is_said(bare, written):
    assert bare.json(*written({"debt": "perhaps"}))["reason"]["code"] == "not-a-value"
    assert "Would be set aside: not-a-value at /data/debt" in bare.run(*written({"debt": "perhaps"})).stdout
    refused = bare.run(*written(STRONG, form="other"))
    assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)
    assert "belong to the form other" in refused.stderr

"""Each form that ships is walked on the tablet with answers at random: whatever is answered can be sent and filed."""

import os

import pytest

from cases.dictionary import DICTIONARY, Value
from cases.screening.answers import assess
from tests.collect.javarosa import JavaRosa
from tests.xlsforms.questionnaires.shipped import ALL, OURS, kind_of, opening, said, shipped

SEEDS = 50 if os.environ.get("FIELDCASE_PROVE") == "1" else 5
ZONES = ("UTC", "America/Belize", "Asia/Kolkata")
ENDED = ("not_safe", "declined", "other_form")
PERSONAL = frozenset({"person", "contact_point", "identity_doc", "relation"})
Told = dict[str, dict[str, list[Value]]]


def walk(javarosa: JavaRosa, form: str, seed: int) -> Told:
    """What was told on a walk; on every other one the answers of an interview open all parts."""
    compiled = shipped(form).compiled
    assert compiled is not None
    answers = opening(form) if seed % 2 == 0 else {}
    device = {"time_zone": ZONES[seed % len(ZONES)]}
    return said(form, javarosa.fill(compiled.xform, answers, seed=seed, strict=False, device=device).xml)


def told_of(form: str, told: Told, kind: str) -> list[tuple[str, list[Value]]]:
    """The fields of all records of a kind, with their values."""
    return [one for place, fields in told.items() if kind_of(form, place) == kind for one in fields.items()]


def named(form: str, told: Told) -> list[str]:
    """The fields that say who a person is or how to reach them."""
    fields = [DICTIONARY.fields[f"{kind}.{key}"] for kind in PERSONAL for key, _values in told_of(form, told, kind)]
    return [field.name for field in fields if field.cls in ("identity", "contact")]


@pytest.mark.parametrize("form", ALL)
def test_whatever_is_answered_is_sent_and_filed_and_names_nobody_without_a_yes(javarosa: JavaRosa, form: str) -> None:
    walks = [walk(javarosa, form, seed) for seed in range(SEEDS)]

    assert len({str(told) for told in walks}) > SEEDS // 2  # Walks that all end at once prove nothing.
    assert any(sum(map(len, told.values())) >= 20 for told in walks)
    for told in walks if form in OURS else ():
        agreed = [value for key, values in told_of(form, told, "consent") if key == "answer" for value in values]
        assert "given" in agreed or not named(form, told)
        if shipped(form).mapping.case_form == "screening":
            screening = dict(told_of(form, told, "screening"))
            assert assess({f"screening.{key}": values for key, values in screening.items()}).urgency
            if screening["outcome"][0] in ENDED:
                assert not [key for key in screening if key.startswith(("indicator.", "act.", "flag.pur_"))]
                assert not named(form, told)

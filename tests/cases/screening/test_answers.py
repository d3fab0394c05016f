"""A screening record's values as the rules read them."""

import itertools

import pytest

from cases.screening.answers import assess, with_health
from cases.screening.rules import RULES

LABOUR = ("exp_hours", "exp_pay", "dec_job", "dec_pay")
ADULT = {"age_band": "24_26", "maybe_child": "absent"}
NO_ACT = {f"act.{one}": "absent" for one in RULES.acts}


def said(*present, **values):
    """A finished screening of an adult in which these signs are present."""
    told = {**ADULT, "outcome": "completed", "act.recruited": "present", **values}
    told |= {f"indicator.{code}": "present" for code in present}
    return assess({f"screening.{name}": [value] for name, value in told.items() if value is not None})


@pytest.mark.parametrize(
    ("age", "adult"),
    [
        ({"age_band": "24_26", "maybe_child": None}, True),
        ({"age_band": "24_26", "maybe_child": "absent"}, True),
        ({"age_band": "unknown", "maybe_child": "absent"}, True),
        ({"age_band": None, "maybe_child": "absent"}, True),
        ({"age_band": "18_20", "maybe_child": "unknown"}, False),
        ({"age_band": "18_20", "maybe_child": "unknown", "age_basis": "document"}, True),
        ({"age_band": "18_20", "maybe_child": "present", "age_basis": "estimate"}, False),
        ({"age_band": "16_17", "maybe_child": "absent"}, False),
        ({"age_band": "unknown", "maybe_child": None}, False),
        ({"age_band": None, "maybe_child": None}, False),
        ({"age_band": None, "maybe_child": "refused"}, False),
    ],
)
def test_somebody_is_an_adult_only_when_that_is_shown(age, adult):
    found = said("exp_hours", "exp_pay", **age)
    assert found.class_low == ("exploitation_no_means" if adult else "strong")
    assert found.profiles == ("adult_labour" if adult else "child_labour",)


def test_a_child_alone_is_urgent_now_unless_known_to_be_fourteen():
    alone = {"flag.unaccompanied_child": "present"}
    levels = [said(**alone, age_band=band, maybe_child="present").urgency for band in ("9_13", None, "14_15", "16_17")]
    assert levels == ["P1", "P1", "P4", "P4"]


def test_what_a_finished_form_left_out_did_not_apply_and_what_an_ended_talk_left_out_is_not_known():
    assert (said().class_low, said().class_high) == ("none", "none")
    for outcome in ("not_safe", "declined", "stopped", "partly", "other_form"):
        found = said(outcome=outcome)
        assert (found.class_low, found.class_high) == ("none", "strong"), outcome
        assert found.deciding == ("rest",)
        assert "No sign was found in what was answered" in found.reasons
        assert "These questions decide: what was not asked" in " ".join(found.reasons)


def test_without_an_outcome_a_form_counts_as_finished_once_it_asked_something():
    nothing = {"outcome": None, "act.recruited": None}
    assert said(**nothing).class_high == "strong"
    assert said(**nothing, **{"indicator.des_debt": "absent"}).class_high == "none"
    assert said(outcome=None).class_high == "none"


def test_there_was_no_act_only_when_each_of_them_is_denied():
    assert said(*LABOUR, **NO_ACT).class_high == "incomplete"
    unsure = said(*LABOUR, **NO_ACT | {"act.moved": "unknown"})
    assert (unsure.class_low, unsure.class_high, unsure.deciding) == ("incomplete", "indicated", ("act",))
    assert said(*LABOUR, **NO_ACT | {"act.moved": None}).class_high == "indicated"
    assert "What others did to the person: moved" in said(*LABOUR, **NO_ACT | {"act.moved": "present"}).reasons


@pytest.mark.parametrize("state", ["unknown", "refused", "not_asked"])
def test_unknown_refused_and_not_asked_are_none_of_them_no(state):
    found = said(*LABOUR, **{"indicator.des_debt": state, "indicator.des_documents": state})
    assert (found.class_low, found.class_high) == ("indicated", "strong")
    assert set(found.deciding) == {"des_debt", "des_documents"}


def test_dangers_that_an_officer_ticked_count_as_the_flags_they_mean():
    urgent = {
        danger: said(dangers=[danger]).urgency for danger in ("exploiter_near", "weapon", "expected_back", "none")
    }
    assert urgent == {"exploiter_near": "P1", "weapon": "P1", "expected_back": "P4", "none": "P4"}
    assert said(dangers=["none", "confined"]).urgency == "P1"


def test_the_age_decides_the_half_of_the_profile_that_it_knows():
    assert said(profile="child_labour").profiles == ("adult_labour",)
    assert said(profile="adult_sexual", age_band="16_17").profiles == ("child_sexual",)


def test_weights_for_sexual_exploitation_count_as_soon_as_it_is_said_and_could_when_it_is_not_known():
    signs = ("des_influence", "des_lie", "exp_hours", "exp_pay", "dec_job", "dec_pay")
    assert (said(*signs).class_low, said(*signs).unverified) == ("indicated", False)
    known = said(*signs, **{"flag.pur_sexual": "present"})
    assert (known.class_low, known.profiles, known.unverified) == ("strong", ("adult_sexual",), True)
    unsure = said(*signs, **{"flag.pur_sexual": "refused"})
    assert (unsure.class_low, unsure.class_high, unsure.unverified) == ("indicated", "strong", True)
    assert unsure.urgency == "P3"
    assert "pur_sexual" in unsure.deciding


def test_of_several_answers_to_one_question_the_gravest_stands_in_any_order():
    whole = {"screening.age_band": ["24_26"], "screening.act.recruited": ["present"]}
    whole |= {f"screening.indicator.{code}": ["present"] for code in LABOUR}
    for order in itertools.permutations(["absent", "present", "unknown"]):
        found = assess(
            whole | {"screening.indicator.des_debt": order, "screening.indicator.des_documents": ["present"]}
        )
        assert found.class_low == "strong"
    unsure = assess(whole | {"screening.indicator.des_debt": ["absent", "refused"]})
    assert unsure.class_high == "indicated"
    assert assess(whole | {"screening.age_band": ["24_26", "16_17"]}).profiles == ("child_labour",)


def test_matters_of_health_are_named_only_to_whom_the_flags_are_given():
    values = {"screening.flag.suicide_talk": ["present"], "screening.flag.confined": ["present"]}
    result = assess(values | {"screening.age_band": ["24_26"]})
    told = result.to_json()["told"]
    assert ["urgency", "P1", "confined", "health"] in told
    assert "suicide" not in str(told)
    named = with_health(result, values)
    assert named.told[-1] == result.told[-1]
    assert "P1, because: cannot leave; talks of suicide" in named.reasons

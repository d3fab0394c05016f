"""What a screening adds up to: the hand-made vectors, and what must hold for any answers."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.dictionary import DICTIONARY
from cases.screening import RULES, NotAScreening, screen
from cases.screening.rules import FOLDER
from cases.screening.words import in_words


def rows(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines(), strict=True))


VECTORS = rows(Path(__file__).parent / "vectors.csv")
LEVELS = ["P1", "P2", "P3", "P4"]


def ask(*present, profile="adult_labour", age=27, act=1, unknown=(), flags=()):
    return screen(profile=profile, age=age, act=act, present=present, unknown=unknown, flags=flags)


@pytest.mark.parametrize("row", VECTORS, ids=[row["id"] for row in VECTORS])
def test_the_hand_made_screenings_come_out_as_written(row):
    found = screen(
        profile=row["profile"],
        age=int(row["age"]),
        act=int(row["act"]),
        present=row["present"].split(),
        unknown=set(row["unknown"].split()),
        flags=row["flags"].split(),
    )
    assert (found.class_low, found.class_high) == (row["class_low"], row["class_high"]), row["why"]
    assert " ".join(found.positive_dimensions_low) == row["positive_dimensions_low"]
    assert found.reasons
    assert found.unverified == ("sexual" in row["profile"])
    assert any("nverified" in reason for reason in found.reasons) == found.unverified
    assert found.rule_set == RULES.version


@pytest.mark.parametrize(
    ("level", "flags", "more"),
    [
        *(("P1", flag, {}) for flag in ("in_danger", "exploiter_near", "confined", "serious_injury", "overdose")),
        *(("P1", flag, {}) for flag in ("labour_miscarriage", "suicide_talk", "child_with_exploiter")),
        ("P1", "removal_within_24h", {}),
        ("P1", "unaccompanied_child", {"age": 13, "profile": "child_labour"}),
        ("P1", "unaccompanied_child", {"age": None, "profile": "child_labour"}),
        ("P4", "unaccompanied_child", {"age": 14, "profile": "child_labour"}),
        ("P1", "pur_sexual still_there", {"age": 17, "profile": "child_sexual"}),
        ("P4", "pur_sexual still_there", {"profile": "adult_sexual"}),
        *(("P2", flag, {}) for flag in ("nowhere_safe_tonight", "threats_to_family", "pregnancy", "medication_needed")),
        ("P3", "court_or_visa_14d", {}),
        ("P4", "smuggled", {}),
        ("P4", "", {}),
    ],
)
def test_each_flag_is_as_urgent_as_the_table_says(level, flags, more):
    found = ask(flags=flags.split(), **more)
    assert found.urgency == level
    assert found.reasons[-1 - found.unverified].startswith(f"{level}, because: ")


def test_a_child_with_a_group_of_signs_is_seen_within_a_day():
    assert ask("exp_hours", "exp_pay", age=17, act=0, profile="child_labour").urgency == "P2"
    assert ask("exp_pay", age=17, act=0, profile="child_labour").urgency == "P4"


def test_an_age_that_nobody_knows_counts_as_a_child_and_the_reasons_say_so():
    found = ask("exp_hours", "exp_pay", age=None)
    assert found.class_low == "strong"
    assert "Age not known: counts as younger than 18 until shown otherwise" in found.reasons
    assert ask("exp_hours", "exp_pay", age=18).class_low == "exploitation_no_means"


def test_an_act_that_nobody_knows_of_could_be_one():
    found = ask("dec_job", "dec_pay", "exp_hours", "exp_pay", act=None)
    assert (found.class_low, found.class_high) == ("incomplete", "indicated")
    assert found.deciding == ("act",)
    assert ask("dec_job", "dec_pay", "exp_hours", "exp_pay", act=False).class_high == "incomplete"


def test_the_reasons_name_the_signs_in_the_readers_language():
    found = ask("des_documents", "des_debt", "exp_hours", "exp_pay", "dec_job", "dec_pay")
    assert "Coercion at destination: two strong: debt bondage, identity papers held" in found.reasons
    spanish = found.reasons_in("es")
    assert "Coacción en el destino: dos fuertes: servidumbre por deudas, otra persona tiene sus documentos" in spanish
    assert len(spanish) == len(found.reasons)


def test_what_was_refused_is_never_told_as_no_sign():
    found = ask(unknown=["dec_job", "dec_pay", "exp_hours", "exp_pay", "des_documents", "des_debt"])
    told = " ".join(found.reasons)
    assert "No sign was found in what was answered" in told
    assert "Not shown to be without signs. Could be: strong signs. These questions decide: " in told
    assert set(found.deciding) == {"dec_job", "dec_pay", "exp_hours", "exp_pay", "des_documents", "des_debt"}
    assert ask().reasons[0] == "No sign was found"


def test_only_the_questions_that_could_lift_the_class_are_named():
    found = ask("dec_job", "dec_pay", "exp_hours", "exp_pay", unknown=["des_debt", "des_documents", "dep_daily"])
    assert (found.class_low, found.class_high) == ("indicated", "strong")
    assert set(found.deciding) == {"des_debt", "des_documents"}


def test_codes_may_come_as_a_list_a_set_or_a_text():
    forms = [["des_debt", "exp_pay"], {"des_debt", "exp_pay"}, "des_debt exp_pay", iter(("exp_pay", "des_debt"))]
    found = {screen(profile="adult_labour", age=30, act=True, present=one, unknown=[], flags="") for one in forms}
    assert len(found) == 1


@pytest.mark.parametrize("wrong", [{"profile": "adult"}, {"flags": ["sad"]}, {"unknown": ["des_dept"]}])
def test_what_the_rules_do_not_know_is_refused_by_name(wrong):
    (name,) = [value if isinstance(value, str) else value[0] for value in wrong.values()]
    with pytest.raises(NotAScreening, match=f"'{name}'"):
        ask(**wrong)


def test_the_rules_and_the_dictionary_know_the_same_codes():
    assert set(RULES.profiles) == set(DICTIONARY.codes("screening_profile"))
    assert set(RULES.ranks) == set(DICTIONARY.codes("screening_class"))
    assert [level[0].level for level in RULES.urgency] == list(DICTIONARY.codes("urgency"))
    conditions = {"child", "under_14", "dimension", "any_strong", *RULES.ranks}
    assert {need for level in RULES.urgency for rule in level for need in rule.needs} <= RULES.flags | conditions
    assert set(RULES.dangers) <= set(DICTIONARY.codes("danger"))
    assert frozenset().union(*RULES.dangers.values()) <= RULES.flags
    assert {rule.key for level in RULES.urgency for rule in level if rule.private} == {
        "serious_injury", "overdose", "labour_miscarriage", "suicide_talk", "pregnancy", "medication_needed",
    }  # fmt: skip
    assert DICTIONARY.fields["screening.rule_set"].pattern == "[a-z0-9][a-z0-9.-]{0,39}"
    assert len(RULES.version) <= 40


def test_every_rule_has_words_in_both_languages():
    for level in RULES.urgency:
        for rule in level:
            words = {in_words(("urgency", rule.level, rule.key), language) for language in ("en", "es")}
            assert len(words) == 2
    for name in FOLDER.glob("*.csv"):
        table = rows(name)
        columns = [column for column in table[0] if column.endswith(("_en", "_es"))]
        assert all(row[column] for row in table for column in columns), name
        assert len(columns) % 2 == 0


CODES = st.frozensets(st.sampled_from(sorted(RULES.indicators)), max_size=14)
FLAGS = st.frozensets(st.sampled_from(sorted(RULES.flags)), max_size=3)
ANSWERS = st.fixed_dictionaries(
    {
        "profile": st.sampled_from(sorted(RULES.profiles)),
        "age": st.one_of(st.none(), st.integers(8, 60)),
        "act": st.sampled_from([True, False, None]),
        "present": CODES,
        "unknown": CODES,
        "flags": FLAGS,
    }
)


def rank(name):
    return RULES.ranks[name]


@settings(max_examples=150, deadline=None, database=None)
@given(ANSWERS, CODES, FLAGS)
def test_one_sign_more_never_lowers_class_or_urgency(answers, signs, flags):
    before = screen(**answers)
    after = screen(**answers | {"present": answers["present"] | signs, "flags": answers["flags"] | flags})
    assert rank(after.class_low) >= rank(before.class_low)
    assert rank(after.class_high) >= rank(before.class_high)
    assert set(before.positive_dimensions_low) <= set(after.positive_dimensions_low)
    pressing = {rule.key for level in RULES.urgency for rule in level} & RULES.flags
    if not pressing.isdisjoint(flags):
        assert LEVELS.index(after.urgency) <= LEVELS.index(before.urgency)


@settings(max_examples=150, deadline=None, database=None)
@given(ANSWERS, CODES)
def test_what_is_not_known_never_lowers_what_is_and_lies_between(answers, more):
    found = screen(**answers)
    assert rank(found.class_high) >= rank(found.class_low)
    wider = screen(**answers | {"unknown": answers["unknown"] | more})
    assert wider.class_low == found.class_low
    assert wider.urgency == found.urgency
    assert rank(wider.class_high) >= rank(found.class_high)
    assert bool(found.deciding) == (found.class_low != found.class_high)
    answered = screen(**answers | {"present": answers["present"] | answers["unknown"], "unknown": ()})
    if answers["act"] is not None:
        assert answered.class_low == answered.class_high == found.class_high


@settings(max_examples=60, deadline=None, database=None)
@given(ANSWERS, st.randoms())
def test_the_order_of_the_answers_plays_no_part(answers, random):
    shuffled = {name: sorted(value) for name, value in answers.items() if isinstance(value, frozenset)}
    for value in shuffled.values():
        random.shuffle(value)
    assert screen(**answers | shuffled) == screen(**answers)


@settings(max_examples=100, deadline=None, database=None)
@given(ANSWERS)
def test_a_result_always_says_why_in_both_languages(answers):
    found = screen(**answers)
    assert len(found.reasons) == len(found.reasons_in("es")) >= 2
    assert not any("{" in reason or "_" in reason for reason in (*found.reasons, *found.reasons_in("es")))

"""The record as a projection of what was said, pure."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from cases.assertions import Said
from cases.record import project

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def said(value, *, day=0, mode="fill", field="person.birthdate", by="uuid:1", question="/data/q", received=30):
    """Something said so many days after noon of the third of May, and received on another."""
    return Said(
        id=1,
        record_id="r",
        field=field,
        mode=mode,
        question=question,
        instance_id=by,
        submission_id=1,
        person_id=None,
        observed_at=NOON + day * DAY,
        received_at=NOON + received * DAY,
        value=value,
    )


def view(*assertions):
    return project(assertions)["person.birthdate"]


def values(shown):
    return [one.value for one in shown]


def test_nothing_said_is_nothing_shown():
    assert project([]) == {}


def test_one_value_stands_without_a_conflict():
    field = view(said("1990-01-31"))
    assert field.value == "1990-01-31"
    assert not field.conflict
    assert (field.older, field.checks) == ((), ())


def test_two_values_of_one_field_stand_side_by_side_and_show_as_a_conflict():
    field = view(said("1990-01-31", by="uuid:1"), said("1991-02-28", by="uuid:2", day=1))
    assert values(field.standing) == ["1990-01-31", "1991-02-28"]
    assert field.conflict
    assert field.value == "1990-01-31"


def test_a_value_said_twice_stands_once_with_both_who_said_it():
    field = view(said("1990-01-31", by="uuid:2", day=1), said("1990-01-31", by="uuid:1"))
    assert [one.instance_id for one in field.standing[0].said] == ["uuid:1", "uuid:2"]
    assert not field.conflict


def test_the_newest_observation_stands_and_the_others_are_kept_to_look_at():
    field = view(*(said(value, day=day, mode="latest") for value, day in (("low", 1), ("high", 3), ("medium", 2))))
    assert values(field.standing) == ["high"]
    assert values(field.older) == ["low", "medium"]
    assert not field.conflict


def test_the_newest_value_brings_all_who_said_it_before():
    field = view(
        said("low", day=1, mode="latest"), said("high", day=2, mode="latest"), said("low", day=3, mode="latest")
    )
    assert values(field.standing) == ["low"]
    assert len(field.standing[0].said) == 2
    assert values(field.older) == ["high"]


def test_an_observation_dated_after_its_receipt_never_wins_over_one_dated_before():
    honest = said("low", day=1, mode="latest", by="uuid:1")
    wrong_clock = said("high", day=9, received=2, mode="latest", by="uuid:2")
    assert values(view(honest, wrong_clock).standing) == ["low"]
    assert values(view(wrong_clock).standing) == ["high"]


def test_of_two_impossible_dates_the_later_wins_whichever_arrived_first():
    for received in itertools.permutations([2, 3]):
        field = view(
            said("low", day=8, received=received[0], mode="latest", by="uuid:1"),
            said("high", day=9, received=received[1], mode="latest", by="uuid:2"),
        )
        assert values(field.standing) == ["high"]


def test_observations_of_one_moment_are_told_apart_by_their_instance_ids():
    for order in itertools.permutations([said(name, mode="latest", by=f"uuid:{name}") for name in "abc"]):
        assert values(view(*order).standing) == ["c"]


def test_what_is_added_stands_beside_the_rest_without_a_conflict():
    field = view(said("Ana", mode="add"), said("Anita", mode="add", day=1), said("Ana", mode="add", day=2))
    assert values(field.standing) == ["Ana", "Anita"]
    assert not field.conflict


def test_a_list_of_codes_is_the_same_in_any_order():
    field = view(said(["bus", "car"]), said(["car", "bus"], day=1))
    assert len(field.standing) == 1
    assert field.standing[0].value == ["bus", "car"]


def test_a_check_shows_beside_the_value_and_never_writes():
    field = view(said("1990-01-31"), said("1991-02-28", mode="check", day=5))
    assert values(field.standing) == ["1990-01-31"]
    assert values(field.checks) == ["1991-02-28"]
    assert not field.conflict


def test_a_check_alone_leaves_the_field_empty():
    field = view(said("1991-02-28", mode="check"))
    assert field.value is None
    assert field.standing == ()
    assert values(field.checks) == ["1991-02-28"]


@pytest.mark.parametrize("mode", ["fill", "latest", "add", "check"])
def test_nothing_that_was_said_is_lost(mode):
    told = [said(str(number % 3), day=number, mode=mode, by=f"uuid:{number}") for number in range(7)]
    field = view(*told)
    shown = [one for group in (*field.standing, *field.older, *field.checks) for one in group.said]
    assert sorted(one.instance_id for one in shown) == sorted(one.instance_id for one in told)


@pytest.mark.parametrize("mode", ["fill", "latest", "add"])
def test_the_order_in_which_it_is_read_plays_no_part(mode):
    told = [said(value, day=day, mode=mode, by=f"uuid:{day}") for day, value in enumerate(["a", "b", "a", "c"])]
    assert len({str(view(*order)) for order in itertools.permutations(told)}) == 1


def test_fields_are_told_apart():
    fields = project([said("a", field="person.alias"), said("b", field="person.email")])
    assert {name: one.value for name, one in fields.items()} == {"person.alias": "a", "person.email": "b"}


def test_a_value_does_not_show_when_it_is_printed():
    assert "Ejemplo" not in repr(said("Ana Ejemplo"))
